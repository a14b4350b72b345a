import type { GatewayRequest } from "./gateway-request.ts";

/** The parts of hapi's request that are read or changed here. */
export interface HapiRequest {
  readonly method: string;
  /** Of the route that matched, decoded. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly headers: Record<string, unknown>;
  readonly info: { readonly id: string; readonly received: number; readonly remoteAddress: string };
  readonly raw: { readonly req: { readonly url?: string; rawHeaders: string[] } };
  /** Once there is one. Of an error of hapi's, such as a body that is too large, `headers` is inside `output`. */
  readonly response?: {
    readonly headers?: Record<string, unknown>;
    readonly output?: { headers: Record<string, unknown> };
  };
}

/** A switch of serverless-offline by which any client may replace the context that the authorizer gave. AWS has none. */
const OVERRIDE_HEADER = "sls-offline-authorizer-override";

/** Takes the switch out of the request, so that the integration sees what the authorizer said. */
export function dropOverride(request: HapiRequest): void {
  const { req } = request.raw;
  const kept = headerPairs(req.rawHeaders).filter(([name]) => name.toLowerCase() !== OVERRIDE_HEADER);
  req.rawHeaders = kept.flat();
  delete request.headers[OVERRIDE_HEADER];
}

/**
 * Puts path, query, path parameters and headers in place of hapi's own, from which serverless-offline (14.8.2) makes the event
 * of the integration: hapi's path is normalised, its parameters are decoded, its query is written anew, and of a header that
 * came twice a payload 2.0 gets the last value alone. To be called once the route is chosen.
 *
 * @param path - with the stage where that leads it; all as the kind of API delivers them
 */
export function deliver(
  request: HapiRequest,
  { path, query, pathParameters, headers }: Pick<FromHapi, "path" | "query" | "pathParameters" | "headers">,
): void {
  request.raw.req.rawHeaders = headers.flat();
  const searchParams = Object.assign(new URLSearchParams(query), { toString: () => query });
  const url = { pathname: path, search: query === "" ? "" : `?${query}`, searchParams };
  // hapi makes `url` when it is asked for it, so there is nothing to assign to.
  for (const [name, value] of Object.entries({ path, params: { ...pathParameters }, url })) {
    Object.defineProperty(request, name, { value, enumerable: true, configurable: true, writable: true });
  }
}

export function headerPairs(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([rawHeaders[index] ?? "", rawHeaders[index + 1] ?? ""]);
  }
  return pairs;
}

/** The headers that will be sent with the answer, to be changed in place. */
export function responseHeaders({ response }: HapiRequest): Record<string, unknown> {
  return response?.headers ?? response?.output?.headers ?? {};
}

type FromHapi = Pick<
  GatewayRequest,
  "method" | "path" | "headers" | "query" | "pathParameters" | "requestId" | "sourceIp" | "timeEpoch"
>;

/**
 * The request as it was sent. The path is taken from the request line, because hapi's own is normalised: dot segments
 * are gone from it and some escapes undone, which the authorizer would then never see.
 *
 * @param stagePrefix - first segment that is no part of the path, as `/dev` of a REST API; empty for HTTP APIs
 * @returns `undefined` where the path does not begin with the stage: AWS knows no such API
 */
export function fromHapi(request: HapiRequest, stagePrefix: string): FromHapi | undefined {
  const target = request.raw.req.url ?? "/";
  const question = target.indexOf("?");
  const sent = question < 0 ? target : target.slice(0, question);
  if (stagePrefix !== "" && sent !== stagePrefix && !sent.startsWith(`${stagePrefix}/`)) return undefined;
  const path = sent.slice(stagePrefix.length);
  if (path !== "" && !path.startsWith("/")) return undefined;
  return {
    method: request.method.toUpperCase(),
    path: path === "" ? "/" : path,
    headers: headerPairs(request.raw.req.rawHeaders),
    query: question < 0 ? "" : target.slice(question + 1),
    pathParameters: Object.fromEntries(
      Object.entries(request.params).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
    ),
    requestId: request.info.id,
    sourceIp: request.info.remoteAddress,
    timeEpoch: request.info.received,
  };
}
