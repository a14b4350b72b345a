import { callArn, type GatewayRequest, grouped, lastOf, queryPairs } from "./gateway-request.ts";

/**
 * Event of a REST API's `TOKEN` authorizer: these three members and no other (API Gateway developer guide, "Input to an
 * API Gateway Lambda authorizer").
 *
 * @param token - the whole value of the identity source's header, a scheme such as `Bearer` included
 */
export function restTokenEvent(request: GatewayRequest, token: string) {
  return { type: "TOKEN", methodArn: callArn(request), authorizationToken: token };
}

/**
 * Event of a REST API's `REQUEST` authorizer (the same page). Header names are as sent; a map that has nothing is empty;
 * there is neither `version` nor `authorizationToken`.
 */
export function restRequestEvent(request: GatewayRequest) {
  return { type: "REQUEST", methodArn: callArn(request), ...requestMembers(request, request.path) };
}

/** What the events of REST `REQUEST` and of HTTP API 1.0 have in common. */
export function requestMembers(request: GatewayRequest, path: string) {
  const { route, method, pathParameters, stageVariables, account, apiId, stage, requestId, sourceIp } = request;
  const headers = grouped(request.headers);
  const query = grouped(queryPairs(request));
  return {
    resource: route.path,
    path,
    httpMethod: method,
    headers: lastOf(headers),
    multiValueHeaders: headers,
    queryStringParameters: lastOf(query),
    multiValueQueryStringParameters: query,
    pathParameters: { ...pathParameters },
    stageVariables: { ...stageVariables },
    requestContext: {
      path,
      accountId: account,
      resourceId: "offline",
      stage,
      requestId,
      identity: { apiKey: null, sourceIp },
      resourcePath: route.path,
      httpMethod: method,
      apiId,
    },
  };
}
