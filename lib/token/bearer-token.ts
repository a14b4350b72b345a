import { type Refusal, refuse } from "../errors.ts";

/** Largest token that is read: ten times a projected token, and below the 10,240 bytes of headers that API Gateway takes. */
const MAX_TOKEN_BYTES = 8192;

/** Room for the scheme and its spaces beside the largest token. */
const MAX_FIELD_BYTES = MAX_TOKEN_BYTES + 64;

/** The scheme in any case, then spaces (RFC 6750 §2.1, RFC 9110 §11.1). */
const BEARER = /^bearer +/i;

const B64TOKEN = /^[A-Za-z0-9._~+/=-]+$/;

/** A token as it came: unread and unverified. Its text leaves only by `reveal()`, so no log shows it by accident. */
export class BearerToken {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[token]";
  }

  toJSON(): string {
    return "[token]";
  }
}

/**
 * Takes the one token out of a request's `Authorization` fields. A comma is a second field: some surfaces join fields
 * by it, and which of two tokens counts must never depend on the reader (CVE-2026-26308).
 *
 * @param fields - every value of the `Authorization` header, in any case of its name
 */
export function readBearerToken(fields: readonly string[]): BearerToken | Refusal {
  const [field, ...others] = fields;
  if (field === undefined || (field === "" && others.length === 0)) {
    return refuse("TOKEN_MISSING", "the request has no Authorization header; send `Authorization: Bearer <token>`");
  }
  if (others.length > 0) {
    return refuse("AUTHORIZATION_REPEATED", "the request has more than one Authorization header; send exactly one");
  }
  if (field.length > MAX_FIELD_BYTES) return tooLarge(field.length);
  if (field.includes(",")) {
    return refuse("AUTHORIZATION_REPEATED", "the Authorization header holds a comma, so more than one value; send one");
  }
  const scheme = BEARER.exec(field)?.[0];
  if (scheme === undefined) return notBearer();
  const text = field.slice(scheme.length);
  if (text.length > MAX_TOKEN_BYTES) return notB64Token(text) ?? tooLarge(text.length);
  return new BearerToken(text);
}

/**
 * A token that is no `b64token` (RFC 6750 §2.1) is a fault of the header, not of the token. Asked once the text turned out
 * to be no JWT: one that is holds base64url and dots, and was looked at character by character already.
 */
export function notB64Token(text: string): Refusal | undefined {
  return B64TOKEN.test(text) ? undefined : notBearer();
}

function notBearer(): Refusal {
  return refuse("AUTHORIZATION_MALFORMED", "the Authorization header is not `Bearer`, a space and one token");
}

function tooLarge(bytes: number): Refusal {
  return refuse("TOKEN_TOO_LARGE", "the token is too large to be a service account's", {
    compared: { actual: `${bytes} bytes`, expected: `at most ${MAX_TOKEN_BYTES} bytes` },
  });
}
