import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ClusterOptions } from "../../offline/cluster/cluster-options.ts";
import { type Clusters, startClusters } from "../../offline/cluster/clusters.ts";
import { editorProblems } from "../support/access-schema.ts";
import { type Ended, folderOf, podgate } from "../support/podgate.ts";

const CANARY = "canary-4711-of-a-kubeconfig";

interface IssuerWorld extends AsyncDisposable {
  readonly clusters: Clusters;
  /** Below the folder of the test. */
  readonly path: (name: string) => string;
  readonly access: string;
  add(...inputs: string[]): Promise<Ended>;
  plan(): Promise<Ended>;
}

const CLUSTERS: readonly ClusterOptions[] = [
  { name: "dev" },
  { name: "curves", algorithm: "ES384" },
  { name: "laptop", shape: "kind" },
  { name: "office", shape: "private" },
];

async function startIssuerWorld(files: Readonly<Record<string, string | object>> = {}): Promise<IssuerWorld> {
  await using starting = new AsyncDisposableStack();
  const clusters = starting.use(await startClusters({ clusters: CLUSTERS }));
  const folder = starting.use(await folderOf(files));
  const running = starting.move();
  const access = join(folder.path, "access");
  return {
    clusters,
    access,
    path: (name) => join(folder.path, name),
    add: (...inputs) => podgate(["issuer", "add", ...inputs, "--from", access]),
    plan: () => podgate(["lint", "--from", access]),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function kubeconfig(server: string, { user = {}, cluster = {} }: { user?: object; cluster?: object } = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [
      { name: "elsewhere", context: { cluster: "gone", user: "me" } },
      { name: "here", context: { cluster: "here", user: "me" } },
    ],
    clusters: [{ name: "here", cluster: { server, ...cluster } }],
    users: [{ name: "me", user }],
  });
}

describe("podgate issuer add <url>", () => {
  test("looks at an issuer as the functions do, says what it checked and what not, and writes its document", async () => {
    await using world = await startIssuerWorld();
    const { issuer } = world.clusters.cluster("dev");
    const { exitCode, stdout, stderr } = await world.add(issuer, "--cluster", "dev", "--group", "all", "--offline");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain(
      "checked:      the issuer can be reached from here, and its discovery document names exactly this issuer",
    );
    expect(stdout).toMatch(/checked: {6}its key set is sound: \S+ \(RS256\)/);
    expect(stdout).toContain("not checked:  that this is the cluster you call dev");
    const text = await readFile(join(world.access, "issuers.yaml"), "utf8");
    expect(editorProblems(text)).toEqual([]);
    expect(text.slice(text.indexOf("\n\n") + 2)).toBe(
      `issuers/http_3A/_2F${issuer.slice("http://".length).replace(":", "_3A")}:\n  url: ${issuer}\n  cluster: dev\n  group: all\n`,
    );
    expect(await world.plan()).toMatchObject({ exitCode: 0 });
  });

  test("names the algorithms where the default has not all of them", async () => {
    await using world = await startIssuerWorld();
    await world.add(world.clusters.cluster("curves").issuer, "--cluster", "curves", "--offline");
    expect(await readFile(join(world.access, "issuers.yaml"), "utf8")).toContain("  algorithms: [ ES384 ]\n");
  });

  test("asks for the cluster's name where nobody said it", async () => {
    await using world = await startIssuerWorld();
    const { issuer } = world.clusters.cluster("dev");
    const asked = await podgate(["issuer", "add", issuer, "--offline", "--from", world.access], { input: "dev\n" });
    expect(asked).toMatchObject({ exitCode: 0 });
    expect(asked.stderr).toContain("Your name for the cluster");
    expect(await world.add(issuer, "--offline", "--json")).toMatchObject({ exitCode: 2 });
  });

  test("takes neither an issuer nor a cluster's name twice", async () => {
    await using world = await startIssuerWorld();
    const dev = world.clusters.cluster("dev").issuer;
    await world.add(dev, "--cluster", "dev", "--offline");
    const again = await world.add(dev, "--cluster", "other", "--offline");
    expect(again).toMatchObject({ exitCode: 3 });
    expect(again.stderr).toContain("already; change it there");
    const named = await world.add(world.clusters.cluster("curves").issuer, "--cluster", "dev", "--offline");
    expect(named).toMatchObject({ exitCode: 3 });
    expect(named.stderr).toContain("cluster dev is the name of issuers/http_3A/");
  });

  test.for<{ what: string; break: (world: IssuerWorld) => void; says: string }>([
    {
      what: "another issuer in its discovery document",
      break: ({ clusters }) => clusters.cluster("dev").fault("discovery", { kind: "wrong-issuer" }),
      says: "DISCOVERY_INVALID",
    },
    {
      what: "keys on another host",
      break: ({ clusters }) => clusters.cluster("dev").fault("discovery", { kind: "foreign-jwks-uri" }),
      says: "say so as `jwksURL`",
    },
    {
      what: "a private key in its key set",
      break: ({ clusters }) => clusters.cluster("dev").fault("keys", { kind: "private-member" }),
      says: "KEY_SET_INVALID",
    },
    {
      what: "no answer but an error",
      break: ({ clusters }) => clusters.cluster("dev").fault("discovery", { kind: "status", status: 403 }),
      says: "ISSUER_UNREACHABLE",
    },
  ])("refuses an issuer with $what, and writes nothing", async ({ break: breakIt, says }) => {
    await using world = await startIssuerWorld();
    breakIt(world);
    const { exitCode, stderr } = await world.add(world.clusters.cluster("dev").issuer, "--cluster", "dev", "--offline");
    expect(exitCode).toBe(4);
    expect(stderr).toContain(says);
    await expect(readFile(join(world.access, "issuers.yaml"))).rejects.toThrow();
  });

  test.for<{ inputs: string[]; says: string }>([
    { inputs: ["http://127.0.0.1:1/dev", "--cluster", "dev"], says: "is no issuer that can be registered" },
    { inputs: ["https://Example.com", "--cluster", "dev"], says: "is no issuer that can be registered" },
    { inputs: ["https://example.com", "--cluster", "No_Label"], says: "--cluster is missing or no DNS-1123 label" },
    { inputs: ["https://kubernetes.default.svc.cluster.local", "--cluster", "dev"], says: "give --kubeconfig" },
    { inputs: ["--cluster", "dev"], says: "say the issuer's URL, or --kubeconfig" },
  ])("$inputs is a wrong command line", async ({ inputs, says }) => {
    await using world = await startIssuerWorld();
    const ended = await world.add(...inputs);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(says);
  });
});

describe("podgate issuer add --kubeconfig", () => {
  test("keeps the keys of a cluster with the default issuer, which nobody outside can fetch", async () => {
    await using world = await startIssuerWorld({});
    await using files = await folderOf({
      config: kubeconfig(world.clusters.cluster("laptop").controlUrl, { user: { token: CANARY } }),
    });
    const ended = await world.add("--kubeconfig", join(files.path, "config"), "--cluster", "laptop", "--json");
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      url: "https://kubernetes.default.svc.cluster.local",
      keys: "static",
      kind: "kubeadm, kind or k3s with their default issuer",
    });
    expect(await readFile(join(world.access, "issuers.yaml"), "utf8")).toContain("keys: static");
    const keys = await readFile(join(world.access, "keys.yaml"), "utf8");
    expect(editorProblems(keys)).toEqual([]);
    expect(keys).toContain("source: static");
    expect(keys).not.toMatch(/\bd:/);
    expect(await world.plan()).toMatchObject({ exitCode: 0 });
    expect(JSON.stringify(ended) + keys).not.toContain(CANARY);
  });

  test("compares what the API server signs with and what its issuer publishes", async () => {
    await using world = await startIssuerWorld();
    await using files = await folderOf({ config: kubeconfig(world.clusters.cluster("dev").server) });
    const same = await world.add("--kubeconfig", join(files.path, "config"), "--cluster", "dev", "--offline");
    expect(same).toMatchObject({ exitCode: 0 });
    expect(same.stdout).toContain("the API server and the issuer have the same keys");
    expect(same.stdout).not.toContain("nothing but its URL says so");
  });

  test("reads a certificate authority, and a token by a credential plugin, and shows neither", async () => {
    await using world = await startIssuerWorld();
    const office = world.clusters.cluster("office");
    await using files = await folderOf({
      "plugin.sh": `#!/bin/sh\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$TOKEN"\n`,
      config: "",
    });
    const plugin = join(files.path, "plugin.sh");
    await chmod(plugin, 0o755);
    await using config = await folderOf({
      config: kubeconfig(office.server, {
        cluster: { "certificate-authority-data": Buffer.from(office.certificateAuthority ?? "").toString("base64") },
        user: { exec: { command: plugin, env: [{ name: "TOKEN", value: CANARY }] } },
      }),
    });
    const ended = await world.add("--kubeconfig", join(config.path, "config"), "--cluster", "office", "--static");
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).toContain("static keys are never fetched");
    expect(JSON.stringify(ended)).not.toContain(CANARY);

    await using broken = await folderOf({
      config: kubeconfig(office.server, {
        user: { exec: { command: "/bin/sh", args: ["-c", `echo ${CANARY}; exit 1`] } },
      }),
    });
    const failed = await world.add("--kubeconfig", join(broken.path, "config"), "--cluster", "office-2", "--static");
    expect(failed).toMatchObject({ exitCode: 4 });
    expect(failed.stderr).toContain("the credential plugin /bin/sh ended with exit code 1");
    expect(JSON.stringify(failed)).not.toContain(CANARY);
  });

  test.for<{ what: string; config: (server: string) => string; exitCode: number; says: string }>([
    {
      what: "a server that nobody verifies",
      config: (server) => kubeconfig(server, { cluster: { "insecure-skip-tls-verify": true } }),
      exitCode: 3,
      says: "could be anybody's",
    },
    {
      what: "plain http to another machine",
      config: () => kubeconfig("http://192.0.2.1:8080"),
      exitCode: 2,
      says: "is no URL of an API server",
    },
    { what: "an unknown certificate authority", config: () => "", exitCode: 4, says: "no answer from" },
    { what: "no YAML", config: () => `: [${CANARY}`, exitCode: 3, says: "not readable as YAML" },
    {
      what: "no such context",
      config: () => JSON.stringify({ "current-context": "x" }),
      exitCode: 2,
      says: 'no context "x" in',
    },
  ])("refuses $what", async ({ what, config, exitCode, says }) => {
    await using world = await startIssuerWorld();
    const text = what.startsWith("an unknown")
      ? kubeconfig(world.clusters.cluster("office").server)
      : config(world.clusters.cluster("dev").server);
    await using files = await folderOf({ config: text });
    const ended = await world.add("--kubeconfig", join(files.path, "config"), "--cluster", "dev", "--offline");
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(says);
    expect(ended.stderr).not.toContain(CANARY);
  });
});
