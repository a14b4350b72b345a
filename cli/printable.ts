/** What a terminal obeys, or draws as something else: controls, format and private characters, lone surrogates, line ends. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Text from outside as a person may safely look at it: escaped as JSON escapes, and no longer than `longest` characters. */
export function printable(text: string, longest = 256): string {
  const beginning = text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
  return beginning.replace(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, index) => escapeUnit(character.charCodeAt(index))).join(""),
  );
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
