import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { startClusters } from "../../offline/cluster/clusters.ts";
import { editorProblems } from "../support/access-schema.ts";
import { folderOf, podgate } from "../support/podgate.ts";
import { startStoreWorld } from "./store-world.ts";

const ACCOUNT = ["--service-account", "payments/billing"];

describe("podgate init", () => {
  test("writes the first files, from which plan and apply lead to a store that says so", async () => {
    await using clusters = await startClusters({ clusters: [{ name: "dev" }] });
    await using world = await startStoreWorld();
    await using folder = await folderOf({});
    const from = join(folder.path, "access");
    const { issuer } = clusters.cluster("dev");
    const asked = await podgate(["init", "--from", from, "--api", "a1b2c3", "--offline"], {
      input: `${issuer}\ndev\norders\npayments/billing\norders.example.com\n`,
    });
    expect(asked.exitCode).toBe(0);
    expect(asked.stderr.trimEnd().split("\n")).toHaveLength(5);
    const [account, deployment] = parseAllDocuments(
      asked.stdout.slice(asked.stdout.indexOf("apiVersion"), asked.stdout.indexOf("Next:")),
    ).map((each) => each.toJS());
    expect(account).toMatchObject({ kind: "ServiceAccount", metadata: { name: "billing", namespace: "payments" } });
    expect(deployment.spec.template.spec.volumes[0].projected.sources[0].serviceAccountToken).toEqual({
      path: "token",
      audience: "orders.example.com",
      expirationSeconds: 3600,
    });
    const next = asked.stdout
      .slice(asked.stdout.indexOf("Next:"))
      .split("\n")
      .filter((line) => line.startsWith("  "));
    expect(next).toHaveLength(3);
    expect(next[0]).toBe(`  podgate plan --from ${from} --offline`);

    const written = ["apis.yaml", "issuers.yaml", "permissions/dev/payments.yaml"];
    for (const file of written) expect(editorProblems(await readFile(join(from, file), "utf8"))).toEqual([]);

    const applied = await world.run(["apply", "--from", from, "--yes"]);
    expect(applied).toMatchObject({ exitCode: 0 });
    expect(applied.stdout).toContain("payments/billing in cluster dev gains GET /* on orders");
    expect(Object.values(world.texts()).map((text) => JSON.parse(text))).toEqual([
      { service: "orders", audiences: ["orders.example.com"] },
      { url: issuer, cluster: "dev" },
      { allow: [{ service: "orders", methods: ["GET"], paths: ["/*"] }] },
    ]);
    // The issuer lets callers in, so it comes when all else is there.
    expect(world.writes().at(-1)).toMatch(/^issuers\//);
  });

  test("writes names as text, whatever YAML or a shell would make of them", async () => {
    await using clusters = await startClusters({ clusters: [{ name: "dev" }] });
    await using folder = await folderOf({});
    const from = join(folder.path, "my access");
    const flags = [
      "--cluster",
      "dev",
      "--service",
      "orders",
      "--service-account",
      "null/12",
      "--audience",
      "it's$HOME",
    ];
    const quoted = await podgate([
      ...["init", "--json", "--offline", "--from", from, "--issuer", clusters.cluster("dev").issuer, ...flags],
    ]);
    expect(quoted).toMatchObject({ exitCode: 0 });
    const { manifest, next } = JSON.parse(quoted.stdout);
    const [account, deployment] = parseAllDocuments(manifest).map((each) => each.toJS());
    expect(account.metadata).toEqual({ name: "12", namespace: "null" });
    expect(deployment.spec.template.metadata.labels).toEqual({ app: "12" });
    expect(next[0]).toBe(`podgate plan --from '${from}' --offline`);
    expect(next[2]).toContain("--audience 'it'\\''s$HOME'");
  });

  test("takes everything as flags, for an external service too", async () => {
    await using clusters = await startClusters({ clusters: [{ name: "dev" }] });
    await using folder = await folderOf({});
    const from = join(folder.path, "access");
    const flags = ["--issuer", clusters.cluster("dev").issuer, "--cluster", "dev", "--service", "github", ...ACCOUNT];
    const ended = await podgate([
      "init",
      "--json",
      "--from",
      from,
      ...flags,
      "--url",
      "https://api.github.com",
      "--offline",
    ]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({
      next: expect.arrayContaining([`podgate apply --from ${from} --offline`]),
    });
    expect(await readFile(join(from, "services.yaml"), "utf8")).toContain("url: https://api.github.com");
    const again = await podgate(["init", "--json", "--from", from, ...flags, "--offline"]);
    expect(again).toMatchObject({ exitCode: 3 });
    expect(again.stderr).toContain("permissions/dev/payments/billing is in");
  });

  test.for<{ flags: string[]; exitCode: number; says: string }>([
    { flags: ["--service", "Orders"], exitCode: 2, says: "--service is missing or no DNS-1123 label" },
    {
      flags: ["--service", "orders", "--service-account", "billing"],
      exitCode: 2,
      says: "--service-account is missing",
    },
    {
      flags: ["--service", "orders", ...ACCOUNT, "--audience", "two words"],
      exitCode: 2,
      says: "--audience is missing",
    },
    {
      flags: ["--service", "orders", ...ACCOUNT, "--audience", "a", "--api", "a/b"],
      exitCode: 3,
      says: "its name is not apis/<id of an API>",
    },
    {
      flags: ["--service", "orders", ...ACCOUNT, "--audience", "a", "--url", "https://x/"],
      exitCode: 3,
      says: "url is not a URL",
    },
    {
      flags: ["--service", "orders", ...ACCOUNT, "--api", "a", "--url", "https://x"],
      exitCode: 2,
      says: "give one of them",
    },
    { flags: ["--service", "orders", ...ACCOUNT, "--audience", "a"], exitCode: 4, says: "ISSUER_UNREACHABLE" },
  ])("with $flags writes nothing", async ({ flags, exitCode, says }) => {
    await using folder = await folderOf({});
    const from = join(folder.path, "access");
    const ended = await podgate([
      "init",
      "--json",
      "--from",
      from,
      "--issuer",
      "http://127.0.0.1:1/dev",
      "--cluster",
      "dev",
      "--offline",
      ...flags,
    ]);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(says);
    await expect(readFile(join(from, "permissions/dev/payments.yaml"))).rejects.toThrow();
  });
});
