/** What Go's encoding/json escapes and JavaScript does not: for HTML, and for JavaScript before ES2019. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/** JSON as Go writes it. @param indent - spaces a level; without it, one line */
export function goJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
