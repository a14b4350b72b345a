import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { configureProvider, provider } from "../../../offline/api-gateway/authentication-provider.ts";
import type { HapiRequest } from "../../../offline/api-gateway/hapi-request.ts";
import { GATEWAY_SETTINGS } from "../../../offline/api-gateway/settings.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import {
  allowAll,
  authenticate,
  HTTP_API_AUTHORIZERS,
  hapiRequest,
  http,
  type LambdaApi,
  open,
  type Respond,
  rest,
  returns,
  startLambdaApi,
  throws,
  toolkit,
} from "./provider-routes.ts";

let lambda: LambdaApi;
let reported: string[] = [];
let clock = new ManualClock();

beforeAll(async () => {
  lambda = await startLambdaApi();
});
afterAll(() => lambda[Symbol.asyncDispose]());
beforeEach(() => {
  lambda.asked = [];
  reported = [];
  clock = new ManualClock();
  configureProvider({
    stage: "dev",
    lambdaUrl: lambda.url,
    functionNames: { authorizer: "podgate-dev-authorizer" },
    httpApiAuthorizers: HTTP_API_AUTHORIZERS,
    clock,
    report: (line) => reported.push(line),
  });
});

describe("answers that are kept", () => {
  const onlyAsked: Respond = (response, event) =>
    response.end(
      JSON.stringify({
        principalId: "p",
        policyDocument: {
          Statement: { Effect: "Allow", Action: "*", Resource: event["methodArn"] ?? event["routeArn"] },
        },
      }),
    );
  const otherRoute = (authorizer: unknown = "authorizer") => provider({ authorizer }, "orders", "GET", "/v2");
  const allowed = { credentials: { principalId: expect.anything() } };

  test("serve every route with an authorizer of one name and configuration", async () => {
    lambda.respond = returns(allowAll);
    expect(await authenticate(rest(), hapiRequest("/dev/v1/x"))).toMatchObject(allowed);
    expect(await authenticate(otherRoute(), hapiRequest("/dev/v2"))).toMatchObject(allowed);
    expect(lambda.asked).toHaveLength(1);
  });

  test.for([
    { name: "another type", authorizer: { name: "authorizer", type: "request" } },
    { name: "another time to live", authorizer: { name: "authorizer", resultTtlInSeconds: 60 } },
    { name: "an expression", authorizer: { name: "authorizer", identityValidationExpression: "Bearer" } },
  ])("do not serve a route with $name", async ({ authorizer }) => {
    lambda.respond = returns(allowAll);
    await authenticate(rest(), hapiRequest("/dev/v1/x"));
    await authenticate(otherRoute(authorizer), hapiRequest("/dev/v2"));
    expect(lambda.asked).toHaveLength(2);
  });

  test("two expressions are two authorizers", async () => {
    lambda.respond = returns(allowAll);
    for (const identityValidationExpression of ["Bearer", "^Bearer"]) {
      await authenticate(otherRoute({ name: "authorizer", identityValidationExpression }), hapiRequest("/dev/v2"));
    }
    expect(lambda.asked).toHaveLength(2);
  });

  test.for([
    { seconds: 299.9, times: 1 },
    { seconds: 300, times: 2 },
  ])(
    "of a REST API that says nothing: after $seconds s the function was asked $times times",
    async ({ seconds, times }) => {
      lambda.respond = returns(allowAll);
      await authenticate(rest(), hapiRequest("/dev/v1/x"));
      clock.advance(seconds);
      await authenticate(rest(), hapiRequest("/dev/v1/x"));
      expect(lambda.asked).toHaveLength(times);
    },
  );

  test("of an HTTP API only where its authorizer says so", async () => {
    lambda.respond = onlyAsked;
    const kept = provider({ authorizer: { name: "kept" }, isHttpApi: true }, "orders", "ANY", "/v1/{proxy+}");
    expect(await authenticate(kept, hapiRequest("/v1/x"))).toMatchObject(allowed);
    expect(await authenticate(kept, hapiRequest("/v1/x"))).toMatchObject(allowed);
    expect(lambda.asked).toHaveLength(1);
    // Asked again, for advice only: the kept answer decides.
    expect(await authenticate(kept, hapiRequest("/v1/y"))).toMatchObject({ status: 403 });
    expect(lambda.asked).toHaveLength(2);
    lambda.respond = returns({ isAuthorized: true });
    for (const path of ["/v1/x", "/v1/y"]) await authenticate(http(), hapiRequest(path));
    expect(lambda.asked).toHaveLength(4);
  });

  test("a policy that names only the first call is reported once, with what to do", async () => {
    lambda.respond = onlyAsked;
    for (const path of ["/dev/v1/x", "/dev/v1/y", "/dev/v1/z"]) await authenticate(rest(), hapiRequest(path));
    expect(reported).toEqual([
      "authorizer: the cached policy for this token was made for GET /v1/x and refuses GET /v1/y, which " +
        "the authorizer allows when it is asked; answer with every ARN that the caller may call, or set resultTtlInSeconds to 0",
    ]);
  });
});

test("an authorizer that takes longer than API Gateway waits is 500, and its request is ended", async () => {
  const [came, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  lambda.respond = (response) => {
    response.on("close", gone.resolve);
    came.resolve();
  };
  const call = authenticate(rest(), hapiRequest("/dev/v1/x"));
  await came.promise;
  clock.advance(10);
  expect(await call).toMatchObject({ status: 500, headers: { "x-amzn-errortype": "AuthorizerFailureException" } });
  await gone.promise;
  expect(reported).toEqual(["authorizer: 500, function-failed: the function took longer than API Gateway waits"]);
});

test("the settings of the service are in force", async () => {
  const gateway = { ...GATEWAY_SETTINGS, httpApiThrownUnauthorized: 401 } as const;
  const httpApiAuthorizers = {
    simple: { type: "request", functionName: "authorizer", identitySource: "$request.header.Authorization" },
  };
  configureProvider({
    stage: "dev",
    lambdaUrl: lambda.url,
    functionNames: { authorizer: "f" },
    httpApiAuthorizers,
    gateway,
  });
  lambda.respond = throws("Unauthorized");
  expect(await authenticate(http(), hapiRequest("/v1/x"))).toMatchObject({ status: 401 });
});

describe("headers of the integration's answer", () => {
  const answered = () => ({ "www-authenticate": "Bearer", via: "1.1 x", "x-other": "1" });
  const sentBy = (scheme: ReturnType<typeof provider>, response: NonNullable<HapiRequest["response"]>) => {
    const kit = toolkit();
    const { response: step } = scheme.getAuthenticateFunction();
    expect(step({ ...hapiRequest("/dev/v1/x"), response }, kit)).toBe(kit.continue);
    return response.headers ?? response.output?.headers;
  };
  const renamed = { "x-amzn-remapped-www-authenticate": "Bearer", "x-other": "1" };

  test.for([
    { route: "a REST route with an authorizer", scheme: rest, sent: renamed },
    { route: "an open REST route", scheme: open, sent: renamed },
    { route: "an HTTP API route", scheme: http, sent: answered() },
  ])("of $route: $sent", ({ scheme, sent }) => {
    expect(sentBy(scheme(), { headers: answered() })).toEqual(sent);
    expect(sentBy(scheme(), { output: { headers: answered() } })).toEqual(sent);
  });

  test("of an HTTP API route, where it is set: the challenge is renamed too", () => {
    configureProvider({
      stage: "dev",
      lambdaUrl: lambda.url,
      functionNames: { authorizer: "f" },
      httpApiAuthorizers: HTTP_API_AUTHORIZERS,
      gateway: { ...GATEWAY_SETTINGS, challengeHeader: "renamed" },
    });
    expect(sentBy(http(), { headers: answered() })).toEqual({ ...renamed, via: "1.1 x" });
  });

  test("where there is no answer yet, nothing happens", () => {
    expect(sentBy(rest(), {})).toBeUndefined();
  });
});
