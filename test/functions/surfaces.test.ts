import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AskedCall,
  arnOf,
  http1Event,
  http2Event,
  restRequestEvent,
  restTokenEvent,
  websocketEvent,
} from "../support/authorizer-events.ts";
import type { RunningFunction } from "../support/built-function.ts";
import { auditOf, gatewayStatus } from "../support/verdict.ts";
import { ORDERS, startWorld, type World } from "../support/world.ts";

let world: World;
let authorizer: RunningFunction;
let authorization: string;

beforeAll(async () => {
  world = await startWorld();
  world.put("apis/policyhttp", { service: "orders", audiences: [ORDERS], answers: "policy" });
  authorizer = await world.start("authorizer");
  authorization = `Bearer ${await world.mint("dev")}`;
});
afterAll(() => world[Symbol.asyncDispose]());

const SURFACES = [
  { surface: "REST, TOKEN", eventOf: restTokenEvent, apiId: "offlinerest" },
  { surface: "REST, REQUEST", eventOf: restRequestEvent, apiId: "offlinerest" },
  { surface: "HTTP, payload 1.0", eventOf: http1Event, apiId: "offlinehttp" },
  { surface: "HTTP, payload 2.0 simple", eventOf: http2Event, apiId: "offlinehttp" },
  { surface: "HTTP, payload 2.0 policy", eventOf: http2Event, apiId: "policyhttp" },
] as const;

const CALLS = [
  { method: "GET", path: "/v1/orders", status: 200, code: "ALLOWED" },
  { method: "GET", path: "/v1/orders/7/lines", status: 200, code: "ALLOWED" },
  { method: "POST", path: "/v1/orders", status: 200, code: "ALLOWED" },
  { method: "POST", path: "/v1/orders/7", status: 403, code: "ACCESS_NOT_ALLOWED" },
  { method: "DELETE", path: "/v1/orders", status: 403, code: "ACCESS_DENIED" },
  { method: "GET", path: "/v2/orders", status: 403, code: "ACCESS_NOT_ALLOWED" },
  { method: "GET", path: "/V1/orders", status: 403, code: "ACCESS_NOT_ALLOWED" },
  { method: "HEAD", path: "/v1/orders", status: 403, code: "ACCESS_NOT_ALLOWED" },
  { method: "GET", path: "/", status: 403, code: "ACCESS_NOT_ALLOWED" },
] as const;

describe.each(SURFACES)("$surface", ({ eventOf, apiId }) => {
  test.for(CALLS)("$method $path is $status", async ({ method, path, status, code }) => {
    const call: AskedCall = { method, path, apiId, authorization };
    const result = await authorizer.call(eventOf(call));
    expect(gatewayStatus(result, arnOf(call))).toBe(status);
    expect(auditOf(result)).toMatchObject({ code, apiId, stage: "dev", principal: "dev/payments/billing" });
  });

  test("the API behind learns who is calling, in scalars", async () => {
    const result = await authorizer.call(eventOf({ apiId, authorization }));
    expect(result.answer).toHaveProperty("context", {
      principal: "dev/payments/billing",
      cluster: "dev",
      namespace: "payments",
      serviceAccount: "billing",
      subject: "system:serviceaccount:payments:billing",
      pod: "billing-0",
      audience: ORDERS,
      expiresAt: expect.any(Number),
      decisionId: auditOf(result).decisionId,
    });
  });
});

describe("an answer that API Gateway keeps under the token (S26)", () => {
  const withPolicy = SURFACES.filter(({ surface }) => !surface.endsWith("simple"));

  test("is right for every other route and method, whichever was asked first", async () => {
    const wrong: unknown[] = [];
    for (const { surface, eventOf, apiId } of withPolicy) {
      for (const first of CALLS) {
        const kept = await authorizer.call(eventOf({ ...first, apiId, authorization }));
        for (const later of CALLS) {
          if (gatewayStatus(kept, arnOf({ ...later, apiId })) !== later.status) wrong.push({ surface, first, later });
        }
      }
    }
    expect(withPolicy).toHaveLength(4);
    expect(wrong).toEqual([]);
  });

  test("of an allowed call is the same policy for every route", async () => {
    const allowed = CALLS.filter(({ status }) => status === 200);
    const policies = await Promise.all(
      allowed.map(async (call) => {
        const { answer } = await authorizer.call(restTokenEvent({ ...call, authorization }));
        return JSON.stringify((answer as { policyDocument: unknown }).policyDocument);
      }),
    );
    expect(new Set(policies).size).toBe(1);
  });

  test("never reaches another stage or API", async () => {
    const kept = await authorizer.call(restTokenEvent({ authorization }));
    expect(gatewayStatus(kept, arnOf({}))).toBe(200);
    expect(gatewayStatus(kept, arnOf({ stage: "prod" }))).toBe(403);
    expect(gatewayStatus(kept, arnOf({ apiId: "offlinehttp" }))).toBe(403);
  });
});

describe("WebSocket, $connect", () => {
  const connectArn = "arn:aws:execute-api:us-east-1:123456789012:offlinews/dev/$connect";

  test("who may CONNECT / may connect, and nothing else", async () => {
    const result = await authorizer.call(websocketEvent({ authorization }));
    expect(gatewayStatus(result, connectArn)).toBe(200);
    expect(gatewayStatus(result, arnOf({ apiId: "offlinews" }))).toBe(403);
  });

  test("who may not is refused by a policy", async () => {
    const other = `Bearer ${await world.mint("staging")}`;
    const result = await authorizer.call(websocketEvent({ authorization: other }));
    expect(gatewayStatus(result, connectArn)).toBe(403);
    expect(auditOf(result)).toMatchObject({ code: "ACCESS_NOT_ALLOWED" });
  });
});

describe("where a token is not looked for (S22)", () => {
  const token = () => authorization.slice("Bearer ".length);
  test.for([
    {
      place: "the query",
      more: () => ({ queryStringParameters: { access_token: token(), Authorization: authorization } }),
    },
    { place: "a cookie", more: () => ({ headers: { Cookie: `Authorization=${token()}` }, multiValueHeaders: null }) },
    { place: "authorizationToken of a REQUEST event", more: () => ({ authorizationToken: authorization }) },
    { place: "identitySource", more: () => ({ identitySource: [authorization] }) },
  ])("$place: 401", async ({ more }) => {
    const result = await authorizer.call({ ...restRequestEvent({}), ...more() });
    expect(result.error?.message).toBe("Unauthorized");
    expect(auditOf(result)).toMatchObject({ code: "TOKEN_MISSING" });
  });

  test("two Authorization fields that differ in case are two (S21)", async () => {
    const event = restRequestEvent({ authorization });
    const multiValueHeaders = { ...event.multiValueHeaders, AUTHORIZATION: [authorization] };
    expect(auditOf(await authorizer.call({ ...event, multiValueHeaders }))).toMatchObject({
      code: "AUTHORIZATION_REPEATED",
    });
  });
});
