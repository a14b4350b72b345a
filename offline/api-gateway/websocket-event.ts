import {
  callArn,
  domainNameOf,
  type GatewayRequest,
  grouped,
  headerValues,
  type IncomingCall,
  lastOf,
  queryPairs,
} from "./gateway-request.ts";
import { accessLogTime } from "./http-api-events.ts";

/**
 * Event of a WebSocket API's authorizer, asked at `$connect` only (API Gateway developer guide, "Control access to
 * WebSocket APIs with AWS Lambda REQUEST authorizers"). It has no verb and no path; the query is left out if empty.
 */
export function websocketEvent(request: GatewayRequest) {
  return {
    type: "REQUEST",
    methodArn: callArn(request),
    ...handshakeMembers(request),
    stageVariables: { ...request.stageVariables },
    requestContext: { routeKey: "$connect", eventType: "CONNECT", ...connectionMembers(request) },
  };
}

/**
 * What a function behind a WebSocket API gets (as events of live APIs are; AWS documents the `$context` variables of WebSocket
 * APIs only): the handshake's headers at `$connect` and `$disconnect`, and the context that the authorizer gave at `$connect`
 * with everything that comes on the connection.
 */
export function websocketMembers(call: IncomingCall, context: Readonly<Record<string, unknown>> | undefined) {
  const { route, requestId, stageVariables } = call;
  const eventType = EVENT_TYPES[route.path] ?? "MESSAGE";
  return {
    ...(eventType !== "MESSAGE" && handshakeMembers(call)),
    ...(stageVariables !== undefined && { stageVariables: { ...stageVariables } }),
    requestContext: {
      routeKey: route.path,
      eventType,
      ...(eventType === "MESSAGE" && { messageId: `${requestId}=` }),
      ...(eventType === "DISCONNECT" && {
        disconnectStatusCode: 1005,
        disconnectReason: "Client-side close frame status not set",
      }),
      ...connectionMembers(call),
      ...(context !== undefined && { authorizer: { ...context } }),
    },
  };
}

const EVENT_TYPES: Readonly<Record<string, string>> = { $connect: "CONNECT", $disconnect: "DISCONNECT" };

function handshakeMembers(call: IncomingCall) {
  const headers = grouped(call.headers);
  const query = grouped(queryPairs(call));
  return {
    headers: lastOf(headers),
    multiValueHeaders: headers,
    ...(Object.keys(query).length > 0 && {
      queryStringParameters: lastOf(query),
      multiValueQueryStringParameters: query,
    }),
  };
}

function connectionMembers(call: IncomingCall) {
  const { stage, apiId, requestId, sourceIp, timeEpoch } = call;
  const userAgent = headerValues(call, "user-agent")[0];
  return {
    extendedRequestId: requestId,
    requestTime: accessLogTime(timeEpoch),
    messageDirection: "IN",
    stage,
    connectedAt: timeEpoch,
    requestTimeEpoch: timeEpoch,
    identity: { sourceIp, ...(userAgent !== undefined && { userAgent }) },
    requestId,
    domainName: domainNameOf(call),
    connectionId: `${requestId}=`,
    apiId,
  };
}
