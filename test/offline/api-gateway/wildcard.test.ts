import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesWildcard } from "../../../offline/api-gateway/wildcard.ts";

/** The definition itself, for short texts only: it tries every length for every star. */
function matchesByDefinition(pattern: readonly string[], text: readonly string[]): boolean {
  const [sign, ...rest] = pattern;
  if (sign === undefined) return text.length === 0;
  if (sign === "*")
    return Array.from({ length: text.length + 1 }, (_, n) => text.slice(n)).some((tail) =>
      matchesByDefinition(rest, tail),
    );
  const [character, ...tail] = text;
  return character !== undefined && (sign === "?" || sign === character) && matchesByDefinition(rest, tail);
}

describe("wildcards of IAM", () => {
  test.for([
    { pattern: "", text: "", matches: true },
    { pattern: "", text: "a", matches: false },
    { pattern: "a", text: "a", matches: true },
    { pattern: "a", text: "A", matches: false },
    { pattern: "a", text: "ab", matches: false },
    { pattern: "b", text: "ab", matches: false },
    { pattern: "*", text: "", matches: true },
    { pattern: "*", text: "a/b:c", matches: true },
    { pattern: "/v1/*", text: "/v1/a/b", matches: true },
    { pattern: "/v1/*", text: "/v1/", matches: true },
    { pattern: "/v1/*", text: "/v1", matches: false },
    { pattern: "a*c", text: "abcbc", matches: true },
    { pattern: "a*c", text: "abcb", matches: false },
    { pattern: "*a*b", text: "xaxbxab", matches: true },
    { pattern: "a**", text: "a", matches: true },
    { pattern: "?", text: "", matches: false },
    { pattern: "?", text: "a", matches: true },
    { pattern: "?", text: "/", matches: true },
    { pattern: "?", text: "ab", matches: false },
    { pattern: "?", text: "😀", matches: true },
    { pattern: "??", text: "😀", matches: false },
    { pattern: "a.c", text: "abc", matches: false },
    { pattern: "[ab]", text: "a", matches: false },
    { pattern: "a*", text: "*", matches: false },
    { pattern: "a?", text: "a*", matches: true },
    { pattern: "a", text: "a\n", matches: false },
    { pattern: "a*b", text: "a\nb", matches: true },
  ])("$pattern held against $text: $matches", ({ pattern, text, matches }) => {
    expect(matchesWildcard(pattern, text)).toBe(matches);
  });

  test("two pointers and the definition agree on every short pattern and text", () => {
    const signs = fc.array(fc.constantFrom("a", "b", "/", "*", "?", "😀"), { maxLength: 6 });
    const characters = fc.array(fc.constantFrom("a", "b", "/", "*", "😀"), { maxLength: 7 });
    fc.assert(
      fc.property(signs, characters, (pattern, text) => {
        expect(matchesWildcard(pattern.join(""), text.join(""))).toBe(matchesByDefinition(pattern, text));
      }),
      { numRuns: 2000 },
    );
  });

  test("many stars end: a matcher that goes back over all of them would not", () => {
    expect(matchesWildcard(`${"a*".repeat(250)}b`, "a".repeat(1600))).toBe(false);
  });
});
