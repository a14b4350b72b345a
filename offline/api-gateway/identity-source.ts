import { domainNameOf, type GatewayRequest, headerValues, isHttpApi, queryPairs } from "./gateway-request.ts";

/** Expressions by kind: what stands before the name (API Gateway reference, CreateAuthorizer `identitySource`). */
const PREFIX = {
  "rest-token": { header: "method.request.header." },
  "rest-request": {
    header: "method.request.header.",
    query: "method.request.querystring.",
    stageVariable: "stageVariables.",
    context: "context.",
  },
  websocket: {
    header: "route.request.header.",
    query: "route.request.querystring.",
    stageVariable: "stageVariables.",
    context: "context.",
  },
  "http-1.0": {
    header: "$request.header.",
    query: "$request.querystring.",
    stageVariable: "$stageVariables.",
    context: "$context.",
  },
  "http-2.0": {
    header: "$request.header.",
    query: "$request.querystring.",
    stageVariable: "$stageVariables.",
    context: "$context.",
  },
} as const satisfies Record<GatewayRequest["kind"], Partial<Record<Place, string>>>;

type Place = "header" | "query" | "stageVariable" | "context";

/**
 * Values of the identity sources of a request, in their configured order, or `undefined` where one of them is missing
 * or empty: then API Gateway answers 401 and does not ask the function. No sources: an empty list.
 *
 * Which value of a field sent twice a REST API takes is not documented (`repeatedIdentity`), nor is an empty header of a
 * TOKEN authorizer (`emptyTokenHeader`). HTTP APIs join them by a comma.
 */
export function identityValues(request: GatewayRequest): string[] | undefined {
  const { kind, settings } = request;
  const mayBeEmpty = kind === "rest-token" && settings.emptyTokenHeader === "asked";
  const values: string[] = [];
  for (const expression of request.identitySource) {
    const value = identityValue(request, expression);
    if (value === undefined || (value === "" && !mayBeEmpty)) return undefined;
    values.push(value);
  }
  return values;
}

/**
 * What is wrong with the identity sources of a configuration; `undefined` if nothing is. A TOKEN authorizer has exactly
 * one, a header.
 */
export function identitySourceProblem(kind: GatewayRequest["kind"], sources: readonly string[]): string | undefined {
  if (kind === "rest-token" && sources.length !== 1) return "a TOKEN authorizer has exactly one identity source";
  const wrong = sources.find((expression) => placeOf(kind, expression) === undefined);
  if (wrong === undefined) return contextProblem(kind, sources);
  return `identity source "${wrong}": expected one of ${Object.values(PREFIX[kind])
    .map((prefix) => `${prefix}NAME`)
    .join(", ")}`;
}

/**
 * What is wrong with the `identityValidationExpression` of a TOKEN authorizer; `undefined` if nothing is. AWS does not
 * say which dialect it takes; here it is JavaScript's, which has no inline flags (`(?i)`).
 */
export function expressionProblem(expression: unknown): string | undefined {
  if (expression === undefined) return undefined;
  try {
    if (typeof expression === "string" && new RegExp(expression)) return undefined;
  } catch {
    // The engine's own text would say less than the expression does.
  }
  return `identityValidationExpression ${JSON.stringify(expression)} is not a regular expression that JavaScript reads`;
}

/** A variable that no call has would be 401 for every caller, with nothing that says why. */
function contextProblem(kind: GatewayRequest["kind"], sources: readonly string[]): string | undefined {
  const known = [...contextNames(kind)];
  const wrong = sources.find((expression) => {
    const [place, name] = placeOf(kind, expression) ?? [];
    return place === "context" && name !== undefined && !known.includes(name);
  });
  return wrong && `identity source "${wrong}": of the context variables only ${known.sort().join(", ")} are known here`;
}

function placeOf(kind: GatewayRequest["kind"], expression: string): [Place, string] | undefined {
  const prefixes: Partial<Record<Place, string>> = PREFIX[kind];
  for (const place of ["header", "query", "stageVariable", "context"] as const) {
    const prefix = prefixes[place];
    if (prefix !== undefined && expression.startsWith(prefix) && expression.length > prefix.length) {
      return [place, expression.slice(prefix.length)];
    }
  }
  return undefined;
}

function identityValue(request: GatewayRequest, expression: string): string | undefined {
  const found = placeOf(request.kind, expression);
  if (found === undefined) return undefined;
  const [place, name] = found;
  switch (place) {
    case "header":
      return oneOf(request, headerValues(request, name));
    case "query":
      return oneOf(
        request,
        queryPairs(request)
          .filter(([sent]) => sent === name)
          .map(([, value]) => value),
      );
    case "stageVariable":
      return ownValue(request.stageVariables ?? {}, name);
    case "context":
      return ownValue(contextVariables(request), name);
  }
}

function oneOf(request: GatewayRequest, values: readonly string[]): string | undefined {
  if (values.length === 0) return undefined;
  const { repeatedIdentity } = request.settings;
  if (isHttpApi(request.kind) || repeatedIdentity === "joined") return values.join(",");
  return repeatedIdentity === "first" ? values[0] : values.at(-1);
}

function ownValue(record: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The `$context` variables that do not change from call to call of one client, by the kind of API. */
function contextNames(kind: GatewayRequest["kind"]): readonly string[] {
  const common = ["apiId", "domainName", "identity.sourceIp", "identity.userAgent", "stage"] as const;
  if (kind === "websocket") return [...common, "eventType", "routeKey"];
  return [...common, "accountId", "httpMethod", "path", isHttpApi(kind) ? "routeKey" : "resourcePath"];
}

function contextVariables(request: GatewayRequest): Record<string, string> {
  const { method, path, route, stage, apiId, account, sourceIp, kind } = request;
  return {
    accountId: account,
    apiId,
    domainName: domainNameOf(request),
    eventType: "CONNECT",
    httpMethod: method,
    "identity.sourceIp": sourceIp,
    "identity.userAgent": headerValues(request, "user-agent").at(-1) ?? "",
    path: stage === "$default" ? path : `/${stage}${path}`,
    resourcePath: route.path,
    routeKey: kind === "websocket" ? route.path : routeKey(request),
    stage,
  };
}

/** `GET /v1/{proxy+}`, or `$default`. */
export function routeKey({ route }: Pick<GatewayRequest, "route">): string {
  return route.path === "$default" ? "$default" : `${route.method} ${route.path}`;
}
