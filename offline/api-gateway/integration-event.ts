import { type CalledApi, type CallRequest, incomingCall } from "./call-request.ts";
import {
  decodedOnce,
  grouped,
  headerValues,
  type IncomingCall,
  joined,
  lastOf,
  queryPairs,
} from "./gateway-request.ts";
import { accessLogTime, http2Members } from "./http-api-events.ts";
import { OFFLINE_IDS } from "./offline-ids.ts";

/** What stands in front of a function that answers HTTP: an HTTP API of payload 2.0, a REST API's proxy integration, … */
export type IntegrationKind = "http-2.0" | "rest" | "function-url" | "alb";

/** A call that reaches a function. */
export interface IntegrationRequest extends CallRequest, Partial<CalledApi> {
  /** @default none */
  readonly body?: string;
  /** @default false */
  readonly isBase64Encoded?: boolean;
  /** ALB: whether the target group has `lambda.multi_value_headers.enabled`. @default false */
  readonly multiValueHeaders?: boolean;
}

/** 12 March 2020, the time in AWS's samples. */
const SAMPLE_TIME_EPOCH = Date.UTC(2020, 2, 12, 19, 3, 58);

/**
 * The event that a function gets for a call. Paths: HTTP APIs deliver them decoded and cut at a decoded `?`, with a named
 * stage before them in `rawPath`; the others keep the encoding, also in `pathParameters` (seen in events of live APIs;
 * AWS documents samples only). Headers are those of the request: what AWS adds (`X-Forwarded-*`, `X-Amzn-Trace-Id`) is
 * not here.
 *
 * @param context - what the authorizer gave, as `TwinAnswer.context`; left out, the event has no `authorizer`
 */
export function integrationEvent(
  kind: IntegrationKind,
  request: IntegrationRequest,
  context?: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const isHttpApi = kind === "http-2.0";
  const api: CalledApi = {
    stage: request.stage ?? (kind === "rest" ? "dev" : "$default"),
    apiId: request.apiId ?? (kind === "rest" ? OFFLINE_IDS.restApiId : OFFLINE_IDS.httpApiId),
    account: request.account ?? OFFLINE_IDS.account,
    region: request.region ?? OFFLINE_IDS.region,
    requestId: request.requestId ?? "request-1",
    timeEpoch: request.timeEpoch ?? SAMPLE_TIME_EPOCH,
    ...(request.stageVariables !== undefined && { stageVariables: request.stageVariables }),
  };
  const call = incomingCall(request, api, isHttpApi);
  const { body, isBase64Encoded = false } = request;
  switch (kind) {
    case "http-2.0": {
      const members = http2Members(call, context === undefined ? undefined : { lambda: context });
      return { version: "2.0", ...members, ...(body !== undefined && { body }), isBase64Encoded };
    }
    case "rest":
      return { ...restProxyMembers(call, context), body: body ?? null, isBase64Encoded };
    case "function-url":
      return { version: "2.0", ...functionUrlMembers(call), ...(body !== undefined && { body }), isBase64Encoded };
    case "alb":
      return { ...albMembers(call, request.multiValueHeaders ?? false), body: body ?? "", isBase64Encoded };
  }
}

/** API Gateway developer guide, "Input format of a Lambda function for proxy integration". What is empty is null. */
function restProxyMembers(call: IncomingCall, context: Readonly<Record<string, unknown>> | undefined) {
  const { route, path, method, stage, account, apiId, region, requestId, sourceIp, timeEpoch } = call;
  const headers = grouped(call.headers);
  const query = grouped(queryPairs(call));
  const domainName = `${apiId}.execute-api.${region}.amazonaws.com`;
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
      ...(context !== undefined && { authorizer: { ...context } }),
      domainName,
      domainPrefix: apiId,
      extendedRequestId: requestId,
      httpMethod: method,
      identity: { sourceIp, userAgent: headerValues(call, "user-agent").at(-1) ?? null },
      path: `/${stage}${path}`,
      protocol: "HTTP/1.1",
      requestId,
      requestTime: accessLogTime(timeEpoch),
      requestTimeEpoch: timeEpoch,
      resourceId: "offline",
      resourcePath: route.path,
      stage,
    },
  };
}

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
  const targetGroupArn = `arn:aws:elasticloadbalancing:${call.region}:${call.account}:targetgroup/offline/0123456789abcdef`;
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
