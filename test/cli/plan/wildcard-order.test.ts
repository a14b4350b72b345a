import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { includesPattern } from "../../../cli/plan/wildcard-order.ts";
import { matchesWildcard } from "../../../lib/permission/wildcard.ts";

describe("one pattern includes another", () => {
  test.for([
    { wide: "*", narrow: "/v1/*", includes: true },
    { wide: "/v1/*", narrow: "/v1/*/x", includes: true },
    { wide: "/v1/*/x", narrow: "/v1/*", includes: false },
    { wide: "/v?/x", narrow: "/v1/x", includes: true },
    { wide: "/v?/x", narrow: "/v*/x", includes: false },
    { wide: "/v*/x", narrow: "/v?/x", includes: true },
    { wide: "/*?", narrow: "/?*", includes: true },
    { wide: "/??", narrow: "/?", includes: false },
    { wide: "*a*b", narrow: "xaab", includes: true },
    { wide: "/a", narrow: "/A", includes: false },
    { wide: "/**", narrow: "/*", includes: true },
    { wide: "", narrow: "", includes: true },
    { wide: "/a*", narrow: "/*b", includes: false },
  ])("$wide and $narrow: $includes", ({ wide, narrow, includes }) => {
    expect(includesPattern(wide, narrow)).toBe(includes);
  });

  test("only where it matches every text that the other matches", () => {
    const letters = (symbols: string[], maxLength: number) =>
      fc.array(fc.constantFrom(...symbols), { maxLength }).map((parts) => parts.join(""));
    const pattern = letters(["a", "b", "*", "?"], 6);
    const texts = ["", ..."ab", ..."ab".split("").flatMap((one) => [..."ab"].map((other) => one + other))];
    const all = [...texts, ...texts.flatMap((one) => texts.map((other) => one + other)), "aabba", "babab", "bbbbbb"];
    let included = 0;
    fc.assert(
      fc.property(pattern, pattern, (wide, narrow) => {
        if (!includesPattern(wide, narrow)) return;
        included += 1;
        for (const text of all) if (matchesWildcard(narrow, text)) expect(matchesWildcard(wide, text)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    expect(included).toBeGreaterThan(1000);
  });
});
