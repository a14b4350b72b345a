import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { configureProvider, provider } from "../../../offline/api-gateway/authentication-provider.ts";
import type { HapiRequest } from "../../../offline/api-gateway/hapi-request.ts";
import { invokeFunction } from "../../../offline/api-gateway/lambda-endpoint.ts";

/** The Lambda API as serverless-offline serves it; `respond` is what the function does. */
let respond: (response: ServerResponse, event: Record<string, unknown>) => void;
let asked: { path: string | undefined; event: Record<string, unknown> }[] = [];
let reported: string[] = [];
const lambda = createServer(async (request, response) => {
  const event: Record<string, unknown> = JSON.parse(await text(request));
  asked.push({ path: request.url, event });
  respond(response, event);
});
let lambdaUrl: string;

beforeAll(async () => {
  lambda.listen(0, "127.0.0.1");
  await once(lambda, "listening");
  const address = lambda.address();
  lambdaUrl = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
  configureProvider({
    stage: "dev",
    lambdaUrl,
    functionNames: { authorizer: "podgate-dev-authorizer" },
    httpApiAuthorizers: {
      simple: {
        type: "request",
        functionName: "authorizer",
        enableSimpleResponses: true,
        identitySource: ["$request.header.Authorization"],
      },
    },
    report: (line) => reported.push(line),
  });
});
afterAll(async () => {
  lambda.close();
  lambda.closeAllConnections();
  await once(lambda, "close");
});
beforeEach(() => {
  asked = [];
  reported = [];
});

const returns = (value: unknown) => (response: ServerResponse) => response.end(JSON.stringify(value));
const throws = (errorMessage: string) => (response: ServerResponse) => {
  response.setHeader("X-Amz-Function-Error", "Unhandled");
  response.end(JSON.stringify({ errorMessage, errorType: "Error" }));
};

function hapiRequest(url: string, rawHeaders: string[] = ["Authorization", "Bearer a.b.c"]): HapiRequest {
  return {
    method: "get",
    params: { proxy: "orders/7" },
    headers: Object.fromEntries(
      rawHeaders.flatMap((name, i) => (i % 2 ? [] : [[name.toLowerCase(), rawHeaders[i + 1]]])),
    ),
    info: { id: "request-1", received: 0, remoteAddress: "127.0.0.1" },
    raw: { req: { url, rawHeaders } },
  };
}

/** hapi's toolkit, as far as the provider uses it; what it makes is what hapi would send or hand on. */
function toolkit() {
  const sent: { status?: number; headers: Record<string, string>; body: string } = { headers: {}, body: "" };
  const response = {
    code: (status: number) => {
      sent.status = status;
      return response;
    },
    header: (name: string, value: string) => {
      sent.headers[name] = value;
      return response;
    },
    takeover: () => sent,
  };
  return {
    authenticated: (data: { credentials: object }) => data,
    response: (body: string) => {
      sent.body = body;
      return response;
    },
  };
}

const rest = () => provider({ authorizer: "authorizer" }, "orders", "ANY", "/v1/{proxy+}");
const http = () => provider({ authorizer: { name: "simple" }, isHttpApi: true }, "orders", "ANY", "/v1/{proxy+}");
const open = () => provider({}, "whoami", "GET", "/whoami");
const authenticate = (scheme: ReturnType<typeof provider>, request: HapiRequest) =>
  scheme.getAuthenticateFunction().authenticate(request, toolkit());

const allowAll = {
  principalId: "dev/payments/billing",
  policyDocument: { Statement: { Effect: "Allow", Action: "*", Resource: "*" } },
  context: { principal: "dev/payments/billing", expiresAt: 5 },
};

describe("a route with a REST authorizer", () => {
  test("asks the function with AWS's event and hands its context on", async () => {
    respond = returns(allowAll);
    const result = await authenticate(rest(), hapiRequest("/dev/v1/orders/7?x=1"));
    expect(asked).toEqual([
      {
        path: "/2015-03-31/functions/podgate-dev-authorizer/invocations",
        event: {
          type: "TOKEN",
          methodArn: "arn:aws:execute-api:us-east-1:123456789012:offlinerest/dev/GET/v1/orders/7",
          authorizationToken: "Bearer a.b.c",
        },
      },
    ]);
    expect(result).toMatchObject({
      credentials: {
        principalId: "dev/payments/billing",
        context: { principal: "dev/payments/billing", expiresAt: "5" },
      },
    });
  });

  test.for<[string, string]>([
    ["/dev/v1/../v2", "/v1/../v2"],
    ["/dev/v1/%2e%2E/a%2Fb", "/v1/%2e%2E/a%2Fb"],
    ["/dev//v1", "//v1"],
    ["/dev/v1/?x", "/v1/"],
    ["/dev", "/"],
  ])("%s is judged as it was sent: %s", async ([url, path]) => {
    respond = returns(allowAll);
    await authenticate(rest(), hapiRequest(url));
    expect(asked[0]?.event["methodArn"]).toBe(`arn:aws:execute-api:us-east-1:123456789012:offlinerest/dev/GET${path}`);
  });

  test.for(["/x/../dev/v1", "/devil/v1", "/%64ev/v1"])("%s is no path of the stage: 403, not asked", async (url) => {
    expect(await authenticate(rest(), hapiRequest(url))).toMatchObject({
      status: 403,
      body: '{"message":"Forbidden"}',
    });
    expect(asked).toEqual([]);
  });

  test("no token is 401, and the function is not asked", async () => {
    const answer = await authenticate(rest(), hapiRequest("/dev/v1/x", []));
    expect(answer).toMatchObject({ status: 401, body: '{"message":"Unauthorized"}' });
    expect(asked).toEqual([]);
  });

  test("a thrown Unauthorized is 401 and nothing to report", async () => {
    respond = throws("Unauthorized");
    expect(await authenticate(rest(), hapiRequest("/dev/v1/x"))).toMatchObject({ status: 401 });
    expect(reported).toEqual([]);
  });

  test("another error is 500, reported without what the function or the client said", async () => {
    respond = throws("secret-text");
    expect(await authenticate(rest(), hapiRequest("/dev/v1/x"))).toMatchObject({
      status: 500,
      body: '{"message":null}',
      headers: { "x-amzn-errortype": "AuthorizerFailureException" },
    });
    expect(reported).toHaveLength(1);
    expect(reported[0]).not.toMatch(/secret-text|a\.b\.c/);
  });
});

describe("a route with an HTTP API authorizer", () => {
  test("asks with the stage $default and the decoded path, and hands the context on with its types", async () => {
    respond = returns({ isAuthorized: true, context: { expiresAt: 5 } });
    const result = await authenticate(http(), hapiRequest("/v1/a%20b"));
    expect(asked[0]?.event).toMatchObject({
      version: "2.0",
      routeArn: "arn:aws:execute-api:us-east-1:123456789012:offlinehttp/$default/GET/v1/a b",
      routeKey: "ANY /v1/{proxy+}",
      pathParameters: { proxy: "orders/7" },
    });
    expect(result).toMatchObject({ credentials: { context: { expiresAt: 5 } } });
  });

  test.for<[unknown, number, string]>([
    [{ isAuthorized: false }, 403, '{"message":"Forbidden"}'],
    [{ isAuthorized: "true" }, 500, '{"message":"Internal Server Error"}'],
  ])("%j: %i", async ([value, status, body]) => {
    respond = returns(value);
    expect(await authenticate(http(), hapiRequest("/v1/x"))).toMatchObject({ status, body });
  });
});

describe("a route without an authorizer", () => {
  test("passes, with no context and no function asked", async () => {
    expect(await authenticate(open(), hapiRequest("/whoami", []))).toEqual({ credentials: {} });
    expect(asked).toEqual([]);
  });
});

test.for([
  { route: "open", scheme: open },
  { route: "guarded", scheme: rest },
])("a client cannot replace the context of an $route route", async ({ scheme }) => {
  respond = returns(allowAll);
  const request = hapiRequest("/dev/v1/x", ["A", "1", "sls-offline-authorizer-override", "{}", "Authorization", "b"]);
  await authenticate(scheme(), request);
  expect(request.raw.req.rawHeaders).toEqual(["A", "1", "Authorization", "b"]);
  expect(request.headers).not.toHaveProperty("sls-offline-authorizer-override");
});

describe("a configuration that cannot be kept", () => {
  test.for([
    { name: "an authorizer function that does not exist", authorizer: "toString" },
    { name: "an authorizer of another type", authorizer: { type: "AWS_IAM" } },
  ])("$name starts nothing", ({ authorizer }) => {
    expect(() => provider({ authorizer }, "orders", "GET", "/v1")).toThrow(Error);
  });

  test("each route has a scheme of its own", () => {
    const names = [rest(), http(), open(), provider({}, "orders", "POST", "/v1/{proxy+}")].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("asking a function", () => {
  const outcomeOf = async (timeoutMilliseconds?: number) =>
    invokeFunction(lambdaUrl, "f", {}, ...(timeoutMilliseconds === undefined ? [] : [timeoutMilliseconds]));

  test.for<[string, (response: ServerResponse) => unknown, object]>([
    ["a value", returns({ a: 1 }), { outcome: "returned", value: { a: 1 } }],
    ["no value", (response) => response.end(), { outcome: "returned", value: undefined }],
    ["an error", throws("Unauthorized"), { outcome: "failed", message: "Unauthorized" }],
    ["a text that is no JSON", (response) => response.end("Unauthorized"), { outcome: "failed" }],
    ["an unknown function", (response) => response.writeHead(404).end("{}"), { outcome: "failed" }],
    ["a connection that ends", (response) => response.destroy(), { outcome: "failed" }],
  ])("%s", async ([, does, outcome]) => {
    respond = (response) => void does(response);
    expect(await outcomeOf()).toMatchObject(outcome);
  });

  test("no answer in time is a failure", async () => {
    respond = () => undefined;
    expect(await outcomeOf(20)).toMatchObject({ outcome: "failed" });
  });
});

test("serverless-offline's way of loading gives the function itself", () => {
  const load = createRequire(import.meta.url);
  expect(load("../../../offline/api-gateway/authentication-provider.ts")).toBeTypeOf("function");
});
