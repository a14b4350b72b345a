import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { printable } from "../printable.ts";
import { distance, timestamp } from "./moment.ts";

/** A member of a token, as people may look at it: escaped, and bounded. */
export interface ShownMember {
  readonly name: string;
  readonly value: string;
  readonly words?: string;
}

const MOST_MEMBERS = 40;
const LONGEST_NAME = 64;
const LONGEST_VALUE = 256;

const HEADER_WORDS: Readonly<Record<string, string>> = {
  alg: "what it is signed with",
  kid: "which of the issuer's keys signed it",
  typ: "",
};

export function describeHeader(header: JsonObject): ShownMember[] {
  return bounded(Object.entries(header).map(([name, value]) => member(name, value, HEADER_WORDS[name])));
}

/** Each claim in words. @param now - epoch seconds */
export function describeClaims(claims: JsonObject, now: number): ShownMember[] {
  const entries = Object.entries(claims).flatMap(([name, value]) =>
    name === "kubernetes.io" && isJsonObject(value)
      ? Object.entries(value).map(([part, inner]) => describeKubernetes(part, inner, now))
      : [member(name, value, wordsOf(name, value, now))],
  );
  return bounded(entries);
}

function wordsOf(name: string, value: unknown, now: number): string | undefined {
  switch (name) {
    case "iss":
      return issuerWords(value);
    case "sub":
      return subjectWords(value);
    case "aud":
      return "whom it is for";
    case "exp":
      return momentWords("ends", value, now);
    case "iat":
      return momentWords("issued", value, now);
    case "nbf":
      return momentWords("good from", value, now);
    case "jti":
      return "its own id, which audit records name";
    default:
      return name.startsWith("kubernetes.io/serviceaccount/") ? "only legacy tokens have it" : undefined;
  }
}

function issuerWords(value: unknown): string {
  const url = parseIssuerUrl(value, true);
  const name = url && new ParameterNames("").issuer(url);
  return name === undefined ? "who signed it" : `the cluster that signed it; podgate knows it by ${name.slice(1)}`;
}

function subjectWords(value: unknown): string {
  const [, , namespace, account, ...more] = typeof value === "string" ? value.split(":") : [];
  const isAccount = typeof value === "string" && value.startsWith("system:serviceaccount:");
  if (!isAccount || account === undefined || more.length > 0) return "whose it is";
  return printable(`service account ${account} of namespace ${namespace}`, LONGEST_VALUE);
}

function momentWords(verb: string, value: unknown, now: number): string {
  if (typeof value !== "number") return "not a number of seconds";
  const past = { ends: "ended" }[verb] ?? verb;
  return `${value < now ? past : verb} ${distance(value - now)}, ${timestamp(value)}`;
}

function describeKubernetes(part: string, value: unknown, now: number): ShownMember {
  const name = `kubernetes.io ${part}`;
  if (part === "warnafter") return member(name, value, momentWords("meant to end", value, now));
  if (!isJsonObject(value) || typeof value["name"] !== "string") return member(name, value, undefined);
  const { name: object, uid } = value;
  const words = typeof uid === "string" ? `uid ${printable(uid, LONGEST_NAME)}` : "without a uid";
  return { name: printable(name, LONGEST_NAME), value: shown(object), words };
}

function member(name: string, value: unknown, words: string | undefined): ShownMember {
  return {
    name: printable(name, LONGEST_NAME),
    value: shown(value),
    ...(words !== undefined && words !== "" && { words }),
  };
}

function bounded(members: ShownMember[]): ShownMember[] {
  const more = members.length - MOST_MEMBERS;
  return more > 0 ? [...members.slice(0, MOST_MEMBERS), { name: "…", value: `${more} more` }] : members;
}

function shown(value: unknown): string {
  return printable(typeof value === "string" && value.trim() !== "" ? value : outline(value, 0), LONGEST_VALUE);
}

const DEEPEST = 4;
const MOST_ITEMS = 10;

/** JSON of the beginning of a value: nesting and lists may be as large as a token. */
function outline(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, LONGEST_VALUE));
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === DEEPEST) return "…";
  const items = Array.isArray(value)
    ? value.slice(0, MOST_ITEMS).map((item) => outline(item, depth + 1))
    : Object.entries(value)
        .slice(0, MOST_ITEMS)
        .map(([name, item]) => `${JSON.stringify(name.slice(0, LONGEST_NAME))}: ${outline(item, depth + 1)}`);
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  const text = [...items, ...(size > MOST_ITEMS ? ["…"] : [])].join(", ");
  return Array.isArray(value) ? `[${text}]` : `{${text}}`;
}
