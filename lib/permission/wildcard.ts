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
  #automaton: Automaton | undefined;

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
    // Made when it is first needed, and kept: most patterns are answered above.
    this.#automaton ??= compile(this.#rest);
    // A pattern has no such character, so which one it is makes no difference.
    return followsThrough(this.#automaton, text.slice(from + this.#head.length).replace(ASTRAL, "\ufffd"));
  }
}

/** Whether the whole text is what the pattern says, for a pattern that is used once. */
export function matchesWildcard(pattern: string, text: string): boolean {
  return new Wildcard(pattern).matches(text);
}

/** A pattern as sets of states: state `i` stands for "its first `i` characters, stars left out, are matched". */
interface Automaton {
  readonly words: number;
  /** States that a star lets stay where they are, whatever comes. */
  readonly staying: Int32Array;
  /** States that any character moves on. */
  readonly movedByAny: Int32Array;
  /** For each ASCII character, `words` words: the states that it moves on. */
  readonly movedBy: Int32Array;
  readonly last: number;
}

function followsThrough({ words, staying, movedByAny, movedBy, last }: Automaton, text: string): boolean {
  const states = new Int32Array(words);
  states[0] = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // No pattern names NUL, so its row is that of every character which no pattern names.
    const row = (code < ASCII ? code : 0) * words;
    let carry = 0;
    let alive = 0;
    for (let word = 0; word < words; word++) {
      const now = states[word] as number;
      const moved = now & ((movedByAny[word] as number) | (movedBy[row + word] as number));
      const next = (moved << 1) | carry | (now & (staying[word] as number));
      carry = moved >>> (WORD_BITS - 1);
      alive |= next;
      states[word] = next;
    }
    if (alive === 0) return false;
  }
  return ((states[Math.floor(last / WORD_BITS)] as number) & bitOf(last)) !== 0;
}

function compile(pattern: string): Automaton {
  const last = pattern.replaceAll("*", "").length;
  const words = Math.floor(last / WORD_BITS) + 1;
  const staying = new Int32Array(words);
  const movedByAny = new Int32Array(words);
  const movedBy = new Int32Array(ASCII * words);
  let state = 0;
  for (let at = 0; at < pattern.length; at++) {
    const word = Math.floor(state / WORD_BITS);
    if (pattern[at] === "*") {
      addBit(staying, word, state);
      continue;
    }
    if (pattern[at] === "?") addBit(movedByAny, word, state);
    else addBit(movedBy, pattern.charCodeAt(at) * words + word, state);
    state += 1;
  }
  return { words, staying, movedByAny, movedBy, last };
}

function addBit(set: Int32Array, word: number, state: number): void {
  set[word] = (set[word] as number) | bitOf(state);
}

function bitOf(state: number): number {
  return 1 << (state % WORD_BITS);
}
