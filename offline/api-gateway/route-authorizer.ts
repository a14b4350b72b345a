import type { AuthorizerRules } from "./authorize-call.ts";
import type { AuthorizerKind } from "./gateway-request.ts";
import { expressionProblem, identitySourceProblem } from "./identity-source.ts";
import { isRecord } from "./json.ts";
import { defaultTtlSeconds, ttlProblem } from "./result-cache.ts";

/** A route of `serverless.yml` as serverless-offline hands it to an authentication provider. */
export interface RouteEndpoint {
  /** Of the event: a name, or an object; `undefined` for an open route. */
  readonly authorizer?: unknown;
  readonly isHttpApi?: boolean;
  /** Of an HTTP API: the version of the payload that the function behind the route gets. @default "2.0" */
  readonly payload?: string;
}

/** The Lambda authorizer of a route. */
export interface RouteAuthorizer {
  readonly kind: Exclude<AuthorizerKind, "websocket">;
  /** Under which it is configured: routes with one name and one configuration share an authorizer. */
  readonly name: string;
  /** Key of the function under `functions`. */
  readonly functionKey: string;
  readonly identitySource: readonly string[];
  readonly rules: AuthorizerRules;
  /** Seconds for which answers are kept. */
  readonly ttlSeconds: number;
}

/** REST authorizers that are no function: what has to be asked for them is not here. */
const NOT_A_FUNCTION = ["AWS_IAM", "COGNITO_USER_POOLS"];

/**
 * The Lambda authorizer of a route, or `undefined` for a route that has none. Reads what the Serverless documentation
 * calls "HTTP Endpoints with Custom Authorizers" (REST) and "Lambda (Request) Authorizers" (HTTP API).
 *
 * Throws for every other authorizer: a route that asks for one must not be open here.
 *
 * @param httpApiAuthorizers - `provider.httpApi.authorizers`
 */
export function routeAuthorizer(
  endpoint: RouteEndpoint,
  httpApiAuthorizers: Readonly<Record<string, unknown>>,
): RouteAuthorizer | undefined {
  const { authorizer } = endpoint;
  if (authorizer === undefined || authorizer === null) return undefined;
  const options: Readonly<Record<string, unknown>> = isRecord(authorizer) ? authorizer : { name: authorizer };
  const { name } = options;
  const isFunctionHere = typeof name === "string" && name !== "" && !NOT_A_FUNCTION.includes(name.toUpperCase());
  if (!isFunctionHere) throw unsupported("it does not name a function of this service");
  const found = endpoint.isHttpApi ? httpAuthorizer(name, httpApiAuthorizers) : restAuthorizer(name, options);
  const problem =
    identitySourceProblem(found.kind, found.identitySource) ??
    ttlProblem(found.kind, found.ttlSeconds, found.identitySource);
  if (problem !== undefined) throw unsupported(problem);
  return found;
}

function restAuthorizer(name: string, options: Readonly<Record<string, unknown>>): RouteAuthorizer {
  const type = String(options["type"] ?? "token").toLowerCase();
  if (type !== "token" && type !== "request") throw unsupported(`its type is "${type}", not token or request`);
  if (options["arn"] !== undefined || options["authorizerId"] !== undefined) {
    throw unsupported("it is not a function of this service");
  }
  const expression = options["identityValidationExpression"] ?? undefined;
  const unreadable = expressionProblem(expression);
  if (unreadable !== undefined) throw unsupported(unreadable);
  const kind = type === "token" ? "rest-token" : "rest-request";
  const ttlSeconds = ttlOf(options, kind);
  const uncached = type === "request" && ttlSeconds === 0;
  return {
    kind,
    name,
    functionKey: name,
    ttlSeconds,
    identitySource: sources(options["identitySource"] ?? (uncached ? [] : "method.request.header.Authorization")),
    rules: typeof expression === "string" ? { identityValidationExpression: new RegExp(expression) } : {},
  };
}

function httpAuthorizer(name: string, authorizers: Readonly<Record<string, unknown>>): RouteAuthorizer {
  const options = Object.hasOwn(authorizers, name) ? authorizers[name] : undefined;
  if (!isRecord(options)) throw unsupported(`provider.httpApi.authorizers has no "${name}"`);
  if (options["type"] !== "request") throw unsupported(`the type of "${name}" is not request`);
  const functionKey = options["functionName"];
  if (typeof functionKey !== "string") throw unsupported(`"${name}" has no functionName`);
  const version = String(options["payloadVersion"] ?? "2.0");
  if (version !== "1.0" && version !== "2.0") throw unsupported(`payloadVersion of "${name}" is neither 1.0 nor 2.0`);
  const enableSimpleResponses = options["enableSimpleResponses"] === true;
  if (enableSimpleResponses && version === "1.0") throw unsupported("simple responses need payloadVersion 2.0");
  const kind = version === "1.0" ? "http-1.0" : "http-2.0";
  return {
    kind,
    name,
    functionKey,
    ttlSeconds: ttlOf(options, kind),
    identitySource: sources(options["identitySource"] ?? []),
    rules: { enableSimpleResponses },
  };
}

/** `resultTtlInSeconds`; a text that is no number is found by the check of the range. */
function ttlOf(options: Readonly<Record<string, unknown>>, kind: AuthorizerKind): number {
  const given = options["resultTtlInSeconds"];
  if (given === undefined || given === null) return defaultTtlSeconds(kind);
  return typeof given === "number" || (typeof given === "string" && given !== "") ? Number(given) : Number.NaN;
}

/** A list of expressions; REST writes it as one text with commas. */
function sources(value: unknown): string[] {
  const listed: readonly unknown[] = Array.isArray(value) ? value : String(value).split(",");
  return listed.map((source) => String(source).trim()).filter((source) => source !== "");
}

function unsupported(reason: string): Error {
  return new Error(`an authorizer cannot be emulated: ${reason}`);
}
