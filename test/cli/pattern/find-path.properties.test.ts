import fc from "fast-check";
import { expect, test } from "vitest";
import { findPath } from "../../../cli/pattern/find-path.ts";
import { granting, type PlainRule } from "../../permission/documents.ts";
import { anyAccess, anyRule, isAllowed } from "../../permission/generators.ts";

const anyPatterns = fc.array(anyRule, { maxLength: 2 }).map((rules) => rules.flatMap(({ paths }) => paths));
/** As a document may have them, and what no call can have among them. */
const anyLiteral = fc.oneof(
  { weight: 9, arbitrary: anyAccess.map(({ path }) => path) },
  { weight: 1, arbitrary: fc.constantFrom("/v1;a", "/v1\\a", "/v1#a") },
);

test("a path without wildcards among the patterns is found where a call for it is allowed, and nothing else is", () => {
  const seen = { found: 0, none: 0 };
  fc.assert(
    fc.property(anyLiteral, anyPatterns, anyPatterns, (literal, others, none) => {
      // Each of the patterns that have to match allows it alone.
      const allows = [literal, ...others].every((path) =>
        isAllowed(granting({ allow: [rule(path)], deny: none.map(rule) }), callOf(literal)),
      );
      expect(findPath({ all: [...others, literal], none })).toBe(allows ? literal : undefined);
      seen[allows ? "found" : "none"] += 1;
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(seen.found, seen.none)).toBeGreaterThan(100);
});

const rule = (path: string): PlainRule => ({ service: "orders", methods: ["GET"], paths: [path] });
const callOf = (path: string) => ({ service: "orders", method: "GET", path }) as const;
