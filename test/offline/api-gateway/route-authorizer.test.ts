import { describe, expect, test } from "vitest";
import { routeAuthorizer } from "../../../offline/api-gateway/route-authorizer.ts";

const HEADER = "method.request.header.Authorization";

const FUNCTION = { type: "request", functionName: "authorizer" };

const authorizers = {
  simple: {
    type: "request",
    functionName: "authorizer",
    enableSimpleResponses: true,
    identitySource: ["$request.header.Authorization", "$context.path"],
  },
  policy: { type: "request", functionName: "authorizer", identitySource: "$request.header.Authorization" },
  first: { type: "request", functionName: "authorizer", payloadVersion: "1.0" },
  number: { type: "request", functionName: "authorizer", payloadVersion: 2 },
  kept: { ...FUNCTION, identitySource: "$request.header.Authorization", resultTtlInSeconds: 60 },
  keptUnderNothing: { ...FUNCTION, resultTtlInSeconds: 60 },
  jwt: { type: "jwt", issuerUrl: "https://issuer.example", audience: "a" },
  elsewhere: { type: "request", functionArn: "arn:aws:lambda:us-east-1:123456789012:function:f" },
  contradiction: { type: "request", functionName: "authorizer", payloadVersion: "1.0", enableSimpleResponses: true },
  rest: { type: "request", functionName: "authorizer", identitySource: HEADER },
};

const rest = (authorizer: unknown) => routeAuthorizer({ authorizer }, authorizers);
const http = (authorizer: unknown) => routeAuthorizer({ authorizer, isHttpApi: true }, authorizers);

describe("the Lambda authorizer of a route", () => {
  test.for([
    { name: "a REST route without one", found: rest(undefined) },
    { name: "an HTTP API route without one", found: http(null) },
  ])("$name is open", ({ found }) => {
    expect(found).toBeUndefined();
  });

  test.for([
    { name: "a name alone is a TOKEN authorizer", given: "auth", kind: "rest-token", sources: [HEADER] },
    { name: "no type is TOKEN", given: { name: "auth" }, kind: "rest-token", sources: [HEADER] },
    { name: "a type in capitals", given: { name: "auth", type: "TOKEN" }, kind: "rest-token", sources: [HEADER] },
    {
      name: "REQUEST has the same default",
      given: { name: "auth", type: "request" },
      kind: "rest-request",
      sources: [HEADER],
    },
    {
      name: "REQUEST without a cache may have no source",
      given: { name: "auth", type: "request", resultTtlInSeconds: 0 },
      kind: "rest-request",
      sources: [],
    },
    {
      name: "several sources in one text",
      given: { name: "auth", type: "request", identitySource: `${HEADER}, context.path` },
      kind: "rest-request",
      sources: [HEADER, "context.path"],
    },
  ])("REST: $name", ({ given, kind, sources }) => {
    expect(rest(given)).toMatchObject({ kind, functionKey: "auth", identitySource: sources });
  });

  test("REST TOKEN: the expression that a token has to match", () => {
    expect(
      rest({ name: "auth", identityValidationExpression: "^Bearer " })?.rules.identityValidationExpression,
    ).toEqual(/^Bearer /);
  });

  test.for([
    { name: "simple", kind: "http-2.0", simple: true, sources: ["$request.header.Authorization", "$context.path"] },
    { name: "policy", kind: "http-2.0", simple: false, sources: ["$request.header.Authorization"] },
    { name: "first", kind: "http-1.0", simple: false, sources: [] },
  ])("HTTP API: $name is of kind $kind", ({ name, kind, simple, sources }) => {
    const found = {
      kind,
      name,
      functionKey: "authorizer",
      ttlSeconds: 0,
      identitySource: sources,
      rules: { enableSimpleResponses: simple },
    };
    expect(http({ name })).toEqual(found);
    expect(http(name)).toEqual(found);
  });

  test.for([
    { given: "auth", ttlSeconds: 300 },
    { given: { name: "auth" }, ttlSeconds: 300 },
    { given: { name: "auth", resultTtlInSeconds: null }, ttlSeconds: 300 },
    { given: { name: "auth", resultTtlInSeconds: 0 }, ttlSeconds: 0 },
    { given: { name: "auth", type: "request", resultTtlInSeconds: "60" }, ttlSeconds: 60 },
    { given: { name: "auth", resultTtlInSeconds: 3600 }, ttlSeconds: 3600 },
  ])("REST: $given keeps answers for $ttlSeconds s", ({ given, ttlSeconds }) => {
    expect(rest(given)?.ttlSeconds).toBe(ttlSeconds);
  });

  test("HTTP API: answers are kept only where it is said", () => {
    expect(http("simple")?.ttlSeconds).toBe(0);
    expect(http("kept")?.ttlSeconds).toBe(60);
  });

  test.for<[string, () => unknown]>([
    ["REST, kept for too long", () => rest({ name: "auth", resultTtlInSeconds: 3601 })],
    ["REST, kept for a text", () => rest({ name: "auth", resultTtlInSeconds: "long" })],
    ["REST, kept for an empty text", () => rest({ name: "auth", resultTtlInSeconds: "" })],
    ["REST, kept for a list", () => rest({ name: "auth", resultTtlInSeconds: [60] })],
    ["REST REQUEST, kept under nothing", () => rest({ name: "auth", type: "request", identitySource: "" })],
    ["HTTP API, kept under nothing", () => http("keptUnderNothing")],
    ["REST with IAM", () => rest("aws_iam")],
    ["REST with IAM as a type", () => rest({ type: "AWS_IAM" })],
    ["REST with Cognito", () => rest({ name: "pool", type: "COGNITO_USER_POOLS" })],
    ["REST by ARN", () => rest({ name: "auth", arn: "arn:aws:lambda:us-east-1:123456789012:function:f" })],
    ["REST by id", () => rest({ name: "auth", authorizerId: "x" })],
    ["REST, no name", () => rest({})],
    ["REST, an empty name", () => rest("")],
    ["REST, false", () => rest(false)],
    ["REST TOKEN with two sources", () => rest({ name: "auth", identitySource: `${HEADER},${HEADER}` })],
    [
      "REST TOKEN with a query parameter",
      () => rest({ name: "auth", identitySource: "method.request.querystring.key" }),
    ],
    ["REST with a source of HTTP APIs", () => rest({ name: "auth", identitySource: "$request.header.Authorization" })],
    ["HTTP API with JWT", () => http({ name: "jwt" })],
    ["HTTP API with IAM", () => http({ type: "aws_iam" })],
    ["HTTP API, not configured", () => http("toString")],
    ["HTTP API with a function elsewhere", () => http({ name: "elsewhere" })],
    ["HTTP API, simple answers of payload 1.0", () => http({ name: "contradiction" })],
    ["HTTP API, an unknown payload version", () => http({ name: "number" })],
    ["HTTP API with a source of REST APIs", () => http({ name: "rest" })],
  ])("refused, never open: %s", ([, read]) => {
    expect(read).toThrow(/^an authorizer cannot be emulated: /);
  });
});
