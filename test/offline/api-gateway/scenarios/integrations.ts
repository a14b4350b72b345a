import { expect } from "vitest";
import { gatewayHeaders } from "../../../../offline/api-gateway/gateway-headers.ts";
import { integrationEvent } from "../../../../offline/api-gateway/integration-event.ts";
import type { IntegrationScenario } from "./scenario.ts";

const CHALLENGE = { "WWW-Authenticate": "Bearer", "Content-Type": "text/plain", Via: "1.1 x", Server: "s" };

export const integrations = {
  "paths-http-api": (kind) => {
    const request = { path: "/v1/a%2Fb%20c%3Fd", route: "GET /v1/{proxy+}" };
    expect(integrationEvent(kind, request)).toMatchObject({ rawPath: "/v1/a/b c", pathParameters: { proxy: "a/b c" } });
    expect(integrationEvent(kind, { ...request, stage: "v" })).toMatchObject({ rawPath: "/v/v1/a/b c" });
  },
  "paths-http-api-1": (kind) => {
    const request = { path: "/v1/a%2Fb%20c%3Fd", route: "GET /v1/{proxy+}" };
    expect(integrationEvent(kind, request)).toMatchObject({
      path: "/v1/a/b c",
      pathParameters: { proxy: "a/b c" },
      requestContext: { path: "/v1/a/b c" },
    });
    expect(integrationEvent(kind, { ...request, stage: "v" })).toMatchObject({
      path: "/v/v1/a/b c",
      resource: "/v1/{proxy+}",
      requestContext: { path: "/v/v1/a/b c" },
    });
  },
  "paths-rest": (kind) => {
    expect(integrationEvent(kind, { path: "/v1/a%2Fb%20c", route: "GET /v1/{id}" })).toMatchObject({
      path: "/v1/a%2Fb%20c",
      pathParameters: { id: "a%2Fb%20c" },
      requestContext: { path: "/dev/v1/a%2Fb%20c" },
    });
  },
  "paths-function-url": (kind) => {
    expect(integrationEvent(kind, { path: "/a%2Fb%20c" })).toMatchObject({
      rawPath: "/a%2Fb%20c",
      requestContext: { http: { path: "/a/b c" } },
    });
  },
  "paths-alb": (kind) => {
    expect(integrationEvent(kind, { path: "/a%2Fb%20c?d=%20e" })).toMatchObject({
      path: "/a%2Fb%20c",
      queryStringParameters: { d: "%20e" },
    });
  },
  "headers-rest": (kind) => {
    expect(gatewayHeaders(kind, CHALLENGE)).toEqual({
      "x-amzn-remapped-www-authenticate": "Bearer",
      "Content-Type": "text/plain",
      "x-amzn-remapped-server": "s",
    });
  },
  "headers-function-url": (kind) => {
    const { "WWW-Authenticate": challenge, ...others } = CHALLENGE;
    expect(gatewayHeaders(kind, CHALLENGE)).toEqual({ "x-amzn-remapped-www-authenticate": challenge, ...others });
  },
  "headers-unchanged": (kind) => {
    expect(gatewayHeaders(kind, CHALLENGE)).toEqual(CHALLENGE);
    expect(gatewayHeaders(kind, CHALLENGE, { challengeHeader: "passed" })).toEqual(CHALLENGE);
    const { "WWW-Authenticate": challenge, ...others } = CHALLENGE;
    expect(gatewayHeaders(kind, CHALLENGE, { challengeHeader: "renamed" })).toEqual({
      "x-amzn-remapped-www-authenticate": challenge,
      ...others,
    });
  },
} satisfies Record<string, IntegrationScenario>;
