import { readFileSync } from "node:fs";
import { type RecordedCase, TOKEN_PATH } from "./recorded-cases.ts";

/** An answer in which everything that differs from run to run has a name in place of its value. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As sent, byte by byte, but for the names. */
  readonly body: string;
  /** Header and claims of the token in it, as they are in the token. */
  readonly token?: readonly [header: string, claims: string];
}

/** What an API server calls its objects: text to name. */
export type Names = ReadonlyMap<string, string>;

const HEADERS = ["allow", "cache-control", "content-type", "warning", "x-content-type-options"];

/** Sends one request and gives its answer. `uidOf`: of an object by `<kind> <name>`. */
export async function ask(
  server: string,
  { method = "POST", path = TOKEN_PATH, headers = {}, body, base64 }: RecordedCase,
  uidOf: (object: string) => string,
  credentials: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const sent = { "content-type": "application/json", "user-agent": "podgate", ...headers, ...credentials };
  const text = body?.replaceAll(/\{uid ([^}]+)\}/g, (_, object: string) => uidOf(object));
  const payload = base64 === undefined ? text : Buffer.from(base64, "base64");
  // A Blob without a type is the one body to which fetch gives no Content-Type.
  return await fetch(`${server}${path}`, {
    method,
    headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== "")),
    ...(payload === undefined ? {} : { body: new Blob([payload]) }),
  });
}

/** The answer with names in place of what differs from run to run. */
export async function named(response: Response, names: Names): Promise<RecordedAnswer> {
  let body = withoutManagedFields(await response.text());
  const headers = Object.fromEntries(
    HEADERS.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const jws = /"token": ?"([^"]+)"/.exec(body)?.[1];
  if (jws === undefined) return { status: response.status, headers, body: rename(body, names) };

  body = body.replace(jws, "<token>");
  const [header = "", claims = ""] = jws.split(".", 2).map((part) => Buffer.from(part, "base64url").toString());
  const { iat, jti } = JSON.parse(claims) as { iat: number; jti: string };
  const times = (text: string) =>
    text
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (time) => moment(Date.parse(time) / 1000 - iat))
      .replaceAll(/(?<="(?:exp|iat|nbf|warnafter)":)\d+/g, (time) => moment(Number(time) - iat));
  return {
    status: response.status,
    headers,
    body: times(rename(body, names)),
    token: [rename(header, names), times(rename(claims.replace(jti, "<uuid>"), names))],
  };
}

function moment(seconds: number): string {
  return seconds === 0 ? "<iat>" : `<iat + ${seconds}>`;
}

function rename(text: string, names: Names): string {
  return [...names].reduce((renamed, [value, name]) => renamed.replaceAll(value, name), text);
}

/** Who sent which member, which the offline cluster does not keep. */
function withoutManagedFields(body: string): string {
  return body.replace(/,\s*"managedFields":\s*\[.*?\](?=\s*\}\s*,\s*"spec")/s, "");
}

/** By name of the case. */
export function recordedAnswers(): Readonly<Record<string, RecordedAnswer>> {
  return JSON.parse(readFileSync(new URL("../../fixtures/kube-apiserver/answers.json", import.meta.url), "utf8"));
}
