import { callArn, domainNameOf, type GatewayRequest, grouped, lastOf, queryPairs } from "./gateway-request.ts";
import { accessLogTime } from "./http-api-events.ts";

/**
 * Event of a WebSocket API's authorizer, asked at `$connect` only (API Gateway developer guide, "Control access to
 * WebSocket APIs with AWS Lambda REQUEST authorizers"). It has no verb and no path; the query is left out if empty.
 */
export function websocketEvent(request: GatewayRequest) {
  const { stage, apiId, requestId, sourceIp, timeEpoch, stageVariables } = request;
  const headers = grouped(request.headers);
  const query = grouped(queryPairs(request));
  const [userAgent] = Object.entries(headers).find(([name]) => name.toLowerCase() === "user-agent")?.[1] ?? [];
  return {
    type: "REQUEST",
    methodArn: callArn(request),
    headers: lastOf(headers),
    multiValueHeaders: headers,
    ...(Object.keys(query).length > 0 && {
      queryStringParameters: lastOf(query),
      multiValueQueryStringParameters: query,
    }),
    stageVariables: { ...stageVariables },
    requestContext: {
      routeKey: "$connect",
      eventType: "CONNECT",
      extendedRequestId: requestId,
      requestTime: accessLogTime(timeEpoch),
      messageDirection: "IN",
      stage,
      connectedAt: timeEpoch,
      requestTimeEpoch: timeEpoch,
      identity: { sourceIp, ...(userAgent !== undefined && { userAgent }) },
      requestId,
      domainName: domainNameOf(request),
      connectionId: `${requestId}=`,
      apiId,
    },
  };
}
