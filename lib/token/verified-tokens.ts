import { hash } from "node:crypto";
import type { Algorithm } from "../issuer/algorithm.ts";
import type { IssuerUrl } from "../issuer/issuer-url.ts";
import { createLru } from "../lru.ts";
import type { BearerToken } from "./bearer-token.ts";
import type { TokenClaims } from "./token-claims.ts";

/** A token whose signature was verified, and by which key. Everything else is checked again on each use. */
export interface SignedToken {
  readonly algorithm: Algorithm;
  readonly keyId: string;
  readonly issuerUrl: IssuerUrl;
  readonly claims: TokenClaims;
  /** The key's own fingerprint: another key under the same `kid` does not count. */
  readonly fingerprint: string;
}

/** SHA-256 of a whole token (S45): what is remembered of its text. */
export type TokenDigest = string & { readonly tokenDigest: true };

/** About 2 KB each that came again, with who it is and how the log says so, and 0.2 KB each that came once. */
const CAPACITY = 1000;

/**
 * Remembers signatures, so that a token that comes again costs a hash. Of one that came once only the fingerprint of its key
 * is kept: most tokens come no more, and what is kept of a thousand of them is work for the garbage collector.
 */
export class VerifiedTokens<Token extends SignedToken> {
  readonly #tokens = createLru<TokenDigest, Token | string>(CAPACITY);

  /** The token, if it came more than once; of one that came once, the fingerprint of the key that made its signature. */
  recall(digest: TokenDigest): Token | string | undefined {
    return this.#tokens.get(digest);
  }

  remember(digest: TokenDigest, known: Token | string): void {
    this.#tokens.set(digest, known);
  }

  forget(digest: TokenDigest): void {
    this.#tokens.delete(digest);
  }
}

export function digestOf(bearer: BearerToken): TokenDigest {
  return hash("sha256", bearer.reveal(), "base64url") as TokenDigest;
}
