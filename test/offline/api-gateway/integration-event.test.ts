import { describe, expect, test } from "vitest";
import { type IntegrationKind, integrationEvent } from "../../../offline/api-gateway/integration-event.ts";

const REQUEST = {
  method: "POST",
  path: "/capture/space%20value",
  query: "repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa&plus=a+b&empty=&bare",
  headers: [
    ["Accept", "*/*"],
    ["User-Agent", "curl/8.7.1"],
    ["Cookie", "session=abc123; theme=dark"],
    ["X-Probe", "first"],
    ["X-Probe", "second"],
  ],
  sourceIp: "203.0.113.9",
  body: '{"a":1}',
} as const;

/** Of a caller without IAM or Cognito. */
const NOBODY = {
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
};

const DECODED = { repeat: "one,two", redirect: "https://example.com/a", plus: "a b", empty: "", bare: "" };

test("HTTP API, payload 2.0", () => {
  const request = { ...REQUEST, route: "POST /capture/{proxy+}" };
  expect(integrationEvent("http-2.0", request, { principal: "p", list: [1] })).toEqual({
    version: "2.0",
    routeKey: "POST /capture/{proxy+}",
    rawPath: "/capture/space value",
    rawQueryString: REQUEST.query,
    cookies: ["session=abc123", "theme=dark"],
    headers: { accept: "*/*", "user-agent": "curl/8.7.1", "x-probe": "first,second" },
    queryStringParameters: DECODED,
    requestContext: {
      accountId: "123456789012",
      apiId: "offlinehttp",
      authorizer: { lambda: { principal: "p", list: [1] } },
      domainName: "offlinehttp.execute-api.us-east-1.amazonaws.com",
      domainPrefix: "offlinehttp",
      http: {
        method: "POST",
        path: "/capture/space value",
        protocol: "HTTP/1.1",
        sourceIp: "203.0.113.9",
        userAgent: "curl/8.7.1",
      },
      requestId: "request-1",
      routeKey: "POST /capture/{proxy+}",
      stage: "$default",
      time: "12/Mar/2020:19:03:58 +0000",
      timeEpoch: 1_584_039_838_000,
    },
    pathParameters: { proxy: "space value" },
    body: REQUEST.body,
    isBase64Encoded: false,
  });
});

test("REST API, proxy integration", () => {
  expect(integrationEvent("rest", REQUEST, { principal: "p", principalId: "p" })).toEqual({
    resource: "/{proxy+}",
    path: "/capture/space%20value",
    httpMethod: "POST",
    headers: { Accept: "*/*", "User-Agent": "curl/8.7.1", Cookie: "session=abc123; theme=dark", "X-Probe": "second" },
    multiValueHeaders: {
      Accept: ["*/*"],
      "User-Agent": ["curl/8.7.1"],
      Cookie: ["session=abc123; theme=dark"],
      "X-Probe": ["first", "second"],
    },
    queryStringParameters: { ...DECODED, repeat: "two" },
    multiValueQueryStringParameters: {
      repeat: ["one", "two"],
      redirect: ["https://example.com/a"],
      plus: ["a b"],
      empty: [""],
      bare: [""],
    },
    pathParameters: { proxy: "capture/space%20value" },
    stageVariables: null,
    requestContext: {
      accountId: "123456789012",
      apiId: "offlinerest",
      authorizer: { principal: "p", principalId: "p" },
      domainName: "offlinerest.execute-api.us-east-1.amazonaws.com",
      domainPrefix: "offlinerest",
      extendedRequestId: "request-1",
      httpMethod: "POST",
      identity: { ...NOBODY, sourceIp: "203.0.113.9", userAgent: "curl/8.7.1" },
      path: "/dev/capture/space%20value",
      protocol: "HTTP/1.1",
      requestId: "request-1",
      requestTime: "12/Mar/2020:19:03:58 +0000",
      requestTimeEpoch: 1_584_039_838_000,
      resourceId: "offline",
      resourcePath: "/{proxy+}",
      stage: "dev",
    },
    body: REQUEST.body,
    isBase64Encoded: false,
  });
});

test("HTTP API, payload 1.0", () => {
  const request = { ...REQUEST, route: "POST /capture/{proxy+}", stage: "v1" };
  expect(integrationEvent("http-1.0", request, { principal: "p", principalId: "p" })).toEqual({
    version: "1.0",
    resource: "/capture/{proxy+}",
    path: "/v1/capture/space value",
    httpMethod: "POST",
    headers: { Accept: "*/*", "User-Agent": "curl/8.7.1", Cookie: "session=abc123; theme=dark", "X-Probe": "second" },
    multiValueHeaders: {
      Accept: ["*/*"],
      "User-Agent": ["curl/8.7.1"],
      Cookie: ["session=abc123; theme=dark"],
      "X-Probe": ["first", "second"],
    },
    queryStringParameters: { ...DECODED, repeat: "two" },
    multiValueQueryStringParameters: {
      repeat: ["one", "two"],
      redirect: ["https://example.com/a"],
      plus: ["a b"],
      empty: [""],
      bare: [""],
    },
    pathParameters: { proxy: "space value" },
    stageVariables: null,
    requestContext: {
      accountId: "123456789012",
      apiId: "offlinehttp",
      authorizer: { principal: "p", principalId: "p" },
      domainName: "offlinehttp.execute-api.us-east-1.amazonaws.com",
      domainPrefix: "offlinehttp",
      extendedRequestId: "request-1",
      httpMethod: "POST",
      identity: { ...NOBODY, sourceIp: "203.0.113.9", userAgent: "curl/8.7.1" },
      path: "/v1/capture/space value",
      protocol: "HTTP/1.1",
      requestId: "request-1",
      requestTime: "12/Mar/2020:19:03:58 +0000",
      requestTimeEpoch: 1_584_039_838_000,
      resourceId: null,
      resourcePath: "/capture/{proxy+}",
      stage: "v1",
    },
    body: REQUEST.body,
    isBase64Encoded: false,
  });
});

describe("WebSocket API", () => {
  const connection = {
    extendedRequestId: "request-1",
    requestTime: "12/Mar/2020:19:03:58 +0000",
    messageDirection: "IN",
    stage: "dev",
    connectedAt: 1_584_039_838_000,
    requestTimeEpoch: 1_584_039_838_000,
    identity: { sourceIp: "203.0.113.9", userAgent: "curl/8.7.1" },
    requestId: "request-1",
    domainName: "offlinews.execute-api.us-east-1.amazonaws.com",
    connectionId: "request-1=",
    apiId: "offlinews",
    authorizer: { principalId: "p", expiresAt: "5" },
  };
  const handshake = { path: "/?a=1&a=2", headers: REQUEST.headers, sourceIp: REQUEST.sourceIp };
  const context = { principalId: "p", expiresAt: 5 };

  test("$connect has the handshake, and neither path nor method", () => {
    expect(integrationEvent("websocket", handshake, context)).toEqual({
      headers: { Accept: "*/*", "User-Agent": "curl/8.7.1", Cookie: "session=abc123; theme=dark", "X-Probe": "second" },
      multiValueHeaders: {
        Accept: ["*/*"],
        "User-Agent": ["curl/8.7.1"],
        Cookie: ["session=abc123; theme=dark"],
        "X-Probe": ["first", "second"],
      },
      queryStringParameters: { a: "2" },
      multiValueQueryStringParameters: { a: ["1", "2"] },
      requestContext: { routeKey: "$connect", eventType: "CONNECT", ...connection },
      isBase64Encoded: false,
    });
  });

  test("a message has its route, its body and the context of $connect", () => {
    const message = { ...handshake, route: "send", body: '{"action":"send"}', stageVariables: { a: "b" } };
    expect(integrationEvent("websocket", message, context)).toEqual({
      requestContext: { routeKey: "send", eventType: "MESSAGE", messageId: "request-1=", ...connection },
      stageVariables: { a: "b" },
      body: '{"action":"send"}',
      isBase64Encoded: false,
    });
  });

  test("$disconnect says why", () => {
    expect(integrationEvent("websocket", { ...handshake, route: "$disconnect" }, context)).toMatchObject({
      headers: { Accept: "*/*" },
      requestContext: { routeKey: "$disconnect", eventType: "DISCONNECT", disconnectStatusCode: 1005, ...connection },
    });
  });
});

test.for<[IntegrationKind, unknown]>([
  ["rest", { n: "1", yes: "true", text: "x" }],
  ["http-1.0", { n: "1", yes: "true", text: "x" }],
  ["websocket", { n: "1", yes: "true", text: "x" }],
  ["http-2.0", { lambda: { n: 1, yes: true, text: "x" } }],
  ["function-url", undefined],
  ["alb", undefined],
])("%s: the authorizer's context is %j", ([kind, authorizer]) => {
  const event = integrationEvent(kind, { path: "/" }, { n: 1, yes: true, text: "x" });
  expect(Object(event["requestContext"])["authorizer"]).toEqual(authorizer);
});

test("Function URL: no route, the cookie twice, the account unnamed", () => {
  const event = integrationEvent("function-url", { ...REQUEST, route: "POST /capture/{proxy+}", apiId: "abc" });
  expect(event).toMatchObject({
    version: "2.0",
    routeKey: "$default",
    rawPath: "/capture/space%20value",
    rawQueryString: REQUEST.query,
    cookies: ["session=abc123", "theme=dark"],
    headers: { cookie: "session=abc123; theme=dark", "x-probe": "first,second" },
    queryStringParameters: DECODED,
    requestContext: {
      accountId: "anonymous",
      apiId: "abc",
      domainName: "abc.lambda-url.us-east-1.on.aws",
      domainPrefix: "abc",
      http: { method: "POST", path: "/capture/space value" },
      routeKey: "$default",
      stage: "$default",
    },
    body: REQUEST.body,
  });
  expect(event).not.toHaveProperty("pathParameters");
});

describe("ALB", () => {
  const members = {
    requestContext: {
      elb: {
        targetGroupArn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/offline/0123456789abcdef",
      },
    },
    httpMethod: "POST",
    path: "/capture/space%20value",
    body: REQUEST.body,
    isBase64Encoded: false,
  };
  const query = {
    repeat: ["one", "two"],
    redirect: ["https%3A%2F%2Fexample.com%2Fa"],
    plus: ["a+b"],
    empty: [""],
    bare: [""],
  };
  const last = <Value>(lists: Record<string, Value[]>) =>
    Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1)]));
  const headers = {
    accept: ["*/*"],
    "user-agent": ["curl/8.7.1"],
    cookie: ["session=abc123; theme=dark"],
    "x-probe": ["first", "second"],
  };

  test("the last value of each name", () => {
    const expected = { ...members, queryStringParameters: last(query), headers: last(headers) };
    expect(integrationEvent("alb", REQUEST)).toEqual(expected);
  });

  test("all values, where the target group says so", () => {
    const expected = { ...members, multiValueQueryStringParameters: query, multiValueHeaders: headers };
    expect(integrationEvent("alb", { ...REQUEST, multiValueHeaders: true })).toEqual(expected);
  });
});

describe("what is not there", () => {
  test.for<[IntegrationKind, object, string[]]>([
    [
      "http-2.0",
      { isBase64Encoded: false },
      ["body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"],
    ],
    [
      "rest",
      { body: null, headers: null, multiValueHeaders: null, queryStringParameters: null, pathParameters: null },
      [],
    ],
    ["websocket", { headers: {}, isBase64Encoded: false }, ["body", "queryStringParameters", "stageVariables"]],
    ["function-url", { isBase64Encoded: false }, ["body", "cookies", "queryStringParameters"]],
    ["alb", { body: "", headers: {}, queryStringParameters: {} }, ["multiValueHeaders"]],
  ])("%s: %j, and no %j", ([kind, members, absent]) => {
    const event = integrationEvent(kind, { path: "/" });
    expect(event).toMatchObject(members);
    for (const name of absent) expect(event).not.toHaveProperty(name);
    expect(event["requestContext"]).not.toHaveProperty("authorizer");
  });

  test("http-1.0: null, also for who was authorized", () => {
    expect(integrationEvent("http-1.0", { path: "/" })).toMatchObject({
      resource: "$default",
      path: "/",
      body: null,
      headers: null,
      queryStringParameters: null,
      pathParameters: null,
      requestContext: { authorizer: { claims: null, scopes: null }, resourceId: null },
    });
  });

  test("in another partition hosts and ARNs are of it", () => {
    const request = { path: "/", region: "cn-north-1" };
    expect(JSON.stringify(integrationEvent("alb", request))).toContain("arn:aws-cn:elasticloadbalancing:cn-north-1:");
    for (const kind of ["rest", "http-1.0", "http-2.0", "websocket"] as const) {
      const { domainName } = Object(integrationEvent(kind, request)["requestContext"]);
      expect(domainName).toMatch(/\.execute-api\.cn-north-1\.amazonaws\.com\.cn$/);
      const said = integrationEvent(kind, { ...request, partition: "aws" });
      expect(Object(said["requestContext"])["domainName"]).toMatch(/\.amazonaws\.com$/);
    }
  });

  test("what the request says of its API is taken", () => {
    const request = { path: "/", stage: "v1", apiId: "x", account: "1", region: "r", requestId: "i", timeEpoch: 0 };
    expect(integrationEvent("rest", { ...request, stageVariables: { a: "b" }, isBase64Encoded: true })).toMatchObject({
      stageVariables: { a: "b" },
      isBase64Encoded: true,
      requestContext: { stage: "v1", apiId: "x", accountId: "1", requestId: "i", requestTimeEpoch: 0, path: "/v1/" },
    });
  });
});

test.for<[string, () => unknown, RegExp]>([
  [
    "kind",
    () => integrationEvent("soap" as never, { path: "/" }),
    /the kind is "soap": expected one of http-2\.0, http-1/,
  ],
  [
    "member",
    () => integrationEvent("alb", { path: "/", header: {} } as never),
    /no member header: expected .*timeEpoch/,
  ],
])("a %s that does not exist is a mistake of the test", ([, make, message]) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});
