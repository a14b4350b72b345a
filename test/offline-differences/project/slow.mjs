/** An authorizer that never answers: its time ends. */
export function handler() {
  return new Promise(() => undefined);
}
