import type { ErrorCode, ForwardFailureCode, Refusal, RefusalCode } from "../errors.ts";
import { PUBLIC_CODES, PUBLIC_PROBLEMS, type PublicCode } from "./problem.ts";

/** What API Gateway, a Function URL and an ALB take from a function. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/** By which the decision is found in the log. */
export const DECISION_HEADER = "Podgate-Decision";

/** The public code of an answer that is the gateway's own: a service's answer never has it. */
const ERROR_HEADER = "Podgate-Error";

/** An answer in the shape that the event's surface reads. */
export function httpAnswer(
  statusCode: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  inMultiValueHeaders: boolean,
): HttpAnswer {
  const all = { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers };
  return {
    statusCode,
    ...(inMultiValueHeaders
      ? { multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])) }
      : { headers: all }),
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** The problem (RFC 9457) of a refusal or of a failure: constant for its public code. */
export function problemAnswer(
  reason: Refusal | { readonly code: RefusalCode | ErrorCode | ForwardFailureCode },
  decisionId: string,
  inMultiValueHeaders: boolean,
): HttpAnswer {
  const code: PublicCode = PUBLIC_CODES[reason.code];
  const { status, title } = PUBLIC_PROBLEMS[code];
  const challenge = challengeFor(code, status);
  return httpAnswer(
    status,
    { type: `urn:podgate:problem:${code}`, title, status, code },
    {
      "Content-Type": "application/problem+json",
      ...(challenge === undefined ? {} : { "WWW-Authenticate": challenge }),
      [DECISION_HEADER]: decisionId,
      [ERROR_HEADER]: code,
    },
    inMultiValueHeaders,
  );
}

/** RFC 6750 §3 and §3.1: no error code where no token was sent. */
function challengeFor(code: PublicCode, status: number): string | undefined {
  if (code === "TOKEN_MISSING") return "Bearer";
  if (status === 401) return 'Bearer error="invalid_token"';
  return status === 403 ? 'Bearer error="insufficient_scope"' : undefined;
}
