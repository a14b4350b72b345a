import { isIP } from "node:net";
import { type KeyType, type Matcher, OPERATORS } from "./condition-operators.ts";
import { type GatewayRequest, headerValues } from "./gateway-request.ts";
import { isRecord } from "./json.ts";

/** One key under one operator: a `Condition` is a list of them, all of which have to hold. */
export interface Condition {
  readonly key: ConditionKey;
  readonly negated: boolean;
  /** `…IfExists`: holds where the request has no such key. */
  readonly ifExists: boolean;
  /** One for each value of the policy. */
  readonly matchers: readonly Matcher[];
}

/**
 * The keys that a request without an IAM identity has (API Gateway developer guide, "AWS condition keys that can be used
 * in API Gateway resource policies", authorization type All). AWS says this of resource policies; of the policies that
 * Lambda authorizers answer with it says nothing.
 */
const KEY_TYPES = {
  "aws:currenttime": "date",
  "aws:epochtime": "date",
  "aws:referer": "string",
  "aws:securetransport": "bool",
  "aws:sourceip": "ip",
  "aws:sourcevpc": "string",
  "aws:sourcevpce": "string",
  "aws:useragent": "string",
} as const satisfies Record<string, KeyType>;

export type ConditionKey = keyof typeof KEY_TYPES;

/** What a request says for each key; a key that it does not have is absent. Times are epoch seconds. */
export type ConditionKeys = Readonly<Partial<Record<ConditionKey, string>>>;

const IF_EXISTS = "IfExists";

/** The conditions of a statement's `Condition`, or what is wrong with it. Whatever is not evaluated here is wrong. */
export function readConditions(block: unknown): readonly Condition[] | string {
  if (!isRecord(block) || Object.keys(block).length === 0) return "Condition is not an object with operators";
  const conditions: Condition[] = [];
  for (const [name, keys] of Object.entries(block)) {
    const ifExists = name.endsWith(IF_EXISTS);
    const plain = ifExists ? name.slice(0, -IF_EXISTS.length) : name;
    const operator = Object.hasOwn(OPERATORS, plain) ? OPERATORS[plain] : undefined;
    if (operator === undefined) return `Condition: the operator "${name}" is not evaluated here`;
    if (!isRecord(keys) || Object.keys(keys).length === 0) return `Condition.${name} is not an object with keys`;
    for (const [given, value] of Object.entries(keys)) {
      const key = given.toLowerCase();
      if (!isConditionKey(key)) return `Condition.${name}: the key "${given}" is not evaluated here`;
      if (KEY_TYPES[key] !== operator.type) return `Condition.${name} is not for the key "${given}"`;
      const matchers = readValues(value, operator.matcher);
      if (matchers === undefined) return `Condition.${name}.${given} has a value that is not evaluated here`;
      conditions.push({ key, negated: operator.negated, ifExists, matchers });
    }
  }
  return conditions;
}

/**
 * Whether all conditions hold: several values of a key mean any of them, and none of them under a negated operator. A
 * key that the request does not have fails every operator but the negated ones and `…IfExists` (IAM user guide,
 * "Conditions with multiple context keys or values", "IAM JSON policy elements: Condition operators").
 */
export function holdAll(conditions: readonly Condition[], keys: ConditionKeys): boolean {
  return conditions.every(({ key, negated, ifExists, matchers }) => {
    const given = keys[key];
    if (given === undefined) return negated || ifExists;
    return matchers.some((matches) => matches(given)) !== negated;
  });
}

/**
 * The keys of a request. API Gateway is reached over TLS only, so `aws:SecureTransport` is true here too; a request that
 * comes from no VPC has neither `aws:SourceVpc` nor `aws:SourceVpce`.
 */
export function conditionKeys(request: GatewayRequest): ConditionKeys {
  const seconds = String(Math.floor(request.timeEpoch / 1000));
  const userAgent = headerValues(request, "user-agent").at(-1);
  const referer = headerValues(request, "referer").at(-1);
  return {
    "aws:currenttime": seconds,
    "aws:epochtime": seconds,
    "aws:securetransport": "true",
    ...(isIP(request.sourceIp) !== 0 && { "aws:sourceip": request.sourceIp }),
    ...(userAgent !== undefined && { "aws:useragent": userAgent }),
    ...(referer !== undefined && { "aws:referer": referer }),
  };
}

function isConditionKey(key: string): key is ConditionKey {
  return Object.hasOwn(KEY_TYPES, key);
}

/** A test for each value, or `undefined` where one cannot be read, holds a policy variable, or there is none. */
function readValues(
  value: unknown,
  matcherOf: (value: unknown) => Matcher | undefined,
): readonly Matcher[] | undefined {
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value];
  const matchers: Matcher[] = [];
  for (const entry of listed) {
    const matcher = typeof entry === "string" && entry.includes("${") ? undefined : matcherOf(entry);
    if (matcher === undefined) return undefined;
    matchers.push(matcher);
  }
  return matchers.length === 0 ? undefined : matchers;
}
