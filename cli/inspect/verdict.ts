import { isRefusal, type Refusal, refuse } from "../../lib/errors.ts";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { parseTrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { readBearerToken } from "../../lib/token/bearer-token.ts";
import { CLAIM_RULES } from "../../lib/token/claim-rules.ts";
import type { TokenClaims } from "../../lib/token/token-claims.ts";
import { readShape } from "../../lib/token/unverified-token.ts";

export interface Verdict {
  /** Why the functions would refuse it; the first is the one that they would log. */
  readonly refusals: readonly Refusal[];
  /** The claims, where they can be read. Nothing in them is verified. */
  readonly claims?: TokenClaims;
}

/** As `PODGATE_CLOCK_SKEW_SECONDS` where nobody sets it. */
const CLOCK_SKEW_SECONDS = 30;

/**
 * What the functions' own code says of a token before they ask anybody: its shape, its issuer's form, its claims, held
 * against an issuer document that says nothing special.
 *
 * @param audiences - the receiver's; where none are given the token's own are taken for right
 * @param now - epoch seconds
 */
export function judge(text: string, audiences: readonly string[], now: number): Verdict {
  const bearer = readBearerToken([`Bearer ${text}`]);
  if (isRefusal(bearer)) return { refusals: [bearer] };
  const token = readShape(bearer);
  if (isRefusal(token)) return { refusals: [token] };

  // Plain http is a matter of the stage: offline it is right.
  const isIssuer = parseIssuerUrl(token.issuer, true) !== undefined;
  const issuerRefusals = isIssuer
    ? []
    : [refuse("ISSUER_MALFORMED", "the token's `iss` is not an issuer URL `https://host/path`")];
  const claims = token.claims;
  if (isRefusal(claims)) return { refusals: [...issuerRefusals, claims] };
  const issuer = parseTrustedIssuer({
    name: "issuers/assumed",
    version: 1,
    revision: "",
    text: JSON.stringify({ url: claims.iss, cluster: "assumed" }),
  });
  const context = {
    issuer,
    audiences: audiences.length > 0 ? audiences : claims.aud,
    now,
    clockSkewSeconds: CLOCK_SKEW_SECONDS,
  };
  const broken = CLAIM_RULES.filter((rule) => !rule.holds(claims, context));
  return {
    refusals: [
      ...issuerRefusals,
      ...broken.map((rule) => refuse(rule.code, rule.detail, { compared: rule.compare(claims, context) })),
    ],
    claims,
  };
}
