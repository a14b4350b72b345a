/** The characters of a token, in runs as long as they come: so each is looked at once, whatever a caller sends. */
const TOKEN_CHARACTERS = /[A-Za-z0-9_.-]+/g;

/** The beginning of a token's header, `{"` or `{ ` in base64url. The capital tells it from a name (`keycloak-…`). */
export const TOKEN_HEADER = /ey[A-L][A-Za-z0-9_-]{7}/;
const SHORTEST_PAYLOAD = 8;

/** The text with `[token]` for whatever looks like one. For everything that is written where people read it. */
export function withoutTokens(text: string): string {
  return text.replace(TOKEN_CHARACTERS, (run) => (holdsToken(run) ? "[token]" : run));
}

/** Whether three neighbouring parts look like a JWT (RFC 7515 §3.1), wherever a caller put it: a path, a name. */
function holdsToken(run: string): boolean {
  const parts = run.split(".");
  return parts.some((part, index) => {
    const payload = parts[index + 1] ?? "";
    return index + 2 < parts.length && payload.length >= SHORTEST_PAYLOAD && TOKEN_HEADER.test(part);
  });
}
