/** The steps of a decision, in the order in which they are taken. */
export type Step =
  | "transport"
  | "shape"
  | "issuer"
  | "key"
  | "signature"
  | "claims"
  | "receiver"
  | "validity"
  | "permissions"
  | "decision";

/**
 * Every reason for which a call is refused, in the order in which the reasons are looked for: the first that applies
 * is the one in the log. Codes are stable: never renamed, removed only in a major version.
 *
 * 401: the token does not say who is calling. 403: it does, and that caller may not make this call.
 */
export const REFUSALS = {
  TOKEN_MISSING: { step: "transport", status: 401 },
  AUTHORIZATION_REPEATED: { step: "transport", status: 401 },
  AUTHORIZATION_MALFORMED: { step: "transport", status: 401 },
  TOKEN_TOO_LARGE: { step: "transport", status: 401 },

  TOKEN_MALFORMED: { step: "shape", status: 401 },
  TOKEN_ALGORITHM: { step: "shape", status: 401 },
  TOKEN_TYPE: { step: "shape", status: 401 },
  TOKEN_KEY_EMBEDDED: { step: "shape", status: 401 },
  TOKEN_HEADER_UNSUPPORTED: { step: "shape", status: 401 },
  TOKEN_LEGACY: { step: "shape", status: 401 },
  TOKEN_EXTENDED: { step: "shape", status: 401 },
  TOKEN_KEY_ID: { step: "shape", status: 401 },

  ISSUER_MALFORMED: { step: "issuer", status: 401 },
  ISSUER_UNKNOWN: { step: "issuer", status: 401 },
  ISSUER_DOCUMENT_MISMATCH: { step: "issuer", status: 401 },
  ISSUER_DISABLED: { step: "issuer", status: 401 },
  TOKEN_ALGORITHM_NOT_ALLOWED: { step: "issuer", status: 401 },

  KEY_UNKNOWN: { step: "key", status: 401 },
  KEY_UNFIT: { step: "key", status: 401 },

  SIGNATURE_INVALID: { step: "signature", status: 401 },

  TOKEN_CLAIM_INVALID: { step: "claims", status: 401 },
  SUBJECT_INVALID: { step: "claims", status: 401 },
  KUBERNETES_CLAIM_INVALID: { step: "claims", status: 401 },

  API_UNKNOWN: { step: "receiver", status: 403 },
  API_FOREIGN: { step: "receiver", status: 403 },

  TOKEN_AUDIENCE_MISMATCH: { step: "validity", status: 401 },
  TOKEN_EXPIRED: { step: "validity", status: 401 },
  TOKEN_NOT_YET_VALID: { step: "validity", status: 401 },
  TOKEN_LIFETIME_TOO_LONG: { step: "validity", status: 401 },
  TOKEN_REVOKED: { step: "validity", status: 401 },
  TOKEN_NOT_POD_BOUND: { step: "validity", status: 401 },

  SERVICE_UNKNOWN: { step: "permissions", status: 403 },
  PRINCIPAL_NOT_ADMITTED: { step: "permissions", status: 403 },

  METHOD_UNKNOWN: { step: "decision", status: 403 },
  PATH_AMBIGUOUS: { step: "decision", status: 403 },
  ACCESS_DENIED: { step: "decision", status: 403 },
  ACCESS_NOT_ALLOWED: { step: "decision", status: 403 },
} as const satisfies Record<string, { readonly step: Step; readonly status: 401 | 403 }>;

export type RefusalCode = keyof typeof REFUSALS;

/** What a check held against what. Text for logs: never token text, never a whole claim set. */
export interface Compared {
  readonly actual: string;
  readonly expected: string;
}

/** A verdict of "no". A value, audited like an allow; never thrown. */
export interface Refusal {
  readonly effect: "refuse";
  readonly code: RefusalCode;
  readonly step: Step;
  readonly status: 401 | 403;
  /** One line for whoever operates podgate: what is wrong and what to do. Callers never see it. */
  readonly detail: string;
  readonly compared?: Compared;
  /** The rule that decided, as `<parameter name>#deny[0]`, where a rule did. */
  readonly rule?: string;
}

/** Refuses with `code`; step and status come from the table. */
export function refuse(code: RefusalCode, detail: string, more: { compared?: Compared; rule?: string } = {}): Refusal {
  return { effect: "refuse", code, ...REFUSALS[code], detail, ...more };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "effect" in value && value.effect === "refuse";
}

/** Every reason for which an allowed call of `forward` was not made, or its answer not handed on. Stable as well. */
export type ForwardFailureCode =
  | "REQUEST_MALFORMED"
  | "REQUEST_TOO_LARGE"
  | "SECRET_UNAVAILABLE"
  | "CREDENTIAL_FAILED"
  | "SERVICE_ADDRESS_REFUSED"
  | "SERVICE_UNREACHABLE"
  | "SERVICE_TLS_FAILED"
  | "SERVICE_TIMEOUT"
  | "SERVICE_ANSWER_BROKEN"
  | "SERVICE_ANSWER_TOO_LARGE";

/** Every reason for which no decision could be made. Stable, like the codes of refusals. */
export type ErrorCode =
  | "CONFIG_INVALID"
  | "EVENT_UNREADABLE"
  | "PARAMETERS_UNAVAILABLE"
  | "DOCUMENT_INVALID"
  | "DOCUMENT_TOO_NEW"
  | "LOOKUP_LIMITED"
  | "ISSUER_UNREACHABLE"
  | "DISCOVERY_INVALID"
  | "KEY_SET_INVALID"
  | "KEY_SET_MISSING"
  | "POLICY_TOO_LARGE"
  | "DEADLINE_EXCEEDED"
  | "INTERNAL";

/** A request that could not be decided. A refusal is not an error: see `Refusal`. */
export class GatewayError extends Error {
  override readonly name: string = "GatewayError";
  /** Stable and machine-readable. Never renamed; removed only in a major version. */
  readonly code: ErrorCode;

  /** @param detail - for logs: may name issuers, keys and parameters; never holds token text */
  constructor(code: ErrorCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}
