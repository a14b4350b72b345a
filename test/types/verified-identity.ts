// Checked by `tsc`, never run: an identity cannot be made outside the verifier, and a refusal cannot pass for one.
import type { Refusal } from "../../lib/errors.ts";
import type { TokenClaims } from "../../lib/token/token-claims.ts";
import type { TokenVerifier, Verification, VerifiedIdentity } from "../../lib/token/token-verifier.ts";
import type { UnverifiedToken } from "../../lib/token/unverified-token.ts";

declare const claims: TokenClaims;
declare const token: UnverifiedToken;
declare const refusal: Refusal;
declare const verification: Verification;
declare const verifier: TokenVerifier;

const parts = {
  cluster: "prod",
  namespace: "payments",
  serviceAccount: "checkout",
  issuer: "https://issuer.example",
  principal: "prod/payments/checkout",
  subject: "system:serviceaccount:payments:checkout",
  audience: "https://api.example.com",
  expiresAt: 2,
  issuedAt: 1,
  keyId: "k1",
};

// @ts-expect-error every member that has a name is not enough
export const written: VerifiedIdentity = parts;

// @ts-expect-error nor is a member that looks like the mark
export const marked: VerifiedIdentity = { ...parts, verified: true };

// @ts-expect-error nor a symbol of one's own
export const symbol: VerifiedIdentity = { ...parts, [Symbol("verified")]: true };

// @ts-expect-error claims are no identity
export const fromClaims: VerifiedIdentity = claims;

// @ts-expect-error a token that was read is no identity
export const fromToken: VerifiedIdentity = token;

// @ts-expect-error a refusal is no identity
export const fromRefusal: VerifiedIdentity = refusal;

// @ts-expect-error an outcome may be a refusal, and must be looked at first
export const unchecked: VerifiedIdentity = verification.outcome;

// @ts-expect-error a principal that was found is not written over
export const overwrite = (identity: VerifiedIdentity): string => (identity.principal = "prod/kube-system/admin");

// @ts-expect-error what the verifier gives is a promise
export const early: Verification = verifier.verify([], async () => []);
