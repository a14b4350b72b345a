import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { configureProvider, provider } from "../../../offline/api-gateway/authentication-provider.ts";
import {
  allowAll,
  authenticate,
  HTTP_API_AUTHORIZERS,
  hapiRequest,
  http,
  type LambdaApi,
  open,
  rest,
  returns,
  startLambdaApi,
  throws,
} from "./provider-routes.ts";

let lambda: LambdaApi;
let reported: string[] = [];

beforeAll(async () => {
  lambda = await startLambdaApi();
});
afterAll(() => lambda[Symbol.asyncDispose]());
beforeEach(() => {
  lambda.asked = [];
  reported = [];
  configureProvider({
    stage: "dev",
    lambdaUrl: lambda.url,
    functionNames: { authorizer: "podgate-dev-authorizer" },
    httpApiAuthorizers: HTTP_API_AUTHORIZERS,
    report: (line) => reported.push(line),
  });
});

describe("a route with a REST authorizer", () => {
  test("asks the function with AWS's event and hands its context on", async () => {
    lambda.respond = returns(allowAll);
    const result = await authenticate(rest(), hapiRequest("/dev/v1/orders/7?x=1"));
    expect(lambda.asked).toEqual([
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
    lambda.respond = returns(allowAll);
    await authenticate(rest(), hapiRequest(url));
    expect(lambda.asked[0]?.event["methodArn"]).toBe(
      `arn:aws:execute-api:us-east-1:123456789012:offlinerest/dev/GET${path}`,
    );
  });

  test("path parameters keep the encoding, and are hapi's where the path as sent is not of the template", async () => {
    lambda.respond = returns(allowAll);
    const request = () =>
      provider(
        { authorizer: { name: "authorizer", type: "request", resultTtlInSeconds: 0 } },
        "orders",
        "ANY",
        "/v1/{proxy+}",
      );
    await authenticate(request(), hapiRequest("/dev/v1/a%2Fb%20c"));
    await authenticate(request(), hapiRequest("/dev/x/../v1/orders/7"));
    expect(lambda.asked.map(({ event }) => event["pathParameters"])).toEqual([
      { proxy: "a%2Fb%20c" },
      { proxy: "orders/7" },
    ]);
  });

  test("serverless-offline finds path and parameters as a REST API delivers them, query and all", async () => {
    lambda.respond = returns(allowAll);
    for (const scheme of [rest(), provider({}, "orders", "ANY", "/v1/{proxy+}")]) {
      const request = hapiRequest("/dev/v1/a%2Fb%20c/../d?x=%2F&y");
      await authenticate(scheme, request);
      expect(request).toMatchObject({ path: "/dev/v1/a%2Fb%20c/../d", params: { proxy: "a%2Fb%20c/../d" } });
    }
  });

  test("a template without its first slash is one all the same", async () => {
    lambda.respond = returns(allowAll);
    const scheme = provider({ authorizer: { name: "authorizer", type: "request" } }, "orders", "GET", "v1/{id}");
    await authenticate(scheme, hapiRequest("/dev/v1/7"));
    expect(lambda.asked[0]?.event).toMatchObject({ resource: "/v1/{id}", pathParameters: { id: "7" } });
  });

  test.for(["/x/../dev/v1", "/devil/v1", "/%64ev/v1"])("%s is no path of the stage: 403, not asked", async (url) => {
    expect(await authenticate(rest(), hapiRequest(url))).toMatchObject({
      status: 403,
      body: '{"message":"Forbidden"}',
    });
    expect(lambda.asked).toEqual([]);
  });

  test("no token is 401, and the function is not asked", async () => {
    const answer = await authenticate(rest(), hapiRequest("/dev/v1/x", []));
    expect(answer).toMatchObject({ status: 401, body: '{"message":"Unauthorized"}' });
    expect(lambda.asked).toEqual([]);
  });

  test("a thrown Unauthorized is 401 and nothing to report", async () => {
    lambda.respond = throws("Unauthorized");
    expect(await authenticate(rest(), hapiRequest("/dev/v1/x"))).toMatchObject({ status: 401 });
    expect(reported).toEqual([]);
  });

  test("another error is 500, reported without what the function or the client said", async () => {
    lambda.respond = throws("secret-text");
    expect(await authenticate(rest(), hapiRequest("/dev/v1/x"))).toMatchObject({
      status: 500,
      body: '{"message":null}',
      headers: { "x-amzn-errortype": "AuthorizerFailureException" },
    });
    expect(reported).toEqual([
      expect.stringContaining("500 is right"),
      expect.stringContaining("500, function-failed"),
    ]);
    expect(reported.join()).not.toMatch(/secret-text|a\.b\.c/);
  });
});

describe("a route with an HTTP API authorizer", () => {
  test("asks with the stage $default and the decoded path, and hands the context on with its types", async () => {
    lambda.respond = returns({ isAuthorized: true, context: { expiresAt: 5 } });
    const result = await authenticate(http(), hapiRequest("/v1/a%20b"));
    expect(lambda.asked[0]?.event).toMatchObject({
      version: "2.0",
      routeArn: "arn:aws:execute-api:us-east-1:123456789012:offlinehttp/$default/GET/v1/a b",
      routeKey: "ANY /v1/{proxy+}",
      pathParameters: { proxy: "a b" },
    });
    expect(result).toMatchObject({ credentials: { context: { expiresAt: 5 } } });
  });

  test("serverless-offline finds the path decoded and cut at a decoded ?, and the query as it was sent", async () => {
    lambda.respond = returns({ isAuthorized: true });
    const openRoute = provider({ isHttpApi: true }, "orders", "ANY", "/v1/{proxy+}");
    for (const scheme of [http(), openRoute]) {
      const request = hapiRequest("/v1/a%20b%3Fc?x=%2F&y");
      await authenticate(scheme, request);
      expect(request).toMatchObject({
        path: "/v1/a b",
        params: { proxy: "a b" },
        url: { pathname: "/v1/a b", search: "?x=%2F&y" },
      });
      const { searchParams } = Object(Reflect.get(request, "url"));
      expect([String(searchParams), [...searchParams]]).toEqual([
        "x=%2F&y",
        [
          ["x", "/"],
          ["y", ""],
        ],
      ]);
    }
  });

  test.for<[string | undefined, string[]]>([
    [undefined, ["authorization", "a,b", "x", "1"]],
    ["2.0", ["authorization", "a,b", "x", "1"]],
    ["1.0", ["Authorization", "a", "Cookie", "c=1", "authorization", "b", "X", "1"]],
  ])("of payload %s serverless-offline finds a header that came twice as AWS delivers it", async ([payload, found]) => {
    lambda.respond = returns({ isAuthorized: true });
    const of = { isHttpApi: true, ...(payload !== undefined && { payload }) };
    for (const authorizer of [undefined, { name: "simple" }]) {
      const scheme = provider({ ...of, authorizer }, "orders", "ANY", "/v1/{proxy+}");
      const request = hapiRequest("/v1/a", ["Authorization", "a", "Cookie", "c=1", "authorization", "b", "X", "1"]);
      await authenticate(scheme, request);
      expect(request.raw.req.rawHeaders).toEqual(found);
    }
  });

  test.for<[unknown, number, string]>([
    [{ isAuthorized: false }, 403, '{"message":"Forbidden"}'],
    [{ isAuthorized: "true" }, 500, '{"message":"Internal Server Error"}'],
  ])("%j: %i", async ([value, status, body]) => {
    lambda.respond = returns(value);
    expect(await authenticate(http(), hapiRequest("/v1/x"))).toMatchObject({ status, body });
  });
});

describe("a route without an authorizer", () => {
  test("passes, with no context and no function asked", async () => {
    expect(await authenticate(open(), hapiRequest("/whoami", []))).toEqual({ credentials: {} });
    expect(lambda.asked).toEqual([]);
  });
});

test.for([
  { route: "open", scheme: open },
  { route: "guarded", scheme: rest },
])("a client cannot replace the context of an $route route", async ({ scheme }) => {
  lambda.respond = returns(allowAll);
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

test("serverless-offline's way of loading gives the function itself", async () => {
  const module = fileURLToPath(new URL("../../../offline/api-gateway/authentication-provider.ts", import.meta.url));
  const script = `process.stdout.write(typeof require(${JSON.stringify(module)}))`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--eval", script]);
  expect(stdout).toBe("function");
});
