import { isJsonObject } from "../json.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

/** Where an issuer's discovery document is: `<url>/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4). */
export function discoveryUrl(issuer: TrustedIssuer): string {
  return issuer.discoveryURL ?? `${issuer.url.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

/** Where the keys of an issuer are looked for, as its document says: at `jwksURL`, or where its discovery document is. */
export function keySource(issuer: TrustedIssuer): string {
  return issuer.jwksURL ?? discoveryUrl(issuer);
}

export type DiscoveryResult = { readonly jwksUri: string } | { readonly fault: string };

/**
 * Checks a discovery document: `issuer` is this issuer, code point by code point (§4.3), and `jwks_uri` lies on the host
 * that was asked. Any other host needs the issuer document's `jwksURL`, because a document that says where to fetch
 * keys must not choose whom we trust.
 */
export function checkDiscovery(document: unknown, issuer: TrustedIssuer): DiscoveryResult {
  if (!isJsonObject(document)) return { fault: "it is not a JSON object" };
  if (document["issuer"] !== issuer.url) return { fault: "its `issuer` is not this issuer" };
  const jwksUri = document["jwks_uri"];
  if (typeof jwksUri !== "string") return { fault: "its `jwks_uri` is missing" };
  const url = URL.parse(jwksUri);
  if (url === null || url.username !== "" || url.password !== "" || /[?#]/.test(jwksUri)) {
    return { fault: "its `jwks_uri` is not a URL without user, query and fragment" };
  }
  const asked = URL.parse(discoveryUrl(issuer));
  const own = URL.parse(issuer.url);
  if (url.protocol !== asked?.protocol || (url.host !== asked.host && url.host !== own?.host)) {
    return {
      fault: `its \`jwks_uri\` is on ${url.origin.slice(0, 128)}, another host; if that is right, say so as \`jwksURL\` in the issuer document`,
    };
  }
  return { jwksUri };
}
