import { BlockList, isIP } from "node:net";
import { matchesWildcard } from "./wildcard.ts";

/** Whether the value of a request's key matches one value of a policy. Dates are epoch seconds on both sides. */
export type Matcher = (given: string) => boolean;

export type KeyType = "string" | "ip" | "date" | "bool";

export interface Operator {
  readonly type: KeyType;
  /** `Not…`: none of the values may match. */
  readonly negated: boolean;
  /** The test for one value of the policy; `undefined` where the value is none of this type. */
  readonly matcher: (value: unknown) => Matcher | undefined;
}

/**
 * The operators that are evaluated (IAM user guide, "IAM JSON policy elements: Condition operators"). Operators of
 * numbers, ARNs and bytes are missing because no key here has such a type, `Null` and the set operators because nobody
 * needs them in an authorizer's policy.
 */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: operator(
    "string",
    texts((wanted, given) => wanted === given),
  ),
  StringNotEquals: negation(
    "string",
    texts((wanted, given) => wanted === given),
  ),
  StringEqualsIgnoreCase: operator("string", texts(sameLetters)),
  StringNotEqualsIgnoreCase: negation("string", texts(sameLetters)),
  StringLike: operator("string", texts(matchesWildcard)),
  StringNotLike: negation("string", texts(matchesWildcard)),
  Bool: operator("bool", truth),
  IpAddress: operator("ip", addresses),
  NotIpAddress: negation("ip", addresses),
  DateEquals: operator(
    "date",
    dates((wanted, given) => given === wanted),
  ),
  DateNotEquals: negation(
    "date",
    dates((wanted, given) => given === wanted),
  ),
  DateLessThan: operator(
    "date",
    dates((wanted, given) => given < wanted),
  ),
  DateLessThanEquals: operator(
    "date",
    dates((wanted, given) => given <= wanted),
  ),
  DateGreaterThan: operator(
    "date",
    dates((wanted, given) => given > wanted),
  ),
  DateGreaterThanEquals: operator(
    "date",
    dates((wanted, given) => given >= wanted),
  ),
};

function operator(type: KeyType, matcher: Operator["matcher"]): Operator {
  return { type, negated: false, matcher };
}

function negation(type: KeyType, matcher: Operator["matcher"]): Operator {
  return { type, negated: true, matcher };
}

function texts(matches: (wanted: string, given: string) => boolean): Operator["matcher"] {
  return (value) => (typeof value === "string" ? (given) => matches(value, given) : undefined);
}

function sameLetters(wanted: string, given: string): boolean {
  return wanted.toLowerCase() === given.toLowerCase();
}

function truth(value: unknown): Matcher | undefined {
  const wanted = String(value);
  return wanted === "true" || wanted === "false" ? (given) => given === wanted : undefined;
}

/**
 * An address, or a range in CIDR notation. A caller `::ffff:10.0.0.1` is the IPv4 address inside. A range holds addresses
 * of its own family only: `::/0` holds no IPv4 address, though `BlockList` would find one in it.
 */
function addresses(value: unknown): Matcher | undefined {
  if (typeof value !== "string") return undefined;
  const [address = "", prefix, ...more] = value.split("/");
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? longest : /^[0-9]{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (version === 0 || more.length > 0 || !(bits <= longest)) return undefined;
  const range = new BlockList();
  range.addSubnet(address, bits, version === 4 ? "ipv4" : "ipv6");
  return (given) => {
    const caller = given.replace(/^::ffff:(?=[0-9.]+$)/i, "");
    return isIP(caller) === version && range.check(caller, version === 4 ? "ipv4" : "ipv6");
  };
}

function dates(matches: (wanted: number, given: number) => boolean): Operator["matcher"] {
  return (value) => {
    const wanted = epochSeconds(value);
    return wanted === undefined ? undefined : (given) => matches(wanted, Number(given));
  };
}

/** A date of ISO 8601, with time and zone or without both. */
const ISO_DATE = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/**
 * Epoch seconds of a date in a policy: a day, a moment with its zone, or epoch seconds of at least five digits, so that
 * nothing can be taken for a year.
 */
function epochSeconds(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") return undefined;
  if (/^[0-9]{5,12}$/.test(text)) return Number(text);
  const [, day] = ISO_DATE.exec(text) ?? [];
  // V8 makes the 1st of March of the 30th of February.
  if (day === undefined || !isDay(day)) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

function isDay(day: string): boolean {
  const milliseconds = Date.parse(day);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(day);
}
