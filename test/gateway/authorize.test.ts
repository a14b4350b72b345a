import { beforeEach, describe, expect, test } from "vitest";
import { evaluatePolicy } from "../../offline/api-gateway/policy-evaluation.ts";
import { asking, inContext, sample, withAuthorization } from "./events.ts";
import { AUDIENCE, lambdaContext, type StartedGateway, startGateway, until } from "./started-gateway.ts";

let gateway: StartedGateway;

beforeEach(async () => {
  gateway = await startGateway();
  gateway.put("apis/abcdef123", { service: "orders", audiences: [AUDIENCE] });
  gateway.put("permissions/dev/payments/billing", {
    allow: [
      { service: "orders", methods: ["GET"], paths: ["/v1/*"] },
      { service: "orders", methods: ["CONNECT"], paths: ["/"] },
    ],
  });
  return () => gateway[Symbol.asyncDispose]();
});

const FILES = {
  token: "authorizer-rest-token",
  request: "authorizer-rest-request-multi-value",
  "http-1.0": "authorizer-http-1.0",
  "http-2.0": "authorizer-http-2.0",
  websocket: "authorizer-websocket-connect",
} as const;
type Kind = keyof typeof FILES;
const KINDS = Object.keys(FILES) as Kind[];
const HTTP: readonly Kind[] = ["http-1.0", "http-2.0"];

/** AWS's sample of an event, with this header and asked about this call. */
function eventOf(kind: Kind, authorization: string, operation = kind === "websocket" ? "$connect" : "GET/v1/x") {
  const event = asking(sample(FILES[kind]), operation);
  return kind === "token" ? { ...event, authorizationToken: authorization } : withAuthorization(event, authorization);
}

/** What API Gateway makes of the answer: `docs` of its kinds, not of ours. */
async function statusOf(kind: Kind, event: object, context = lambdaContext()): Promise<number | string> {
  let answer: unknown;
  try {
    answer = await gateway.app.authorize(event, context);
  } catch (error) {
    return error instanceof Error && error.message === "Unauthorized" ? 401 : String(error);
  }
  if (typeof answer === "object" && answer !== null && "isAuthorized" in answer) return answer.isAuthorized ? 200 : 403;
  const arn = Reflect.get(event, kind === "http-2.0" ? "routeArn" : "methodArn");
  const { policyDocument } = answer as { policyDocument: unknown };
  return evaluatePolicy(policyDocument, "execute-api:Invoke", arn).verdict === "allow" ? 200 : 403;
}

/** The decision that nobody waits for any more has read its permissions, and had its time to be written down. */
async function lateDecision(): Promise<void> {
  await until(() => gateway.store.calls.length > 1);
  let turns = 0;
  await until(() => ++turns > 100);
}

function codes(): readonly unknown[] {
  return gateway.lines().flatMap(({ code }) => (code === undefined ? [] : [code]));
}

describe("a call through any kind of API Gateway is decided by token and permissions", () => {
  test.for(KINDS)("%s: allowed", async (kind) => {
    expect(await statusOf(kind, eventOf(kind, await gateway.bearer()))).toBe(200);
    expect(codes()).toEqual(["ALLOWED"]);
  });

  test.for(KINDS)("%s: verified and not allowed", async (kind) => {
    expect(await statusOf(kind, eventOf(kind, await gateway.bearer(AUDIENCE, "other")))).toBe(403);
    expect(codes()).toEqual(["ACCESS_NOT_ALLOWED"]);
  });

  test.for(KINDS)("%s: a token for another audience", async (kind) => {
    expect(await statusOf(kind, eventOf(kind, await gateway.bearer("other")))).toBe(HTTP.includes(kind) ? 403 : 401);
    expect(codes()).toEqual(["TOKEN_AUDIENCE_MISMATCH"]);
  });

  test.for(KINDS)("%s: no token at all", async (kind) => {
    expect(await statusOf(kind, eventOf(kind, ""))).toBe(HTTP.includes(kind) ? 403 : 401);
    expect(codes()).toEqual(["TOKEN_MISSING"]);
  });

  test("the answer to one call is right for another by the same token, in either order (S26)", async () => {
    const token = await gateway.bearer();
    for (const [first, then] of [
      ["GET/v1/x", "GET/v2/x"],
      ["GET/v2/x", "GET/v1/x"],
    ] as const) {
      const answer = await gateway.app.authorize(eventOf("token", token, first), lambdaContext());
      const { policyDocument } = answer as { policyDocument: unknown };
      const verdictOn = (operation: string) => {
        const arn = `arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/${operation}`;
        return evaluatePolicy(policyDocument, "execute-api:Invoke", arn).verdict === "allow";
      };
      expect([verdictOn(first), verdictOn(then)]).toEqual([first === "GET/v1/x", then === "GET/v1/x"]);
    }
  });
});

describe("the API asked about must be registered, and this account's", () => {
  test.for(KINDS)("%s: an API without a document is 403 for a good token (API_UNKNOWN)", async (kind) => {
    gateway.store.delete("/podgate/test/apis/abcdef123");
    expect(await statusOf(kind, eventOf(kind, await gateway.bearer()))).toBe(403);
    expect(codes()).toEqual(["API_UNKNOWN"]);
  });

  test("an API without a document is 401 for a bad token", async () => {
    gateway.store.delete("/podgate/test/apis/abcdef123");
    const { token } = await gateway.cluster.forge({ namespace: "a", serviceAccount: "b", signedBy: "foreign" });
    expect(await statusOf("token", eventOf("token", `Bearer ${token}`))).toBe(401);
    expect(codes()).toEqual(["SIGNATURE_INVALID"]);
  });

  test.for([
    {
      case: "another account",
      invokedFunctionArn: "arn:aws:lambda:us-east-1:210987654321:function:a",
      document: {},
      status: 403,
    },
    {
      case: "another region",
      invokedFunctionArn: "arn:aws:lambda:us-west-2:123456789012:function:a",
      document: {},
      status: 403,
    },
    {
      case: "another account, meant",
      invokedFunctionArn: "arn:aws:lambda:us-east-1:210987654321:function:a",
      document: { account: "123456789012" },
      status: 200,
    },
    {
      case: "another region, meant",
      invokedFunctionArn: "arn:aws:lambda:us-west-2:123456789012:function:a",
      document: { region: "us-east-1" },
      status: 200,
    },
    {
      case: "its own, but the document means another",
      invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:a",
      document: { account: "210987654321" },
      status: 403,
    },
    { case: "no ARN", invokedFunctionArn: "offline", document: {}, status: 403 },
    {
      case: "no ARN, and only the account said",
      invokedFunctionArn: "offline",
      document: { account: "123456789012" },
      status: 403,
    },
    {
      case: "no ARN, and both said",
      invokedFunctionArn: "offline",
      document: { account: "123456789012", region: "us-east-1" },
      status: 200,
    },
  ])("$case: $status", async ({ invokedFunctionArn, document, status }) => {
    gateway.put("apis/abcdef123", { service: "orders", audiences: [AUDIENCE], ...document });
    const event = eventOf("token", await gateway.bearer());
    expect(await statusOf("token", event, lambdaContext({ invokedFunctionArn }))).toBe(status);
    expect(codes()).toEqual([status === 200 ? "ALLOWED" : "API_FOREIGN"]);
  });

  test("a stage may be another receiver: another audience, other permissions", async () => {
    const stages = { dev: { service: "orders-dev", audiences: ["dev.example.com"] } };
    gateway.put("apis/abcdef123", { service: "orders", audiences: [AUDIENCE], stages });
    const onDev = (authorization: string) => ({
      ...asking(sample("authorizer-rest-token"), "GET/v1/x", "abcdef123/dev"),
      authorizationToken: authorization,
    });
    expect(await statusOf("token", onDev(await gateway.bearer()))).toBe(401);
    expect(await statusOf("token", onDev(await gateway.bearer("dev.example.com")))).toBe(403);
    expect(codes()).toEqual(["TOKEN_AUDIENCE_MISMATCH", "ACCESS_NOT_ALLOWED"]);
  });

  test("`principals` bounds who may call at all", async () => {
    gateway.put("apis/abcdef123", { service: "orders", audiences: [AUDIENCE], principals: ["dev/shipping/*"] });
    expect(await statusOf("token", eventOf("token", await gateway.bearer()))).toBe(403);
    expect(gateway.lines()[0]).toMatchObject({
      code: "PRINCIPAL_NOT_ADMITTED",
      compared: { actual: "dev/payments/billing", expected: "dev/shipping/*" },
    });
  });
});

describe("an HTTP API 2.0 that expects policies gets one for a bad token too", () => {
  test.for([
    ["none", ""],
    ["no JWT", "Bearer x.y.z"],
    ["an issuer that nobody registered", "unknown issuer"],
  ])("%s", async ([, authorization]) => {
    gateway.put("apis/abcdef123", { service: "orders", audiences: [AUDIENCE], answers: "policy" });
    const claims = { iss: "https://issuer.example.com" };
    const { token } = await gateway.cluster.forge({ namespace: "a", serviceAccount: "b", claims });
    const header = authorization === "unknown issuer" ? `Bearer ${token}` : authorization;
    const answer = await gateway.app.authorize(eventOf("http-2.0", header ?? ""), lambdaContext());
    expect(answer).toMatchObject({ principalId: "unverified", policyDocument: { Statement: [{ Effect: "Deny" }] } });
    expect(answer).not.toHaveProperty("isAuthorized");
  });

  test("and a plain no where the document cannot be read", async () => {
    gateway.store.fault({ kind: "access-denied" });
    const answer = await gateway.app.authorize(eventOf("http-2.0", "Bearer x.y.z"), lambdaContext());
    expect(answer).toMatchObject({ isAuthorized: false });
    expect(codes()).toEqual(["TOKEN_MALFORMED"]);
  });

  test("a bad token at a REST API asks the store nothing", async () => {
    expect(await statusOf("token", eventOf("token", "Bearer x.y.z"))).toBe(401);
    expect(gateway.store.calls).toEqual([]);
  });
});

describe("identity sources that lack method and path are counted where the answer is yes or no (S27)", () => {
  const warned = () => gateway.lines().some((line) => line["IdentitySourcesIncomplete"] === 1);

  test.for([
    { sources: "the token", identitySource: ["t"], document: {}, counted: true },
    { sources: "token, method and path", identitySource: ["t", "POST", "/my/path"], document: {}, counted: false },
    { sources: "the token, for a policy", identitySource: ["t"], document: { answers: "policy" }, counted: false },
  ])("$sources: counted $counted", async ({ identitySource, document, counted }) => {
    gateway.put("apis/abcdef123", { service: "orders", audiences: [AUDIENCE], ...document });
    const event = { ...eventOf("http-2.0", await gateway.bearer()), identitySource };
    expect(await statusOf("http-2.0", event)).toBe(200);
    expect(warned()).toBe(counted);
  });

  test("not for other kinds", async () => {
    await statusOf("token", eventOf("token", await gateway.bearer()));
    await statusOf("token", eventOf("token", ""));
    expect(warned()).toBe(false);
  });
});

describe("what cannot be decided is never an allow, and is on record (R14, R18)", () => {
  test.for(KINDS)("%s: a permission document that cannot be read", async (kind) => {
    gateway.put("permissions/_all", '{"denied":[]}');
    expect(await statusOf(kind, eventOf(kind, await gateway.bearer()))).toBe("Error: DOCUMENT_INVALID");
    expect(gateway.lines()[0]).toMatchObject({ outcome: "error", code: "DOCUMENT_INVALID", apiId: "abcdef123" });
  });

  test("permissions that do not fit an answer that may be kept", async () => {
    const paths = Array.from({ length: 90 }, (_, index) => `/${index}/`.padEnd(60, "x"));
    gateway.put("permissions/dev/_all", { allow: [{ service: "orders", methods: ["GET"], paths }] });
    expect(await statusOf("token", eventOf("token", await gateway.bearer()))).toBe("Error: POLICY_TOO_LARGE");
    expect(codes()).toEqual(["POLICY_TOO_LARGE"]);
  });

  test("a call that is allowed but cannot be told so is refused, also on record", async () => {
    const paths = Array.from({ length: 90 }, (_, index) => `/${index}/`.padEnd(60, "x"));
    gateway.put("permissions/dev/_all", { allow: [{ service: "orders", methods: ["GET"], paths }] });
    gateway.put("apis/abcdef123", { service: "orders", audiences: [AUDIENCE], cached: false });
    expect(await statusOf("token", eventOf("token", await gateway.bearer()))).toBe(200);
    expect(await statusOf("token", eventOf("token", await gateway.bearer(), "GET/v1/*"))).toBe(403);
    expect(codes()).toEqual(["ALLOWED", "ACCESS_NOT_ALLOWED"]);
  });

  test("an event that is none of an authorizer's", async () => {
    expect(await statusOf("token", sample("proxy-rest"))).toBe("Error: EVENT_UNREADABLE");
    expect(gateway.lines()[0]).toMatchObject({
      outcome: "error",
      code: "EVENT_UNREADABLE",
      function: "podgate-authorizer",
    });
  });

  test("a decision that is not there in time", async () => {
    const release = gateway.holdReads();
    const status = statusOf("token", eventOf("token", await gateway.bearer()));
    await until(() => gateway.clock.waiting > 0);
    gateway.clock.advance(5);
    expect(await status).toBe("Error: DEADLINE_EXCEEDED");
    release();
    await lateDecision();
    expect(codes()).toEqual(["DEADLINE_EXCEEDED"]);
  });

  test("no token text is in what is written or thrown (S41)", async () => {
    const token = await gateway.bearer();
    gateway.put("permissions/_all", token.slice("Bearer ".length));
    const thrown = await statusOf("token", eventOf("token", token));
    for (const part of token.split(/[ .]/).slice(1)) {
      expect(JSON.stringify([thrown, gateway.lines()])).not.toContain(part);
    }
  });
});

test("the console's test call is decided like any other", async () => {
  const event = withAuthorization(sample("authorizer-console-test"), await gateway.bearer());
  const context = lambdaContext({ invokedFunctionArn: "arn:aws:lambda:ap-northeast-1:123456789012:function:a" });
  expect(await statusOf("request", event, context)).toBe(403);
  expect(await statusOf("request", inContext({ ...event, headers: {} }, {}), context)).toBe(401);
  expect(codes()).toEqual(["ACCESS_NOT_ALLOWED", "TOKEN_MISSING"]);
  expect(gateway.lines()[0]).toMatchObject({ stage: "test-invoke-stage", apiId: "abcdef123" });
});
