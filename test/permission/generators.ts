import fc from "fast-check";
import { decide } from "../../lib/permission/decide.ts";
import { type Access, METHODS } from "../../lib/permission/permission.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";

/** Few names, so that rules and accesses meet. */
const service = fc.constantFrom("orders", "github");
const segment = fc.constantFrom("v1", "v2", "admin", "a", "b", ".x", "a:b");
const patternPart = fc.oneof(segment, fc.constantFrom("*", "?", "v?", "*1", "a*"));

const plainPath = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join("/")}${slash && segments.length > 0 ? "/" : ""}`);

const pattern = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom("*", "/*", "/", "/v1/*") },
  { weight: 2, arbitrary: fc.array(patternPart, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`) },
  { weight: 1, arbitrary: plainPath },
);

const methods = fc.oneof(
  fc.constant(["*"] as const),
  fc.uniqueArray(fc.constantFrom(...METHODS), { minLength: 1, maxLength: 3 }),
);

/** A rule for one service, as stored. */
export const anyRule = fc.record({ service, methods, paths: fc.array(pattern, { minLength: 1, maxLength: 2 }) });

const denyRule = fc.record({
  service: fc.oneof(service, fc.constant("*")),
  methods,
  paths: fc.array(pattern, { minLength: 1, maxLength: 2 }),
});

/** A permission document, small enough for three of them to fit an authorizer's answer most times. */
export const anyDocument = fc.record({
  allow: fc.array(anyRule, { maxLength: 2 }),
  deny: fc.array(denyRule, { maxLength: 1 }),
});

/** An access by a plain path: no character in it means anything to a policy, and it is one path to every reader. */
export const anyAccess: fc.Arbitrary<Access> = fc.record({
  service,
  method: fc.constantFrom(...METHODS),
  path: plainPath,
});

export function isAllowed(granted: PermissionSet, access: Access): boolean {
  return decide(granted, access).effect === "allow";
}

/** Documents that apply to the account `billing` of namespace `payments` in the cluster `dev`, of group `all`. */
export const LEVELS_OF_BILLING = [
  "permissions/dev/payments/billing",
  "permissions/dev/payments/_all",
  "permissions/dev/_all",
  "permissions/_group.all/payments/billing",
  "permissions/_group.all/_all",
  "permissions/_all",
] as const;
