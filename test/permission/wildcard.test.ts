import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesWildcard } from "../../lib/permission/wildcard.ts";
import { matchesWildcard as matchesAsOffline } from "../../offline/api-gateway/wildcard.ts";

describe("a wildcard pattern covers the whole text (IAM, Resource; S25)", () => {
  test.for([
    ["", "", true],
    ["", "a", false],
    ["a", "", false],
    ["/v1", "/v1", true],
    ["/v1", "/V1", false],
    ["/v1", "/v1/", false],
    ["/v1", "x/v1", false],
    ["*", "", true],
    ["*", "/a/b", true],
    ["**", "", true],
    ["**", "ab", true],
    ["/v1/*", "/v1/", true],
    ["/v1/*", "/v1", false],
    ["/v1/*", "/v1/a/b", true],
    ["/v1/*", "/admin/v1/x", false],
    ["*/x", "/x", true],
    ["*/x", "/x/x", true],
    ["*/x", "/x/y", false],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["a*b*c", "abc", true],
    ["a*b*c", "abcb", false],
    ["a*b*c", "a-b-b-c", true],
    ["*ab*ab*", "abab", true],
    ["*ab*ab*", "aba", false],
    ["*aab", "aaab", true],
    ["?", "", false],
    ["?", "a", true],
    ["?", "/", true],
    ["?", "ab", false],
    ["/v?/x", "/v1/x", true],
    ["/v?/x", "/v/x", false],
    ["/v?/x", "/v12/x", false],
    ["*?", "", false],
    ["*?", "a", true],
    ["?*?", "a", false],
    ["?*?", "ab", true],
    ["*??*", "a", false],
    ["*??*", "ab", true],
    ["*a?c*", "xabxabc", true],
    ["*a?c*", "xabxab", false],
    ["*?c*", "c", false],
    ["*?c*", "cc", true],
    // Neither is a regular expression.
    ["/a.c", "/abc", false],
    ["/(a|b)+$", "/(a|b)+$", true],
    ["/[a-z]", "/b", false],
  ] as const)("%j against %j is %s", ([pattern, text, verdict]) => {
    expect(matchesWildcard(pattern, text)).toBe(verdict);
  });

  test.for([
    ["/?", "/\u{1f511}", true],
    ["/??", "/\u{1f511}", false],
    ["/?/?", "/\u{1f511}/\u{1f512}", true],
    ["/?x", "/\u{1f511}x", true],
    ["/*", "/\u{1f511}", true],
    ["/*?", "/\u{1f511}", true],
    ["/*??", "/\u{1f511}", false],
    ["/?", "/\ud83d", true],
    ["/?", "/é", true],
  ] as const)(
    "a character outside the Basic Multilingual Plane is one: %j against %j is %s",
    ([pattern, text, verdict]) => {
      expect(matchesWildcard(pattern, text)).toBe(verdict);
    },
  );

  test("it says what an independent matcher says", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "?"), maxLength: 12 });
    const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "\u{1f511}", "é"), maxLength: 14 });
    fc.assert(
      fc.property(pattern, text, (written, given) => {
        expect(matchesWildcard(written, given)).toBe(matchesAsOffline(written, given));
      }),
      { numRuns: 3000 },
    );
  });

  test("what is put in for the stars and question marks of a pattern matches it", () => {
    const part = fc.constantFrom("v1", "/", "a", ".", "*", "?");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), fc.infiniteStream(fc.string({ maxLength: 4 })), (parts, runs) => {
        const text = parts
          .map((sign) => (sign === "*" ? runs.next().value : sign === "?" ? "\u{1f511}" : sign))
          .join("");
        expect(matchesWildcard(parts.join(""), text)).toBe(true);
      }),
    );
  });

  // Milliseconds on any machine; a matcher that goes back to earlier stars does not end at all.
  test.for([
    { kind: "near misses after a star", pattern: "/v1/*/items", path: `/v1/${"i/".repeat(748)}` },
    { kind: "many stars", pattern: `/${"*a".repeat(30)}x`, path: `/${"a".repeat(1499)}` },
    { kind: "a long piece that nearly fits", pattern: `/*${"a/".repeat(100)}x`, path: `/${"a/".repeat(749)}` },
    { kind: "question marks after a star", pattern: `/*${"?".repeat(50)}x`, path: `/${"a".repeat(1499)}` },
    { kind: "stars and question marks", pattern: `/${"*?".repeat(50)}x`, path: `/${"\u{1f511}".repeat(749)}` },
  ])("1,000 rules against a hostile path of 1,500 characters take no time: $kind", ({ pattern, path }) => {
    expect(path.length).toBeGreaterThanOrEqual(1499);
    const before = process.cpuUsage();
    for (let rule = 0; rule < 1000; rule++) expect(matchesWildcard(pattern, path)).toBe(false);
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(2000);
  });
});
