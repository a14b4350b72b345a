import { describe, expect, test } from "vitest";
import type { AuthorizerKind } from "../../../offline/api-gateway/gateway-request.ts";
import type { LambdaContext } from "../../../offline/api-gateway/lambda-function.ts";
import { apiGateway, type TwinOptions } from "../../../offline/api-gateway/twin.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { allowAll, arnOf, askedArn, type Behaviour, policy, statement, TOKEN, throwing, twinOf } from "./twins.ts";

const KINDS = ["rest-token", "rest-request", "http-1.0", "http-2.0", "websocket"] as const;

describe("an answer", () => {
  test("of an allowed call: what the integration gets, and what the authorizer was given", async () => {
    const { call, api } = twinOf("rest-token", () => allowAll("rest-token", { context: { n: 1 } }));
    expect(await call()).toEqual({
      status: 200,
      headers: {},
      body: "",
      context: { n: "1", principalId: "p" },
      integration: expect.objectContaining({ path: "/a", resource: "/{proxy+}" }),
      event: api.event({ path: "/a", headers: TOKEN }),
      asked: true,
      cached: false,
      advice: [],
    });
  });

  test("of a refused call: API Gateway's own", async () => {
    const { call } = twinOf("http-2.0", () => policy(statement(`${arnOf("http-2.0")}x`)));
    expect(await call()).toMatchObject({
      status: 403,
      headers: { "content-type": "application/json" },
      body: '{"message":"Forbidden"}',
      context: undefined,
      integration: undefined,
      asked: true,
    });
  });

  test.for<[AuthorizerKind, object]>([
    ["http-1.0", { a: "1", principalId: "p" }],
    ["http-2.0", { a: 1 }],
    ["websocket", { a: "1", principalId: "p" }],
  ])("%s: the context is %j", async ([kind, context]) => {
    expect((await twinOf(kind, () => allowAll(kind, { context: { a: 1 } })).call()).context).toEqual(context);
  });

  test("of a simple answer has no principal", async () => {
    const { call } = twinOf("http-2.0", () => ({ isAuthorized: true }), { enableSimpleResponses: true });
    expect((await call()).context).toEqual({});
  });
});

test.for<[AuthorizerKind, object]>([
  ["rest-token", { resource: "/v1/{id}", pathParameters: { id: "a%20b" }, body: "x" }],
  ["rest-request", { resource: "/v1/{id}", pathParameters: { id: "a%20b" }, body: "x" }],
  ["http-1.0", { version: "1.0", resource: "/v1/{id}", pathParameters: { id: "a b" }, body: "x" }],
  ["http-2.0", { version: "2.0", routeKey: "POST /v1/{id}", pathParameters: { id: "a b" }, body: "x" }],
  ["websocket", { requestContext: { routeKey: "$connect", eventType: "CONNECT" } }],
])("%s: the function behind gets the call and the context, %j", async ([kind, members]) => {
  const { call } = twinOf(kind, () => allowAll(kind, { context: { n: 1 } }), { stageVariables: { a: "b" } });
  const { integration } = await call({ method: "POST", path: "/v1/a%20b", route: "POST /v1/{id}", body: "x" });
  expect(integration).toMatchObject({ ...members, stageVariables: { a: "b" } });
  const authorizer = kind === "http-2.0" ? { lambda: { n: 1 } } : { n: "1", principalId: "p" };
  expect(Object(integration?.["requestContext"])["authorizer"]).toEqual(authorizer);
});

describe("the event", () => {
  test.for(KINDS)("%s: is what the authorizer is given", async (kind) => {
    const { call, api } = twinOf(kind, () => allowAll(kind));
    const request = { path: "/v1/7", headers: TOKEN, route: "GET /v1/{id}", query: { a: "1 2" } };
    const { event } = await call(request);
    expect(event).toEqual(api.event(request));
    expect(event).toMatchObject({ type: kind === "rest-token" ? "TOKEN" : "REQUEST" });
  });

  test.for(KINDS)("%s: there is none where the identity is missing", (kind) => {
    expect(twinOf(kind, () => undefined).api.event({ path: "/a" })).toBeUndefined();
  });

  test("is a copy: what the authorizer does to it, nobody sees", async () => {
    const { call } = twinOf("rest-request", (event) => {
      Object.assign(Object(event["headers"]), { Authorization: "changed" });
      return allowAll("rest-request");
    });
    expect((await call()).event).toMatchObject({ headers: TOKEN });
  });

  test("names the API, its stage, the caller and the moment as told", () => {
    const { api } = twinOf("http-2.0", () => undefined, {
      stage: "v1",
      apiId: "abc",
      account: "000000000001",
      region: "eu-central-1",
      stageVariables: { a: "b" },
    });
    expect(api.event({ path: "/a", headers: TOKEN, sourceIp: "203.0.113.9" })).toMatchObject({
      routeArn: "arn:aws:execute-api:eu-central-1:000000000001:abc/v1/GET/a",
      stageVariables: { a: "b" },
      requestContext: { http: { sourceIp: "203.0.113.9" }, timeEpoch: 1_795_000_000_000 },
    });
  });

  test.for<[AuthorizerKind, string, string, string]>([
    ["rest-token", "us-gov-west-1", "aws-us-gov", "amazonaws.com"],
    ["rest-request", "cn-north-1", "aws-cn", "amazonaws.com.cn"],
    ["http-1.0", "cn-northwest-1", "aws-cn", "amazonaws.com.cn"],
    ["http-2.0", "cn-north-1", "aws-cn", "amazonaws.com.cn"],
    ["websocket", "us-gov-east-1", "aws-us-gov", "amazonaws.com"],
    ["http-2.0", "ap-northeast-2", "aws", "amazonaws.com"],
    ["http-2.0", "eusc-de-east-1", "aws-eusc", "amazonaws.eu"],
    ["http-1.0", "eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"],
    ["websocket", "us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"],
  ])("%s in %s: ARNs of %s, hosts below %s", async ([kind, region, partition, suffix]) => {
    const functions: string[] = [];
    const api = apiGateway({
      kind,
      region,
      authorizer: (event, { invokedFunctionArn }) => {
        functions.push(invokedFunctionArn);
        return policy(statement(askedArn({ ...event })));
      },
    });
    const { status, event } = await api.call({ path: "/a", headers: TOKEN });
    expect(status).toBe(200);
    expect(askedArn({ ...event })).toMatch(new RegExp(`^arn:${partition}:execute-api:${region}:123456789012:`));
    expect(functions).toEqual([`arn:${partition}:lambda:${region}:123456789012:function:authorizer`]);
    const { domainName } = Object(event?.["requestContext"]);
    if (domainName !== undefined) expect(domainName).toMatch(new RegExp(`\\.execute-api\\.${region}\\.${suffix}$`));
  });

  test("each call has an id of its own", async () => {
    const { call } = twinOf("rest-request", () => allowAll("rest-request"));
    const ids = [await call(), await call()].map(({ event }) => Object(event?.["requestContext"])["requestId"]);
    expect(new Set(ids).size).toBe(2);
  });
});

describe("the function", () => {
  test("gets the context of Lambda, whose time runs", async () => {
    const clock = new ManualClock();
    const remaining: number[] = [];
    let given: LambdaContext | undefined;
    const api = apiGateway({
      kind: "rest-token",
      clock,
      authorizer: (_event, context) => {
        given = context;
        remaining.push(context.getRemainingTimeInMillis());
        clock.advance(1);
        remaining.push(context.getRemainingTimeInMillis());
        clock.advance(100);
        remaining.push(context.getRemainingTimeInMillis());
        return allowAll("rest-token");
      },
    });
    await api.call({ path: "/a", headers: TOKEN });
    expect(remaining).toEqual([30_000, 29_000, 0]);
    expect(given?.invokedFunctionArn).toBe("arn:aws:lambda:us-east-1:123456789012:function:authorizer");
  });

  test("answers by JSON: what JSON does not have is gone", async () => {
    const context = { at: new Date(0), left: undefined };
    const { call } = twinOf("rest-token", () => allowAll("rest-token", { context }));
    expect((await call()).context).toEqual({ at: "1970-01-01T00:00:00.000Z", principalId: "p" });
  });

  test.for<[string, Behaviour, string | undefined]>([
    [
      "an operator that is not evaluated",
      () => policy(statement("*", { Condition: { Null: { "aws:SourceIp": "true" } } })),
      'Statement[0]: Condition: the operator "Null" is not evaluated here',
    ],
    [
      "a Resource that is too long",
      () => policy(statement(`${arnOf("rest-token")}${"x".repeat(512)}`)),
      "Statement[0]: Resource is longer than 512 characters",
    ],
    ["an error", throwing("down"), "the function failed"],
    ["a thrown 401", throwing("Unauthorized"), 'the function threw "Unauthorized"'],
    [
      "the caller's token in the answer",
      () => allowAll("rest-token", { context: { "a.b.c-secret": {} } }),
      "context.… is of a type that this kind of API does not pass on",
    ],
    ["a refusal", () => policy(statement("*", { Effect: "Deny" })), undefined],
    ["an Allow", () => allowAll("rest-token"), undefined],
  ])("%s: why there is no answer is said, without a credential", async ([, behaviour, problem]) => {
    const headers = { Authorization: "Bearer a.b.c-secret" };
    expect((await twinOf("rest-token", behaviour).call({ headers })).problem).toBe(problem);
  });

  test("an answer that has no JSON is a failure", async () => {
    const loop: Record<string, unknown> = {};
    loop["loop"] = loop;
    expect((await twinOf("rest-token", () => loop).call()).status).toBe(500);
    expect((await twinOf("rest-token", () => () => "x").call()).status).toBe(500);
  });

  test.for<[string, unknown, number]>([
    ["a text", "Unauthorized", 401],
    ["another text", "no", 500],
    ["nothing", undefined, 500],
  ])("may throw what is no Error: %s", async ([, thrown, status]) => {
    expect((await twinOf("rest-token", () => Promise.reject(thrown)).call()).status).toBe(status);
  });
});

describe("a context variable as identity source", () => {
  test.for<[AuthorizerKind, string]>([
    ["rest-request", "context.domainName"],
    ["rest-request", "context.resourcePath"],
    ["http-2.0", "$context.domainName"],
    ["http-1.0", "$context.routeKey"],
    ["websocket", "context.routeKey"],
    ["websocket", "context.eventType"],
  ])("%s has %s", async ([kind, source]) => {
    const { call } = twinOf(kind, () => allowAll(kind), { identitySource: [source] });
    expect(await call()).toMatchObject({ status: 200, asked: true });
  });

  test.for<[AuthorizerKind, string]>([
    ["http-2.0", "$context.identity.userAgent"],
    ["websocket", "context.identity.userAgent"],
  ])("%s: %s of a client that does not say it is missing", async ([kind, source]) => {
    const { call } = twinOf(kind, () => allowAll(kind), { identitySource: [source] });
    expect((await call()).status).toBe(401);
    expect((await call({ headers: { "User-Agent": "curl" } })).status).toBe(200);
  });
});

describe("an API that AWS would not make", () => {
  test.for<[string, Partial<TwinOptions>, RegExp]>([
    ["an unknown identity source", { identitySource: ["$request.header.X"] }, /^no such API: identity source/],
    [
      "an unknown context variable",
      { kind: "rest-request", identitySource: ["context.nothing"] },
      /context\.nothing.*resourcePath/,
    ],
    ["the path of a WebSocket API", { kind: "websocket", identitySource: ["context.path"] }, /context\.path.*routeKey/],
    ["the resource of an HTTP API", { kind: "http-2.0", identitySource: ["$context.resourcePath"] }, /resourcePath/],
    [
      "an expression of another dialect",
      { identityValidationExpression: "(?i)bearer" },
      /"\(\?i\)bearer" is not a regular/,
    ],
    ["a cache without identity", { kind: "rest-request", identitySource: [] }, /needs at least one identity source/],
    ["simple answers of a REST API", { enableSimpleResponses: true }, /enableSimpleResponses is for HTTP APIs/],
    ["a time to live out of range", { ttl: 3601 }, /0 to 3600/],
    ["a partition of other regions", { partition: "aws-cn" }, /us-east-1 is in the partition aws, not in "aws-cn"/],
    ["a region that is none", { region: "local" }, /"local" is no region/],
    ["an account of eleven digits", { account: "12345678901" }, /"12345678901" is not twelve digits/],
    ["an id that is none", { apiId: "a/b" }, /apiId "a\/b"/],
    ["the default stage of an HTTP API", { stage: "$default" }, /stage "\$default" is not letters/],
    ["an empty stage", { kind: "http-2.0", stage: "" }, /, or \$default$/],
    ["an unknown setting", { settings: { ...({ x: 1 } as object) } }, /settings\.x is unknown/],
  ])("%s", ([, options, message]) => {
    expect(() => apiGateway({ kind: "rest-token", authorizer: () => undefined, ...options })).toThrow(message);
  });

  test("every problem is named at once", () => {
    const make = () =>
      apiGateway({ kind: "rest-token", authorizer: () => undefined, ttl: -1, enableSimpleResponses: true });
    expect(make).toThrow(/0 to 3600; enableSimpleResponses/);
  });
});

test.for<[string, string, string, boolean]>([
  ["a token that the expression takes", "Bearer a.b.c", "/a", true],
  ["another one", "Basic a", "/a", false],
  ["an ARN over 1,600 bytes", "Bearer a.b.c", `/${"a".repeat(1600)}`, false],
])("the event that AWS would send, for %s: there is one", ([, token, path, isSent]) => {
  const { api } = twinOf("rest-token", () => undefined, { identityValidationExpression: "^Bearer " });
  expect(api.event({ path, headers: { Authorization: token } }) !== undefined).toBe(isSent);
});

test("two twins share nothing", async () => {
  const behaviour = (event: Readonly<Record<string, unknown>>) => policy(statement(askedArn(event)));
  const [one, other] = [twinOf("rest-token", behaviour, { ttl: 60 }), twinOf("rest-token", behaviour, { ttl: 60 })];
  await one.call();
  expect(await other.call({ path: "/b" })).toMatchObject({ status: 200, asked: true });
  expect(one.reported).toEqual([]);
});
