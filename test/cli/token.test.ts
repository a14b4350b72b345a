import { chmod } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clusters, startClusters } from "../../offline/cluster/clusters.ts";
import { type StartedCluster, startCluster } from "../../offline/cluster/start-cluster.ts";
import { startHttpServer, startHttpsServer, startTcpServer, tlsFixture } from "../support/faulty-server.ts";
import { folderOf, podgate, type RunOptions } from "../support/podgate.ts";

const FOR_ORDERS = ["token", "payments/billing", "--audience", "orders.example.com"];

interface Claims {
  readonly aud: readonly string[];
  readonly sub: string;
  readonly exp: number;
  readonly iat: number;
  readonly "kubernetes.io": Readonly<Record<string, unknown>>;
}

function claimsOf(token: string): Claims {
  const [, payload = "", signature = "", ...more] = token.trimEnd().split(".");
  expect(signature.length).toBeGreaterThan(80);
  expect(more).toEqual([]);
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

describe("podgate token, of an offline cluster", () => {
  let clusters: Clusters;
  let env: Record<string, string>;

  beforeAll(async () => {
    clusters = await startClusters({ clusters: [{ name: "dev" }, { name: "prod", maxExpirationSeconds: 900 }] });
    env = { PODGATE_OFFLINE_PORT_CLUSTER: new URL(clusters.url).port };
  });
  afterAll(() => clusters[Symbol.asyncDispose]());

  test("prints the token and nothing else", async () => {
    const { exitCode, stdout, stderr } = await podgate(FOR_ORDERS, { env });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { aud, sub, exp, iat } = claimsOf(stdout);
    expect({ aud, sub, life: exp - iat }).toEqual({
      aud: ["orders.example.com"],
      sub: "system:serviceaccount:payments:billing",
      life: 3600,
    });
    expect(stderr).toContain(`payments/billing of ${clusters.url}/dev, for orders.example.com, until 20`);
    expect(stderr).not.toContain(stdout.split(".")[1]);
  });

  test("asks for several audiences, a lifetime and a binding", async () => {
    const inputs = [...FOR_ORDERS, "--audience", "b.example.com", "--duration", "1h30m", "--bound", "pod/billing-0"];
    const { aud, exp, iat, "kubernetes.io": kubernetes } = claimsOf((await podgate(inputs, { env })).stdout);
    expect({ aud, life: exp - iat }).toEqual({ aud: ["orders.example.com", "b.example.com"], life: 5400 });
    expect(kubernetes).toMatchObject({ pod: { name: "billing-0" } });
  });

  test.for(["secret/key", "node/dev-node-1"])("binds to %s", async (bound) => {
    const [kind = "", name] = bound.split("/");
    const { stdout } = await podgate([...FOR_ORDERS, "--bound", bound], { env });
    expect(claimsOf(stdout)["kubernetes.io"][kind]).toMatchObject({ name });
  });

  test("is told by the cluster that it is shortened", async () => {
    const { exitCode, stdout, stderr } = await podgate([...FOR_ORDERS, "--cluster", "prod", "--duration", "2h"], {
      env,
    });
    expect(exitCode).toBe(0);
    const { exp, iat } = claimsOf(stdout);
    expect(exp - iat).toBe(900);
    expect(stderr).toContain("warns: ");
  });

  test("is JSON where that is asked for", async () => {
    const { stdout } = await podgate([...FOR_ORDERS, "--json", "--server", `${clusters.url}/dev`]);
    const { token, audiences, expirationTimestamp } = JSON.parse(stdout);
    expect(audiences).toEqual(["orders.example.com"]);
    expect(Date.parse(expirationTimestamp) / 1000).toBe(claimsOf(token).exp);
  });

  test.for<{ what: string; inputs: string[]; exitCode: number; said: string }>([
    { what: "no audience", inputs: ["token", "payments/billing"], exitCode: 2, said: "give --audience" },
    {
      what: "an empty audience",
      inputs: ["token", "payments/billing", "--audience", ""],
      exitCode: 2,
      said: "give --audience",
    },
    {
      what: "no namespace",
      inputs: ["token", "billing", "--audience", "a"],
      exitCode: 2,
      said: '"billing" is no service account',
    },
    { what: "a path", inputs: ["token", "../x", "--audience", "a"], exitCode: 2, said: '"../x" is no service account' },
    {
      what: "a short life",
      inputs: [...FOR_ORDERS, "--duration", "9m59s"],
      exitCode: 2,
      said: 'duration is "9m59s": expected a duration',
    },
    { what: "no life", inputs: [...FOR_ORDERS, "--duration", ""], exitCode: 2, said: "expected a duration" },
    {
      what: "another kind",
      inputs: [...FOR_ORDERS, "--bound", "deployment/x"],
      exitCode: 2,
      said: "expected pod/<name>",
    },
    {
      what: "two clusters",
      inputs: [...FOR_ORDERS, "--cluster", "dev", "--context", "x"],
      exitCode: 2,
      said: "--cluster and --kubeconfig are different clusters",
    },
    {
      what: "a cluster that is none",
      inputs: [...FOR_ORDERS, "--cluster", "a/b"],
      exitCode: 2,
      said: '"a/b" is no cluster\'s name',
    },
    {
      what: "plain http elsewhere",
      inputs: [...FOR_ORDERS, "--server", "http://10.0.0.1"],
      exitCode: 2,
      said: "expected https://host:port",
    },
    {
      what: "a cluster that is not there",
      inputs: [...FOR_ORDERS, "--cluster", "x"],
      exitCode: 1,
      said: "answered 404",
    },
    {
      what: "a uid that is another one's",
      inputs: [...FOR_ORDERS, "--bound", "pod/a/b"],
      exitCode: 1,
      said: "answered 409",
    },
  ])("refuses $what in one line", async ({ inputs, exitCode, said }) => {
    const ended = await podgate(inputs, { env });
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(said);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("says what to start where nothing listens", async () => {
    const { exitCode, stderr } = await podgate(FOR_ORDERS, { env: { PODGATE_OFFLINE_PORT_CLUSTER: "1" } });
    expect(exitCode).toBe(4);
    expect(stderr).toContain("(ECONNREFUSED); start it with `npm start`, or give --kubeconfig");
  });
});

describe("podgate token, by a kubeconfig", () => {
  const CANARY = "canary-4711-credential";
  let cluster: StartedCluster;
  let api: Awaited<ReturnType<typeof startHttpsServer>>;
  /** What the API server was last asked with. */
  let asked: { headers: IncomingHttpHeaders; path: string; certificate: string | undefined };

  beforeAll(async () => {
    cluster = await startCluster();
    api = await startHttpsServer(
      (request, response) => {
        const peer = (request.socket as TLSSocket).getPeerCertificate();
        asked = { headers: request.headers, path: request.url ?? "", certificate: peer.fingerprint256 };
        request.resume();
        void cluster
          .mint({ namespace: "payments", serviceAccount: "billing", audiences: ["orders.example.com"] })
          .then((status) => response.writeHead(201).end(JSON.stringify({ kind: "TokenRequest", status })));
      },
      { requestCert: true, rejectUnauthorized: false },
    );
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const kubeconfig = (user: object, more: object = {}) => ({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
    clusters: [
      {
        name: "c",
        cluster: {
          server: `https://localhost:${api.port}/prefix`,
          "certificate-authority-data": Buffer.from(tlsFixture("root.pem")).toString("base64"),
          ...more,
        },
      },
    ],
    users: [{ name: "u", user }],
    preferences: {},
  });

  const run = async (
    files: Record<string, object | string>,
    inputs: readonly string[] = [],
    options: RunOptions = {},
  ) => {
    await using folder = await folderOf({ ...files });
    if ("plugin.sh" in files) await chmod(join(folder.path, "plugin.sh"), 0o755);
    const ended = await podgate([...FOR_ORDERS, "--kubeconfig", join(folder.path, "config"), ...inputs], options);
    return { ...ended, stderr: ended.stderr.replaceAll(folder.path, "") };
  };

  test("with a token: sent as it stands, to the server's own path", async () => {
    const { exitCode, stdout } = await run({
      config: kubeconfig({ token: CANARY, as: "admin", "as-groups": ["a", "b"] }),
    });
    expect(exitCode).toBe(0);
    expect(claimsOf(stdout).aud).toEqual(["orders.example.com"]);
    expect(asked.path).toBe("/prefix/api/v1/namespaces/payments/serviceaccounts/billing/token");
    expect(asked.headers).toMatchObject({
      authorization: `Bearer ${CANARY}`,
      "impersonate-user": "admin",
      "impersonate-group": "a, b",
    });
  });

  test("with a token file and an authority beside the kubeconfig", async () => {
    const files = {
      config: kubeconfig({ tokenFile: "t" }, { "certificate-authority-data": null, "certificate-authority": "ca.pem" }),
      t: `${CANARY}\n`,
      "ca.pem": tlsFixture("root.pem"),
    };
    expect((await run(files)).exitCode).toBe(0);
    expect(asked.headers.authorization).toBe(`Bearer ${CANARY}`);
  });

  test("with a client certificate, in the file or beside it", async () => {
    const base64 = (name: string) => Buffer.from(tlsFixture(name)).toString("base64");
    const inside = { "client-certificate-data": base64("server.pem"), "client-key-data": base64("server-key.pem") };
    expect((await run({ config: kubeconfig(inside) })).exitCode).toBe(0);
    expect(asked.certificate).toMatch(/^[0-9A-F:]{95}$/);
    expect(asked.headers.authorization).toBeUndefined();

    const beside = { "client-certificate": "cert.pem", "client-key": "key.pem" };
    const files = {
      config: kubeconfig(beside),
      "cert.pem": tlsFixture("server.pem"),
      "key.pem": tlsFixture("server-key.pem"),
    };
    expect((await run(files)).exitCode).toBe(0);
    expect(asked.certificate).toMatch(/^[0-9A-F:]{95}$/);
  });

  test("with a user name and a password", async () => {
    await run({ config: kubeconfig({ username: "u", password: CANARY }) });
    expect(asked.headers.authorization).toBe(`Basic ${Buffer.from(`u:${CANARY}`).toString("base64")}`);
  });

  const BETA = "client.authentication.k8s.io/v1beta1";
  const exec = (more: object = {}) => ({
    exec: {
      apiVersion: BETA,
      command: "./plugin.sh",
      args: ["eks", "get-token"],
      interactiveMode: "IfAvailable",
      ...more,
    },
  });
  const plugin = (script: string) => `#!/bin/sh\n${script}\n`;
  const credential = (status: object) =>
    `{"apiVersion":"${BETA}","kind":"ExecCredential","status":${JSON.stringify(status)}}`;

  test("with a plugin, which learns of the cluster", async () => {
    const script = plugin(
      `printf '%s' "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/info.json"\nprintf '{"apiVersion":"${BETA}","kind":"ExecCredential","status":{"token":"%s-%s-%s"}}' "$REALM" "$1" "$2"`,
    );
    const config = kubeconfig(exec({ env: [{ name: "REALM", value: "r" }], provideClusterInfo: true }), {
      extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "x" } }],
    });
    await using folder = await folderOf({ config, "plugin.sh": script });
    await chmod(join(folder.path, "plugin.sh"), 0o755);
    const { exitCode } = await podgate([...FOR_ORDERS, "--kubeconfig", join(folder.path, "config")]);
    expect(exitCode).toBe(0);
    expect(asked.headers.authorization).toBe("Bearer r-eks-get-token");
    const { default: info } = await import(join(folder.path, "info.json"), { with: { type: "json" } });
    expect(info).toMatchObject({
      apiVersion: BETA,
      kind: "ExecCredential",
      spec: {
        interactive: false,
        cluster: { server: `https://localhost:${api.port}/prefix`, config: { audience: "x" } },
      },
    });
  });

  test("with a plugin that gives a certificate", async () => {
    const status = { clientCertificateData: tlsFixture("server.pem"), clientKeyData: tlsFixture("server-key.pem") };
    const files = {
      config: kubeconfig(exec()),
      "plugin.sh": plugin(`cat "$(dirname "$0")/out.json"`),
      "out.json": credential(status),
    };
    expect((await run(files)).exitCode).toBe(0);
    expect(asked.certificate).toMatch(/^[0-9A-F:]{95}$/);
  });

  test.for<{ what: string; script: string; more?: object; exitCode: number; said: string }>([
    {
      what: "fails",
      script: `echo ${CANARY}; exit 3`,
      exitCode: 4,
      said: "the credential plugin ./plugin.sh ended with exit code 3; run it by hand",
    },
    {
      what: "prints no JSON",
      script: `echo ${CANARY}`,
      exitCode: 4,
      said: "printed no ExecCredential: it is not JSON",
    },
    {
      what: "prints another kind",
      script: `echo '{"kind":"Status","x":"${CANARY}"}'`,
      exitCode: 4,
      said: "`kind` is another one",
    },
    {
      what: "speaks another version",
      script: `echo '${credential({ token: CANARY }).replace("v1beta1", "v1alpha1")}'`,
      exitCode: 4,
      said: "`apiVersion` is not that of the kubeconfig",
    },
    { what: "gives nothing", script: `echo '${credential({})}'`, exitCode: 4, said: "it has no token" },
    { what: "prints without end", script: "yes", exitCode: 4, said: "./plugin.sh printed more than 1048576 bytes" },
    {
      what: "is not there",
      script: "",
      more: { command: "no-such-plugin", installHint: "get it at example.com" },
      exitCode: 3,
      said: "no-such-plugin cannot be run (ENOENT); get it at example.com",
    },
    {
      what: "needs a terminal",
      script: "",
      more: { interactiveMode: "Always" },
      exitCode: 3,
      said: "needs a terminal",
    },
  ])("with a plugin that $what is no verdict, and quotes nothing", async ({ script, more, exitCode, said }) => {
    const ended = await run({ config: kubeconfig(exec(more)), "plugin.sh": plugin(script) });
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(said);
    expect(ended.stderr).not.toContain(CANARY);
  });

  test("of several files, the first that says something counts", async () => {
    const { contexts, clusters } = kubeconfig({});
    await using folder = await folderOf({
      one: { contexts, "current-context": "here" },
      two: { clusters, "current-context": "there", users: null },
      three: { users: [{ name: "u", user: { tokenFile: "t" } }] },
      t: CANARY,
    });
    const KUBECONFIG = ["one", "absent", "two", "three"].map((file) => join(folder.path, file)).join(":");
    const { exitCode } = await podgate([...FOR_ORDERS, "--kubeconfig"], { env: { KUBECONFIG } });
    expect(exitCode).toBe(0);
    expect(asked.headers.authorization).toBe(`Bearer ${CANARY}`);
  });

  test("without verification, where the file says so", async () => {
    const more = { "certificate-authority-data": null, "insecure-skip-tls-verify": true };
    expect((await run({ config: kubeconfig({ token: CANARY }, more) })).exitCode).toBe(0);
  });

  test.for<{ what: string; config: () => object | string; inputs?: string[]; exitCode: number; said: string }>([
    {
      what: "an authority that did not sign",
      config: () =>
        kubeconfig(
          { token: CANARY },
          { "certificate-authority-data": Buffer.from(tlsFixture("other-root.pem")).toString("base64") },
        ),
      exitCode: 4,
      said: "context here: no answer from https://localhost:",
    },
    {
      what: "a name that the certificate does not have",
      config: () => kubeconfig({ token: CANARY }, { "tls-server-name": "other.example.com" }),
      exitCode: 4,
      said: "(ERR_TLS_CERT_ALTNAME_INVALID)",
    },
    {
      what: "a proxy",
      config: () => kubeconfig({ token: CANARY }, { "proxy-url": "http://proxy:3128" }),
      exitCode: 3,
      said: "proxy-url, which is not supported",
    },
    {
      what: "a context that is not there",
      config: () => kubeconfig({}),
      inputs: ["--context", "x"],
      exitCode: 2,
      said: 'no context "x" in /config; there are here',
    },
    {
      what: "no current context",
      config: () => ({ ...kubeconfig({}), "current-context": "" }),
      exitCode: 2,
      said: "/config has no current context; give --context",
    },
    {
      what: "no cluster",
      config: () => ({ ...kubeconfig({}), clusters: [] }),
      exitCode: 3,
      said: "names a cluster that has no `server`",
    },
    {
      what: "no user",
      config: () => ({ ...kubeconfig({}), users: [] }),
      exitCode: 3,
      said: "names a user that is not there",
    },
    {
      what: "an auth-provider",
      config: () => kubeconfig({ "auth-provider": { name: "gcp" } }),
      exitCode: 3,
      said: "has an auth-provider, which Kubernetes removed",
    },
    {
      what: "a token of two lines",
      config: () => kubeconfig({ token: `${CANARY}\nx` }),
      exitCode: 3,
      said: "the user's token is not one line of ASCII",
    },
    {
      what: "a file that is not there",
      config: () => kubeconfig({ tokenFile: "gone" }),
      exitCode: 3,
      said: "/gone, which the kubeconfig names, cannot be read (ENOENT)",
    },
    {
      what: "a token that is a number",
      config: () => `users:\n  - name: u\n    user: { token: 4711 }\n`,
      exitCode: 3,
      said: "/config:3: users[0].user.token is not text",
    },
    { what: "no YAML", config: () => `a: [${CANARY}`, exitCode: 3, said: "/config:1: not readable as YAML" },
    { what: "a list", config: () => "- a\n", exitCode: 3, said: "/config:1: expected a kubeconfig" },
    {
      what: "plain http elsewhere",
      config: () => kubeconfig({ token: CANARY }, { server: "http://10.0.0.1" }),
      exitCode: 2,
      said: "the kubeconfig's server is no URL",
    },
  ])("with $what ends in one line that quotes no credential", async ({ config, inputs = [], exitCode, said }) => {
    const ended = await run({ config: config() }, inputs);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(said);
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(ended.stderr).not.toContain(CANARY);
  });
});

describe("podgate token, of what is no cluster", () => {
  const ask = (port: number) => podgate([...FOR_ORDERS, "--server", `http://127.0.0.1:${port}`]);

  test.for<{ what: string; status: number; body: string; exitCode: number; said: string }>([
    { what: "a page", status: 200, body: "<html>", exitCode: 4, said: "answered without a token" },
    {
      what: "a token that would break a header",
      status: 201,
      body: '{"status":{"token":"a\\nb"}}',
      exitCode: 4,
      said: "answered without a token",
    },
    {
      what: "a refusal with escapes in it",
      status: 403,
      body: '{"message":"no \\u001b[31m\\u202e"}',
      exitCode: 1,
      said: "answered 403: no \\u001b[31m\\u202e; ask for the right",
    },
    { what: "a failure", status: 500, body: "", exitCode: 4, said: "answered 500" },
    { what: "a redirect", status: 302, body: "", exitCode: 4, said: "answered 302" },
    { what: "two megabytes", status: 200, body: " ".repeat(2_000_000), exitCode: 4, said: "more than 1048576 bytes" },
  ])("$what is no token", async ({ status, body, exitCode, said }) => {
    await using server = await startHttpServer((_, response) => response.writeHead(status).end(body));
    const ended = await ask(server.port);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(said);
  });

  test("a connection that breaks is none either", async () => {
    await using server = await startTcpServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"));
    expect(await ask(server.port)).toMatchObject({ exitCode: 4, stdout: "" });
  });
});
