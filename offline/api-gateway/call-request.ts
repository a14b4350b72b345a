import { decodedPath, type GatewayRequest, type IncomingCall } from "./gateway-request.ts";
import { isRecord, unknownMember } from "./json.ts";
import { pathParametersOf } from "./path-parameters.ts";

/**
 * Values by name, one or several in the order in which they were sent; or pairs of name and value, as a list of them or
 * as `Headers`, `URLSearchParams` and `Map` hold them.
 */
export type Fields =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>;

/** A call as a client makes it. */
export interface CallRequest {
  /** @default "GET" */
  readonly method?: string;
  /** Path as sent: percent-encoded, begins with `/`, without the stage; a query may follow it. */
  readonly path: string;
  /** @default none */
  readonly headers?: Fields;
  /** Query as sent, without the `?`, or its decoded names and values. @default none, or what follows the path */
  readonly query?: string | Fields;
  /**
   * The route that matches, as `GET /v1/{id}` or `ANY /v1/{proxy+}`. @default the catch-all: `ANY /{proxy+}` (`ANY /` for
   * the root) of REST APIs, `$default` of HTTP APIs
   */
  readonly route?: string;
  /** @default by the route: as sent for REST APIs, decoded for HTTP APIs */
  readonly pathParameters?: Readonly<Record<string, string>>;
  /** @default "127.0.0.1" */
  readonly sourceIp?: string;
  /** For the integration; an authorizer sees none. @default none */
  readonly body?: string;
  /** Whether the body is base64. @default false */
  readonly isBase64Encoded?: boolean;
}

/** The API and stage that are called, and what of a call is not the client's. */
export type CalledApi = Pick<
  GatewayRequest,
  "stage" | "apiId" | "account" | "region" | "requestId" | "timeEpoch" | "partition" | "stageVariables"
>;

const MEMBERS = Object.keys({
  method: true,
  path: true,
  headers: true,
  query: true,
  route: true,
  pathParameters: true,
  sourceIp: true,
  body: true,
  isBase64Encoded: true,
} satisfies Record<keyof CallRequest, true>);

/**
 * @param more - members that are none of a client's
 * @throws TypeError for a member that a call does not have: misspelt, it would be a call without it
 */
export function checkMembers(request: CallRequest, more: readonly string[] = []): void {
  const members = [...MEMBERS, ...more];
  if (!isRecord(request)) throw new TypeError(`a call is an object: its members are ${members.join(", ")}`);
  const unknown = unknownMember(request, members);
  if (unknown !== undefined) {
    throw new TypeError(`a call has no member ${unknown}: expected one of ${members.join(", ")}`);
  }
}

/**
 * The call as it reaches an API.
 *
 * @param isHttpApi - whether paths are decoded before they are matched with a route
 * @throws TypeError for a path that does not begin with `/`, and for a path or a method that is not of the route
 */
export function incomingCall(request: CallRequest, api: CalledApi, isHttpApi: boolean): IncomingCall {
  const { path: target = "" } = request;
  const question = target.indexOf("?");
  const path = question < 0 ? target : target.slice(0, question);
  if (!path.startsWith("/")) throw new TypeError(`the path ${JSON.stringify(path)} does not begin with /`);
  const method = (request.method ?? "GET").toUpperCase();
  const route = routeOf(request.route, path, isHttpApi);
  if (route.method !== "ANY" && route.method !== method) {
    throw new TypeError(`${method} is not of the route ${route.method} ${route.path}`);
  }
  return {
    ...api,
    method,
    path,
    headers: headerPairsOf(request.headers ?? []),
    query: queryOf(request.query, question < 0 ? "" : target.slice(question + 1)),
    route,
    pathParameters: request.pathParameters ?? parametersOf(route.path, isHttpApi ? decodedPath(path) : path),
    sourceIp: request.sourceIp ?? "127.0.0.1",
  };
}

/** A WebSocket API has no paths: a connection is a GET of the stage, and what comes on it belongs to a route. */
export function handshakeOf(request: CallRequest, route = "$connect"): CallRequest {
  return { ...request, method: "GET", route, pathParameters: {} };
}

function routeOf(route: string | undefined, path: string, isHttpApi: boolean): GatewayRequest["route"] {
  if (route === undefined) {
    if (isHttpApi) return { method: "ANY", path: "$default" };
    return { method: "ANY", path: path === "/" ? "/" : "/{proxy+}" };
  }
  const [method = "", template] = route.split(" ");
  return template === undefined ? { method: "ANY", path: method } : { method: method.toUpperCase(), path: template };
}

function parametersOf(template: string, path: string): Record<string, string> {
  const parameters = template === "$default" ? {} : pathParametersOf(template, path);
  if (parameters === undefined) throw new TypeError(`the path ${JSON.stringify(path)} is not of the route ${template}`);
  return parameters;
}

/** Blanks around a value are no part of it (RFC 9110 §5.5), so a header of blanks is an empty one. */
function headerPairsOf(headers: Fields): GatewayRequest["headers"] {
  return pairsOf(headers, "header").map(([name, value]) => [name, value.replaceAll(/^[ \t]+|[ \t]+$/g, "")]);
}

function queryOf(query: CallRequest["query"], fromPath: string): string {
  if (query === undefined) return fromPath;
  return typeof query === "string" ? query : new URLSearchParams(pairsOf(query, "query parameter")).toString();
}

/** @throws TypeError for a value that is no text: left out or written as one, it would be another call */
function pairsOf(fields: Fields, what: string): [string, string][] {
  const pairs = isPairs(fields)
    ? [...fields]
    : Object.entries(fields).flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const));
  return pairs.map(([name, value]) => {
    if (typeof value === "string") return [name, value];
    throw new TypeError(`the ${what} ${name} is ${JSON.stringify(value)}: expected a text or a list of texts`);
  });
}

function isPairs(fields: Fields): fields is Extract<Fields, Iterable<unknown>> {
  return Symbol.iterator in fields;
}
