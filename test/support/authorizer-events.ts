import { ACCOUNT, REGION } from "./built-function.ts";

/** A call to an API, as far as an authorizer's event shows it. */
export interface AskedCall {
  /** The whole value of the header; without it, the header is not there. */
  readonly authorization?: string | undefined;
  readonly method?: string;
  readonly path?: string;
  readonly apiId?: string;
  readonly stage?: string;
  readonly account?: string;
  readonly region?: string;
}

const PATH = "/v1/orders";

/** ARN of the call, as API Gateway writes it into the event and compares it with a policy. */
export function arnOf({
  method = "GET",
  path = PATH,
  apiId = "offlinerest",
  stage = "dev",
  ...asked
}: AskedCall): string {
  const { account = ACCOUNT, region = REGION } = asked;
  return `arn:aws:execute-api:${region}:${account}:${apiId}/${stage}/${method}${path}`;
}

/** REST API, `TOKEN`: nothing but these three members. */
export function restTokenEvent(asked: AskedCall) {
  return { type: "TOKEN", authorizationToken: asked.authorization, methodArn: arnOf(asked) };
}

/** REST API, `REQUEST`. */
export function restRequestEvent(asked: AskedCall) {
  const { method = "GET", path = PATH, apiId = "offlinerest", stage = "dev", authorization } = asked;
  return {
    type: "REQUEST",
    methodArn: arnOf(asked),
    resource: "/{proxy+}",
    path,
    httpMethod: method,
    ...headersOf("Authorization", authorization),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: { path: `/${stage}${path}`, accountId: ACCOUNT, stage, apiId, httpMethod: method },
  };
}

/** HTTP API, payload 1.0. */
export function http1Event(asked: AskedCall) {
  const call = { apiId: "offlinehttp", ...asked };
  return {
    ...restRequestEvent(call),
    version: "1.0",
    identitySource: asked.authorization,
    authorizationToken: asked.authorization,
  };
}

/** HTTP API, payload 2.0: `routeArn`, and header names in lower case. */
export function http2Event(asked: AskedCall) {
  const call = { apiId: "offlinehttp", ...asked };
  const { method = "GET", path = PATH, stage = "dev", authorization } = call;
  return {
    version: "2.0",
    type: "REQUEST",
    routeArn: arnOf(call),
    identitySource: [authorization, method, path],
    routeKey: "ANY /{proxy+}",
    rawPath: `/${stage}${path}`,
    rawQueryString: "",
    headers: headersOf("authorization", authorization).headers,
    requestContext: { accountId: ACCOUNT, apiId: call.apiId, http: { method, path }, routeKey: "ANY /{proxy+}", stage },
    pathParameters: { proxy: path.slice(1) },
  };
}

/** WebSocket API, `$connect`. Its ARN has no verb. */
export function websocketEvent(asked: AskedCall) {
  const { apiId = "offlinews", stage = "dev", authorization } = asked;
  return {
    type: "REQUEST",
    methodArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/${stage}/$connect`,
    ...headersOf("Authorization", authorization),
    stageVariables: null,
    requestContext: { routeKey: "$connect", eventType: "CONNECT", connectionId: "a=", stage, apiId },
  };
}

function headersOf(name: string, authorization: string | undefined) {
  const headers: Record<string, string> = { Host: "api.example.com" };
  if (authorization !== undefined) headers[name] = authorization;
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, [value]]));
  return { headers, multiValueHeaders };
}
