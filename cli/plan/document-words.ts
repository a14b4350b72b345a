import { keySource } from "../../lib/issuer/discovery.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../lib/json.ts";
import { type RegisteredApi, receiverOfStage } from "../../lib/permission/receiver.ts";
import { type DocumentPair, documentIn, type Side } from "./document-pair.ts";

/** What the change of an issuer, a key set, an API or a service does, a line each. */
export function describeDocumentChange(pair: DocumentPair): string[] {
  switch (pair.kind) {
    case "issuers":
      return issuerWords(pair);
    case "keys":
      return keySetWords(pair);
    case "apis":
      return apiWords(pair);
    case "services":
      return serviceWords(pair);
    case "permissions":
      return [];
  }
}

function issuerWords({ before, after }: DocumentPair): string[] {
  const was = documentIn(before, "issuers");
  const is = documentIn(after, "issuers");
  const enters = (issuer: NonNullable<typeof is>) => issuer !== undefined && !issuer.disabled;
  if (is === undefined) {
    if (was === undefined) return [];
    if (!enters(was)) return [`${was.url} was disabled, and is known no longer: nobody loses anything`];
    return [`everybody in cluster ${was.cluster} loses everything: tokens of ${was.url} are refused`];
  }
  if (was === undefined || !enters(was)) {
    const grouped = is.group === undefined ? "" : `, of group ${is.group}`;
    const verdict = is.disabled ? "is known, and refused" : "may present tokens";
    return [`everybody in cluster ${is.cluster}${grouped} ${verdict}: issuer ${is.url}`];
  }
  if (!enters(is)) return [`everybody in cluster ${is.cluster} loses everything: ${is.url} is disabled`];
  return [
    ...(was.cluster === is.cluster
      ? []
      : [
          `callers of ${is.url} are ${is.cluster}/… and no longer ${was.cluster}/…: they have the permissions of the one and not of the other`,
        ]),
    ...(was.group === is.group
      ? []
      : [
          ...(was.group === undefined ? [] : [`everybody in cluster ${is.cluster} loses what group ${was.group} has`]),
          ...(is.group === undefined ? [] : [`everybody in cluster ${is.cluster} gains what group ${is.group} has`]),
        ]),
    ...memberWords(before, after, ["cluster", "group"]),
    ...snapshotWords(was, is),
  ];
}

/** A snapshot from elsewhere is none (docs/adr/0013-snapshots-say-where-they-were-taken.md). */
function snapshotWords(was: TrustedIssuer, is: TrustedIssuer): string[] {
  if (is.keys === "static" || (was.keys === is.keys && keySource(was) === keySource(is))) return [];
  return [
    `keys are looked for at ${keySource(is)}: until refresh-keys has been there (5 minutes at most, or invoke it), functions without a way there answer tokens of ${is.url} with 5xx`,
  ];
}

function keySetWords({ before, after }: DocumentPair): string[] {
  const was = documentIn(before, "keys")?.keys;
  const is = documentIn(after, "keys")?.keys;
  const fingerprints = (keys: typeof is) =>
    new Map([...(keys?.values() ?? [])].map((key) => [key.keyId, "fingerprint" in key ? key.fingerprint : key.unfit]));
  const [old, now] = [fingerprints(was), fingerprints(is)];
  return [
    ...[...old.keys()].filter((id) => !now.has(id)).map((id) => `tokens signed by key ${id} are refused`),
    ...[...now.keys()].filter((id) => !old.has(id)).map((id) => `tokens signed by key ${id} are accepted`),
    ...[...now]
      .filter(([id, print]) => old.has(id) && old.get(id) !== print)
      .map(([id]) => `key ${id} is another key: tokens signed by the old one are refused`),
  ];
}

function apiWords({ name, before, after }: DocumentPair): string[] {
  const was = documentIn(before, "apis");
  const is = documentIn(after, "apis");
  const api = `API ${name.slice("apis/".length)}`;
  if (is === undefined) return was === undefined ? [] : [`${api} is known no longer: everybody loses it`];
  if (was === undefined) return [`${api} is ${receiverWords(is.receiver)}`, ...stageWords(is)];
  return [
    ...(was.receiver.service === is.receiver.service
      ? []
      : [`${api} is ${is.receiver.service}, no longer ${was.receiver.service}: permissions on that decide`]),
    ...audienceWords(api, was.receiver.audiences, is.receiver.audiences),
    ...principalWords(api, was.receiver.principals, is.receiver.principals),
    ...stageChanges(was, is),
    ...memberWords(before, after, ["service", "audiences", "principals", "stages"]),
  ];
}

function stageChanges(was: RegisteredApi, is: RegisteredApi): string[] {
  const words = new Set(stageWords(was));
  const gone = [...was.stages.keys()].filter((stage) => !is.stages.has(stage));
  return [
    ...stageWords(is).filter((line) => !words.has(line)),
    ...gone.map((stage) => `  at stage ${stage}: as everywhere else`),
  ];
}

function stageWords(api: RegisteredApi): string[] {
  return [...api.stages.keys()].map((stage) => `  at stage ${stage}: ${receiverWords(receiverOfStage(api, stage))}`);
}

function receiverWords({ service, audiences, principals }: RegisteredApi["receiver"]): string {
  return `${service}, by tokens for ${audiences.join(" or ")}, open to ${boundWords(principals)}`;
}

function serviceWords({ name, before, after }: DocumentPair): string[] {
  const was = documentIn(before, "services");
  const is = documentIn(after, "services");
  const service = `service ${name.slice("services/".length)}`;
  if (is === undefined) return was === undefined ? [] : [`${service} is known no longer: everybody loses it`];
  if (was === undefined) {
    const { credential, url, principals } = is;
    return [`${service} is ${url}, with a credential of type ${credential.type}, open to ${boundWords(principals)}`];
  }
  return [
    ...(was.url === is.url ? [] : [`calls of ${service} go to ${is.url}, no longer to ${was.url}`]),
    ...principalWords(service, was.principals, is.principals),
    ...memberWords(before, after, ["url", "principals"]),
  ];
}

function principalWords(
  what: string,
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [`${what} is open to ${boundWords(after)}, no longer to ${boundWords(before)}`];
}

function boundWords(principals: readonly string[] | undefined): string {
  return principals === undefined ? "everybody with permissions" : `${principals.join(", ")} with permissions`;
}

function audienceWords(api: string, before: readonly string[], after: readonly string[]): string[] {
  const accepted = (audience: string, how: string) => `tokens for ${audience} are ${how} at ${api}`;
  return [
    ...before.filter((each) => !after.includes(each)).map((each) => accepted(each, "accepted no longer")),
    ...after.filter((each) => !before.includes(each)).map((each) => accepted(each, "accepted")),
  ];
}

/** Never shown: a value that is long, or that somebody may have put a secret into. */
const UNSHOWN = ["credential", "certificateAuthority"];
const LONGEST_VALUE = 80;

function memberWords(before: Side | undefined, after: Side | undefined, told: readonly string[]): string[] {
  const was = membersOf(before);
  const is = membersOf(after);
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((member) => !told.includes(member) && JSON.stringify(was[member]) !== JSON.stringify(is[member]))
    .map((member) =>
      UNSHOWN.includes(member)
        ? `${member} is ${is[member] === undefined ? "gone" : was[member] === undefined ? "new" : "another one"}`
        : `${member}: ${shown(was[member])} becomes ${shown(is[member])}`,
    );
}

function membersOf(side: Side | undefined): JsonObject {
  const value = side === undefined ? {} : parseJson(side.text);
  return isJsonObject(value) ? value : {};
}

function shown(value: unknown): string {
  if (value === undefined) return "the default";
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
