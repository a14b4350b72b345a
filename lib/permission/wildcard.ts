/** Everything outside the Basic Multilingual Plane: one character each, but two code units. */
const ASTRAL = /[\u{10000}-\u{10ffff}]/gu;

const WORD_BITS = 32;
const ASCII = 128;

/**
 * A pattern in which `*` is any run of characters, also none, and `/` too; `?` is one character (IAM, "Using wildcards in
 * resource ARNs"). Never a regular expression: a pattern comes from a document.
 */
export class Wildcard {
  /** What stands before the first wildcard. */
  readonly #head: string;
  /** What stands behind it, where it is a star and no other follows. */
  readonly #tail: string | undefined;
  /** The first wildcard and all that follows. */
  readonly #rest: string;

  /** @param pattern - ASCII, as every stored one is */
  constructor(pattern: string) {
    const first = pattern.search(/[*?]/);
    this.#head = first < 0 ? pattern : pattern.slice(0, first);
    this.#rest = first < 0 ? "" : pattern.slice(first);
    this.#tail = /^\*[^*?]*$/.test(this.#rest) ? this.#rest.slice(1) : undefined;
  }

  /**
   * Whether the whole text, from `from` on, is what the pattern says.
   *
   * All ways to match are followed at once, one bit each, so that nothing is ever tried again: the time is the text's
   * length times one word for 32 characters of the pattern, whatever the two hold (S25).
   */
  matches(text: string, from = 0): boolean {
    if (!text.startsWith(this.#head, from)) return false;
    const left = text.length - from - this.#head.length;
    if (this.#tail !== undefined) return left >= this.#tail.length && text.endsWith(this.#tail);
    if (this.#rest === "") return left === 0;
    // A pattern has no such character, so which one it is makes no difference.
    return followsThrough(this.#rest, text.slice(from + this.#head.length).replace(ASTRAL, "\ufffd"));
  }
}

/** Whether the whole text is what the pattern says, for a pattern that is used once. */
export function matchesWildcard(pattern: string, text: string): boolean {
  return new Wildcard(pattern).matches(text);
}

/**
 * A pattern as sets of states, a row of bits each: state `i` stands for "its first `i` characters, stars left out, are
 * matched". The first 128 rows are the states that each ASCII character moves on, then come these.
 */
const MOVED_BY_ANY = ASCII;
/** States that a star lets stay where they are, whatever comes. */
const STAYING = ASCII + 1;
const CURRENT = ASCII + 2;
const ROWS = ASCII + 3;

/**
 * The rows are written for each text. Kept for each pattern they took up to a megabyte for a document of 4 KB, and whoever
 * writes documents could fill the memory.
 */
function followsThrough(pattern: string, text: string): boolean {
  const last = pattern.replaceAll("*", "").length;
  const words = Math.floor(last / WORD_BITS) + 1;
  const rows = rowsOf(pattern, words);
  const current = CURRENT * words;
  rows[current] = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // No pattern names NUL, so its row is that of every character which no pattern names.
    const movedBy = (code < ASCII ? code : 0) * words;
    let carry = 0;
    let alive = 0;
    for (let word = 0; word < words; word++) {
      const now = rows[current + word] as number;
      const moved = now & ((rows[MOVED_BY_ANY * words + word] as number) | (rows[movedBy + word] as number));
      const next = (moved << 1) | carry | (now & (rows[STAYING * words + word] as number));
      carry = moved >>> (WORD_BITS - 1);
      alive |= next;
      rows[current + word] = next;
    }
    if (alive === 0) return false;
  }
  return ((rows[current + Math.floor(last / WORD_BITS)] as number) & bitOf(last)) !== 0;
}

function rowsOf(pattern: string, words: number): number[] {
  const rows: number[] = new Array(ROWS * words).fill(0);
  let state = 0;
  for (let at = 0; at < pattern.length; at++) {
    const row = pattern[at] === "*" ? STAYING : pattern[at] === "?" ? MOVED_BY_ANY : pattern.charCodeAt(at);
    const index = row * words + Math.floor(state / WORD_BITS);
    rows[index] = (rows[index] as number) | bitOf(state);
    if (row !== STAYING) state += 1;
  }
  return rows;
}

function bitOf(state: number): number {
  return 1 << (state % WORD_BITS);
}
