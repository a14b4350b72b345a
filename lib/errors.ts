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

/** 401: the token does not say who is calling. 403: it does, and that caller may not make this call. */
const AT_TRANSPORT = { step: "transport", status: 401 } as const;
const AT_SHAPE = { step: "shape", status: 401 } as const;
const AT_ISSUER = { step: "issuer", status: 401 } as const;
const AT_KEY = { step: "key", status: 401 } as const;
const AT_SIGNATURE = { step: "signature", status: 401 } as const;
const AT_CLAIMS = { step: "claims", status: 401 } as const;
const AT_RECEIVER = { step: "receiver", status: 403 } as const;
const AT_VALIDITY = { step: "validity", status: 401 } as const;
const AT_PERMISSIONS = { step: "permissions", status: 403 } as const;
const AT_DECISION = { step: "decision", status: 403 } as const;

/**
 * Every reason for which a call is refused, in the order in which the reasons are looked for: the first that applies
 * is the one in the log. Codes are stable: never renamed, removed only in a major version.
 */
export const REFUSALS = {
  TOKEN_MISSING: AT_TRANSPORT,
  AUTHORIZATION_REPEATED: AT_TRANSPORT,
  AUTHORIZATION_MALFORMED: AT_TRANSPORT,
  TOKEN_TOO_LARGE: AT_TRANSPORT,

  TOKEN_MALFORMED: AT_SHAPE,
  TOKEN_ALGORITHM: AT_SHAPE,
  TOKEN_TYPE: AT_SHAPE,
  TOKEN_KEY_EMBEDDED: AT_SHAPE,
  TOKEN_HEADER_UNSUPPORTED: AT_SHAPE,
  TOKEN_LEGACY: AT_SHAPE,
  TOKEN_EXTENDED: AT_SHAPE,
  TOKEN_KEY_ID: AT_SHAPE,

  ISSUER_MALFORMED: AT_ISSUER,
  ISSUER_UNKNOWN: AT_ISSUER,
  ISSUER_DOCUMENT_MISMATCH: AT_ISSUER,
  ISSUER_DISABLED: AT_ISSUER,
  TOKEN_ALGORITHM_NOT_ALLOWED: AT_ISSUER,

  KEY_UNKNOWN: AT_KEY,
  KEY_UNFIT: AT_KEY,

  SIGNATURE_INVALID: AT_SIGNATURE,

  TOKEN_CLAIM_INVALID: AT_CLAIMS,
  SUBJECT_INVALID: AT_CLAIMS,
  KUBERNETES_CLAIM_INVALID: AT_CLAIMS,

  API_UNKNOWN: AT_RECEIVER,
  API_FOREIGN: AT_RECEIVER,

  TOKEN_AUDIENCE_MISMATCH: AT_VALIDITY,
  TOKEN_EXPIRED: AT_VALIDITY,
  TOKEN_NOT_YET_VALID: AT_VALIDITY,
  TOKEN_LIFETIME_TOO_LONG: AT_VALIDITY,
  TOKEN_REVOKED: AT_VALIDITY,
  TOKEN_NOT_POD_BOUND: AT_VALIDITY,

  SERVICE_UNKNOWN: AT_PERMISSIONS,
  PRINCIPAL_NOT_ADMITTED: AT_PERMISSIONS,

  METHOD_UNKNOWN: AT_DECISION,
  PATH_AMBIGUOUS: AT_DECISION,
  ACCESS_DENIED: AT_DECISION,
  ACCESS_NOT_ALLOWED: AT_DECISION,
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
  return typeof value === "object" && value !== null && (value as Partial<Refusal>).effect === "refuse";
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
