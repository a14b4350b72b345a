import { type GatewayRequest, headerValues } from "./gateway-request.ts";
import { identityValues } from "./identity-source.ts";

/** Longest part of a path that is shown; what is longer may be a token that somebody put into a path. */
const SHOWN_CHARACTERS = 40;

/** Shorter ones would be found in ordinary words. */
const CREDENTIAL_MIN_CHARACTERS = 6;

/** What stands after the account in an ARN of execute-api: `<apiId>/<stage>/<method>/<path>`. */
function tailOf(arn: string): string {
  return arn.split(":").slice(5).join(":");
}

/**
 * Whether a `*` in the API, stage or method of a resource stands before something literal: it crosses `/`, so
 * `dev/*` + `/v1/x` covers `dev/GET/other/v1/x` too. A path that is nothing but wildcards leaves nothing to cross into.
 */
export function crossesIntoPath(resource: string): boolean {
  const [api = "", stage = "", method = "", ...path] = tailOf(resource).split("/");
  const segments = [api, stage, method, path.join("/")];
  const first = segments.findIndex((segment) => segment.includes("*"));
  return first >= 0 && path.length > 0 && segments.slice(first + 1).some((segment) => /[^*/]/.test(segment));
}

/** Whether a resource covers every API: `*`, or an ARN with nothing but wildcards after the service. */
export function isEverything(resource: string): boolean {
  return resource === "*" || /^arn:[^:]*:execute-api:[*:/]*\*[*:/]*$/.test(resource);
}

/** `GET /v1/orders` of a call's ARN, fit to be shown. */
export function methodAndPath(arn: string): string {
  const [, , method = "", ...path] = tailOf(arn).split("/");
  return readable(path.length === 0 ? method : `${method} /${path.join("/")}`);
}

/** A path or an ARN without what does not print, its long parts cut out. */
export function readable(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]/g, "?")
    .split("/")
    .map((part) => (part.length > SHOWN_CHARACTERS && !part.startsWith("arn:") ? "…" : part))
    .join("/");
}

/**
 * The line without the caller's `Authorization` and without the headers and query parameters among the identity
 * sources, wherever they stand, as they were sent and percent-encoded.
 */
export function withoutCredentials(line: string, request: GatewayRequest): string {
  const identitySource = request.identitySource.filter((source) => /header\.|querystring\./.test(source));
  const sent = [...headerValues(request, "Authorization"), ...(identityValues({ ...request, identitySource }) ?? [])];
  const values = sent.flatMap((value) => [value, ...value.split(" ")]).flatMap((value) => [value, encoded(value)]);
  return values
    .filter((value) => value.length >= CREDENTIAL_MIN_CHARACTERS)
    .reduce((shown, value) => shown.replaceAll(value, "…"), line);
}

function encoded(value: string): string {
  // A lone surrogate has no percent-encoding.
  return encodeURIComponent(value.toWellFormed());
}
