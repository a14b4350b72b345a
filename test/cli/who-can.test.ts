import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Folder, folderOf, podgate } from "../support/podgate.ts";

/** While an issuer takes over from another, both vouch for the cluster's accounts; here into another group. */
const ISSUERS = {
  "issuers/oidc.example.com/old": { url: "https://oidc.example.com/old", cluster: "dev", group: "before" },
  "issuers/oidc.example.com/new": {
    url: "https://oidc.example.com/new",
    cluster: "dev",
    group: "after",
    replaces: "oidc.example.com/old",
  },
  "issuers/oidc.example.com/off": { url: "https://oidc.example.com/off", cluster: "dev", disabled: true },
};

const READS = { allow: [{ service: "orders", methods: ["GET"], paths: ["/v1/*"] }] };

let access: Folder;

beforeAll(async () => {
  access = await folderOf({
    "access.yaml": {
      ...ISSUERS,
      "apis/a1": { service: "orders", audiences: ["orders.example.com"], principals: ["dev/payments/*"] },
      "permissions/_group.before/payments/billing": READS,
      "permissions/_group.after/payments/reports": READS,
      "permissions/dev/payments/both": READS,
    },
  });
});
afterAll(() => access[Symbol.asyncDispose]());

const run = (...inputs: string[]) => podgate([...inputs, "--from", access.path]);

describe("a cluster with two issuers in use", () => {
  test("who-can names whoever may by a token of either, once", async () => {
    const { exitCode, stdout } = await run("who-can", "orders", "GET", "/v1/orders", "--json");
    expect(exitCode).toBe(0);
    const granted: { principal: string }[] = JSON.parse(stdout).granted;
    expect(granted.map(({ principal }) => principal).sort()).toEqual([
      "dev/payments/billing",
      "dev/payments/both",
      "dev/payments/reports",
    ]);
  });

  test("can lists what applies by a token of either, and says of which", async () => {
    const ruled = async (account: string) => {
      const { stdout } = await run("can", `dev/payments/${account}`, "--json");
      return JSON.parse(stdout).rules.map(({ rule, issuers }: { rule: string; issuers?: string[] }) => [rule, issuers]);
    };
    expect(await ruled("billing")).toEqual([
      ["permissions/_group.before/payments/billing#allow[0]", ["https://oidc.example.com/old"]],
    ]);
    expect(await ruled("reports")).toEqual([
      ["permissions/_group.after/payments/reports#allow[0]", ["https://oidc.example.com/new"]],
    ]);
    expect(await ruled("both")).toEqual([["permissions/dev/payments/both#allow[0]", undefined]]);
    expect((await run("can", "dev/payments/billing")).stdout).toMatch(
      /by tokens of https:\/\/oidc\.example\.com\/old alone; by apis\/a1\n$/,
    );
  });

  test("explain says of which issuer the token is taken to be", async () => {
    const call = ["--service", "orders", "--method", "GET", "--path", "/v1/orders"];
    const { stdout } = await run("explain", "--as", "dev/payments/billing", ...call);
    expect(stdout).toContain(
      "note: asked for a token of the issuer https://oidc.example.com/new; its cluster has https://oidc.example.com/old too",
    );
    expect(stdout).not.toContain("oidc.example.com/off");
    expect(stdout).toContain("add to permissions/dev/payments/billing (in no file yet), under allow:");
  });

  test("is no mistake, and one that is disabled is none", async () => {
    const { exitCode, stdout } = await run("lint");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "7 documents, 0 errors, 0 warnings\n" });
  });
});

test.for([
  { call: ["get", "/v1/orders"], why: "METHOD_UNKNOWN: the method is none that a permission can name" },
  { call: ["GET", "/v1//orders"], why: "PATH_AMBIGUOUS: the path holds %, a backslash," },
])("a call that nobody can make is said to be one: $call", async ({ call, why }) => {
  const { exitCode, stdout } = await run("who-can", "orders", ...call);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`nobody may ${call.join(" ")} on orders: ${why}`);
});

describe("a stage that an API has a service of its own for", () => {
  const ORDERS = { service: "orders", audiences: ["orders.example.com"] };
  const call = ["--service", "orders", "--method", "GET", "--path", "/v1/orders"];
  let staged: Folder;
  beforeAll(async () => {
    staged = await folderOf({
      "access/access.yaml": {
        "issuers/oidc.example.com/dev": { url: "https://oidc.example.com/dev", cluster: "dev" },
        "apis/a1": { ...ORDERS, stages: { beta: { service: "orders-beta" } } },
        "apis/a2": ORDERS,
        "apis/a3": { ...ORDERS, service: "invoices", stages: { beta: { service: "orders" } } },
        "permissions/dev/payments/billing": READS,
      },
      "cases.yaml": {
        cases: [
          {
            as: "dev/payments/billing",
            service: "orders",
            method: "GET",
            path: "/v1/orders",
            api: "a1",
            stage: "beta",
            expect: "allow",
          },
        ],
      },
    });
  });
  afterAll(() => staged[Symbol.asyncDispose]());
  const runStaged = (...inputs: string[]) => podgate([...inputs, "--from", `${staged.path}/access`]);

  test("who-can at the stage: by that service's APIs there, and by those that do not name the stage", async () => {
    const through = async (...flags: string[]) => {
      const { stdout } = await runStaged("who-can", "orders", "GET", "/v1/orders", "--json", ...flags);
      return JSON.parse(stdout).granted.map((each: { through: string[] }) => each.through);
    };
    expect(await through("--stage", "beta")).toEqual([["apis/a2", "apis/a3 at stage beta"]]);
    expect(await through("--stage", "prod")).toEqual([["apis/a1", "apis/a2"]]);
  });

  test("explain and test decide nothing about a service that the API is not at this stage", async () => {
    const why = "it is not called by that; it is by apis/a1 but at stage beta, apis/a2, apis/a3 at stage beta\n";
    const flags = ["--as", "dev/payments/billing", ...call, "--api", "a1", "--stage", "beta"];
    expect(await runStaged("explain", ...flags)).toEqual({ exitCode: 3, stdout: "", stderr: `podgate: ${why}` });
    const tested = await runStaged("test", `${staged.path}/cases.yaml`);
    expect(tested).toMatchObject({ exitCode: 3, stderr: expect.stringContaining(`cases.yaml:3: ${why}`) });
  });
});

test("who-can and can say what cannot be read, and that this is no whole answer", async () => {
  await using broken = await folderOf({
    "a.yaml": {
      "issuers/oidc.example.com/dev": { url: "https://oidc.example.com/dev", cluster: "dev" },
      "apis/a1": { service: "orders", audiences: ["orders.example.com"], princpals: ["dev/payments/*"] },
      "permissions/dev/payments/billing": READS,
    },
  });
  for (const asked of [
    ["who-can", "orders", "GET", "/v1/orders"],
    ["can", "dev/payments/billing"],
  ]) {
    const { exitCode, stderr } = await podgate([...asked, "--from", broken.path]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain(`podgate: not the whole answer: documents cannot be read (${broken.path}/a.yaml:`);
  }
});
