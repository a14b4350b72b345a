import { hash } from "node:crypto";
import type { Algorithm } from "../issuer/algorithm.ts";
import type { IssuerUrl } from "../issuer/issuer-url.ts";
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

/** Tokens of a generation: so many are remembered for sure, and fewer than twice as many at all (S45). */
const GENERATION = 500;

/**
 * Remembers signatures, so that a token that comes again costs a hash. Of one that came once only the fingerprint of its key
 * is kept: most tokens come no more, and what is kept of a thousand of them is work for the garbage collector.
 *
 * In two generations, of which the older one goes as a whole: a list in order of use costs a new token a microsecond.
 */
export class VerifiedTokens<Token extends SignedToken> {
  #young = new Map<TokenDigest, Token | string>();
  #old = new Map<TokenDigest, Token | string>();

  /** The token, if it came more than once; of one that came once, the fingerprint of the key that made its signature. */
  recall(digest: TokenDigest): Token | string | undefined {
    const young = this.#young.get(digest);
    if (young) return young;
    const old = this.#old.get(digest);
    if (old) this.remember(digest, old);
    return old;
  }

  remember(digest: TokenDigest, known: Token | string): void {
    this.#young.set(digest, known);
    if (this.#young.size < GENERATION) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  forget(digest: TokenDigest): void {
    this.#young.delete(digest);
    this.#old.delete(digest);
  }
}

export function digestOf(bearer: BearerToken): TokenDigest {
  return hash("sha256", bearer.reveal(), "base64url") as TokenDigest;
}
