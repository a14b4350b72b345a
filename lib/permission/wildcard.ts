/** Everything outside the Basic Multilingual Plane: one character each, but two code units. */
const ASTRAL = /[\u{10000}-\u{10ffff}]/gu;

/**
 * Whether the whole text is what the pattern says: `*` is any run of characters, also none, and `/` too; `?` is one
 * character (IAM, "Using wildcards in resource ARNs"). Never a regular expression: a pattern comes from a document.
 *
 * The pieces between the stars are searched from left to right, each once and from where the one before it ended: what
 * comes first leaves the most for the rest, so nothing is ever tried again (S25).
 *
 * @param pattern - ASCII, as every stored one is
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  // A pattern has no such character, so which one it is makes no difference.
  const subject = text.replace(ASTRAL, "\ufffd");
  const [first = "", ...others] = pattern.split("*");
  const last = others.pop();
  if (last === undefined) return first.length === subject.length && isPieceAt(first, subject, 0);
  if (!isPieceAt(first, subject, 0)) return false;

  let end = first.length;
  for (const piece of others) {
    const found = findPiece(piece, subject, end);
    if (found < 0) return false;
    end = found + piece.length;
  }
  const lastAt = subject.length - last.length;
  return lastAt >= end && isPieceAt(last, subject, lastAt);
}

function isPieceAt(piece: string, text: string, index: number): boolean {
  if (index + piece.length > text.length) return false;
  let at = index;
  return piece.split("?").every((literal) => {
    const fits = text.startsWith(literal, at);
    at += literal.length + 1;
    return fits;
  });
}

/** Where the piece is found first, from `start` on; negative if nowhere. */
function findPiece(piece: string, text: string, start: number): number {
  const literal = /[^?]+/.exec(piece);
  // Question marks alone fit wherever there is room.
  if (literal === null) return start + piece.length <= text.length ? start : -1;
  let at = text.indexOf(literal[0], start + literal.index);
  while (at >= 0 && !isPieceAt(piece, text, at - literal.index)) at = text.indexOf(literal[0], at + 1);
  return at - literal.index;
}
