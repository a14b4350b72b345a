import { authorizeCall } from "./authorize-call.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import type { GatewayResponse } from "./gateway-response.ts";
import { dropOverride, fromHapi, type HapiRequest } from "./hapi-request.ts";
import { credentialsOf } from "./integration-context.ts";
import { invokeFunction } from "./lambda-endpoint.ts";
import { type RouteAuthorizer, type RouteEndpoint, routeAuthorizer } from "./route-authorizer.ts";

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
  /** Told why API Gateway would answer 500. Lines hold nothing of the request or the answer but names. */
  readonly report?: (line: string) => void;
}

/** Ids of what exists only here; the parameter store's seed registers the APIs under them. */
export const OFFLINE_IDS = {
  account: "123456789012",
  region: "us-east-1",
  restApiId: "offlinerest",
  httpApiId: "offlinehttp",
  websocketApiId: "offlinews",
} as const;

interface HapiToolkit {
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
let settings: ProviderSettings | undefined;

export function configureProvider(to: ProviderSettings): void {
  settings = to;
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
  if (settings === undefined) throw new Error("the authentication provider needs podgate's offline plugin");
  const name = `podgate ${endpoint.isHttpApi ? "httpApi" : "http"} ${method} ${path} ${functionKey}`;
  const authorizer = routeAuthorizer(endpoint, settings.httpApiAuthorizers);
  const authenticate = authorizer === undefined ? passOn : guard(authorizer, { method, path }, settings);
  return { name, scheme: name, getAuthenticateFunction: () => ({ authenticate }) };
}

// serverless-offline loads the provider by `require`, which gives this export.
export { provider as "module.exports" };

function passOn(request: HapiRequest, toolkit: HapiToolkit): unknown {
  dropOverride(request);
  return toolkit.authenticated({ credentials: {} });
}

function guard(authorizer: RouteAuthorizer, route: GatewayRequest["route"], known: ProviderSettings) {
  const { functionKey } = authorizer;
  const functionName = Object.hasOwn(known.functionNames, functionKey) ? known.functionNames[functionKey] : undefined;
  if (functionName === undefined) throw new Error(`the authorizer function "${functionKey}" does not exist`);
  const isRest = authorizer.kind === "rest-token" || authorizer.kind === "rest-request";
  const api = {
    kind: authorizer.kind,
    identitySource: authorizer.identitySource,
    route: { ...route, path: route.path.startsWith("/") || route.path === "$default" ? route.path : `/${route.path}` },
    account: OFFLINE_IDS.account,
    region: OFFLINE_IDS.region,
    apiId: isRest ? OFFLINE_IDS.restApiId : OFFLINE_IDS.httpApiId,
    stage: isRest ? known.stage : "$default",
  };
  return async (request: HapiRequest, toolkit: HapiToolkit): Promise<unknown> => {
    dropOverride(request);
    const sent = fromHapi(request, isRest ? `/${known.stage}` : "");
    if (sent === undefined) return answer(toolkit, NO_SUCH_STAGE);
    const decision = await authorizeCall({ ...api, ...sent }, authorizer.rules, (event) =>
      invokeFunction(known.lambdaUrl, functionName, event),
    );
    if (decision.outcome === "allow") return toolkit.authenticated({ credentials: credentialsOf(decision) });
    const { response, rejection, problem } = decision;
    if (response.status === 500) known.report?.(`${functionKey}: 500, ${rejection}: ${problem ?? ""}`);
    return answer(toolkit, response);
  };
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
