/**
 * Whether every text that `narrow` matches is matched by `wide` too: `*` any run of characters, `?` one character.
 * A yes is always right. A no may be wrong for patterns that say one thing in two ways; nothing is widened by that.
 */
export function includesPattern(wide: string, narrow: string): boolean {
  return matchesSymbols(inPlainForm(wide), inPlainForm(narrow));
}

/** Runs of wildcards in one order: `*?` and `?*` and `?**` are the same. */
function inPlainForm(pattern: string): string {
  return pattern.replace(/[*?]{2,}/g, (run) => run.replaceAll("*", "") + (run.includes("*") ? "*" : ""));
}

/** Reads `narrow` as a text whose wildcards are characters that only a wildcard at least as wide can stand for. */
function matchesSymbols(wide: string, narrow: string): boolean {
  let at = 0;
  let read = 0;
  let lastStar = -1;
  let readAtLastStar = 0;
  while (read < narrow.length) {
    const symbol = wide[at];
    if (symbol === "*") {
      lastStar = at;
      readAtLastStar = read;
      at += 1;
    } else if (symbol === narrow[read] || (symbol === "?" && narrow[read] !== "*")) {
      at += 1;
      read += 1;
    } else if (lastStar >= 0) {
      at = lastStar + 1;
      readAtLastStar += 1;
      read = readAtLastStar;
    } else {
      return false;
    }
  }
  return /^\**$/.test(wide.slice(at));
}
