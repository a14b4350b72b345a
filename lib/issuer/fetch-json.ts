/** Where an outgoing connection may lead: public addresses only, or private ones too (loopback and metadata: see lib/net). */
export type Network = "public" | "private";

export interface FetchJsonOptions {
  /** Largest body that is read, in bytes. One byte more is a failure. */
  readonly maxBytes: number;
  readonly network: Network;
  /** PEM; replaces the public roots for this call. */
  readonly certificateAuthority?: string | undefined;
  /** Aborts the attempt. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * One GET that answers with the parsed JSON of a 200, and with nothing else.
 * Rejects with `FetchFailure` for every other outcome.
 */
export type FetchJson = (url: string, options: FetchJsonOptions) => Promise<unknown>;

/** Why a fetch failed, as a fixed list for logs and for the decision whether to try again. */
export type FetchFailureReason =
  | "address-refused"
  | "name-not-resolved"
  | "connection-failed"
  | "tls-failed"
  | "timed-out"
  | "redirected"
  | "client-error-status"
  | "server-error-status"
  | "too-large"
  | "content-encoded"
  | "not-json";

const WORTH_ANOTHER_ATTEMPT: ReadonlySet<FetchFailureReason> = new Set([
  "name-not-resolved",
  "connection-failed",
  "tls-failed",
  "timed-out",
  "server-error-status",
]);

/** Known by its name: the file that fetches is loaded when it is needed, and has a class of its own. */
export function isFetchFailure(error: unknown): error is FetchFailure {
  return error instanceof Error && error.name === "FetchFailure";
}

export class FetchFailure extends Error {
  override readonly name = "FetchFailure";
  readonly reason: FetchFailureReason;

  /** @param detail - for logs: names the host and the outcome; never holds a body */
  constructor(reason: FetchFailureReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }

  /** A 4xx, a redirect or a wrong body is an answer: asking again at once changes nothing. */
  get retryable(): boolean {
    return WORTH_ANOTHER_ATTEMPT.has(this.reason);
  }
}
