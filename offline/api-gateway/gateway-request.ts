import { dnsSuffixOf, partitionOf } from "./partition.ts";
import type { GatewaySettings } from "./settings.ts";

/**
 * The authorizers that API Gateway has: of REST APIs `TOKEN` and `REQUEST`, of HTTP APIs by the version of the payload,
 * and of WebSocket APIs (`$connect` only).
 */
export type AuthorizerKind = "rest-token" | "rest-request" | "http-1.0" | "http-2.0" | "websocket";

/** One call as it reached API Gateway, before anything is made of it for one kind of authorizer. */
export interface GatewayRequest {
  readonly kind: AuthorizerKind;
  /** Upper-case verb. `$connect` is a GET. */
  readonly method: string;
  /** Path as sent: percent-encoded, begins with `/`, without stage and query. */
  readonly path: string;
  /** Fields in the order and the spelling in which they were sent; one field sent twice is two entries. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Query as sent, without the `?`; empty if there was none. */
  readonly query: string;
  /** The route that matched: `ANY` or a verb, and a template as `/v1/{proxy+}`. `{method: "$default", path: "$default"}` is the HTTP API's catch-all. */
  readonly route: { readonly method: string; readonly path: string };
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly stage: string;
  readonly stageVariables?: Readonly<Record<string, string>>;
  /** @default the region's */
  readonly partition?: string;
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly apiId: string;
  readonly requestId: string;
  readonly sourceIp: string;
  /** When the call arrived, milliseconds since the epoch. */
  readonly timeEpoch: number;
  /** As configured, for example `method.request.header.Authorization` or `$request.header.Authorization`. */
  readonly identitySource: readonly string[];
  readonly settings: GatewaySettings;
}

/** A call of an API, before the authorizer of its route is known. */
export type IncomingCall = Omit<GatewayRequest, "kind" | "identitySource" | "settings">;

/** Values by name; a name that came several times has its values in order. */
export function grouped(pairs: Iterable<readonly [string, string]>): Record<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const list = lists.get(name);
    if (list === undefined) lists.set(name, [value]);
    else list.push(value);
  }
  return Object.fromEntries(lists);
}

/** One value a name: what the payloads of version 1 show beside their `multiValue…` members is the last one. */
export function lastOf(lists: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1) ?? ""]));
}

/** One value a name: payload 2.0 joins them by a comma. */
export function joined(lists: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.join(",")]));
}

/** Values of a header, its name in any case, in the order in which they were sent. */
export function headerValues(request: Pick<GatewayRequest, "headers">, name: string): string[] {
  const wanted = name.toLowerCase();
  return request.headers.filter(([sent]) => sent.toLowerCase() === wanted).map(([, value]) => value);
}

/** Names and values of the query, decoded. */
export function queryPairs(request: Pick<GatewayRequest, "query">): [string, string][] {
  return [...new URLSearchParams(request.query)];
}

/**
 * The path as an HTTP API hands it to its authorizer: decoded once, and cut where the decoded path has a `?`. An escape
 * that is not UTF-8 leaves the path as sent.
 */
export function decodedPath(path: string): string {
  const decoded = decodedOnce(path);
  const question = decoded.indexOf("?");
  return question < 0 ? decoded : decoded.slice(0, question);
}

/** The path decoded once, or as sent where an escape is not UTF-8. */
export function decodedOnce(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // API Gateway answers 400 here; the routers in front of this code do the same.
    return path;
  }
}

/**
 * ARN of the call: `methodArn` or `routeArn` of the event, and what the policy of the answer is evaluated for. It holds
 * the path of this call and not the template: as sent for REST, decoded for HTTP APIs, unless set otherwise. For
 * `$connect` it has neither verb nor path (API Gateway developer guide, "Control access to REST APIs / HTTP APIs / WebSocket APIs with Lambda
 * authorizers"; "IAM policy Resource expressions").
 */
export function callArn(request: GatewayRequest): string {
  const { region, partition = partitionOf(region), account, apiId, stage, method, kind } = request;
  const api = `arn:${partition}:execute-api:${region}:${account}:${apiId}/${stage}`;
  if (kind === "websocket") return `${api}/$connect`;
  return `${api}/${method}${arnPath(request)}`;
}

/** Host under which an API is reached that has no domain of its own. */
export function domainNameOf({ apiId, region, partition = partitionOf(region) }: IncomingCall): string {
  return `${apiId}.execute-api.${region}.${dnsSuffixOf(partition)}`;
}

function arnPath({ kind, path, settings }: GatewayRequest): string {
  if (isHttpApi(kind)) return settings.httpApiArnPath === "decoded" ? decodedPath(path) : path;
  return settings.restArnPath === "decoded" ? decodedOnce(path) : path;
}

export function isHttpApi(kind: AuthorizerKind): kind is "http-1.0" | "http-2.0" {
  return kind === "http-1.0" || kind === "http-2.0";
}

export function isRestApi(kind: AuthorizerKind): kind is "rest-token" | "rest-request" {
  return kind === "rest-token" || kind === "rest-request";
}
