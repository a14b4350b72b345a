import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesResource } from "../../../offline/api-gateway/arn-pattern.ts";

const ARN = "arn:aws:execute-api:us-east-1:123456789012:api/dev/GET/a:b/c";
const API = "arn:aws:execute-api:us-east-1:123456789012:api";

/** What IAM's page says, as a regular expression: `[^:]` in the leading parts, anything in the last one. */
function byExpression(pattern: string, arn: string): boolean {
  const leading = arn.split(":").slice(0, 5).join(":").length + 1;
  // A colon may be taken from the last part on: nothing before it reaches so far.
  const within = `(?:[^:]|(?<=^[^]{${leading},}):)`;
  const source = pattern.replaceAll(/\*+|\?|[.+^${}()|[\]\\]/g, (sign, at: number) => {
    if (sign === "?") return within;
    if (!sign.startsWith("*")) return `\\${sign}`;
    const next = pattern[at + sign.length];
    return next === undefined || next === ":" ? "[^]*" : `${within}*`;
  });
  return new RegExp(`^${source}$`).test(arn);
}

describe("a wildcard of a resource, by IAM's page and as plain text", () => {
  test.for<[string, boolean, boolean]>([
    [ARN, true, true],
    ["*", true, true],
    ["arn:aws:execute-api:*", true, true],
    ["arn:aws:execute-api:*:api/*", true, true],
    ["arn:aws:execute-api:*:*:*", true, true],
    ["arn:aws:execute-api:*:*:api/dev/GET/a:b/c", true, true],
    ["arn:aws:execute-api:us-*:123456789012:api/*", true, true],
    ["arn:aws:execute-api:us-*-1:*:api/*", true, true],
    ["arn:*:execute-api:us-east-1:123456789012:api/*", true, true],
    ["arn:aws:execute-api:us-*12:api/*", false, true],
    ["arn:aws:execute-api:us-**12:api/*", false, true],
    ["arn:aws:execute-api:us-east-1?123456789012:api/*", false, true],
    ["arn:aws:execute-api:us-east-?:1234*:api/*", true, true],
    ["arn:aws:execute-api:us*GET/*", false, true],
    [`${API}/*/c`, true, true],
    [`${API}/dev/GET/a?b/c`, true, true],
    [`${API}/dev/GET/a*c`, true, true],
    ["arn:aws:execute-api:eu-*:123456789012:api/*", false, false],
    ["arn:aws:execute-api:*:other/*", false, false],
    ["arn:aws:execute-api:us-east-1:*", true, true],
    ["arn:aws:execute-api:us-east-1*", true, true],
    [`${API}/dev/GET/a:b`, false, false],
  ])("%s: %s, %s", ([pattern, iam, text]) => {
    expect(matchesResource(pattern, ARN, "iam")).toBe(iam);
    expect(matchesResource(pattern, ARN, "text")).toBe(text);
    expect(byExpression(pattern, ARN)).toBe(iam);
  });

  test("rows and the expression agree on short patterns", () => {
    const signs = fc.array(fc.constantFrom("a", "b", ":", "*", "?", "/"), { maxLength: 8 });
    const parts = fc.array(fc.stringMatching(/^[ab/]{0,2}$/), { minLength: 5, maxLength: 8 });
    fc.assert(
      fc.property(signs, parts, (pattern, given) => {
        const [wanted, arn] = [pattern.join(""), given.join(":")];
        // Without five colons there is no last part.
        fc.pre(given.length > 5);
        expect(matchesResource(wanted, arn, "iam")).toBe(byExpression(wanted, arn));
      }),
      { numRuns: 3000 },
    );
  });
});
