declare const issuerUrl: unique symbol;

/** A well-formed issuer URL: only such a text ever becomes part of a parameter name or of a request. */
export type IssuerUrl = string & { readonly [issuerUrl]: true };

const MAX_CHARACTERS = 512;
const MAX_SEGMENTS = 10;

const HOST_LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const PORT = "(?::(?:[1-9][0-9]{0,4}))?";

/** `https://HOST(:PORT)?(/SEGMENT)*` and perhaps a `/` at the end, which belongs to the issuer's name (AKS has one). */
const HTTPS = new RegExp(`^https://${HOST_LABEL}(?:\\.${HOST_LABEL})*${PORT}(?:/[A-Za-z0-9._~:-]+)*/?$`);

/** Plain http, for a cluster on the same machine. */
const LOOPBACK_HTTP = new RegExp(`^http://(?:127\\.0\\.0\\.1|localhost)${PORT}(?:/[A-Za-z0-9._~:-]+)*/?$`);

/**
 * Reads an issuer's URL by the strict grammar of the contract. Nothing is normalised: issuers are compared code point
 * by code point (OpenID Connect Discovery 1.0 §3, OpenID Connect Core 1.0 §3.1.3.7).
 */
export function parseIssuerUrl(text: unknown, allowLoopbackHttp: boolean): IssuerUrl | undefined {
  if (typeof text !== "string" || text.length > MAX_CHARACTERS) return undefined;
  if (!HTTPS.test(text) && !(allowLoopbackHttp && LOOPBACK_HTTP.test(text))) return undefined;
  const segments = text.replace(/\/$/, "").split("/").slice(3);
  if (segments.length > MAX_SEGMENTS || segments.includes(".") || segments.includes("..")) return undefined;
  // A port over 65,535 and a host like `1.2.3.256` fit the grammar and lead nowhere.
  return URL.canParse(text) ? (text as IssuerUrl) : undefined;
}
