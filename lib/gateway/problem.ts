import type { ErrorCode, RefusalCode } from "../errors.ts";

/** What a caller reads: a status, a code of this list, and its fixed sentence. Never an issuer, key, rule or parameter. */
export const PUBLIC_PROBLEMS = {
  TOKEN_MISSING: { status: 401, title: "A bearer token is required." },
  TOKEN_INVALID: { status: 401, title: "The token is not valid." },
  TOKEN_AUDIENCE: { status: 401, title: "The token is for another audience." },
  TOKEN_EXPIRED: { status: 401, title: "The token has expired." },
  TOKEN_NOT_YET_VALID: { status: 401, title: "The token is not valid yet." },
  TOKEN_LIFETIME: { status: 401, title: "The token lives too long." },
  TOKEN_REVOKED: { status: 401, title: "The token was revoked. Use a newer one." },
  TOKEN_NOT_BOUND: { status: 401, title: "The token is not bound to a pod." },
  FORBIDDEN: { status: 403, title: "This call is not allowed." },
  UNAVAILABLE: { status: 503, title: "No decision can be made now. Try again later." },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type PublicCode = keyof typeof PUBLIC_PROBLEMS;

/**
 * The public code of every internal one. Before the signature is verified there is one for everything but a missing
 * token; after it, what the owner of the token can mend. A new internal code without a row here does not compile.
 */
export const PUBLIC_CODES = {
  TOKEN_MISSING: "TOKEN_MISSING",
  AUTHORIZATION_REPEATED: "TOKEN_INVALID",
  AUTHORIZATION_MALFORMED: "TOKEN_INVALID",
  TOKEN_TOO_LARGE: "TOKEN_INVALID",
  TOKEN_MALFORMED: "TOKEN_INVALID",
  TOKEN_ALGORITHM: "TOKEN_INVALID",
  TOKEN_TYPE: "TOKEN_INVALID",
  TOKEN_HEADER_UNSUPPORTED: "TOKEN_INVALID",
  TOKEN_KEY_EMBEDDED: "TOKEN_INVALID",
  TOKEN_LEGACY: "TOKEN_INVALID",
  TOKEN_EXTENDED: "TOKEN_INVALID",
  TOKEN_KEY_ID: "TOKEN_INVALID",
  ISSUER_MALFORMED: "TOKEN_INVALID",
  ISSUER_UNKNOWN: "TOKEN_INVALID",
  ISSUER_DOCUMENT_MISMATCH: "TOKEN_INVALID",
  ISSUER_DISABLED: "TOKEN_INVALID",
  TOKEN_ALGORITHM_NOT_ALLOWED: "TOKEN_INVALID",
  KEY_UNKNOWN: "TOKEN_INVALID",
  KEY_UNFIT: "TOKEN_INVALID",
  SIGNATURE_INVALID: "TOKEN_INVALID",
  TOKEN_CLAIM_INVALID: "TOKEN_INVALID",
  SUBJECT_INVALID: "TOKEN_INVALID",
  KUBERNETES_CLAIM_INVALID: "TOKEN_INVALID",
  API_UNKNOWN: "FORBIDDEN",
  API_FOREIGN: "FORBIDDEN",
  TOKEN_AUDIENCE_MISMATCH: "TOKEN_AUDIENCE",
  TOKEN_EXPIRED: "TOKEN_EXPIRED",
  TOKEN_NOT_YET_VALID: "TOKEN_NOT_YET_VALID",
  TOKEN_LIFETIME_TOO_LONG: "TOKEN_LIFETIME",
  TOKEN_REVOKED: "TOKEN_REVOKED",
  TOKEN_NOT_POD_BOUND: "TOKEN_NOT_BOUND",
  PRINCIPAL_NOT_ADMITTED: "FORBIDDEN",
  METHOD_UNKNOWN: "FORBIDDEN",
  PATH_AMBIGUOUS: "FORBIDDEN",
  ACCESS_DENIED: "FORBIDDEN",
  ACCESS_NOT_ALLOWED: "FORBIDDEN",
  CONFIG_INVALID: "UNAVAILABLE",
  EVENT_UNREADABLE: "UNAVAILABLE",
  PARAMETERS_UNAVAILABLE: "UNAVAILABLE",
  DOCUMENT_INVALID: "UNAVAILABLE",
  DOCUMENT_TOO_NEW: "UNAVAILABLE",
  LOOKUP_LIMITED: "UNAVAILABLE",
  ISSUER_UNREACHABLE: "UNAVAILABLE",
  DISCOVERY_INVALID: "UNAVAILABLE",
  KEY_SET_INVALID: "UNAVAILABLE",
  KEY_SET_MISSING: "UNAVAILABLE",
  POLICY_TOO_LARGE: "UNAVAILABLE",
  DEADLINE_EXCEEDED: "UNAVAILABLE",
  INTERNAL: "UNAVAILABLE",
} as const satisfies Record<RefusalCode | ErrorCode, PublicCode>;
