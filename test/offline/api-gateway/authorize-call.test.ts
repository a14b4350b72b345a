import { describe, expect, test } from "vitest";
import {
  type AuthorizerRules,
  authorizeCall,
  type CallAuthorizer,
  type CallDecision,
} from "../../../offline/api-gateway/authorize-call.ts";
import type { Invocation } from "../../../offline/api-gateway/authorizer-answer.ts";
import { callArn, type GatewayRequest } from "../../../offline/api-gateway/gateway-request.ts";
import { ResultCache } from "../../../offline/api-gateway/result-cache.ts";
import { fixedClock } from "../../support/manual-clock.ts";
import { gatewayRequest, httpRequest } from "./request.ts";

const REST_DENIED = { Message: "User is not authorized to access this resource with an explicit deny" };
const REST_NOT_ALLOWED = { Message: "User is not authorized to access this resource" };

const rest = gatewayRequest();
const restRequest = gatewayRequest({ kind: "rest-request" });
const http = httpRequest();
const http1 = httpRequest({ kind: "http-1.0" });
const websocket = gatewayRequest({ kind: "websocket", identitySource: ["route.request.header.Authorization"] });
const SIMPLE = { enableSimpleResponses: true };

const policyFor = (Resource: string, Effect = "Allow") => ({
  Version: "2012-10-17",
  Statement: [{ Effect, Action: "execute-api:Invoke", Resource }],
});
const allowing = (request: GatewayRequest, more: object = {}) => ({
  principalId: "dev/payments/billing",
  policyDocument: policyFor(callArn(request)),
  ...more,
});

const returned = (value: unknown): Invocation => ({ outcome: "returned", value });
const failed = (message: string): Invocation => ({ outcome: "failed", message });
/** The decision of a call whose authorizer keeps nothing. */
const judge = async (request: GatewayRequest, rules: AuthorizerRules, invoke: CallAuthorizer["invoke"]) =>
  (await authorizeCall(request, { rules, invoke, cache: new ResultCache(0, fixedClock(0)) })).decision;
const decide = (request: GatewayRequest, invocation: Invocation, rules: AuthorizerRules = {}) =>
  judge(request, rules, async () => invocation);

/** `allow`, or status and body. */
function seen(decision: CallDecision): unknown {
  if (decision.outcome === "allow") return "allow";
  return [decision.response.status, JSON.parse(decision.response.body)];
}

/** Fails the test when the function is asked. */
const unasked = () => Promise.reject(new Error("the function was asked"));

describe("identity sources: what is missing or empty is 401, and the function is not asked", () => {
  const unauthorized = [401, { message: "Unauthorized" }];
  test.for<[string, GatewayRequest]>([
    ["REST TOKEN, no header", gatewayRequest({ headers: [] })],
    ["REST TOKEN, an empty header", gatewayRequest({ headers: [["Authorization", ""]] })],
    [
      "REST REQUEST, one of two missing",
      { ...restRequest, identitySource: [...restRequest.identitySource, "method.request.querystring.key"] },
    ],
    ["REST REQUEST, an unset stage variable", { ...restRequest, identitySource: ["stageVariables.x"] }],
    ["REST REQUEST, an unknown context variable", { ...restRequest, identitySource: ["context.nothing"] }],
    ["HTTP API, no header", { ...http, headers: [["X-Authorization", "Bearer a.b.c"]] }],
    ["HTTP API, an empty query parameter", { ...http, query: "key=", identitySource: ["$request.querystring.key"] }],
    ["WebSocket, no header", { ...websocket, headers: [] }],
  ])("%s", async ([, request]) => {
    let asked = false;
    const decision = await judge(request, SIMPLE, async () => {
      asked = true;
      return returned({ isAuthorized: true });
    });
    expect(seen(decision)).toEqual(unauthorized);
    expect(asked).toBe(false);
  });

  test.for<[string, GatewayRequest, unknown]>([
    ["a header in any case", gatewayRequest({ headers: [["authorization", "Bearer x"]] }), "Bearer x"],
    [
      "REST takes the last of two",
      gatewayRequest({
        headers: [
          ["Authorization", "one"],
          ["authorization", "two"],
        ],
      }),
      "two",
    ],
  ])("REST TOKEN: %s", async ([, request, token]) => {
    let sent: Readonly<Record<string, unknown>> = {};
    await judge(request, {}, async (event) => {
      sent = event;
      return failed("");
    });
    expect(sent["authorizationToken"]).toBe(token);
  });

  test.for<[string, Partial<GatewayRequest>, unknown]>([
    [
      "two headers joined",
      {
        headers: [
          ["Authorization", "one"],
          ["authorization", "two"],
        ],
      },
      ["one,two"],
    ],
    ["a query parameter", { query: "key=a%20b", identitySource: ["$request.querystring.key"] }, ["a b"]],
    ["a stage variable", { stageVariables: { x: "1" }, identitySource: ["$stageVariables.x"] }, ["1"]],
    [
      "context, in the configured order",
      { identitySource: ["$context.path", "$context.httpMethod", "$context.routeKey"] },
      ["/v1/orders/7", "GET", "ANY /v1/{proxy+}"],
    ],
    ["the path of a stage with a name", { stage: "prod", identitySource: ["$context.path"] }, ["/prod/v1/orders/7"]],
    ["none configured", { headers: [], identitySource: [] }, null],
  ])("HTTP API: %s", async ([, changes, identitySource]) => {
    let sent: Readonly<Record<string, unknown>> = {};
    await judge(httpRequest(changes), {}, async (event) => {
      sent = event;
      return failed("");
    });
    expect(sent["identitySource"]).toEqual(identitySource);
  });
});

describe("identityValidationExpression", () => {
  const rules = { identityValidationExpression: /^Bearer [-\w.]+$/ };

  test("a TOKEN that does not match is 401, and the function is not asked", async () => {
    const request = gatewayRequest({ headers: [["Authorization", "Basic x"]] });
    expect(seen(await judge(request, rules, unasked))).toEqual([401, { message: "Unauthorized" }]);
  });

  test("a TOKEN that matches goes to the function", async () => {
    expect(seen(await decide(rest, returned(allowing(rest)), rules))).toBe("allow");
  });

  test("a REQUEST authorizer has none", async () => {
    const request = { ...restRequest, headers: [["Authorization", "Basic x"]] as const };
    expect(seen(await decide(request, returned(allowing(request)), rules))).toBe("allow");
  });
});

describe("a function that fails", () => {
  test.for<[string, GatewayRequest, string, unknown]>([
    ["REST TOKEN, exactly Unauthorized", rest, "Unauthorized", [401, { message: "Unauthorized" }]],
    ["REST REQUEST, exactly Unauthorized", restRequest, "Unauthorized", [401, { message: "Unauthorized" }]],
    ["WebSocket, exactly Unauthorized", websocket, "Unauthorized", [401, { message: "Unauthorized" }]],
    ["REST, more text", rest, "Unauthorized.", [500, { message: null }]],
    ["REST, another case", rest, "unauthorized", [500, { message: null }]],
    ["REST, no text", rest, "", [500, { message: null }]],
    ["HTTP API 2.0, Unauthorized", http, "Unauthorized", [500, { message: "Internal Server Error" }]],
    ["HTTP API 1.0, Unauthorized", http1, "Unauthorized", [500, { message: "Internal Server Error" }]],
    ["HTTP API 2.0, anything", http, "boom", [500, { message: "Internal Server Error" }]],
  ])("%s", async ([, request, message, answer]) => {
    expect(seen(await decide(request, failed(message)))).toEqual(answer);
  });

  test("a function that cannot be asked is 500", async () => {
    const decision = await judge(rest, {}, () => Promise.reject(new Error("Unauthorized")));
    expect(seen(decision)).toEqual([500, { message: null }]);
  });

  test.for([
    { invocation: failed("boom"), type: "AuthorizerFailureException" },
    { invocation: failed("Unauthorized"), type: "UnauthorizedException" },
    { invocation: returned({}), type: "AuthorizerConfigurationException" },
    { invocation: returned(allowing(rest, { policyDocument: policyFor("*", "Deny") })), type: "AccessDeniedException" },
  ])("REST names the error: $type", async ({ invocation, type }) => {
    const decision = await decide(rest, invocation);
    expect(decision).toMatchObject({ response: { headers: { "x-amzn-errortype": type } } });
  });

  test("neither body nor problem repeats what the function said", async () => {
    expect(JSON.stringify(await decide(rest, failed("secret-text")))).not.toContain("secret-text");
  });
});

describe("a policy", () => {
  test.for<[string, GatewayRequest, object, unknown]>([
    ["REST, allowed", rest, policyFor(callArn(rest)), "allow"],
    ["REST REQUEST, allowed", restRequest, policyFor(callArn(restRequest)), "allow"],
    ["HTTP API 2.0, allowed", http, policyFor(callArn(http)), "allow"],
    ["HTTP API 1.0, allowed", http1, policyFor(callArn(http1)), "allow"],
    ["WebSocket, allowed", websocket, policyFor(callArn(websocket)), "allow"],
    ["REST, another path", rest, policyFor(`${callArn(rest)}8`), [403, REST_NOT_ALLOWED]],
    ["REST, denied", rest, policyFor("*", "Deny"), [403, REST_DENIED]],
    ["HTTP API, another path", http, policyFor(`${callArn(http)}8`), [403, { message: "Forbidden" }]],
    ["HTTP API, denied", http, policyFor("*", "Deny"), [403, { message: "Forbidden" }]],
    ["WebSocket, denied", websocket, policyFor("*", "Deny"), [403, REST_DENIED]],
    ["REST, unreadable", rest, policyFor("*", "allow"), [500, { message: null }]],
    ["HTTP API, unreadable", http, policyFor("*", "allow"), [500, { message: "Internal Server Error" }]],
  ])("%s", async ([, request, policyDocument, answer]) => {
    expect(seen(await decide(request, returned({ principalId: "p", policyDocument })))).toEqual(answer);
  });
});

describe("a simple answer", () => {
  test.for<[unknown, unknown]>([
    [{ isAuthorized: true }, "allow"],
    [{ isAuthorized: true, context: { a: 1 } }, "allow"],
    [{ isAuthorized: false }, [403, { message: "Forbidden" }]],
    [{ isAuthorized: "true" }, [500, { message: "Internal Server Error" }]],
    [{ isAuthorized: 1 }, [500, { message: "Internal Server Error" }]],
    [{ isAuthorized: null }, [500, { message: "Internal Server Error" }]],
    [{}, [500, { message: "Internal Server Error" }]],
    [[], [500, { message: "Internal Server Error" }]],
    [undefined, [500, { message: "Internal Server Error" }]],
    ["Unauthorized", [500, { message: "Internal Server Error" }]],
    [allowing(http), [500, { message: "Internal Server Error" }]],
  ])("%j: %j", async ([value, answer]) => {
    expect(seen(await decide(http, returned(value), SIMPLE))).toEqual(answer);
  });

  test("is no answer where a policy is expected", async () => {
    expect(seen(await decide(http, returned({ isAuthorized: true })))).toEqual([
      500,
      { message: "Internal Server Error" },
    ]);
    expect(seen(await decide(rest, returned({ isAuthorized: true }), SIMPLE))).toEqual([500, { message: null }]);
  });
});

describe("an answer in the wrong form is 500", () => {
  test.for<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["the text Unauthorized", "Unauthorized"],
    ["an answer over HTTP", { statusCode: 401, body: "" }],
    ["no principalId", { policyDocument: policyFor("*") }],
    ["an empty principalId", { principalId: "", policyDocument: policyFor("*") }],
    ["a principalId that is a number", { principalId: 1, policyDocument: policyFor("*") }],
    ["no policyDocument", { principalId: "p" }],
    ["a policyDocument that is a text", { principalId: "p", policyDocument: JSON.stringify(policyFor("*")) }],
    ["a usageIdentifierKey that is a number", allowing(rest, { usageIdentifierKey: 1 })],
    ["a context that is a list", allowing(rest, { context: [] })],
  ])("%s", async ([, value]) => {
    const decision = await decide(rest, returned(value));
    expect(decision).toMatchObject({
      rejection: "answer-invalid",
      response: { status: 500 },
      problem: expect.any(String),
    });
  });

  test.for([
    { bytes: 8192, outcome: "allow" },
    { bytes: 8193, outcome: [500, { message: null }] },
  ])("$bytes bytes in all: $outcome", async ({ bytes, outcome }) => {
    const filled = (pad: string) => allowing(rest, { context: { pad } });
    const value = filled("x".repeat(bytes - JSON.stringify(filled("")).length));
    expect(Buffer.byteLength(JSON.stringify(value))).toBe(bytes);
    expect(seen(await decide(rest, returned(value)))).toEqual(outcome);
  });
});

describe("context values", () => {
  const REST_500 = [500, { message: null }];
  const HTTP_500 = [500, { message: "Internal Server Error" }];
  test.for<[string, GatewayRequest, unknown, unknown]>([
    ["REST, scalars", rest, { a: "x", b: 1, c: false }, "allow"],
    ["REST, a list", rest, { a: [] }, REST_500],
    ["REST, a map", rest, { a: {} }, REST_500],
    ["REST, null", rest, { a: null }, REST_500],
    ["WebSocket, a list", websocket, { a: [] }, REST_500],
    ["HTTP API 1.0, a list", http1, { a: [] }, HTTP_500],
    ["HTTP API 2.0, a list and a map", http, { a: [1], b: { c: 1 } }, "allow"],
    ["HTTP API 2.0, null", http, { a: null }, HTTP_500],
  ])("%s", async ([, request, context, answer]) => {
    expect(seen(await decide(request, returned(allowing(request, { context }))))).toEqual(answer);
  });

  test("REST hands them on as texts, with the principal", async () => {
    const value = allowing(rest, { context: { a: "x", b: 1, c: false }, usageIdentifierKey: "key" });
    expect(await decide(rest, returned(value))).toEqual({
      outcome: "allow",
      principalId: "dev/payments/billing",
      usageIdentifierKey: "key",
      context: { a: "x", b: "1", c: "false" },
    });
  });

  test("HTTP APIs of payload 2.0 keep their types", async () => {
    const context = { a: "x", b: 1, c: [true] };
    expect(await decide(http, returned({ isAuthorized: true, context }), SIMPLE)).toEqual({
      outcome: "allow",
      context,
    });
  });
});

test("an answer holds nothing of the request: the same one allows one call and refuses the next", async () => {
  const value = returned(allowing(rest));
  expect(seen(await decide(rest, value))).toBe("allow");
  expect(seen(await decide({ ...rest, path: "/v1/orders/8" }, value))).toEqual([403, REST_NOT_ALLOWED]);
});
