import assert from "node:assert";
import { after, before, describe, test } from "node:test";
import { apiGateway, mintToken, startCluster } from "podgate/offline";
import { handler } from "../src/authorizer.mjs";

const BILLING = { namespace: "payments", serviceAccount: "billing", audience: "orders.example.com" };

let cluster;

before(async () => {
  cluster = await startCluster();
  process.env.ISSUER = cluster.url;
});
after(() => cluster[Symbol.asyncDispose]());

/** Calls the API as the caller with this token does. */
async function callWith(token, call) {
  await using gateway = apiGateway({ authorizer: handler, kind: "rest-token", ttl: 60 });
  return gateway.call({ ...call, headers: { Authorization: `Bearer ${token}` } });
}

describe("the authorizer", () => {
  const calls = [
    { who: BILLING, method: "GET", path: "/v1/orders", status: 200 },
    { who: BILLING, method: "POST", path: "/v1/orders", status: 200 },
    { who: BILLING, method: "DELETE", path: "/v1/orders/7", status: 403 },
    { who: { ...BILLING, namespace: "shop", serviceAccount: "web" }, method: "GET", path: "/v1/status", status: 200 },
    { who: { ...BILLING, namespace: "shop", serviceAccount: "web" }, method: "GET", path: "/v1/orders", status: 403 },
    { who: { ...BILLING, serviceAccount: "nobody" }, method: "GET", path: "/v1/status", status: 403 },
  ];
  for (const { who, method, path, status } of calls) {
    test(`${who.serviceAccount}: ${method} ${path} is ${status}`, async () => {
      const answer = await callWith(await mintToken(cluster, who), { method, path });
      assert.equal(answer.status, status);
      assert.deepEqual(answer.advice, []);
    });
  }

  const tokens = {
    "an expired token": { family: "expired" },
    "a token for another API": { audience: "invoices.example.com" },
    "a token of another issuer": { claims: { iss: "https://issuer.example" } },
    "a token that a stranger signed": { signedBy: "foreign" },
    "a token from a Secret, which never expires": { family: "legacy", audience: undefined },
  };
  for (const [what, wish] of Object.entries(tokens)) {
    test(`${what} is 401`, async () => {
      const answer = await callWith(await mintToken(cluster, { ...BILLING, ...wish }), { path: "/v1/orders" });
      assert.equal(answer.status, 401);
    });
  }

  test("what it answered first holds for the caller's other calls, while API Gateway keeps it", async () => {
    await using gateway = apiGateway({ authorizer: handler, kind: "rest-token", ttl: 60 });
    const headers = { Authorization: `Bearer ${await mintToken(cluster, BILLING)}` };
    const answers = [];
    for (const path of ["/v1/orders", "/v1/invoices", "/admin"]) answers.push(await gateway.call({ path, headers }));
    assert.deepEqual(
      answers.map(({ status, cached }) => ({ status, cached })),
      [
        { status: 200, cached: false },
        { status: 200, cached: true },
        { status: 403, cached: true },
      ],
    );
  });

  test("a cluster out of reach is 500: nobody is let in, and nobody is told that the token is bad", async () => {
    await using gone = await startCluster();
    const token = await mintToken(gone, BILLING);
    gone.fault("keys", { kind: "status", status: 503 });
    process.env.ISSUER = gone.url;
    const { status } = await callWith(token, { path: "/v1/orders" });
    process.env.ISSUER = cluster.url;
    assert.equal(status, 500);
  });
});
