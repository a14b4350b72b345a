import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { DiscoveryFault, KeysFault } from "../../../offline/cluster/faults.ts";
import { type StartedCluster, startCluster } from "../../../offline/cluster/start-cluster.ts";
import { startHttpServer } from "../../support/faulty-server.ts";
import { folderOf, podgate } from "../../support/podgate.ts";
import { type StoreWorld, startStoreWorld } from "../store-world.ts";

const LOOPBACK = { PODGATE_ALLOW_LOOPBACK_HTTP: "1" };
const AT = { namespace: "payments", serviceAccount: "billing" };

interface Report {
  readonly issuers: number;
  readonly findings: readonly { severity: string; check: string; where: string; text: string }[];
}

/** Runs doctor, and gives its findings as `severity check: text` without those that are well. */
async function doctor(inputs: readonly string[], options: { env?: Record<string, string>; input?: string } = {}) {
  const ended = await podgate(["doctor", ...inputs, "--json"], { ...options, env: { ...LOOPBACK, ...options.env } });
  const report: Report = ended.stdout === "" ? { issuers: 0, findings: [] } : JSON.parse(ended.stdout);
  const told = report.findings
    .filter(({ severity }) => severity !== "ok")
    .map(({ severity, check, text }) => `${severity} ${check}: ${text}`);
  return { ...ended, report, told };
}

describe("podgate doctor <issuer-url>", () => {
  let cluster: StartedCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.clearFaults());
  afterAll(() => cluster[Symbol.asyncDispose]());

  test("of an issuer that is well says what was looked at", async () => {
    const { exitCode, stdout, stderr } = await podgate(["doctor", cluster.url], { env: LOOPBACK });
    const [kid] = cluster.keys.map(({ kid }) => kid);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.trimEnd().split("\n")).toEqual([
      `${cluster.url}: ok: answers; its discovery document names exactly this issuer, and its \`jwks_uri\` may be used [reachable]`,
      `${cluster.url}: ok: key ${kid}: RS256, 2048 bits; its kid is its own thumbprint, as kube-apiserver names keys [key]`,
      "1 issuers, 0 errors, 0 warnings",
    ]);
  });

  test.for<{ fault: DiscoveryFault | KeysFault; of: "discovery" | "keys"; told: string[] }>([
    {
      of: "discovery",
      fault: { kind: "status", status: 403 },
      told: [
        "error reachable: ISSUER_UNREACHABLE",
        "answered 403; is this the issuer's URL? An API server shows its keys to everybody only where system:service-account-issuer-discovery",
      ],
    },
    { of: "discovery", fault: { kind: "status", status: 503 }, told: ["answered 503; ask whoever runs it"] },
    { of: "discovery", fault: { kind: "html" }, told: ["the body is not JSON in UTF-8; is this an issuer?"] },
    {
      of: "discovery",
      fault: { kind: "redirect" },
      told: ["answered 302; no redirect is followed: register where it leads as `discoveryURL`"],
    },
    { of: "discovery", fault: { kind: "reset" }, told: ["the connection failed (ECONNRESET); is it up"] },
    { of: "discovery", fault: { kind: "huge" }, told: ["larger than 65536 bytes; is this an issuer?"] },
    { of: "discovery", fault: { kind: "gzip-bomb" }, told: ["something in between compresses"] },
    { of: "discovery", fault: { kind: "hang" }, told: ["the functions wait no longer than this"] },
    {
      of: "discovery",
      fault: { kind: "wrong-issuer", issuer: "https://a\u001bb.example.com/" },
      told: [
        "error jwks-uri: DISCOVERY_INVALID",
        "it says that it is https://a\\u001bb.example.com/; register the issuer that the tokens name",
      ],
    },
    {
      of: "discovery",
      fault: { kind: "foreign-jwks-uri", url: "http://ip-172-16-59-142.us-west-2.compute.internal/openid/v1/jwks" },
      told: [
        "error jwks-uri: DISCOVERY_INVALID",
        "an address inside the cluster's network (a name that only its network knows), and nobody outside gets there; set kube-apiserver's --service-account-jwks-uri",
      ],
    },
    {
      of: "discovery",
      fault: { kind: "foreign-jwks-uri", url: "http://10.1.2.3/jwks" },
      told: ["DISCOVERY_INVALID", "inside the cluster's network (a private address)"],
    },
    {
      of: "discovery",
      fault: { kind: "foreign-jwks-uri", url: "http://keys.invalid/jwks" },
      told: ["DISCOVERY_INVALID", "(its name has no address here)"],
    },
    { of: "keys", fault: { kind: "status", status: 404 }, told: ["error reachable: ISSUER_UNREACHABLE"] },
    { of: "keys", fault: { kind: "empty-keys" }, told: ["error key-set: KEY_SET_INVALID", "no set of signing keys"] },
    {
      of: "keys",
      fault: { kind: "duplicate-kid" },
      told: ["it has two keys with one `kid`; take one of the two keys"],
    },
    { of: "keys", fault: { kind: "private-member" }, told: ["it holds a private or symmetric key; the private key"] },
  ])("of one whose $of are at fault ($fault.kind) says what to do", async ({ of, fault, told: expected }) => {
    cluster.fault(of as "keys", fault as KeysFault);
    const { exitCode, stdout, told } = await doctor([cluster.url]);
    expect(exitCode).toBe(1);
    const said = told.join("\n");
    for (const part of expected) expect(said).toContain(part);
    expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{C}/u);
  });

  test("of keys on another host says how to allow that, where they are there", async () => {
    await using other = await startHttpServer((_, response) => response.end(JSON.stringify({ keys: cluster.keys })));
    const url = `http://127.0.0.1:${other.port}/keys`;
    cluster.fault("discovery", { kind: "foreign-jwks-uri", url });
    const { told } = await doctor([cluster.url]);
    expect(told[1]).toBe(
      `error jwks-uri: 1 keys are at ${url}; if that host is the issuer's, say "jwksURL": "${url}" in the issuer document`,
    );
  });

  test.for<{ hours: number; told: RegExp }>([
    { hours: 1, told: /^warning clock: its clock is 3[56]\d\d s ahead of this machine's; tokens are given 30 s/ },
    { hours: -1, told: /^warning clock: its clock is 3[56]\d\d s behind this machine's/ },
  ])("says that a clock is $hours h off", async ({ hours, told: expected }) => {
    const keys = JSON.stringify({ keys: cluster.keys });
    await using server = await startHttpServer((request, response) => {
      const issuer = `http://${request.headers.host}`;
      response.setHeader("date", new Date(Date.now() + hours * 3_600_000).toUTCString());
      response.end(request.url === "/jwks" ? keys : JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }));
    });
    const { exitCode, told } = await doctor([`http://127.0.0.1:${server.port}`]);
    expect({ exitCode, told }).toEqual({ exitCode: 0, told: [expect.stringMatching(expected)] });
  });

  test("names keys that nobody can use", async () => {
    const [key] = cluster.keys;
    const keys = [
      { ...key, kid: "one" },
      { ...key, kid: "two" },
      { ...key, kid: "enc", use: "enc" },
      { ...key, kid: undefined },
      { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", kid: "ed" },
    ];
    cluster.fault("keys", { kind: "body", body: JSON.stringify({ keys }) });
    const { exitCode, told } = await doctor([cluster.url]);
    expect(exitCode).toBe(0);
    expect(told).toEqual([
      "warning key: keys one and two are one key under two names",
      "warning key: key enc cannot be used, and its tokens are refused: its `use` is not sig",
      "warning key: key ed cannot be used, and its tokens are refused: its type is none of RSA, P-256, P-384 and P-521",
      "warning key: 1 of its keys have no `kid`: no token can name them",
    ]);
  });

  test("of an algorithm that the document does not allow says what to allow", async () => {
    await using p384 = await startCluster({ algorithm: "ES384" });
    const { told } = await doctor([p384.url]);
    expect(told).toEqual([
      expect.stringContaining('which the issuer document does not allow; say "algorithms": ["RS256","ES256","ES384"]'),
    ]);
  });

  test.for<{ what: string; inputs: string[]; env?: Record<string, string>; said: string }>([
    {
      what: "plain http elsewhere than offline",
      inputs: ["http://127.0.0.1:1/dev"],
      env: { PODGATE_ALLOW_LOOPBACK_HTTP: "" },
      said: "(--offline permits http://127.0.0.1)",
    },
    { what: "no URL", inputs: ["HTTPS://A"], said: '"HTTPS://A" is no issuer\'s URL' },
    { what: "neither an issuer nor a store", inputs: [], said: "no store is given" },
  ])("$what is a wrong command line", async ({ inputs, env, said }) => {
    const { exitCode, stdout, stderr } = await doctor(inputs, { env: env ?? {} });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(said);
  });

  test("an address inside this machine's network is refused as the functions refuse it", async () => {
    const { exitCode, told } = await doctor(["https://10.255.255.254/dev"]);
    expect(exitCode).toBe(1);
    expect(told[0]).toContain('a private address is refused: its document must say "network": "private"');
  });
});

describe("podgate doctor --token", () => {
  let cluster: StartedCluster;
  let token: string;
  beforeAll(async () => {
    cluster = await startCluster();
    ({ token } = await cluster.mint({ ...AT, audiences: ["a"] }));
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const ask = async (input: string) => {
    const ended = await doctor([cluster.url, "--token", "-"], { input });
    const signature = input.split(".")[2] ?? "";
    if (signature.length > 20) expect(ended.stdout + ended.stderr).not.toContain(signature);
    return ended;
  };

  test("whose key is in the set is well", async () => {
    const { exitCode, report } = await ask(token);
    expect(exitCode).toBe(0);
    expect(report.findings.at(-1)).toMatchObject({
      severity: "ok",
      check: "token",
      text: expect.stringContaining("the token is signed by key"),
    });
  });

  test.for<{ what: string; make: () => Promise<string>; said: string }>([
    {
      what: "another key under the same name",
      make: async () => (await cluster.forge({ ...AT, signedBy: "foreign" })).token,
      said: "SIGNATURE_INVALID: key",
    },
    {
      what: "a key that is not there",
      make: async () => (await cluster.forge({ ...AT, header: { kid: "gone" } })).token,
      said: "KEY_UNKNOWN: the token's key gone is not in what the issuer publishes, which has",
    },
    {
      what: "another issuer",
      make: async () => (await cluster.forge({ ...AT, claims: { iss: `${cluster.url}/` } })).token,
      said: "letters and a `/` at the end count",
    },
    {
      what: "a legacy token",
      make: async () => (await cluster.forge({ ...AT, family: "legacy" })).token,
      said: "TOKEN_LEGACY: ",
    },
    { what: "no token", make: async () => "hello", said: "TOKEN_MALFORMED: " },
  ])("with $what is an error", async ({ make, said }) => {
    const { exitCode, told } = await ask(await make());
    expect(exitCode).toBe(1);
    expect(told).toEqual([expect.stringContaining(said)]);
  });

  test("of EKS that names a key of the API server says where EKS has its keys", async () => {
    await using eks = await startCluster({ shape: "eks" });
    const { token: other } = await eks.forge({ ...AT, header: { kid: "api-server-key" } });
    const name = `issuers/${eks.issuer.slice("https://".length)}`;
    await using folder = await folderOf({ "a.yaml": { [name]: { ...eks.issuerDocument } } });
    const { report, told } = await doctor(["--from", folder.path, "--token", "-"], { input: other });
    expect(report.findings.map(({ text }) => text).join("\n")).toContain(
      "its kid is a name that somebody gave, as EKS",
    );
    expect(told).toEqual([
      expect.stringContaining(
        `EKS signs with the keys at ${eks.issuer}/keys; the keys at the API server's own /openid/v1/jwks (\`kubectl get --raw\`) are others`,
      ),
    ]);
  });

  test("of EKS with static keys says that they will be too old, and where a token's key is", async () => {
    await using eks = await startCluster({ shape: "eks" });
    const [issuers, keys] = ["issuers", "keys"].map((kind) => `${kind}/${eks.issuer.slice("https://".length)}`);
    const { token: other } = await eks.mint({ ...AT, audiences: ["a"] });
    await using kept = await startCluster();
    await using folder = await folderOf({
      "a.yaml": {
        [issuers ?? ""]: { url: eks.issuer, cluster: "prod", keys: "static" },
        [keys ?? ""]: { issuer: eks.issuer, fetchedAt: 1, source: "static", keys: kept.keys },
      },
    });
    const { exitCode, told } = await doctor(["--from", folder.path, "--token", "-"], { input: other });
    expect(exitCode).toBe(1);
    expect(told).toEqual([
      expect.stringContaining("warning key-set: EKS rotates its signing key about once a week"),
      expect.stringContaining("so keep no static keys of it"),
    ]);
  });
});

describe("podgate doctor of a store", () => {
  let cluster: StartedCluster;
  let world: StoreWorld;
  let name: string;
  const now = () => Math.floor(Date.now() / 1000);
  const snapshot = (more: object = {}) => ({
    issuer: cluster.url,
    fetchedAt: now(),
    source: "discovered",
    keys: cluster.keys,
    ...more,
  });

  beforeAll(async () => {
    cluster = await startCluster();
    name = cluster.url.replace(/^http:\/\/127\.0\.0\.1:/, "http_3A/_2F127.0.0.1_3A");
    world = await startStoreWorld();
    world.put(`issuers/${name}`, cluster.issuerDocument);
    world.put("permissions/dev/payments/billing", {});
    world.put("secrets/github/token", "canary-4711");
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const run = async (inputs: readonly string[] = []) => {
    const ended = await world.run(["doctor", ...inputs, "--json"], { env: LOOPBACK });
    const { findings }: Report = JSON.parse(ended.stdout);
    return {
      exitCode: ended.exitCode,
      findings,
      told: findings
        .filter(({ severity }) => severity !== "ok")
        .map(({ severity, check, text }) => `${severity} ${check}: ${text}`),
    };
  };

  test("that is well", async () => {
    world.put(`keys/${name}`, snapshot());
    const { exitCode, findings } = await run();
    expect(exitCode).toBe(0);
    expect(findings.map(({ severity, check }) => `${severity} ${check}`)).toEqual([
      "ok document",
      "ok reachable",
      "ok key",
      "ok snapshot",
    ]);
    expect(findings.at(-1)).toMatchObject({
      where: `/podgate/test/keys/${name}`,
      text: expect.stringMatching(/^fetched \d+ s ago, the keys that the issuer publishes$/),
    });
    expect(JSON.stringify(findings)).not.toContain("canary");
    expect(world.store.calls.flatMap(({ names }) => names).some((each) => each.includes("secrets"))).toBe(false);
  });

  test.for<{ what: string; put: () => object; exitCode: number; said: string }>([
    { what: "of 24 min", put: () => snapshot({ fetchedAt: now() - 1400 }), exitCode: 0, said: "" },
    {
      what: "of 26 min",
      put: () => snapshot({ fetchedAt: now() - 1560 }),
      exitCode: 0,
      said: "warning snapshot: fetched 26 min ago, and refresh-keys writes it every 15 min",
    },
    {
      what: "of three hours",
      put: () => snapshot({ fetchedAt: now() - 10_800 }),
      exitCode: 1,
      said: "error snapshot: fetched 3 h ago, too old to be used (2 h)",
    },
    {
      what: "from the future",
      put: () => snapshot({ fetchedAt: now() + 600 }),
      exitCode: 1,
      said: "error snapshot: nobody uses it: it is from the future",
    },
    {
      what: "of where the issuer document does not point any more",
      put: () => snapshot({ from: "https://old.example.com/jwks" }),
      exitCode: 1,
      said: "its keys were fetched from https://old.example.com/jwks, where the issuer document no longer points",
    },
    {
      what: "that is static",
      put: () => snapshot({ source: "static" }),
      exitCode: 1,
      said: 'it is static, and the issuer document says "keys": "discovered"',
    },
    {
      what: "of other keys",
      put: () => snapshot({ keys: cluster.keys.map((key) => ({ ...key, kid: "renamed" })) }),
      exitCode: 0,
      said: "warning snapshot: the issuer publishes other keys by now",
    },
    {
      what: "that shares no key",
      put: () =>
        snapshot({
          keys: [
            {
              kid: "x",
              kty: "EC",
              crv: "P-256",
              x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
              y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            },
          ],
        }),
      exitCode: 1,
      said: "error snapshot: it shares no key with what the issuer publishes now",
    },
    {
      what: "that cannot be read",
      put: () => snapshot({ extra: 1 }),
      exitCode: 1,
      said: "error document: extra is unknown",
    },
  ])("with a snapshot $what", async ({ put, exitCode, said }) => {
    world.put(`keys/${name}`, put());
    const ended = await run();
    expect({ exitCode: ended.exitCode, said: ended.told.join("\n") }).toEqual({
      exitCode,
      said: expect.stringContaining(said),
    });
    if (said === "") expect(ended.told).toEqual([]);
    const one = await run([cluster.url]);
    expect(one.exitCode).toBe(exitCode);
  });

  test("without a snapshot, with two issuers of one cluster, one disabled and one without its static keys", async () => {
    await using other = await startStoreWorld({
      [`issuers/${name}`]: cluster.issuerDocument,
      "issuers/kubernetes.default.svc.cluster.local": {
        url: "https://kubernetes.default.svc.cluster.local",
        cluster: "dev",
        keys: "static",
      },
      "issuers/old.example.com": { url: "https://old.example.com", cluster: "old", disabled: true },
    });
    const { exitCode, stdout } = await other.run(["doctor"], { env: LOOPBACK });
    expect(exitCode).toBe(1);
    const lines = stdout
      .replaceAll("/podgate/test/", "")
      .trimEnd()
      .split("\n")
      .filter((line) => !line.includes(": ok: "));
    expect(lines).toEqual([
      expect.stringContaining(`issuers/${name}: error: the cluster dev has 2 issuers, which share its permissions`),
      expect.stringContaining(`keys/${name}: warning: there is no snapshot of its keys`),
      expect.stringContaining("keys/kubernetes.default.svc.cluster.local: error: KEY_SET_MISSING"),
      expect.stringContaining(
        "https://old.example.com: warning: it is disabled: every token of cluster old is refused [registered]",
      ),
      "3 issuers, 2 errors, 2 warnings",
    ]);
  });

  test("of an issuer that is not in it", async () => {
    await using stranger = await startCluster();
    const { exitCode, told } = await run([stranger.url]);
    expect({ exitCode, told }).toEqual({
      exitCode: 0,
      told: [expect.stringContaining("warning registered: it is not registered in SSM /podgate/test")],
    });
  });

  test("that does not answer is no verdict", async () => {
    world.store.fault({ kind: "access-denied" });
    const { exitCode, stdout } = await world.run(["doctor"]);
    world.store.fault();
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
  });

  test("of files: the documents, without what refresh-keys writes", async () => {
    await using folder = await folderOf({
      "a.yaml": { [`issuers/${name}`]: cluster.issuerDocument, "permissions/_all": { alow: [] } },
    });
    const { exitCode, told, report } = await doctor(["--from", folder.path]);
    expect({ exitCode, told }).toEqual({
      exitCode: 1,
      told: [expect.stringContaining("error document: alow is unknown")],
    });
    expect(report.findings[1]?.where).toBe(`${join(folder.path, "a.yaml")}:7`);
  });
});
