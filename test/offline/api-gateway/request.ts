import type { GatewayRequest } from "../../../offline/api-gateway/gateway-request.ts";
import { GATEWAY_SETTINGS } from "../../../offline/api-gateway/settings.ts";

/** A call as it reaches API Gateway; every test changes what it is about. */
export function gatewayRequest(changes: Partial<GatewayRequest> = {}): GatewayRequest {
  return {
    kind: "rest-token",
    method: "GET",
    path: "/v1/orders/7",
    headers: [
      ["Host", "127.0.0.1:3000"],
      ["Authorization", "Bearer a.b.c"],
    ],
    query: "",
    route: { method: "ANY", path: "/v1/{proxy+}" },
    pathParameters: { proxy: "orders/7" },
    stage: "dev",
    region: "us-east-1",
    account: "123456789012",
    apiId: "offlinerest",
    requestId: "request-1",
    sourceIp: "127.0.0.1",
    timeEpoch: Date.UTC(2020, 2, 12, 19, 3, 58),
    identitySource: ["method.request.header.Authorization"],
    settings: GATEWAY_SETTINGS,
    ...changes,
  };
}

/** The same as a call of an HTTP API. */
export function httpRequest(changes: Partial<GatewayRequest> = {}): GatewayRequest {
  return gatewayRequest({
    kind: "http-2.0",
    stage: "$default",
    apiId: "offlinehttp",
    identitySource: ["$request.header.Authorization"],
    ...changes,
  });
}
