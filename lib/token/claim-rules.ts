import { type Compared, type Refusal, type RefusalCode, refuse } from "../errors.ts";
import type { TrustedIssuer } from "../issuer/trusted-issuer.ts";
import type { TokenClaims } from "./token-claims.ts";

/** What claims are held against. */
export interface ClaimContext {
  readonly issuer: TrustedIssuer;
  /** The receiver's audiences: a token is for one receiver, and no audience is implied. */
  readonly audiences: readonly string[];
  /** Epoch seconds. */
  readonly now: number;
  readonly clockSkewSeconds: number;
}

interface ClaimRule {
  readonly code: RefusalCode;
  holds(claims: TokenClaims, context: ClaimContext): boolean;
  /** For the log and for `explain`: what was held against what. */
  compare(claims: TokenClaims, context: ClaimContext): Compared;
  readonly detail: string;
}

/** The rules for claims, in the order in which they are applied; the first that does not hold refuses the token. */
export const CLAIM_RULES: readonly ClaimRule[] = [
  {
    code: "ISSUER_UNKNOWN",
    holds: ({ iss }, { issuer }) => iss === issuer.url,
    compare: ({ iss }, { issuer }) => ({ actual: iss, expected: issuer.url }),
    detail: "the token's `iss` is not the issuer that its key belongs to",
  },
  {
    code: "TOKEN_AUDIENCE_MISMATCH",
    holds: ({ aud }, { audiences }) => aud.some((audience) => audiences.includes(audience)),
    compare: ({ aud }, { audiences }) => ({ actual: list(aud), expected: list(audiences) }),
    detail: "the token was made for another audience; set `audience` of the projected volume to one of the receiver's",
  },
  {
    // Expired from `exp` on (RFC 7519 §4.1.4), the leeway added.
    code: "TOKEN_EXPIRED",
    holds: ({ exp }, { now, clockSkewSeconds }) => now < exp + clockSkewSeconds,
    compare: ({ exp }, context) => ({ actual: `exp ${exp}`, expected: `after ${moment(context)}` }),
    detail: "the token has expired; kubelet replaces the file, so read it again for every call",
  },
  {
    // RFC 7519 §4.1.5.
    code: "TOKEN_NOT_YET_VALID",
    holds: ({ nbf }, { now, clockSkewSeconds }) => nbf === undefined || nbf <= now + clockSkewSeconds,
    compare: ({ nbf }, context) => ({ actual: `nbf ${nbf}`, expected: `at most ${moment(context)}` }),
    detail: "the token is not valid yet; compare the clocks of the cluster and of AWS",
  },
  {
    code: "TOKEN_NOT_YET_VALID",
    holds: ({ iat }, { now, clockSkewSeconds }) => iat <= now + clockSkewSeconds,
    compare: ({ iat }, context) => ({ actual: `iat ${iat}`, expected: `at most ${moment(context)}` }),
    detail: "the token was issued in the future; compare the clocks of the cluster and of AWS",
  },
  {
    code: "TOKEN_LIFETIME_TOO_LONG",
    holds: ({ exp, iat }, { issuer }) => exp - iat <= issuer.maxTokenLifetimeSeconds,
    compare: ({ exp, iat }, { issuer }) => ({
      actual: `${exp - iat} s`,
      expected: `at most ${issuer.maxTokenLifetimeSeconds} s`,
    }),
    detail: "the token lives too long; lower `expirationSeconds` of the projected volume",
  },
  {
    code: "TOKEN_REVOKED",
    holds: ({ iat }, { issuer }) => issuer.notBefore === undefined || iat >= issuer.notBefore,
    compare: ({ iat }, { issuer }) => ({ actual: `iat ${iat}`, expected: `at least ${issuer.notBefore}` }),
    detail: "the token was issued before `notBefore` of its issuer document; let the pod get a new one",
  },
  {
    code: "TOKEN_NOT_POD_BOUND",
    holds: ({ pod }, { issuer }) => pod !== undefined || !issuer.requireBoundPod,
    compare: () => ({ actual: "not bound to a pod", expected: "bound to a pod" }),
    detail: "the issuer document requires pod-bound tokens; use a projected volume instead of `kubectl create token`",
  },
];

/** Applies every rule. The claims are those of a verified signature. */
export function refuseClaims(claims: TokenClaims, context: ClaimContext): Refusal | undefined {
  const broken = CLAIM_RULES.find((rule) => !rule.holds(claims, context));
  if (broken === undefined) return undefined;
  return refuse(broken.code, broken.detail, { compared: broken.compare(claims, context) });
}

function moment({ now, clockSkewSeconds }: ClaimContext): string {
  return `now ${Math.floor(now)}, give or take ${clockSkewSeconds} s`;
}

function list(audiences: readonly string[]): string {
  return audiences.length === 0 ? "none" : audiences.join(", ");
}
