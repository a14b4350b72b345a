import { ACCOUNT } from "../support/built-function.ts";

/** A call to a service as a client writes it on the wire. */
export interface ForwardCall {
  readonly authorization?: string | undefined;
  readonly method?: string;
  /** As in the URL. @default "echo" */
  readonly service?: string;
  /** Below the service, encoded as it is sent; empty for the route without a path. @default "" */
  readonly path?: string;
  /** Without the `?`, as it is sent. */
  readonly query?: string;
  /** In their order; a name may come several times. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Bytes arrive as base64, text as text. */
  readonly body?: Buffer | string;
}

export type ForwardEventOf = (call: ForwardCall) => object;

/** HTTP API, payload 2.0: header names in lower case, several values joined, path parameters decoded. */
export function httpApiForward(call: ForwardCall) {
  const { method = "GET", service = "echo", path = "", query = "" } = call;
  const rawPath = `/services/${service}${path}`;
  return {
    version: "2.0",
    ...routeOf(path),
    rawPath: decoded(rawPath),
    rawQueryString: query,
    headers: joined(call),
    queryStringParameters: query === "" ? null : Object.fromEntries(new URLSearchParams(query)),
    pathParameters: parametersOf(call, decoded),
    requestContext: {
      accountId: ACCOUNT,
      apiId: "gateway",
      domainName: "gateway.example.com",
      http: { method, path: decoded(rawPath), protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "curl" },
      stage: "$default",
    },
    ...bodyOf(call),
  };
}

/** Function URL: payload 2.0 without a route, the path as it was sent. */
export function functionUrlForward(call: ForwardCall) {
  const event = httpApiForward(call);
  const rawPath = `/services/${call.service ?? "echo"}${call.path ?? ""}`;
  const http = { ...event.requestContext.http, path: rawPath };
  return {
    ...event,
    routeKey: "$default",
    rawPath,
    pathParameters: null,
    requestContext: { ...event.requestContext, http, domainName: "abc.lambda-url.us-east-1.on.aws" },
  };
}

/** REST API: names as sent, both maps of headers, path parameters as they were sent, the query decoded. */
export function restForward(call: ForwardCall) {
  const { method = "GET", service = "echo", path = "" } = call;
  const query = Object.fromEntries(
    [...Map.groupBy(new URLSearchParams(call.query), ([name]) => name)].map(([name, pairs]): [string, string[]] => [
      name,
      pairs.map(([, value]) => value),
    ]),
  );
  return {
    resource: routeOf(path).routeKey.slice("ANY ".length),
    path: `/services/${service}${path}`,
    httpMethod: method,
    ...bothMaps(call),
    queryStringParameters: Object.fromEntries(Object.entries(query).map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: query,
    pathParameters: parametersOf(call, (text) => text),
    requestContext: { accountId: ACCOUNT, apiId: "gatewayrest", stage: "prod", httpMethod: method },
    ...bodyOf(call),
  };
}

/** HTTP API, payload 1.0: as a REST API, with path parameters decoded. */
export function httpApi1Forward(call: ForwardCall) {
  return { version: "1.0", ...restForward(call), pathParameters: parametersOf(call, decoded) };
}

/** ALB whose target group sends one map of headers; path and query as they were sent. */
export function albForward(call: ForwardCall) {
  const { method = "GET", service = "echo", path = "", query = "" } = call;
  return {
    requestContext: { elb: { targetGroupArn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/b" } },
    httpMethod: method,
    path: `/services/${service}${path}`,
    queryStringParameters: Object.fromEntries(
      query
        .split("&")
        .filter((pair) => pair !== "")
        .map((pair) => [pair.split("=")[0] ?? "", pair.split("=")[1] ?? ""]),
    ),
    headers: bothMaps(call).headers,
    ...bodyOf(call),
  };
}

export const SURFACES: readonly { readonly surface: string; readonly eventOf: ForwardEventOf }[] = [
  { surface: "HTTP API", eventOf: httpApiForward },
  { surface: "REST API", eventOf: restForward },
  { surface: "Function URL", eventOf: functionUrlForward },
];

export const EVERY_SURFACE: typeof SURFACES = [
  ...SURFACES,
  { surface: "HTTP API, payload 1.0", eventOf: httpApi1Forward },
  { surface: "ALB", eventOf: albForward },
];

function routeOf(path: string) {
  return { routeKey: path === "" ? "ANY /services/{service}" : "ANY /services/{service}/{path+}" };
}

function parametersOf({ service = "echo", path = "" }: ForwardCall, read: (text: string) => string) {
  return { service: read(service), ...(path === "" ? {} : { path: read(path.slice(1)) }) };
}

function fieldsOf({ authorization, headers = [] }: ForwardCall): (readonly [string, string])[] {
  const own: (readonly [string, string])[] = [["Host", "gateway.example.com"]];
  return authorization === undefined ? [...own, ...headers] : [...own, ["Authorization", authorization], ...headers];
}

function joined(call: ForwardCall): Record<string, string> {
  const byName = Map.groupBy(fieldsOf(call), ([name]) => name.toLowerCase());
  return Object.fromEntries([...byName].map(([name, fields]) => [name, fields.map(([, value]) => value).join(",")]));
}

function bothMaps(call: ForwardCall) {
  const byName = [...Map.groupBy(fieldsOf(call), ([name]) => name)];
  const several = byName.map(([name, fields]): [string, string[]] => [name, fields.map(([, value]) => value)]);
  return {
    headers: Object.fromEntries(several.map(([name, values]): [string, string] => [name, values.at(-1) ?? ""])),
    multiValueHeaders: Object.fromEntries(several),
  };
}

function bodyOf({ body }: ForwardCall) {
  if (body === undefined) return { isBase64Encoded: false };
  return typeof body === "string"
    ? { body, isBase64Encoded: false }
    : { body: body.toString("base64"), isBase64Encoded: true };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
