import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Access, METHODS, type Rule } from "../../lib/permission/permission.ts";
import { RuleIndex } from "../../lib/permission/rule-index.ts";
import { matchesWildcard } from "../../offline/api-gateway/wildcard.ts";
import type { PlainRule } from "./documents.ts";
import { anyAccess, anyDocument, anyRule } from "./generators.ts";

const numbered = (rules: readonly PlainRule[]): Rule[] =>
  rules.map((rule, index) => ({ ...rule, origin: `#${index}` }));

/** What the index has to say: every rule looked at, one after another, by a matcher that shares no code with it. */
function scan(rules: readonly Rule[], { service, method, path }: Access): Rule | undefined {
  return rules.find(
    (rule) =>
      (rule.service === "*" || rule.service === service) &&
      rule.methods.some((listed) => listed === "*" || listed === method) &&
      rule.paths.some((pattern) => matchesWildcard(pattern, path)),
  );
}

const found = (rules: readonly PlainRule[], path: string, method = "GET", service = "orders") =>
  new RuleIndex(numbered(rules)).find({ service, method, path })?.origin;

const rule = (path: string, more: Partial<PlainRule> = {}): PlainRule => ({
  service: "orders",
  methods: ["GET"],
  paths: [path],
  ...more,
});

describe("the index says what looking at every rule says", () => {
  const rules = fc
    .array(anyDocument, { maxLength: 6 })
    .map((documents) => documents.flatMap(({ allow, deny }) => [...allow, ...deny]));

  test("for rules and accesses that meet", () => {
    fc.assert(
      fc.property(rules, anyAccess, (plain, access) => {
        const written = numbered(plain);
        expect(new RuleIndex(written).find(access)).toBe(scan(written, access));
      }),
      { numRuns: 3000 },
    );
  });

  test("for patterns and paths of few characters, slashes and wildcards anywhere", () => {
    const sign = fc.constantFrom("a", "b", "/", "*", "?");
    const pattern = fc.oneof(
      { weight: 1, arbitrary: fc.constant("*") },
      { weight: 9, arbitrary: fc.string({ unit: sign, maxLength: 8 }).map((text) => `/${text}`) },
    );
    const path = fc
      .string({ unit: fc.constantFrom("a", "b", "/", "\u{1f511}", "*"), maxLength: 8 })
      .map((text) => `/${text}`);
    const patterns = fc.array(fc.array(pattern, { minLength: 1, maxLength: 3 }), { maxLength: 5 });
    fc.assert(
      fc.property(patterns, path, (listed, asked) => {
        const written = numbered(listed.map((paths) => rule("", { paths })));
        const access = { service: "orders", method: "GET", path: asked };
        expect(new RuleIndex(written).find(access)).toBe(scan(written, access));
      }),
      { numRuns: 3000 },
    );
  });

  test("for a path made from one of the patterns", () => {
    fc.assert(
      fc.property(fc.array(anyRule, { minLength: 1, maxLength: 30 }), fc.nat(), fc.nat(7), (plain, at, method) => {
        const written = numbered(plain);
        const pattern = written[at % written.length]?.paths[0] ?? "*";
        const path = pattern === "*" ? "/x" : pattern.replaceAll("*", "v1/a").replaceAll("?", "1");
        const access = { service: "orders", method: METHODS[method] ?? "GET", path };
        expect(new RuleIndex(written).find(access)).toBe(scan(written, access));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("where a pattern ends and a path goes on", () => {
  test.for([
    ["/", "/", true],
    ["/", "/v1", false],
    ["/v1", "/v1", true],
    ["/v1", "/v1/", false],
    ["/v1/", "/v1", false],
    ["/v1/", "/v1/", true],
    ["/*", "/", true],
    ["/v1/*", "/v1", false],
    ["/v1/*", "/v1/", true],
    ["/v1*", "/v1", true],
    ["/v1*", "/v1/x/y", true],
    ["/v1/x*y/z", "/v1/x/a/y/z", true],
    ["/v1/?", "/v1/", false],
    ["/v1/?", "/v1/x", true],
    ["*", "/v1/x", true],
    ["*", "/", true],
  ] as const)("%s and %s: %s", ([pattern, path, verdict]) => {
    expect(found([rule(pattern)], path)).toBe(verdict ? "#0" : undefined);
  });

  test("of several rules the first in the document is told, however they are reached", () => {
    const listed = [rule("/other"), rule("/v1/x"), rule("/v1/*"), rule("*"), rule("*", { service: "*" })];
    expect(found(listed, "/v1/x")).toBe("#1");
    expect(found(listed.toReversed(), "/v1/x")).toBe("#0");
    expect(found(listed.slice(2), "/v1/x")).toBe("#0");
    expect(found(listed, "/v1/x", "GET", "github")).toBe("#4");
    expect(found(listed, "/v1/x", "TRACE")).toBeUndefined();
  });
});

/** Work that grows with the rules would take as many times as long; time is CPU time, and compared, not bounded. */
test("a thousand rules are not looked at one after another", () => {
  const index = (count: number) =>
    new RuleIndex(numbered(Array.from({ length: count }, (_, at) => rule(`/v1/resource${at}/*`))));
  const cost = (count: number) => {
    const searched = index(count);
    const access = { service: "orders", method: "GET", path: `/v1/resource${count - 1}/items/42` };
    expect(searched.find(access)?.origin).toBe(`#${count - 1}`);
    const before = process.cpuUsage();
    for (let run = 0; run < 20_000; run++) searched.find(access);
    // Both: the system takes samples of what a process is at, and of little work all may be booked as either.
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  cost(10);
  expect(cost(1000)).toBeLessThan(20 * cost(10));
});

test("1,000 rules and a hostile path of 1,500 characters: each pattern is followed once (S25)", () => {
  const index = new RuleIndex(numbered(Array.from({ length: 1000 }, () => rule(`/${"*a".repeat(30)}x`))));
  const before = process.cpuUsage();
  expect(index.find({ service: "orders", method: "GET", path: `/${"a".repeat(1499)}` })).toBeUndefined();
  // Milliseconds on any machine; a matcher that goes back to earlier stars does not end at all.
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
});
