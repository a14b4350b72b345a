import assert from "node:assert";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { apiGateway, mintToken, startCluster, startParameterStore } from "podgate/offline";

const BILLING = { namespace: "payments", serviceAccount: "billing", audience: "invoices.example.com" };

let cluster;
let store;
let gateway;

before(async () => {
  cluster = await startCluster();
  // The seed file of `npm start`, with this cluster in it.
  const seed = await readFile(new URL("../seed.yaml", import.meta.url), "utf8");
  store = await startParameterStore({ seed, variables: { clusters: new URL("/", cluster.url).origin } });
  // The function reads its settings when it is loaded.
  Object.assign(process.env, store.env);
  const { handler } = await import("podgate/functions/authorizer");
  gateway = apiGateway({ authorizer: handler, kind: "http-2.0", enableSimpleResponses: true });
});
after(async () => {
  await store[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const CALLS = [
  { wish: {}, method: "GET", path: "/v1/invoices/7", status: 200 },
  { wish: {}, method: "POST", path: "/v1/invoices", status: 200 },
  { wish: {}, method: "DELETE", path: "/v1/invoices/7", status: 403 },
  { wish: { serviceAccount: "web" }, method: "GET", path: "/v1/invoices", status: 403 },
  { wish: { audience: "orders.example.com" }, method: "GET", path: "/v1/invoices", status: 403 },
  { wish: { family: "expired" }, method: "GET", path: "/v1/invoices", status: 403 },
];
for (const { wish, method, path, status } of CALLS) {
  test(`${JSON.stringify(wish)}: ${method} ${path} is ${status}`, async () => {
    const headers = { Authorization: `Bearer ${await mintToken(cluster, { ...BILLING, ...wish })}` };
    assert.equal((await gateway.call({ method, path, headers })).status, status);
  });
}
