import { matchesWildcard } from "../../lib/permission/wildcard.ts";

/** Sets of places in a pattern that have been reached. */
type Places = readonly number[];

/** More than any real question needs; a pattern made to blow up ends here. */
const MAX_STATES = 20_000;

/** What a path cannot hold (lib/permission/decide.ts), as far as a pattern can say it. */
const NOT_IN_PATHS = /[%\\;?#]/;

/** Letters that stand for "any other character", the first that no pattern names. */
const OTHERS = "xyzabcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-~!$&'()+,=:@";

export interface PathQuestion {
  /** Patterns that have to match, as permissions write them. */
  readonly all: readonly string[];
  /** Patterns none of which may match. */
  readonly none: readonly string[];
}

/**
 * The shortest path that a caller can ask for and that is matched by `all` and by none of `none`; `undefined` where there
 * is no such path. By walking the patterns together, character by character: exact, whatever the wildcards. Where one has
 * none, nothing but that can be the path.
 *
 * Throws RangeError where that takes too many steps to tell.
 */
export function findPath({ all, none }: PathQuestion): string | undefined {
  const literal = all.find((pattern) => !/[*?]/.test(pattern));
  if (literal !== undefined) {
    const isMatched = (pattern: string) => matchesWildcard(pattern, literal);
    return isAskable(literal) && all.every(isMatched) && !none.some(isMatched) ? literal : undefined;
  }
  const patterns = [...all, ...none].map(withoutRepeatedStars);
  const alphabet = alphabetOf(patterns);
  const start = { places: patterns.map((pattern) => closure(pattern, [0])), segment: "none" as Segment, path: "" };
  const seen = new Set<string>();
  let wave = [start];
  while (wave.length > 0) {
    const next: (typeof start)[] = [];
    for (const state of wave) {
      if (
        isPath(state.segment) &&
        state.places.every((places, index) => matched(places, patterns[index]) === index < all.length)
      ) {
        return state.path;
      }
      for (const character of alphabet) {
        const segment = follow(state.segment, character);
        if (segment === undefined) continue;
        const places = state.places.map((at, index) => step(patterns[index] ?? "", at, character));
        // What can match no more never will; of those that may not match, that is welcome.
        if (places.some((at, index) => index < all.length && at.length === 0)) continue;
        const key = `${segment}|${places.map((at) => at.join(",")).join("|")}`;
        if (seen.has(key)) continue;
        seen.add(key);
        if (seen.size > MAX_STATES) throw new RangeError("too many ways through the patterns");
        next.push({ places, segment, path: state.path + character });
      }
    }
    wave = next;
  }
  return undefined;
}

function withoutRepeatedStars(pattern: string): string {
  return pattern.replace(/\*+/g, "*");
}

function alphabetOf(patterns: readonly string[]): readonly string[] {
  const named = new Set(patterns.flatMap((pattern) => [...pattern]).filter((character) => !/[*?]/.test(character)));
  const other = [...OTHERS].find((character) => !named.has(character));
  return [
    "/",
    ...(other === undefined ? [] : [other]),
    ...[...named].filter((character) => character !== "/" && !NOT_IN_PATHS.test(character)),
  ];
}

/** Where in its segment a path is: a dot segment must not end, and an empty one only at the path's end. */
type Segment = "none" | "empty" | "." | ".." | "text";

function follow(segment: Segment, character: string): Segment | undefined {
  if (character === "/") return segment === "none" || segment === "text" ? "empty" : undefined;
  if (segment === "none") return undefined;
  if (character !== ".") return "text";
  return segment === "empty" ? "." : segment === "." ? ".." : "text";
}

function isPath(segment: Segment): boolean {
  return segment === "empty" || segment === "text";
}

function isAskable(path: string): boolean {
  if (NOT_IN_PATHS.test(path)) return false;
  let segment: Segment | undefined = "none";
  for (const character of path) {
    segment = follow(segment, character);
    if (segment === undefined) return false;
  }
  return isPath(segment);
}

/** Places from which the pattern can go on without a character: behind a star. */
function closure(pattern: string, places: Places): Places {
  const reached = new Set<number>();
  for (let place of places) {
    reached.add(place);
    while (pattern[place] === "*") reached.add(++place);
  }
  return [...reached].sort((one, other) => one - other);
}

function step(pattern: string, places: Places, character: string): Places {
  const moved = places.flatMap((place) => {
    const expected = pattern[place];
    if (expected === "*") return [place];
    return expected === character || expected === "?" ? [place + 1] : [];
  });
  return closure(pattern, moved);
}

function matched(places: Places, pattern = ""): boolean {
  return places.includes(pattern.length);
}
