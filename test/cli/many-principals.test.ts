import { afterAll, beforeAll, expect, test } from "vitest";
import { startParameterStore } from "../../offline/parameter-store/parameter-store.ts";
import { type Folder, folderOf, podgate } from "../support/podgate.ts";

const NAMESPACES = 100;
const ACCOUNTS = 100;

const BASE = {
  "issuers/oidc.example.com/prod": { url: "https://oidc.example.com/prod", cluster: "prod" },
  "apis/a1": { service: "orders", audiences: ["orders.example.com"], principals: ["prod/*/*"] },
  "permissions/_all": { deny: [{ service: "*", methods: ["DELETE"], paths: ["*"] }] },
};

function permissionsOf(namespace: number): string {
  return Array.from({ length: ACCOUNTS }, (_, account) =>
    [
      `permissions/prod/team-${namespace}/app-${account}:`,
      "  allow:",
      `    - { service: orders, methods: [GET], paths: ["/v1/team-${namespace}/app-${account}/*", /v1/status] }`,
      "",
    ].join("\n"),
  ).join("");
}

let folder: Folder;
beforeAll(async () => {
  const files = Array.from({ length: NAMESPACES }, (_, namespace) => [
    `team-${namespace}.yaml`,
    permissionsOf(namespace),
  ]);
  folder = await folderOf({ "base.yaml": BASE, ...Object.fromEntries(files) });
});
afterAll(() => folder[Symbol.asyncDispose]());

test("of 10,000 principals in files, who-can names each that may, with file and line", {
  timeout: 120_000,
}, async () => {
  const { exitCode, stdout } = await podgate(["who-can", "orders", "GET", "/v1/status", "--from", folder.path]);
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(NAMESPACES * ACCOUNTS);
  expect(lines[0]).toContain(
    `prod/team-0/app-0\tpermissions/prod/team-0/app-0#allow[0]\t${folder.path}/team-0.yaml:3\t`,
  );
});

test("lint looks at all of them", { timeout: 120_000 }, async () => {
  const { exitCode, stdout } = await podgate(["lint", "--from", folder.path]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "10003 documents, 0 errors, 0 warnings\n" });
});

test("a store is read at the pace that is said, and tells how far it has come", { timeout: 60_000 }, async () => {
  await using store = await startParameterStore();
  for (const [name, document] of Object.entries(BASE)) store.put(`/podgate/test/${name}`, document);
  for (let account = 0; account < 200; account++) {
    const allow = [{ service: "orders", methods: ["GET"], paths: ["/v1/*"] }];
    store.put(`/podgate/test/permissions/prod/team/app-${account}`, { allow });
  }
  store.fault({ kind: "rate-limit", readsPerSecond: 5 });
  const env = {
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "offline",
    AWS_SECRET_ACCESS_KEY: "offline",
  };
  store.forgetCalls();
  const startedAt = performance.now();
  const run = await podgate(["who-can", "orders", "GET", "/v1/x", "--prefix", "/podgate/test", "--rate", "4"], { env });
  const seconds = (performance.now() - startedAt) / 1000;
  expect(run.exitCode).toBe(0);
  expect(run.stdout.trimEnd().split("\n")).toHaveLength(200);
  // 24 pages, four a second: the store never had to refuse one.
  expect(store.calls).toHaveLength(24);
  expect(seconds).toBeGreaterThan(23 / 4);
  expect(run.stderr).toMatch(/^reading \/podgate\/test: [0-9]+ documents\n$/);
});
