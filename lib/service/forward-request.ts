import type { ExternalService } from "./external-service.ts";
import { type Field, isFieldName, isFieldValue, passingRequestFields, spelling } from "./forwarded-headers.ts";
import type { OutgoingRequest } from "./outgoing.ts";

/** A call as the pod sent it, after the allow. */
export interface IncomingRequest {
  readonly method: string;
  /** Decoded, as it was decided on: begins with `/`, and is one path to every reader. */
  readonly path: string;
  /** Without the `?`. */
  readonly rawQuery: string;
  readonly headers: readonly Field[];
  readonly body: Uint8Array;
}

export interface ForwardedBy {
  /** Names of the credential's headers: a caller's are dropped. */
  readonly ownHeaders: readonly string[];
  /** `<cluster>/<namespace>/<serviceaccount>`: what the identity header says. */
  readonly principal: string;
  /** This invocation's own trace, as X-Ray writes it; none offline. */
  readonly trace?: string | undefined;
}

/** AWS X-Ray developer guide, "Tracing header". */
const TRACE_HEADER = "x-amzn-trace-id";

/** Pairs of a name and a value of its alphabet: whatever else the runtime may hand over stays here. */
const TRACE = /^[A-Za-z]+=[A-Za-z0-9:.-]*(?:;[A-Za-z]+=[A-Za-z0-9:.-]*)*$/;
const MAX_TRACE_CHARACTERS = 512;

/** A request that cannot be sent as the caller meant it: 400. The text is for logs and quotes nothing of the request. */
export interface RequestFault {
  readonly fault: string;
}

/** A permission can name `CONNECT` too, but that asks for a tunnel, through which anything could be said. */
const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/** The call to the service, as yet without its credential. */
export function forwardRequest(
  incoming: IncomingRequest,
  service: ExternalService,
  { ownHeaders, principal, trace = "" }: ForwardedBy,
): OutgoingRequest | RequestFault {
  const { identityHeader } = service;
  if (!METHODS.includes(incoming.method)) return { fault: "the method is none that can be forwarded" };

  const path = encodePath(incoming.path, service.credential.type === "aws-sigv4" ? STRICT : PCHAR);
  const query = encodeQuery(incoming.rawQuery);
  if (path === undefined) return { fault: "the path is not one that can be encoded" };
  if (query === undefined) return { fault: "the query holds a control character, # or half a character" };

  const own = identityHeader === undefined ? ownHeaders : [...ownHeaders, identityHeader];
  const headers = passingRequestFields(incoming.headers, own);
  if (!headers.every(([name]) => isFieldName(name))) return { fault: "a header's name is not one" };
  if (!headers.every(([, value]) => isFieldValue(value))) return { fault: "a header's value cannot be sent" };
  if (identityHeader !== undefined) headers.push([identityHeader.toLowerCase(), principal]);
  const hasOwnTrace = ownHeaders.some((name) => spelling(name) === TRACE_HEADER);
  // A caller's is dropped as every `X-Amz*` is; the service joins the trace in which this function is a part.
  if (trace.length <= MAX_TRACE_CHARACTERS && TRACE.test(trace) && !hasOwnTrace) headers.push([TRACE_HEADER, trace]);

  const url = `${service.url}${path}`;
  // Whoever reads the URL next must find this very path below the service's own: no dot segment, no second spelling.
  if (URL.parse(url)?.href !== url) return { fault: "the path is not one path to every reader" };
  return {
    method: incoming.method,
    url: query === "" ? url : `${url}?${query}`,
    headers,
    body: incoming.body,
  };
}

/**
 * Characters of a path segment that may stand for themselves (RFC 3986 §3.3, `pchar`), less `;`, which no path that is
 * decided on has, and `+`: a service that reads it as a space would be asked for another path than was allowed, while
 * `%2B` is a plus everywhere. `:`, `@`, `$`, `(`, `,`, `=` and `'` must stay: services have routes with them.
 */
const PCHAR = /[A-Za-z0-9\-._~!$&'()*,=:@]/;

/**
 * Unreserved characters alone (RFC 3986 §2.3). AWS decodes a path and encodes it again by this set before it computes
 * the signature ("Create a signed AWS API request", canonical URI), so any other spelling would not match.
 */
const STRICT = /[A-Za-z0-9\-._~]/;

function encodePath(path: string, kept: RegExp): string | undefined {
  if (!path.startsWith("/") || !path.isWellFormed() || path.includes("//")) return undefined;
  return path
    .split("/")
    .map((segment) => encodeExcept(segment, kept))
    .join("/");
}

/**
 * The query as it was sent: order, repetition and escapes are the service's business. Only what no request line can
 * hold, a space and what is not ASCII, is written as UTF-8 escapes.
 */
function encodeQuery(query: string): string | undefined {
  if (/[\p{Cc}#]/u.test(query) || !query.isWellFormed()) return undefined;
  return encodeExcept(query, /[!-~]/);
}

function encodeExcept(text: string, kept: RegExp): string {
  // By character, not by code unit: half a surrogate pair has no encoding.
  return Array.from(text, (character) => (kept.test(character) ? character : percentEncode(character))).join("");
}

function percentEncode(character: string): string {
  const bytes = Buffer.from(character, "utf8");
  return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
