import assert from "node:assert";
import { test } from "node:test";
import { mintToken } from "podgate/offline";
import { startOfflineApi } from "./offline-api.mjs";

test("the API over HTTP, behind podgate's authorizer", async () => {
  await using api = await startOfflineApi();
  const who = { namespace: "payments", serviceAccount: "billing", audience: "invoices.example.com" };
  const headers = { authorization: `Bearer ${await mintToken(api.cluster, who)}` };

  const allowed = await fetch(`${api.url}/v1/invoices/7`, { headers });
  assert.equal(allowed.status, 200);
  assert.equal((await allowed.json()).principal, "dev/payments/billing");

  assert.equal((await fetch(`${api.url}/v1/invoices/7`, { method: "DELETE", headers })).status, 403);
  assert.equal((await fetch(`${api.url}/v1/invoices/7`)).status, 401);
});
