import { METHODS, type Method, type Rule } from "../../lib/permission/permission.ts";
import { includesPattern } from "./wildcard-order.ts";

/** A rule as it is written, without where. */
export type RuleText = Pick<Rule, "service" | "methods" | "paths">;

/** The smallest part of a rule that is looked at by itself: one method and one path pattern on one service. */
export interface Grant {
  readonly service: string;
  readonly method: Method;
  readonly path: string;
}

/** The eight, or those that are listed, in the usual order. */
export function methodsOf({ methods }: RuleText): readonly Method[] {
  return METHODS.filter((method) => methods.includes("*") || methods.includes(method));
}

export function grantsOf(rules: readonly RuleText[]): Grant[] {
  return rules.flatMap((rule) =>
    methodsOf(rule).flatMap((method) => rule.paths.map((path) => ({ service: rule.service, method, path }))),
  );
}

/** Whether one rule covers every access that the grant covers. */
export function coversGrant(rules: readonly RuleText[], { service, method, path }: Grant): boolean {
  return rules.some(
    (rule) =>
      (rule.service === "*" || rule.service === service) &&
      (rule.methods.includes("*") || rule.methods.includes(method)) &&
      rule.paths.some((pattern) => includesPath(pattern, path)),
  );
}

export function coversAll(rules: readonly RuleText[], covered: readonly RuleText[]): boolean {
  return grantsOf(covered).every((grant) => coversGrant(rules, grant));
}

/** The rules without the grants that `keeps` refuses. A rule that is kept whole stays as it is written. */
export function partOf(rules: readonly RuleText[], keeps: (grant: Grant) => boolean): RuleText[] {
  return rules.flatMap((rule) => {
    const { service } = rule;
    const methods = methodsOf(rule);
    const kept = rule.paths.map((path) => ({
      path,
      methods: methods.filter((method) => keeps({ service, method, path })),
    }));
    if (kept.every((each) => each.methods.length === methods.length)) return [rule];
    return sameMethodsTogether(service, kept);
  });
}

/** Grants as few rules, in the order of their first appearance. */
export function asRules(grants: readonly Grant[]): RuleText[] {
  return [...Map.groupBy(grants, ({ service }) => service)].flatMap(([service, ofService]) => {
    const byPath = Map.groupBy(ofService, ({ path }) => path);
    const rows = [...byPath].map(([path, ofPath]) => ({
      path,
      methods: METHODS.filter((method) => ofPath.some((grant) => grant.method === method)),
    }));
    return sameMethodsTogether(service, rows);
  });
}

function sameMethodsTogether(
  service: string,
  rows: readonly { readonly path: string; readonly methods: readonly Method[] }[],
): RuleText[] {
  const used = rows.filter(({ methods }) => methods.length > 0);
  return [...Map.groupBy(used, ({ methods }) => methods.join())].map(([, alike]) => {
    const methods = alike[0]?.methods ?? [];
    return {
      service,
      methods: methods.length === METHODS.length ? ["*"] : methods,
      paths: alike.map(({ path }) => path),
    };
  });
}

/** Every path begins with `/` (`decide`), so `*` says no more than `/*`. */
function includesPath(wide: string, narrow: string): boolean {
  return includesPattern(wide === "*" ? "/*" : wide, narrow === "*" ? "/*" : narrow);
}
