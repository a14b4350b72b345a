import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startClusters } from "../../offline/cluster/clusters.ts";
import { folderOf } from "../support/podgate.ts";
import { PREFIX, type StoreWorld, startStoreWorld } from "./store-world.ts";

/** S41: what must be in no output, in no format, in no error, in no file. */
const SIGNATURE = "c2lnbmF0dXJlLWNhbmFyeS00NzEx";
const TOKEN = `eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tIn0.${SIGNATURE}`;
const SECRET = "secret-canary-0815";

const BILLING = "permissions/dev/payments/billing";
const STORED = {
  "services/github": {
    url: "https://api.github.com",
    // Somebody has written a secret where none belongs.
    credential: { type: "header", name: "X-Key", value: `${SECRET} {secret}`, secret: "token" },
  },
  [BILLING]: { allow: [{ service: "github", methods: ["GET"], paths: ["/*"] }] },
  // A path that holds a token is a permission like any other.
  "permissions/dev/_all": { deny: [{ service: "github", methods: ["GET"], paths: [`/${TOKEN}`] }] },
};
const FILES = {
  "a.yaml": {
    "services/github": {
      ...STORED["services/github"],
      credential: { ...STORED["services/github"].credential, value: `${SECRET}-2 {secret}` },
    },
    [BILLING]: { allow: [{ service: "github", methods: ["GET", "POST"], paths: ["/*", `/${TOKEN}`] }] },
  },
};

const COMMANDS: readonly { readonly inputs: readonly string[]; readonly input?: string }[] = [
  { inputs: ["plan"] },
  { inputs: ["plan", "--prune"] },
  { inputs: ["plan", "--only", TOKEN] },
  { inputs: ["history", "services/github"] },
  { inputs: ["history", BILLING] },
  { inputs: ["history", TOKEN] },
  { inputs: ["history", "secrets/github/token"] },
  { inputs: ["apply"], input: `${TOKEN}\n` },
  { inputs: ["apply", "--yes", "--write-rate", "1000", "--settle", "0"] },
  { inputs: ["rollback", "services/github", "--yes", "--write-rate", "1000", "--settle", "0"] },
  { inputs: ["rollback", TOKEN, "--yes"] },
  { inputs: ["rollback", "--at", TOKEN] },
  { inputs: ["secret", "set", "github", "token"], input: SECRET },
  { inputs: ["secret", "set", "github", "token"], input: `${SECRET}\n${SECRET}` },
  { inputs: ["secret", "set", "github", "token", SECRET] },
  { inputs: ["secret", "set", TOKEN, SECRET] },
  { inputs: ["secret", "list"] },
  { inputs: ["secret", "list", TOKEN] },
  { inputs: ["secret", "rm", "github", TOKEN, "--yes"] },
  { inputs: ["secret", "rm", "github", "token", "--yes"] },
  { inputs: ["secret", "rm", "github", "token", "--yes"] },
  { inputs: ["issuer", "add", TOKEN] },
  { inputs: ["issuer", "add", "https://example.com", "--cluster", TOKEN] },
  { inputs: ["issuer", "add", "--kubeconfig", TOKEN, "--cluster", "dev"] },
  {
    inputs: [
      "init",
      "--issuer",
      TOKEN,
      "--cluster",
      "dev",
      "--service",
      "orders",
      "--service-account",
      "a/b",
      "--audience",
      TOKEN,
    ],
  },
  { inputs: ["init", "--issuer", "https://example.com", "--cluster", TOKEN, "--service", TOKEN] },
];

/** What a plan says in words it says in JSON by members: both are looked at. */
const IN_BOTH_FORMATS = ["plan", "history", "apply"];

async function sayingOf(world: StoreWorld, folder: string, commands: typeof COMMANDS): Promise<string> {
  let said = "";
  for (const { inputs, input = "" } of commands) {
    const [name = ""] = inputs;
    const takesFolder = ["plan", "apply", "issuer", "init"].includes(name);
    const run = ["issuer", "init"].includes(name) ? world.runPlain : world.run;
    for (const format of IN_BOTH_FORMATS.includes(name) ? [[], ["--json"]] : [[]]) {
      const { stdout, stderr } = await run([...inputs, ...(takesFolder ? ["--from", folder] : []), ...format], {
        input,
      });
      said += `${stdout}${stderr}`;
    }
  }
  return said;
}

describe("no signature of a token and no secret", () => {
  test("is in what the writing commands say", { timeout: 120_000 }, async () => {
    await using world = await startStoreWorld(STORED);
    world.store.put(`${PREFIX}/secrets/github/token`, SECRET, { type: "SecureString" });
    await using folder = await folderOf(FILES);
    const said = await sayingOf(world, folder.path, COMMANDS);
    // They have said what they should, so the canaries were within their reach.
    expect(said).toContain("credential is another one");
    expect(said).toContain("payments/billing in cluster dev gains");
    expect(said).toContain("secrets/github/token is stored");
    expect(said).not.toContain(SIGNATURE);
    expect(said).not.toContain(SECRET);
  });

  test("is in their errors where the store fails", { timeout: 120_000 }, async () => {
    await using world = await startStoreWorld(STORED);
    world.store.put(`${PREFIX}/secrets/github/token`, SECRET, { type: "SecureString" });
    await using folder = await folderOf(FILES);
    world.store.fault({ kind: "access-denied" });
    const asking = COMMANDS.filter(({ inputs }) => inputs.every((each) => each !== TOKEN && each !== SECRET));
    const said = await sayingOf(
      world,
      folder.path,
      asking.filter(({ inputs }) => inputs[0] !== "plan"),
    );
    expect(said).toContain("AccessDeniedException");
    expect(said).not.toContain(SIGNATURE);
    expect(said).not.toContain(SECRET);
  });

  test("of the store comes into the files by pull", async () => {
    await using world = await startStoreWorld({ [BILLING]: STORED[BILLING] });
    world.store.put(`${PREFIX}/secrets/github/token`, SECRET, { type: "SecureString" });
    await using folder = await folderOf({});
    const { exitCode, stdout, stderr } = await world.run(["pull", "--into", folder.path]);
    expect(exitCode).toBe(0);
    const files = (await readdir(folder.path, { recursive: true })).filter((file) => file.endsWith(".yaml"));
    expect(files).toEqual(["permissions/dev/payments.yaml"]);
    const text = await readFile(join(folder.path, "permissions/dev/payments.yaml"), "utf8");
    expect(stdout + stderr + text).not.toContain(SECRET);
    expect(world.store.calls.flatMap(({ names }) => names).filter((name) => name.includes("secrets"))).toEqual([]);
  });

  test("is in what init and issuer add say of a cluster that has them", async () => {
    await using clusters = await startClusters({ clusters: [{ name: "dev" }] });
    await using world = await startStoreWorld();
    await using folder = await folderOf({});
    const { issuer } = clusters.cluster("dev");
    clusters.cluster("dev").fault("discovery", {
      kind: "body",
      body: JSON.stringify({ issuer: TOKEN, jwks_uri: `${issuer}/${TOKEN}` }),
      times: 1,
    });
    const flags = ["--cluster", "dev", "--offline", "--from", folder.path];
    const first = await world.runPlain(["issuer", "add", issuer, ...flags]);
    expect(first).toMatchObject({ exitCode: 4 });
    const second = await world.runPlain([
      "init",
      "--issuer",
      issuer,
      "--service",
      "orders",
      "--service-account",
      "a/b",
      ...flags,
    ]);
    expect(second).toMatchObject({ exitCode: 0 });
    expect(JSON.stringify([first, second])).not.toContain(SIGNATURE);
  });
});
