import { constants } from "node:os";
import { FetchFailure, type FetchFailureReason } from "../issuer/fetch-json.ts";

/** How far a request has come: `handshake` is between TCP and the end of TLS. */
export type Stage = "connecting" | "handshake" | "connected";

/** The code that Node, the system or OpenSSL gave an error. Its message is never read: it may quote what was received. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "no code";
}

/** The failure of a request on which the transport gave up, chosen by the error's code and how far it had come. */
export function transportFailure(label: string, stage: Stage, error: unknown): FetchFailure {
  const code = codeOf(error);
  const reason = reasonOf(code, stage);
  const outcome = `${OUTCOMES[reason]} (${code})`;
  // A parser error carries the raw bytes of the answer, so it is not handed on as a cause.
  return new FetchFailure(reason, `${label}: ${outcome}`, code.startsWith("HPE_") ? {} : { cause: error });
}

type TransportReason = Extract<FetchFailureReason, "connection-failed" | "tls-failed" | "timed-out" | "too-large">;

const OUTCOMES = {
  "connection-failed": "the connection failed",
  "tls-failed": "TLS failed",
  "timed-out": "the system gave up waiting",
  "too-large": "the header of the answer is too large",
} as const satisfies Record<TransportReason, string>;

/**
 * Alerts of a handshake that only the server has not ended: with TLS 1.3 it asks for a client certificate that late. Any
 * other fault of a connection that stands says nothing of what the server has read (RFC 8446 §6.2).
 */
const LATE_ALERT = /_ALERT_(?:.*CERTIFICATE.*|HANDSHAKE_FAILURE|UNKNOWN_CA|ACCESS_DENIED)$/;

function reasonOf(code: string, stage: Stage): TransportReason {
  if (code === "ETIMEDOUT") return "timed-out";
  if (code === "HPE_HEADER_OVERFLOW" || code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return "too-large";
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") || code === "EPROTO") {
    return stage !== "connected" || LATE_ALERT.test(code) ? "tls-failed" : "connection-failed";
  }
  // The codes of certificate checks have no prefix; in a handshake, what the system does not know is one of them.
  return stage === "handshake" && !Object.hasOwn(constants.errno, code) ? "tls-failed" : "connection-failed";
}
