import { describe, expect, test } from "vitest";
import { authorizerEvent } from "../../../offline/api-gateway/authorizer-event.ts";
import { callArn, type GatewayRequest } from "../../../offline/api-gateway/gateway-request.ts";
import { gatewayRequest, httpRequest } from "./request.ts";

const EXECUTE_API = "arn:aws:execute-api:us-east-1:123456789012";

describe("ARN of a call", () => {
  test.for<[string, Partial<GatewayRequest>, string]>([
    ["the path of the call, not the template", {}, "offlinerest/dev/GET/v1/orders/7"],
    ["the root ends in a slash", { path: "/" }, "offlinerest/dev/GET/"],
    ["a trailing slash stays", { path: "/v1/orders/" }, "offlinerest/dev/GET/v1/orders/"],
    ["REST keeps escapes", { path: "/v1/a%2Fb%20c" }, "offlinerest/dev/GET/v1/a%2Fb%20c"],
    ["REST keeps dot segments", { path: "/v1/../v2" }, "offlinerest/dev/GET/v1/../v2"],
    ["wildcards stay", { path: "/v1/*" }, "offlinerest/dev/GET/v1/*"],
    ["colons stay", { path: "/v1/a:b" }, "offlinerest/dev/GET/v1/a:b"],
    ["HTTP APIs decode", { kind: "http-2.0", path: "/v1/a%2Fb%20c" }, "offlinerest/dev/GET/v1/a/b c"],
    ["HTTP APIs decode once", { kind: "http-2.0", path: "/v1/%252e" }, "offlinerest/dev/GET/v1/%2e"],
    ["HTTP APIs cut at a decoded ?", { kind: "http-1.0", path: "/v1/a%3Fb" }, "offlinerest/dev/GET/v1/a"],
    ["an escape that is no UTF-8 stays", { kind: "http-2.0", path: "/v1/%ff" }, "offlinerest/dev/GET/v1/%ff"],
    ["$connect has neither verb nor path", { kind: "websocket", path: "/" }, "offlinerest/dev/$connect"],
  ])("%s", ([, changes, tail]) => {
    expect(callArn(gatewayRequest(changes))).toBe(`${EXECUTE_API}:${tail}`);
  });

  test("the partition is that of the request", () => {
    expect(callArn(gatewayRequest({ partition: "aws-cn", region: "cn-north-1" }))).toBe(
      "arn:aws-cn:execute-api:cn-north-1:123456789012:offlinerest/dev/GET/v1/orders/7",
    );
  });
});

test("REST TOKEN: three members and no more", () => {
  expect(authorizerEvent(gatewayRequest(), ["Bearer a.b.c"])).toEqual({
    type: "TOKEN",
    methodArn: `${EXECUTE_API}:offlinerest/dev/GET/v1/orders/7`,
    authorizationToken: "Bearer a.b.c",
  });
});

const repeated = {
  headers: [
    ["Authorization", "Bearer one"],
    ["Authorization", "Bearer two"],
    ["X-Other", "1"],
  ],
  query: "a=1&a=2&b=%20x",
} as const satisfies Partial<GatewayRequest>;

test("REST REQUEST: names as sent, the last of several values and all of them, no version, no token of its own", () => {
  expect(authorizerEvent(gatewayRequest({ kind: "rest-request", ...repeated }), ["Bearer two"])).toEqual({
    type: "REQUEST",
    methodArn: `${EXECUTE_API}:offlinerest/dev/GET/v1/orders/7`,
    resource: "/v1/{proxy+}",
    path: "/v1/orders/7",
    httpMethod: "GET",
    headers: { Authorization: "Bearer two", "X-Other": "1" },
    multiValueHeaders: { Authorization: ["Bearer one", "Bearer two"], "X-Other": ["1"] },
    queryStringParameters: { a: "2", b: " x" },
    multiValueQueryStringParameters: { a: ["1", "2"], b: [" x"] },
    pathParameters: { proxy: "orders/7" },
    stageVariables: {},
    requestContext: {
      path: "/v1/orders/7",
      accountId: "123456789012",
      resourceId: "offline",
      stage: "dev",
      requestId: "request-1",
      identity: { apiKey: null, sourceIp: "127.0.0.1" },
      resourcePath: "/v1/{proxy+}",
      httpMethod: "GET",
      apiId: "offlinerest",
    },
  });
});

test("HTTP API 1.0: version, and the identity sources joined by a comma, twice", () => {
  const event = authorizerEvent(httpRequest({ kind: "http-1.0", path: "/v1/a%20b" }), ["Bearer a.b.c", "127.0.0.1"]);
  expect(event).toMatchObject({
    version: "1.0",
    type: "REQUEST",
    methodArn: `${EXECUTE_API}:offlinehttp/$default/GET/v1/a b`,
    identitySource: "Bearer a.b.c,127.0.0.1",
    authorizationToken: "Bearer a.b.c,127.0.0.1",
    path: "/v1/a b",
    resource: "/v1/{proxy+}",
    headers: { Host: "127.0.0.1:3000", Authorization: "Bearer a.b.c" },
  });
});

describe("HTTP API 2.0", () => {
  test("lower-case names, values joined by a comma, cookies apart, the path decoded", () => {
    const headers = [...repeated.headers, ["Cookie", "a=1; b=2"], ["User-Agent", "curl"]] as const;
    expect(
      authorizerEvent(httpRequest({ ...repeated, headers, path: "/v1/a%20b" }), ["Bearer one,Bearer two"]),
    ).toEqual({
      version: "2.0",
      type: "REQUEST",
      routeArn: `${EXECUTE_API}:offlinehttp/$default/GET/v1/a b`,
      identitySource: ["Bearer one,Bearer two"],
      routeKey: "ANY /v1/{proxy+}",
      rawPath: "/v1/a b",
      rawQueryString: "a=1&a=2&b=%20x",
      cookies: ["a=1", "b=2"],
      headers: { authorization: "Bearer one,Bearer two", "x-other": "1", "user-agent": "curl" },
      queryStringParameters: { a: "1,2", b: " x" },
      requestContext: {
        accountId: "123456789012",
        apiId: "offlinehttp",
        domainName: "offlinehttp.execute-api.us-east-1.amazonaws.com",
        domainPrefix: "offlinehttp",
        http: { method: "GET", path: "/v1/a b", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "curl" },
        requestId: "request-1",
        routeKey: "ANY /v1/{proxy+}",
        stage: "$default",
        time: "12/Mar/2020:19:03:58 +0000",
        timeEpoch: Date.UTC(2020, 2, 12, 19, 3, 58),
      },
      pathParameters: { proxy: "orders/7" },
    });
  });

  test("what is empty is left out", () => {
    const event = authorizerEvent(httpRequest({ pathParameters: {}, identitySource: [] }), []);
    for (const absent of ["cookies", "queryStringParameters", "pathParameters", "stageVariables"]) {
      expect(event).not.toHaveProperty(absent);
    }
    expect(event).toMatchObject({ identitySource: null, rawQueryString: "" });
  });

  test("a stage with a name is in rawPath once more, and not in the ARN's path", () => {
    expect(authorizerEvent(httpRequest({ stage: "dev" }), [])).toMatchObject({
      routeArn: `${EXECUTE_API}:offlinehttp/dev/GET/v1/orders/7`,
      rawPath: "/dev/v1/orders/7",
    });
  });

  test("the catch-all route has the key $default, and the ARN method and path all the same", () => {
    const route = { method: "ANY", path: "$default" };
    expect(authorizerEvent(httpRequest({ route }), [])).toMatchObject({
      routeKey: "$default",
      routeArn: `${EXECUTE_API}:offlinehttp/$default/GET/v1/orders/7`,
    });
  });
});

describe("WebSocket $connect", () => {
  const request = gatewayRequest({ kind: "websocket", apiId: "offlinews", path: "/" });

  test("neither verb nor path nor version", () => {
    const event = authorizerEvent(request, []);
    expect(event).toMatchObject({
      type: "REQUEST",
      methodArn: `${EXECUTE_API}:offlinews/dev/$connect`,
      headers: { Authorization: "Bearer a.b.c" },
      requestContext: { routeKey: "$connect", eventType: "CONNECT", apiId: "offlinews", stage: "dev" },
    });
    for (const absent of ["httpMethod", "pathParameters", "version", "path", "queryStringParameters"]) {
      expect(event).not.toHaveProperty(absent);
    }
  });

  test("a query is there when one was sent", () => {
    expect(authorizerEvent({ ...request, query: "a=1&a=2" }, [])).toMatchObject({
      queryStringParameters: { a: "2" },
      multiValueQueryStringParameters: { a: ["1", "2"] },
    });
  });
});
