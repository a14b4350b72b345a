import { METHODS } from "../../lib/permission/permission.ts";
import { findPath } from "./find-path.ts";

/** How much of an allow denies take back. `unknown`: the patterns are too tangled to tell. */
export type Beaten = "no" | "some" | "all" | "unknown";

/** What a rule covers, wherever it is written. */
export interface Covering {
  readonly service: string;
  readonly methods: readonly string[];
  readonly paths: readonly string[];
}

/** How much of an allow these denies take back, and which of them have a part in it. */
export function beatenBy<Deny extends Covering>(
  allow: Covering,
  denies: readonly Deny[],
): { readonly beaten: Beaten; readonly by: readonly Deny[] } {
  try {
    const by = denies.filter((deny) => meets(allow, deny));
    if (by.length === 0) return { beaten: "no", by };
    return { beaten: isCovered(allow, by) ? "all" : "some", by };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { beaten: "unknown", by: denies.filter((deny) => deny.service === "*" || deny.service === allow.service) };
  }
}

/** Whether some call is covered by both. Throws RangeError where that cannot be told. */
export function meets(one: Covering, other: Covering): boolean {
  if (one.service !== "*" && other.service !== "*" && one.service !== other.service) return false;
  if (!methodsOf(one).some((method) => methodsOf(other).includes(method))) return false;
  return one.paths.some((path) =>
    other.paths.some((pattern) => findPath({ all: [path, pattern], none: [] }) !== undefined),
  );
}

/** Whether every call that the rule covers is covered by the others together. Throws RangeError where that cannot be told. */
export function isCovered(rule: Covering, others: readonly Covering[]): boolean {
  const same = others.filter(({ service }) => service === "*" || service === rule.service);
  return methodsOf(rule).every((method) => {
    const none = same.filter((other) => methodsOf(other).includes(method)).flatMap(({ paths }) => paths);
    return rule.paths.every((path) => none.includes(path) || findPath({ all: [path], none }) === undefined);
  });
}

/** The methods that a rule covers, by name. */
export function methodsOf({ methods }: Covering): readonly string[] {
  return methods.includes("*") ? METHODS : methods;
}
