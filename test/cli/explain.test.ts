import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clusters, startClusters } from "../../offline/cluster/clusters.ts";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { startParameterStore } from "../../offline/parameter-store/parameter-store.ts";
import { type Folder, folderOf, podgate } from "../support/podgate.ts";

const ORDERS = "orders.example.com";
const BILLING = { namespace: "payments", serviceAccount: "billing", audiences: [ORDERS] };
const POD = { kind: "Pod", apiVersion: "v1", name: "billing-0" };

let clusters: Clusters;
let access: Folder;
let keys: Folder;
let token: string;

beforeAll(async () => {
  clusters = await startClusters({ clusters: [{ name: "dev", algorithm: "ES256" }] });
  const { issuer } = clusters.cluster("dev");
  const yaml = `
issuers/${issuerName(issuer)}:
  url: ${issuer}
  cluster: dev
apis/a1b2c3:
  service: orders
  audiences: [${ORDERS}]
  stages:
    beta: { principals: ["dev/beta/*"] }
services/github:
  url: https://api.github.com
  credential: { type: none }
permissions/dev/payments/billing:
  allow:
    - { service: orders, methods: [GET], paths: ["/v1/*"] }
    - { service: github, methods: [GET], paths: ["/repos/*"] }
permissions/dev/_all:
  deny:
    - { service: orders, methods: ["*"], paths: ["/v1/internal/*"] }
`.trimStart();
  access = await folderOf({ "access.yaml": yaml });
  keys = await folderOf({ "jwks.json": { keys: clusters.cluster("dev").keys }, "empty.json": { keys: [] } });
  token = (await clusters.cluster("dev").mint({ ...BILLING, boundObjectRef: POD })).token;
});
afterAll(async () => {
  await Promise.all([clusters, access, keys].map((each) => each[Symbol.asyncDispose]()));
});

const LOOPBACK = { PODGATE_ALLOW_LOOPBACK_HTTP: "1" };
const GET = ["--service", "orders", "--api", "a1b2c3", "--stage", "prod", "--method", "GET", "--path"];

async function explain(inputs: readonly string[], input = "") {
  const run = await podgate(["explain", ...inputs, "--from", access.path], { env: LOOPBACK, input });
  const signature = token.split(".")[2] ?? "";
  expect(run.stdout + run.stderr).not.toContain(signature);
  return { ...run, stdout: run.stdout.replaceAll(`${access.path}/`, "") };
}

describe("a token against files", () => {
  test("is verified by its issuer's own keys, wherever it comes from", async () => {
    await using file = await folderOf({ token: `${token}\n` });
    for (const [source, input] of [
      [token, ""],
      ["-", `${token}\n`],
      [`${file.path}/token`, ""],
    ] as const) {
      const { exitCode, stdout } = await explain([source, ...GET, "/v1/orders"], input);
      expect(stdout).toContain("allowed\n  a rule allows GET /v1/orders on orders\n  dev/payments/billing: GET");
      expect(stdout).toContain("ok signature   the key made the signature");
      expect(stdout).toContain("`iat` is not before the issuer's `notBefore`: the issuer document has none\n");
      expect(stdout).toContain("where the issuer requires it: the issuer document does not require it\n");
      expect(stdout).toContain("permissions/dev/payments/billing#allow[0] (access.yaml:14): {service: orders,");
      expect(exitCode).toBe(0);
    }
  });

  test("is verified by the key set that is given, and refused where another key made it", async () => {
    clusters.cluster("dev").fault("keys", { kind: "hang" });
    const given = await explain([token, ...GET, "/v1/orders", "--keys", `${keys.path}/jwks.json`]);
    expect({ exitCode: given.exitCode, line: given.stdout.split("\n")[0] }).toEqual({ exitCode: 0, line: "allowed" });
    const forged = await clusters.cluster("dev").forge({ ...BILLING, boundObjectRef: POD, signedBy: "foreign" });
    const wrong = await explain([forged.token, ...GET, "/v1/orders", "--keys", `${keys.path}/jwks.json`, "--json"]);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ verdict: "refuse", code: "SIGNATURE_INVALID" });
    const none = await explain([token, ...GET, "/v1/orders", "--keys", `${keys.path}/empty.json`]);
    expect({ exitCode: none.exitCode, stderr: none.stderr.replace(keys.path, "") }).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/is refused: it has no usable key\n$/),
    });
    clusters.cluster("dev").clearFaults();
  });

  test("is told about without keys, and said to be unverified: no allow", async () => {
    clusters.cluster("dev").fault("keys", { kind: "status", status: 500 });
    const forged = await clusters.cluster("dev").forge({ ...BILLING, boundObjectRef: POD, signedBy: "foreign" });
    const { exitCode, stdout } = await explain([forged.token, ...GET, "/v1/orders"]);
    clusters.cluster("dev").clearFaults();
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^allowed, if what was not checked holds\n/);
    expect(stdout).toContain("note: the signature was not verified: no keys from issuer");
    expect(stdout).toContain("-- 3 checks of key, signature: not made here");
  });

  test("of another audience: the claim, the field of the volume, and what comes then", async () => {
    const other = (await clusters.cluster("dev").mint({ ...BILLING, audiences: ["other"], boundObjectRef: POD })).token;
    const { exitCode, stdout } = await explain([other, ...GET, "/admin"]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("refused: TOKEN_AUDIENCE_MISMATCH (401; the caller reads TOKEN_AUDIENCE)");
    expect(stdout).toContain("TOKEN_AUDIENCE_MISMATCH: other; expected orders.example.com");
    expect(stdout).toContain("- serviceAccountToken: { audience: orders.example.com }");
    expect(stdout).toContain("then it is refused: ACCESS_NOT_ALLOWED");
    expect(stdout).toContain("  - {service: orders, methods: [GET], paths: [/admin]}");
  });

  test("of a moment that is over is judged as at that moment", async () => {
    const at = (hours: number) => String(Math.floor(Date.now() / 1000) + hours * 3600);
    const later = await explain([token, ...GET, "/v1/orders", "--at", at(2)]);
    expect({ exitCode: later.exitCode, code: /refused: \w+/.exec(later.stdout)?.[0] }).toEqual({
      exitCode: 1,
      code: "refused: TOKEN_EXPIRED",
    });
    expect(later.stdout).toContain("claim exp: read the token file again for every call");
    expect(later.stdout).toContain("then the call is allowed");
  });

  test("of the gateway itself is held against audiences that are given, or said to be unchecked", async () => {
    const inputs = [token, "--service", "github", "--method", "GET", "--path", "/repos/a"];
    const unknown = await explain(inputs);
    expect(unknown.exitCode).toBe(4);
    expect(unknown.stdout).toContain("note: the gateway's own audiences are not known here");
    expect((await explain([...inputs, "--audience", `x,${ORDERS}`])).exitCode).toBe(0);
    expect((await explain([...inputs, "--audience", "x"])).stdout).toContain("refused: TOKEN_AUDIENCE_MISMATCH");
  });
});

describe("an account against files", () => {
  test.for<{ what: string; inputs: string[]; exitCode: number; lines: string[] }>([
    { what: "that may", inputs: [...GET, "/v1/orders"], exitCode: 0, lines: ["allowed"] },
    {
      what: "that lacks a rule",
      inputs: [...GET.with(-2, "POST"), "/v1/orders"],
      exitCode: 1,
      lines: [
        "refused: ACCESS_NOT_ALLOWED (403; the caller reads FORBIDDEN)",
        "  permissions/dev/payments/billing#allow[0] (access.yaml:14): {service: orders, methods: [GET], paths: [/v1/*]}: not the method",
        "  add to permissions/dev/payments/billing (access.yaml:12), under allow:",
        "    - {service: orders, methods: [POST], paths: [/v1/orders]}",
      ],
    },
    {
      what: "that a deny holds back",
      inputs: [...GET, "/v1/internal/x"],
      exitCode: 1,
      lines: [
        "refused: ACCESS_DENIED (403; the caller reads FORBIDDEN)",
        '  permissions/dev/_all#deny[0] (access.yaml:18): {service: orders, methods: ["*"], paths: [/v1/internal/*]}',
        "  replace deny[0] of permissions/dev/_all (access.yaml:18) by",
        "    that lets nobody else in",
      ],
    },
    {
      what: "that is not admitted",
      inputs: [...GET.with(-4, "beta"), "/v1/orders"],
      exitCode: 1,
      lines: [
        "refused: PRINCIPAL_NOT_ADMITTED (403; the caller reads FORBIDDEN)",
        "  add to apis/a1b2c3 (access.yaml:4), under stages.beta.principals:",
        "    - dev/payments/billing",
      ],
    },
  ])("$what", async ({ inputs, exitCode, lines }) => {
    const run = await explain(["--as", "dev/payments/billing", ...inputs]);
    for (const line of lines) expect(run.stdout.split("\n")).toContain(line);
    expect(run.exitCode).toBe(exitCode);
  });

  test.for<{ inputs: string[]; exitCode: number; line: RegExp }>([
    { inputs: ["--as", "dev/payments"], exitCode: 2, line: /"dev\/payments" is no principal: expected <cluster>/ },
    { inputs: ["--as", "prod/a/b"], exitCode: 3, line: /no issuer document is about the cluster prod; known are dev/ },
    { inputs: [], exitCode: 2, line: /who calls\? give a token/ },
    { inputs: ["--as", "dev/a/b", "--event", "x"], exitCode: 2, line: /--event brings caller and call/ },
    { inputs: ["no-such-file"], exitCode: 3, line: /the file "no-such-file" cannot be read \(ENOENT\)/ },
  ])("$inputs is a mistake, told in one line", async ({ inputs, exitCode, line }) => {
    const call = inputs.includes("--event") ? [] : [...GET, "/v1/orders"];
    const run = await explain([...inputs, ...call]);
    expect({ exitCode: run.exitCode, stdout: run.stdout, lines: run.stderr.split("\n").length }).toEqual({
      exitCode,
      stdout: "",
      lines: 2,
    });
    expect(run.stderr).toMatch(line);
  });

  test("an event of another function is not taken for one of forward", async () => {
    const http = { method: "GET", path: "/whoami" };
    const event = { version: "2.0", routeKey: "$default", rawPath: "/whoami", headers: {}, requestContext: { http } };
    const { exitCode, stdout, stderr } = await explain(["--event", "-"], JSON.stringify(event));
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toMatch(/^podgate: the event is neither an authorizer's nor one of \/services\/<service>; .*\n$/);
  });

  test.for<{ inputs: string[]; exitCode: number; line: RegExp }>([
    { inputs: ["--service", "nobodys"], exitCode: 3, line: /about the service "nobodys"; known are github, orders/ },
    {
      inputs: ["--service", "orders"],
      exitCode: 2,
      line: /called by apis\/a1b2c3 but at stage beta, apis\/a1b2c3 at stage beta, which differ/,
    },
    {
      inputs: ["--service", "orders", "--api", "x"],
      exitCode: 3,
      line: /it is not called by that; it is by apis\/a1b2c3/,
    },
  ])("$inputs names no one way", async ({ inputs, exitCode, line }) => {
    const run = await explain(["--as", "dev/a/b", "--method", "GET", "--path", "/", ...inputs]);
    expect(run.exitCode).toBe(exitCode);
    expect(run.stderr).toMatch(line);
  });

  test("whose permissions cannot be read gets no decision, with file and line", async () => {
    await using broken = await folderOf({
      "issuers.yaml": { "issuers/oidc.example.com/dev": { url: "https://oidc.example.com/dev", cluster: "dev" } },
      "apis.yaml": { "apis/a": { service: "orders", audiences: ["a"] } },
      "broken.yaml": "permissions/dev/a/b:\n  allow: []\n  deni: []\n",
    });
    const call = ["--service", "orders", "--method", "GET", "--path", "/"];
    const { exitCode, stderr } = await podgate(["explain", "--as", "dev/a/b", ...call, "--from", broken.path]);
    expect(exitCode).toBe(3);
    expect(stderr.replace(broken.path, "")).toBe(
      "podgate: /broken.yaml:3: deni is unknown; allowed are version, allow, deny; no decision that needs this document is made (DOCUMENT_INVALID)\n",
    );
  });
});

test("a document over what a parameter holds is refused by lint, by plan, and by the change that explain proposes", async () => {
  const paths = Array.from({ length: 100 }, (_, at) => `/v1/${"x".repeat(31)}/${at}`);
  const sized = async (count: number) =>
    folderOf({
      "access.yaml": {
        "issuers/oidc.example.com/dev": { url: "https://oidc.example.com/dev", cluster: "dev" },
        "services/orders": { url: "https://orders.example.com", credential: { type: "none" } },
        "permissions/dev/payments/billing": {
          allow: [{ service: "orders", methods: ["GET"], paths: paths.slice(0, count) }],
        },
      },
    });
  const call = ["--service", "orders", "--method", "GET", "--path", `/${"y".repeat(60)}`];
  const as = ["--as", "dev/payments/billing", "--audience", "gateway.example.com"];
  await using nearly = await sized(98);
  const explained = await podgate(["explain", ...as, ...call, "--from", nearly.path]);
  expect(explained.exitCode).toBe(1);
  expect(explained.stdout).toMatch(
    /a change on the way; what is left then is that permissions\/dev\/payments\/billing then has 4\d\d\d bytes, and a parameter holds 4096: say it in fewer rules/,
  );
  const fine = await podgate(["lint", "--from", nearly.path]);
  expect(fine.stdout).not.toContain("document-large");

  await using over = await sized(100);
  const lint = await podgate(["lint", "--from", over.path]);
  expect(lint.exitCode).toBe(1);
  expect(lint.stdout).toMatch(
    /error: apply does not write the document: it has 4\d\d\d bytes, and a parameter holds 4096: say it/,
  );
  await using store = await startParameterStore();
  const env = { PODGATE_OFFLINE_PORT_STORE: new URL(store.url).port };
  const plan = await podgate(["plan", "--from", over.path, "--offline"], { env });
  expect(plan.stdout).toMatch(/billing has 4\d\d\d bytes, and a parameter holds 4096: say it in fewer rules/);
  const apply = await podgate(["apply", "--from", over.path, "--offline", "--yes"], { env });
  expect(apply.exitCode).toBe(3);
  expect(store.calls.filter(({ operation }) => operation === "PutParameter")).toEqual([]);
});
