import { hash } from "node:crypto";
import { createLRU } from "lru.min";
import type { BearerToken } from "./bearer-token.ts";
import type { TokenClaims } from "./token-claims.ts";
import type { UnverifiedToken } from "./unverified-token.ts";

/** A token whose signature was verified, and by which key. Everything else is checked again on each use. */
export interface SignedToken {
  readonly token: UnverifiedToken;
  readonly claims: TokenClaims;
  /** The key's own fingerprint: another key under the same `kid` does not count. */
  readonly fingerprint: string;
}

/** About 1.3 KB each. */
const CAPACITY = 1000;

/** Remembers signatures, so that a token that comes again costs a hash. Keyed by SHA-256 of the whole token (S45). */
export class VerifiedTokens {
  readonly #tokens = createLRU<string, SignedToken>({ max: CAPACITY });

  recall(bearer: BearerToken): SignedToken | undefined {
    return this.#tokens.get(digest(bearer));
  }

  remember(bearer: BearerToken, signed: SignedToken): void {
    this.#tokens.set(digest(bearer), signed);
  }

  forget(bearer: BearerToken): void {
    this.#tokens.delete(digest(bearer));
  }
}

function digest(bearer: BearerToken): string {
  return hash("sha256", bearer.reveal(), "base64url");
}
