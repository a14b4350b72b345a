import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arnOf, restTokenEvent } from "../support/authorizer-events.ts";
import type { RunningFunction } from "../support/built-function.ts";
import { httpApi2Event } from "../support/http-events.ts";
import { auditOf, gatewayStatus, httpAnswerOf } from "../support/verdict.ts";
import { GATEWAY, ORDERS, startWorld, type World } from "../support/world.ts";

let world: World;
let authorizer: RunningFunction;
let whoami: RunningFunction;

beforeAll(async () => {
  world = await startWorld();
  [authorizer, whoami] = await Promise.all([world.start("authorizer"), world.start("whoami")]);
});
afterAll(() => world[Symbol.asyncDispose]());

/** What API Gateway does with a call, and why. */
async function ask(token: string, asked: { method?: string; path?: string; apiId?: string; stage?: string } = {}) {
  const call = { ...asked, authorization: `Bearer ${token}` };
  const result = await authorizer.call(restTokenEvent(call));
  return { status: gatewayStatus(result, arnOf(call)), ...auditOf(result) };
}

async function askWhoami(token: string) {
  const result = await whoami.call(httpApi2Event({ authorization: `Bearer ${token}` }));
  return { ...httpAnswerOf(result), audit: auditOf(result) };
}

describe("a token is for one receiver (S13)", () => {
  test("one for an API is refused by the gateway's own functions, also after the API accepted it", async () => {
    const token = await world.mint("dev", { audiences: [ORDERS] });
    expect(await ask(token)).toMatchObject({ status: 200, code: "ALLOWED" });
    const { statusCode, json, audit } = await askWhoami(token);
    expect([statusCode, json["code"], audit.code]).toEqual([401, "TOKEN_AUDIENCE", "TOKEN_AUDIENCE_MISMATCH"]);
  });

  test("one for the gateway is refused at an API, also after whoami accepted it", async () => {
    const token = await world.mint("dev", { audiences: [GATEWAY] });
    expect(await askWhoami(token)).toMatchObject({ statusCode: 200, audit: { code: "IDENTIFIED" } });
    expect(await ask(token)).toMatchObject({ status: 401, code: "TOKEN_AUDIENCE_MISMATCH" });
  });

  test("one function asked by two APIs keeps them apart, though it remembers the token", async () => {
    world.put("apis/billingapi", { service: "billing", audiences: ["billing.example.com"] });
    const token = await world.mint("dev");
    expect(await ask(token)).toMatchObject({ status: 200 });
    expect(await ask(token, { apiId: "billingapi" })).toMatchObject({ status: 401, code: "TOKEN_AUDIENCE_MISMATCH" });
  });

  test("a stage with an audience and a service of its own is another receiver", async () => {
    const stages = { test: { service: "orders-test", audiences: ["orders-test.example.com"] } };
    world.put("apis/staged", { service: "orders", audiences: [ORDERS], stages });
    const token = await world.mint("dev");
    const forTest = await world.mint("dev", { audiences: ["orders-test.example.com"] });
    expect(await ask(token, { apiId: "staged", stage: "prod" })).toMatchObject({ status: 200 });
    expect(await ask(token, { apiId: "staged", stage: "test" })).toMatchObject({ code: "TOKEN_AUDIENCE_MISMATCH" });
    expect(await ask(forTest, { apiId: "staged", stage: "test" })).toMatchObject({ code: "ACCESS_NOT_ALLOWED" });
  });

  test.for([
    { token: "a good one", status: 403, code: "API_UNKNOWN" },
    { token: "one with a wrong signature", status: 401, code: "SIGNATURE_INVALID" },
  ])("an API that nobody registered answers $token with $status", async ({ token, status, code }) => {
    const sent = token === "a good one" ? world.mint("dev") : world.forge("dev", { signedBy: "foreign" });
    expect(await ask(await sent, { apiId: "nobodys" })).toMatchObject({ status, code });
  });
});

describe("two clusters at once", () => {
  test("the same namespace and name in another cluster is another principal", async () => {
    const [dev, staging] = await Promise.all([world.mint("dev"), world.mint("staging")]);
    expect(await ask(dev, { path: "/v1/orders" })).toMatchObject({ status: 200, principal: "dev/payments/billing" });
    expect(await ask(staging, { path: "/v1/orders" })).toMatchObject({
      status: 403,
      code: "ACCESS_NOT_ALLOWED",
      principal: "staging/payments/billing",
    });
    expect(await ask(staging, { path: "/v2/orders" })).toMatchObject({ status: 200 });
    expect(await ask(dev, { path: "/v2/orders" })).toMatchObject({ status: 403, code: "ACCESS_NOT_ALLOWED" });
  });

  test.for(["dev", "staging"])("what the group may, a service account of %s without documents may", async (cluster) => {
    const token = await world.mint(cluster, {
      namespace: "shop",
      serviceAccount: "web",
      boundObjectRef: { kind: "Pod", name: "web-0" },
    });
    expect(await ask(token, { path: "/v1/status" })).toMatchObject({
      status: 200,
      principal: `${cluster}/shop/web`,
      rule: "/podgate/test/permissions/_group.all/_all#allow[0]",
    });
    expect(await ask(token, { path: "/v1/orders" })).toMatchObject({ status: 403 });
  });

  test("a cluster cannot speak for another one: iss of one, signed with the key of the other (S12)", async () => {
    const iss = world.cluster("dev").issuer;
    const kid = world.cluster("dev").keys[0]?.kid ?? "";
    // Under its own kid the key is not in the set of `dev`; under that of `dev` it does not fit.
    const own = await world.forge("staging", { claims: { iss } });
    const borrowed = await world.forge("staging", { claims: { iss }, header: { kid } });
    expect(await ask(own)).toMatchObject({ status: 401, code: "KEY_UNKNOWN" });
    expect(await ask(borrowed)).toMatchObject({ status: 401, code: "KEY_UNFIT" });
  });
});

describe("whoami", () => {
  test("tells who is calling and which rules apply, not where they are written", async () => {
    const token = await world.mint("dev", { audiences: [GATEWAY] });
    const { statusCode, json, headers, body, audit } = await askWhoami(token);
    expect(statusCode).toBe(200);
    expect(headers["Podgate-Decision"]).toBe(audit.decisionId);
    expect(json).toMatchObject({
      principal: "dev/payments/billing",
      cluster: "dev",
      namespace: "payments",
      serviceAccount: "billing",
      subject: "system:serviceaccount:payments:billing",
      pod: "billing-0",
      audience: GATEWAY,
      permissions: {
        allow: expect.arrayContaining([{ service: "orders", methods: ["GET"], paths: ["/v1/status"] }]),
        deny: [{ service: "orders", methods: ["DELETE"], paths: ["*"] }],
      },
    });
    expect(body).not.toContain("/podgate/");
  });
});

describe("kill switches: what a cold function sees", () => {
  test.for([
    {
      made: "a deny on every service for everybody",
      store: ({ put }: World) => put("permissions/_all", { deny: [{ service: "*", methods: ["*"], paths: ["*"] }] }),
      status: 403,
      code: "ACCESS_DENIED",
      whoami: 200,
    },
    {
      made: "a disabled issuer",
      store: ({ register }: World) => register("dev", { group: "all", disabled: true }),
      status: 401,
      code: "ISSUER_DISABLED",
      whoami: 401,
    },
    {
      made: "notBefore after the token's iat",
      store: ({ register }: World) => register("dev", { notBefore: Math.ceil(Date.now() / 1000) + 60 }),
      status: 401,
      code: "TOKEN_REVOKED",
      whoami: 401,
    },
    {
      made: "an issuer document that is gone",
      store: ({ remove, cluster }: World) =>
        remove(
          `issuers/${cluster("dev")
            .issuer.replace("http://", "http_3A/_2F")
            .replace(/:(?=\d)/, "_3A")}`,
        ),
      status: 401,
      code: "ISSUER_UNKNOWN",
      whoami: 401,
    },
  ])("$made stops a caller that may do everything", async ({ store, status, code, whoami: whoamiStatus }) => {
    await using other = await startWorld();
    other.put("permissions/dev/payments/billing", { allow: [{ service: "orders", methods: ["*"], paths: ["*"] }] });
    store(other);
    const [cold, coldWhoami] = await Promise.all([other.start("authorizer"), other.start("whoami")]);
    const authorization = `Bearer ${await other.mint("dev", { audiences: [ORDERS, GATEWAY] })}`;
    const result = await cold.call(restTokenEvent({ authorization }));
    expect(gatewayStatus(result, arnOf({}))).toBe(status);
    expect(auditOf(result)).toMatchObject({ code });
    expect(httpAnswerOf(await coldWhoami.call(httpApi2Event({ authorization }))).statusCode).toBe(whoamiStatus);
  });
});
