import { type CalledApi, type CallRequest, checkMembers, handshakeOf, incomingCall } from "./call-request.ts";
import {
  decodedOnce,
  domainNameOf,
  grouped,
  headerValues,
  type IncomingCall,
  joined,
  lastOf,
  queryPairs,
} from "./gateway-request.ts";
import { accessLogTime, http2Members, httpApiPath } from "./http-api-events.ts";
import { OFFLINE_IDS } from "./offline-ids.ts";
import { partitionOf } from "./partition.ts";
import { websocketMembers } from "./websocket-event.ts";

/**
 * What stands in front of a function: an HTTP API by the version of its payload, a REST API's proxy integration, a WebSocket
 * API, or none of API Gateway.
 */
export type IntegrationKind = "http-2.0" | "http-1.0" | "rest" | "websocket" | "function-url" | "alb";

/** What the function gets beside the call itself. */
interface Sent extends Pick<CallRequest, "body" | "isBase64Encoded"> {
  /** ALB: whether the target group has `lambda.multi_value_headers.enabled`. @default false */
  readonly multiValueHeaders?: boolean;
}

/**
 * A call that reaches a function. Of a WebSocket API the route says what it is: `$connect` (the default), `$disconnect`, or
 * that of a message, which `body` is.
 */
export interface IntegrationRequest extends CallRequest, Partial<CalledApi>, Sent {}

/** Beside those of a call. */
const MEMBERS = Object.keys({
  stage: true,
  apiId: true,
  account: true,
  region: true,
  partition: true,
  requestId: true,
  timeEpoch: true,
  stageVariables: true,
  multiValueHeaders: true,
} satisfies Record<Exclude<keyof IntegrationRequest, keyof CallRequest>, true>);

/** What an authorizer gave, as `TwinAnswer.context`. */
type AuthorizerContext = Readonly<Record<string, unknown>>;

/** 12 March 2020, the time in AWS's samples. */
const SAMPLE_TIME_EPOCH = Date.UTC(2020, 2, 12, 19, 3, 58);

const API_IDS = {
  "http-2.0": OFFLINE_IDS.httpApiId,
  "http-1.0": OFFLINE_IDS.httpApiId,
  rest: OFFLINE_IDS.restApiId,
  websocket: OFFLINE_IDS.websocketApiId,
  "function-url": OFFLINE_IDS.httpApiId,
  alb: OFFLINE_IDS.httpApiId,
} as const satisfies Record<IntegrationKind, string>;

/**
 * The event that a function gets for a call. Paths: HTTP APIs deliver them decoded and cut at a decoded `?`, with a named
 * stage before them in `rawPath` (payload 1.0: `path`); the others keep the encoding, also in `pathParameters` (seen in
 * events of live APIs; AWS documents samples only). Headers are those of the request: what AWS adds (`X-Forwarded-*`,
 * `X-Amzn-Trace-Id`) is not here.
 *
 * @param context - what the authorizer gave, as `TwinAnswer.context`; left out, the route has no authorizer
 * @throws TypeError for a kind or a member that does not exist, and as `incomingCall`
 */
export function integrationEvent(
  kind: IntegrationKind,
  request: IntegrationRequest,
  context?: AuthorizerContext,
): Record<string, unknown> {
  if (!Object.hasOwn(API_IDS, kind)) {
    throw new TypeError(`the kind is ${JSON.stringify(kind)}: expected one of ${Object.keys(API_IDS).join(", ")}`);
  }
  checkMembers(request, MEMBERS);
  const isHttpApi = kind === "http-2.0" || kind === "http-1.0";
  const api: CalledApi = {
    stage: request.stage ?? (kind === "rest" || kind === "websocket" ? "dev" : "$default"),
    apiId: request.apiId ?? API_IDS[kind],
    account: request.account ?? OFFLINE_IDS.account,
    region: request.region ?? OFFLINE_IDS.region,
    requestId: request.requestId ?? "request-1",
    timeEpoch: request.timeEpoch ?? SAMPLE_TIME_EPOCH,
    ...(request.partition !== undefined && { partition: request.partition }),
    ...(request.stageVariables !== undefined && { stageVariables: request.stageVariables }),
  };
  const asked = kind === "websocket" ? handshakeOf(request, request.route) : request;
  return eventOf(kind, incomingCall(asked, api, isHttpApi), request, context);
}

/** The same for a call that reached an API already. */
export function eventOf(
  kind: IntegrationKind,
  call: IncomingCall,
  { body, isBase64Encoded = false, multiValueHeaders = false }: Sent,
  context: AuthorizerContext | undefined,
): Record<string, unknown> {
  const given = context && texts(context);
  switch (kind) {
    case "http-2.0": {
      const members = http2Members(call, context === undefined ? undefined : { lambda: context });
      return { version: "2.0", ...members, ...(body !== undefined && { body }), isBase64Encoded };
    }
    case "http-1.0":
      return { version: "1.0", ...http1Members(call, given), body: body ?? null, isBase64Encoded };
    case "rest":
      return { ...restProxyMembers(call, given), body: body ?? null, isBase64Encoded };
    case "websocket":
      return { ...websocketMembers(call, given), ...(body !== undefined && { body }), isBase64Encoded };
    case "function-url":
      return { version: "2.0", ...functionUrlMembers(call), ...(body !== undefined && { body }), isBase64Encoded };
    case "alb":
      return { ...albMembers(call, multiValueHeaders), body: body ?? "", isBase64Encoded };
  }
}

/** Payloads of version 1 hold each value as a text (API Gateway developer guide, "Output from a Lambda authorizer"). */
function texts(context: AuthorizerContext): Record<string, string> {
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [name, String(value)]));
}

/** API Gateway developer guide, "Input format of a Lambda function for proxy integration". What is empty is null. */
function restProxyMembers(call: IncomingCall, context: AuthorizerContext | undefined) {
  return payload1Members(call, call.path, `/${call.stage}${call.path}`, {
    ...(context !== undefined && { authorizer: { ...context } }),
    resourceId: "offline",
  });
}

/**
 * API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs", payload 1.0: as of a REST API, but that
 * the path is decoded, a named stage leads it, and where there is no authorizer there are its empty members.
 */
function http1Members(call: IncomingCall, context: AuthorizerContext | undefined) {
  const path = httpApiPath(call);
  return payload1Members(call, path, path, {
    authorizer: context === undefined ? { claims: null, scopes: null } : { ...context },
    resourceId: null,
  });
}

/** What payloads of version 1 have in common. */
function payload1Members(call: IncomingCall, path: string, contextPath: string, more: object) {
  const { route, method, stage, account, apiId, requestId, sourceIp, timeEpoch } = call;
  const headers = grouped(call.headers);
  const query = grouped(queryPairs(call));
  return {
    resource: route.path,
    path,
    httpMethod: method,
    headers: orNull(lastOf(headers)),
    multiValueHeaders: orNull(headers),
    queryStringParameters: orNull(lastOf(query)),
    multiValueQueryStringParameters: orNull(query),
    pathParameters: orNull({ ...call.pathParameters }),
    stageVariables: orNull({ ...call.stageVariables }),
    requestContext: {
      accountId: account,
      apiId,
      ...more,
      domainName: domainNameOf(call),
      domainPrefix: apiId,
      extendedRequestId: requestId,
      httpMethod: method,
      identity: { ...NO_IDENTITY, sourceIp, userAgent: headerValues(call, "user-agent").at(-1) ?? null },
      path: contextPath,
      protocol: "HTTP/1.1",
      requestId,
      requestTime: accessLogTime(timeEpoch),
      requestTimeEpoch: timeEpoch,
      resourcePath: route.path,
      stage,
    },
  };
}

/** Of a caller whom neither IAM nor Cognito knows. */
const NO_IDENTITY = {
  accessKey: null,
  accountId: null,
  caller: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
} as const;

/**
 * AWS Lambda developer guide, "Invoking Lambda function URLs". Unlike an HTTP API it has no route, keeps `cookie` among
 * the headers, and decodes the path in `requestContext` only.
 */
function functionUrlMembers(call: IncomingCall) {
  const catchAll = { ...call, route: { method: "ANY", path: "$default" }, stage: "$default", pathParameters: {} };
  const { requestContext, ...members } = http2Members(catchAll, undefined);
  const domainName = `${call.apiId}.lambda-url.${call.region}.on.aws`;
  const lowered = call.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    ...members,
    rawPath: call.path,
    headers: joined(grouped(lowered)),
    requestContext: {
      ...requestContext,
      accountId: "anonymous",
      domainName,
      http: { ...requestContext.http, path: decodedOnce(call.path) },
    },
  };
}

/**
 * Elastic Load Balancing user guide, "Use Lambda functions as targets": names are lower-case, path and query are as sent,
 * and of what came several times the last value counts unless the target group has multi-value headers.
 */
function albMembers(call: IncomingCall, multiValue: boolean) {
  const headers = grouped(call.headers.map(([name, value]) => [name.toLowerCase(), value] as const));
  const sent = call.query === "" ? [] : call.query.split("&");
  const query = grouped(
    sent.map((pair): [string, string] => {
      const equals = pair.indexOf("=");
      return equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
  const partition = call.partition ?? partitionOf(call.region);
  const targetGroupArn = `arn:${partition}:elasticloadbalancing:${call.region}:${call.account}:targetgroup/offline/0123456789abcdef`;
  return {
    requestContext: { elb: { targetGroupArn } },
    httpMethod: call.method,
    path: call.path,
    ...(multiValue
      ? { multiValueQueryStringParameters: query, multiValueHeaders: headers }
      : { queryStringParameters: lastOf(query), headers: lastOf(headers) }),
  };
}

function orNull<Value>(record: Record<string, Value>): Record<string, Value> | null {
  return Object.keys(record).length === 0 ? null : record;
}
