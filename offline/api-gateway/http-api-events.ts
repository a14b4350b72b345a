import {
  callArn,
  decodedPath,
  domainNameOf,
  type GatewayRequest,
  grouped,
  headerValues,
  type IncomingCall,
  joined,
  queryPairs,
} from "./gateway-request.ts";
import { routeKey } from "./identity-source.ts";
import { requestMembers } from "./rest-events.ts";

/**
 * Event of an HTTP API's authorizer, payload 1.0 (API Gateway developer guide, "Control access to HTTP APIs with AWS
 * Lambda authorizers"): as a REST `REQUEST` event, with the identity sources joined by a comma, twice.
 */
export function http1Event(request: GatewayRequest, identity: readonly string[]) {
  const sources = identity.join(",");
  return {
    version: "1.0",
    type: "REQUEST",
    methodArn: callArn(request),
    identitySource: sources,
    authorizationToken: sources,
    ...requestMembers(request, httpApiPath(request)),
  };
}

/**
 * Event of an HTTP API's authorizer, payload 2.0 (the same page): what an integration of payload 2.0 gets, the ARN and
 * the identity sources.
 */
export function http2Event(request: GatewayRequest, identity: readonly string[]) {
  return {
    version: "2.0",
    type: "REQUEST",
    routeArn: callArn(request),
    identitySource: identity.length === 0 ? null : [...identity],
    ...http2Members(request, undefined),
  };
}

/**
 * What the events of payload 2.0 have in common (API Gateway developer guide, "Create AWS Lambda proxy integrations for
 * HTTP APIs"). Header names are lower-case, what came several times is joined by a comma, cookies stand apart, the path
 * is decoded, and a member that would be empty is left out.
 *
 * @param authorizer - `requestContext.authorizer` of an integration
 */
export function http2Members(call: IncomingCall, authorizer: Readonly<Record<string, unknown>> | undefined) {
  const { account, apiId, stage, method, requestId, sourceIp, timeEpoch } = call;
  const key = routeKey(call);
  const rawPath = httpApiPath(call);
  const cookies = headerValues(call, "cookie").flatMap((value) => value.split(/; */));
  const query = joined(grouped(queryPairs(call)));
  const [userAgent = ""] = headerValues(call, "user-agent");
  return {
    routeKey: key,
    rawPath,
    rawQueryString: call.query,
    ...(cookies.length > 0 && { cookies }),
    headers: http2Headers(call),
    ...(Object.keys(query).length > 0 && { queryStringParameters: query }),
    requestContext: {
      accountId: account,
      apiId,
      ...(authorizer !== undefined && { authorizer }),
      domainName: domainNameOf(call),
      domainPrefix: apiId,
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp, userAgent },
      requestId,
      routeKey: key,
      stage,
      time: accessLogTime(timeEpoch),
      timeEpoch,
    },
    ...(Object.keys(call.pathParameters).length > 0 && { pathParameters: { ...call.pathParameters } }),
    ...(call.stageVariables !== undefined && { stageVariables: { ...call.stageVariables } }),
  };
}

/** Headers as payload 2.0 has them: names in lower case, what came several times joined by a comma, no cookies. */
export function http2Headers({ headers }: Pick<IncomingCall, "headers">): Record<string, string> {
  const lowered = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  return joined(grouped(lowered.filter(([name]) => name !== "cookie")));
}

/** The path that an HTTP API delivers: decoded, and led by a stage that has a name, which is part of what the client sent. */
export function httpApiPath({ path, stage }: Pick<IncomingCall, "path" | "stage">): string {
  const inStage = decodedPath(path);
  return stage === "$default" ? inStage : `/${stage}${inStage}`;
}

/** `12/Mar/2020:19:03:58 +0000`, the time of access logs. */
export function accessLogTime(epochMilliseconds: number): string {
  const [, day, month, year, time] = new Date(epochMilliseconds).toUTCString().split(" ");
  return `${day}/${month}/${year}:${time} +0000`;
}
