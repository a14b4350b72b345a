/** One header field. A name may come several times. */
export type Field = readonly [name: string, value: string];

/** Meant for one connection (RFC 9110 §7.6.1, and RFC 9113 §3.2.1 for the last); `Proxy-*` are too. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** What the connection is made of: the client library writes them, nobody else. */
const FRAMING: ReadonlySet<string> = new Set(["host", "content-length", "expect"]);

/** By which a service may take a request for another one than was decided on. */
const OVERRIDES: ReadonlySet<string> = new Set([
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
]);

/** The caller's credentials for the gateway, and what only a proxy may say about a caller. */
const CALLERS_OWN: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "forwarded",
  "via",
  "x-real-ip",
  "x-forwarded",
]);

/** `x-amz` is `X-Amzn-*` as well. */
const CALLERS_OWN_PREFIXES = ["x-forwarded-", "x-amz"] as const;

/** A name that HTTP can carry: a token (RFC 9110 §5.6.2), in any case. */
export function isFieldName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}

/** A value that HTTP can carry (RFC 9110 §5.5): no CR, LF, NUL or other control character; one byte a character. */
export function isFieldValue(text: string): boolean {
  return /^[\t -~\u0080-\u00ff]*$/.test(text);
}

/**
 * What all spellings of a name have in common. CGI, WSGI and PHP hand a header on as `HTTP_X_NAME`, so that a service
 * cannot tell `X_Name` or `x.name` from `X-Name` (GHSA-5m6w-wvh7-57vm).
 */
export function spelling(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "-");
}

/** Whether a header of this name is never set by a service document: connection, framing and overrides. */
export function isReserved(name: string): boolean {
  const spelt = spelling(name);
  return isHopByHop(spelt) || FRAMING.has(spelt) || OVERRIDES.has(spelt);
}

/** Whether a header of this name is the caller's or the credential's, so that it cannot say who is calling. */
export function isCredentialName(name: string): boolean {
  const spelt = spelling(name);
  return spelt === "authorization" || spelt === "cookie" || spelt.startsWith("x-amz");
}

/**
 * The headers of a caller that go on to the service (S37), their names in lower case.
 *
 * @param own - names that podgate sets itself: of the credential and of the identity
 */
export function passingRequestFields(fields: readonly Field[], own: readonly string[]): Field[] {
  return pass(fields, own, (spelt) => {
    if (FRAMING.has(spelt) || OVERRIDES.has(spelt) || CALLERS_OWN.has(spelt)) return false;
    return !CALLERS_OWN_PREFIXES.some((prefix) => spelt.startsWith(prefix));
  });
}

/**
 * The headers of a service's answer that go back to the caller (S38), their names in lower case.
 *
 * @param own - names of the credential's headers, which an echoing service would give away
 */
export function passingAnswerFields(fields: readonly Field[], own: readonly string[]): Field[] {
  return pass(fields, own, (spelt) => {
    if (spelt === "set-cookie" || spelt === "set-cookie2" || spelt === "content-length") return false;
    return !spelt.startsWith("podgate-");
  });
}

function pass(fields: readonly Field[], own: readonly string[], mayPass: (spelt: string) => boolean): Field[] {
  const kept = new Set([...own, ...namedByConnection(fields)].map(spelling));
  return fields
    .filter(([name]) => {
      const spelt = spelling(name);
      return !isHopByHop(spelt) && !kept.has(spelt) && mayPass(spelt);
    })
    .map(([name, value]) => [name.toLowerCase(), value]);
}

function isHopByHop(spelt: string): boolean {
  // `Proxy` is no hop's header, but a CGI service reads it as the variable HTTP_PROXY (httpoxy, CVE-2016-5385).
  return HOP_BY_HOP.has(spelt) || spelt === "proxy" || spelt.startsWith("proxy-");
}

function namedByConnection(fields: readonly Field[]): string[] {
  return fields
    .filter(([name]) => spelling(name) === "connection")
    .flatMap(([, value]) => value.split(","))
    .map((name) => name.trim());
}
