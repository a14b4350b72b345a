/**
 * Whether `text` as a whole matches `pattern`: `*` stands for any run of characters, the empty one and `/` included, `?`
 * for exactly one character, everything else for itself (IAM user guide, "IAM JSON policy elements: Resource"). A
 * character is a code point, so `?` covers an emoji too.
 *
 * Two pointers and one point of return: only the last `*` seen can still grow, since an earlier one that took less
 * leaves at least as much for the rest. At most `pattern x text` steps, and no regular expression is made of either.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const wanted = Array.from(pattern);
  const given = Array.from(text);
  let at = 0;
  let star = -1;
  let takenByStar = 0;
  let position = 0;
  while (position < given.length) {
    const sign = wanted[at];
    if (sign === "*") {
      star = at;
      takenByStar = position;
      at += 1;
    } else if (sign !== undefined && (sign === "?" || sign === given[position])) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      takenByStar += 1;
      position = takenByStar;
      at = star + 1;
    } else {
      return false;
    }
  }
  while (wanted[at] === "*") at += 1;
  return at === wanted.length;
}
