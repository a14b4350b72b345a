import assert from "node:assert";
import { test } from "node:test";
import { mintToken } from "podgate/offline";
import { startOfflineApi } from "./offline-api.mjs";

test("the API over HTTP: who is let in, and what the function is told", async () => {
  await using api = await startOfflineApi(({ cluster }) => ({ ISSUER: cluster }));
  const who = { namespace: "payments", serviceAccount: "billing", audience: "orders.example.com" };
  const headers = { authorization: `Bearer ${await mintToken(api.cluster, who)}` };

  const allowed = await fetch(`${api.url}/dev/v1/orders`, { headers });
  assert.equal(allowed.status, 200);
  assert.equal((await allowed.json()).caller, "system:serviceaccount:payments:billing");

  assert.equal((await fetch(`${api.url}/dev/v1/orders/7`, { method: "DELETE", headers })).status, 403);
  assert.equal((await fetch(`${api.url}/dev/v1/orders`)).status, 401);
});
