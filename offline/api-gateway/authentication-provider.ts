import { type GatewayClock, systemClock } from "./clock.ts";
import { gatewayHeaders } from "./gateway-headers.ts";
import { decodedPath } from "./gateway-request.ts";
import type { GatewayResponse } from "./gateway-response.ts";
import { deliver, dropOverride, fromHapi, type HapiRequest, responseHeaders } from "./hapi-request.ts";
import { http2Headers } from "./http-api-events.ts";
import { credentialsOf } from "./integration-context.ts";
import type { IntegrationKind } from "./integration-event.ts";
import { LambdaAuthorizer } from "./lambda-authorizer.ts";
import { invokeFunction } from "./lambda-endpoint.ts";
import { OFFLINE_IDS } from "./offline-ids.ts";
import { pathParametersOf } from "./path-parameters.ts";
import { type RouteAuthorizer, type RouteEndpoint, routeAuthorizer } from "./route-authorizer.ts";
import { GATEWAY_SETTINGS, type GatewaySettings } from "./settings.ts";

/** What the provider has to know about the service whose routes it guards. */
export interface ProviderSettings {
  /** Of the REST API, and the first segment of its paths. An HTTP API's is `$default`. */
  readonly stage: string;
  /** Where serverless-offline serves the Lambda API. */
  readonly lambdaUrl: string;
  /** Name of each function as deployed, by its key. */
  readonly functionNames: Readonly<Record<string, string>>;
  /** `provider.httpApi.authorizers`. */
  readonly httpApiAuthorizers: Readonly<Record<string, unknown>>;
  /** `custom.podgate.offline.apiGateway`, read. @default GATEWAY_SETTINGS */
  readonly gateway?: GatewaySettings;
  /** @default systemClock */
  readonly clock?: GatewayClock;
  /** Told why API Gateway would answer 500, and how mistakes are mended. Lines hold no credential. */
  readonly report?: (line: string) => void;
}

/** The settings, and the authorizers of all routes by their configuration. */
interface Provider extends ProviderSettings {
  readonly authorizers: Map<string, LambdaAuthorizer>;
}

interface HapiToolkit {
  /** What a step returns that lets the request go on. */
  readonly continue: symbol;
  authenticated(data: { credentials: object }): unknown;
  response(body: string): HapiResponse;
}

interface HapiResponse {
  code(status: number): HapiResponse;
  header(name: string, value: string): HapiResponse;
  takeover(): unknown;
}

/**
 * serverless-offline loads this module by its path and calls it with nothing but a route, in the process in which the
 * plugin runs. So the plugin says here, before the routes are made, what they belong to.
 */
let current: Provider | undefined;

export function configureProvider(to: ProviderSettings): void {
  current = { ...to, authorizers: new Map() };
}

/**
 * A `customAuthenticationProvider` of serverless-offline (14.8.2): called once for each HTTP route while the gateway
 * starts, gives the authentication scheme of that route.
 *
 * A route with a Lambda authorizer gets API Gateway's rules; one without passes. Throws, so that nothing starts, for an
 * authorizer of another type and for one whose function does not exist.
 *
 * @param endpoint - the route's event, with `isHttpApi` for `httpApi`
 * @param method - upper-case verb or `ANY`
 * @param path - template as in `serverless.yml`; `$default` for the catch-all of an HTTP API
 */
export function provider(endpoint: RouteEndpoint, functionKey: string, method: string, path: string) {
  if (current === undefined) throw new Error("the authentication provider needs podgate's offline plugin");
  const name = `podgate ${endpoint.isHttpApi ? "httpApi" : "http"} ${method} ${path} ${functionKey}`;
  const template = path.startsWith("/") || path === "$default" ? path : `/${path}`;
  const route: Route = {
    method,
    path: template,
    ...(endpoint.isHttpApi
      ? { kind: endpoint.payload === "1.0" ? "http-1.0" : "http-2.0", stage: "$default", prefix: "" }
      : { kind: "rest", stage: current.stage, prefix: `/${current.stage}` }),
  };
  const authorizer = routeAuthorizer(endpoint, current.httpApiAuthorizers);
  const authenticate = authorizer === undefined ? passOn(route) : guard(authorizer, route, current);
  const response = answered(route.kind, current.gateway ?? GATEWAY_SETTINGS);
  return { name, scheme: name, getAuthenticateFunction: () => ({ authenticate, response }) };
}

// serverless-offline loads the provider by `require`, which gives this export.
export { provider as "module.exports" };

/** A route of `serverless.yml`: what its calls are, and what leads their paths. */
interface Route {
  readonly method: string;
  readonly path: string;
  readonly kind: Extract<IntegrationKind, "rest" | "http-1.0" | "http-2.0">;
  readonly stage: string;
  readonly prefix: string;
}

/** The call as it was sent, and from here on as its kind of API delivers it; `undefined` where the stage is not there. */
function received(request: HapiRequest, route: Route): ReturnType<typeof fromHapi> {
  dropOverride(request);
  const sent = fromHapi(request, route.prefix);
  if (sent === undefined) return undefined;
  // hapi's own parameters are decoded, also where a REST API leaves them as sent.
  const path = route.kind === "rest" ? sent.path : decodedPath(sent.path);
  const pathParameters = pathParametersOf(route.path, path) ?? sent.pathParameters;
  // Payloads of version 1 show each field that was sent.
  const headers = route.kind === "http-2.0" ? Object.entries(http2Headers(sent)) : sent.headers;
  deliver(request, { path: `${route.prefix}${path}`, query: sent.query, pathParameters, headers });
  return { ...sent, pathParameters };
}

function passOn(route: Route) {
  return (request: HapiRequest, toolkit: HapiToolkit): unknown => {
    received(request, route);
    return toolkit.authenticated({ credentials: {} });
  };
}

/** hapi's step between the integration's answer and its headers on the wire; it is not taken for a refused call. */
function answered(kind: IntegrationKind, settings: GatewaySettings) {
  return (request: HapiRequest, toolkit: HapiToolkit): symbol => {
    const headers = responseHeaders(request);
    const passed = gatewayHeaders(kind, headers, settings);
    for (const name of Object.keys(headers)) delete headers[name];
    Object.assign(headers, passed);
    return toolkit.continue;
  };
}

function guard(authorizer: RouteAuthorizer, route: Route, known: Provider) {
  const api = {
    route: { method: route.method, path: route.path },
    account: OFFLINE_IDS.account,
    region: OFFLINE_IDS.region,
    apiId: route.kind === "rest" ? OFFLINE_IDS.restApiId : OFFLINE_IDS.httpApiId,
    stage: route.stage,
  };
  const lambdaAuthorizer = sharedAuthorizer(authorizer, known);
  return async (request: HapiRequest, toolkit: HapiToolkit): Promise<unknown> => {
    const call = received(request, route);
    if (call === undefined) return answer(toolkit, NO_SUCH_STAGE);
    const { decision } = await lambdaAuthorizer.authorize({ ...api, ...call });
    if (decision.outcome === "allow") return toolkit.authenticated({ credentials: credentialsOf(decision) });
    return answer(toolkit, decision.response);
  };
}

/** The authorizer of this name and configuration: one for all its routes, so that they share what it keeps. */
function sharedAuthorizer(authorizer: RouteAuthorizer, known: Provider): LambdaAuthorizer {
  const { functionKey, rules, ...options } = authorizer;
  const functionName = Object.hasOwn(known.functionNames, functionKey) ? known.functionNames[functionKey] : undefined;
  if (functionName === undefined) throw new Error(`the authorizer function "${functionKey}" does not exist`);
  const key = JSON.stringify({ ...authorizer, expression: rules.identityValidationExpression?.source });
  const shared =
    known.authorizers.get(key) ??
    new LambdaAuthorizer({
      ...options,
      rules,
      settings: known.gateway ?? GATEWAY_SETTINGS,
      clock: known.clock ?? systemClock,
      invoke: (event, signal) => invokeFunction(known.lambdaUrl, functionName, event, signal),
      report: (line) => known.report?.(`${functionKey}: ${line}`),
    });
  known.authorizers.set(key, shared);
  return shared;
}

/** What AWS answers where the first segment of a path is no stage of the REST API. */
const NO_SUCH_STAGE: GatewayResponse = {
  status: 403,
  headers: { "content-type": "application/json", "x-amzn-errortype": "ForbiddenException" },
  body: JSON.stringify({ message: "Forbidden" }),
};

function answer(toolkit: HapiToolkit, { status, headers, body }: GatewayResponse): unknown {
  const response = toolkit.response(body).code(status);
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  return response.takeover();
}
