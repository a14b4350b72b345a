import type { JsonObject } from "../json.ts";

/** What podgate's functions ask of SSM in the course of a request. */
export type ReadOperation = "GetParameters" | "GetParameter";

/**
 * One read of SSM: the input of an operation and the members of its output, both as the API reference names them; a date is
 * epoch seconds, or a `Date`. Two attempts at most, and about a second in all (R10). What it throws is named as AWS names
 * the error, or has the system's `code`; it never holds the answer, which may be a secret.
 */
export type CallSsm = (operation: ReadOperation, input: JsonObject) => Promise<JsonObject>;

/** Both attempts have this much time in all (R10): a stale document, or an honest 5xx, beats a caller that waits. */
export const TOTAL_MS = 1000;

/** Leaves time for the second attempt. */
export const ATTEMPT_MS = 500;

/** Longest pause before the second attempt, with full jitter. SSM counts by the second, so a little later is another chance. */
export const THROTTLED_PAUSE_MS = 300;

/** After a broken or silent connection, or a 5xx: the next one goes another way. */
export const TRANSIENT_PAUSE_MS = 50;

/**
 * A connection that was idle when Lambda froze the environment may be dead when it thaws. With no second one to take, the
 * second attempt is a new connection. Reads at once have one each: a silent one holds up no other.
 */
export const ONE_IDLE_CONNECTION = { maxFreeSockets: 1 };

/** What went wrong with a call, in a word for logs. AWS sends some errors without a message, so it is the error's name. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const code = "code" in error ? String(error.code) : "";
  if (/^[A-Z][A-Z0-9_]{2,63}$/.test(code) && code !== "ETIMEDOUT") return code;
  if (["AbortError", "TimeoutError"].includes(error.name)) return "no answer in time";
  return /^[A-Za-z][A-Za-z0-9._-]{0,63}$/.test(error.name) ? error.name : "unknown error";
}
