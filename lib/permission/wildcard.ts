/**
 * Whether the whole text is what the pattern says: `*` is any run of characters, also none, and `/` too; `?` is one
 * character (IAM, "Using wildcards in resource ARNs"). Never a regular expression: a pattern comes from a document, and
 * the time is bounded by pattern length times text length whatever they hold.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const wanted = pattern[p];
    if (wanted === "*") {
      star = p++;
      resume = t;
    } else if (wanted === "?" || wanted === text[t]) {
      t += wanted === "?" ? characterLength(text, t) : 1;
      p++;
    } else if (star >= 0) {
      // Only the last star can still give way: what an earlier one took was the shortest that fits.
      p = star + 1;
      resume += characterLength(text, resume);
      t = resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** Code units of the character at `index`: two where it lies outside the Basic Multilingual Plane. */
function characterLength(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}
