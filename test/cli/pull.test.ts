import { chmod, link, lstat, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeToFolder } from "../../cli/folder/folder-writer.ts";
import { openFolder } from "../../cli/store/folder-store.ts";
import { anyDocument } from "../permission/generators.ts";
import { editorProblems } from "../support/access-schema.ts";
import { folderOf } from "../support/podgate.ts";
import { startStoreWorld } from "./store-world.ts";

const BILLING = "permissions/dev/payments/billing";
const PEM = "-----BEGIN CERTIFICATE-----\nMIIB # not: a comment\n-----END CERTIFICATE-----\n";
const KEY = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};
const STORED = {
  "issuers/http_3A/_2F127.0.0.1_3A4100/dev": { url: "http://127.0.0.1:4100/dev", cluster: "dev" },
  "issuers/a.example.com": { url: "https://a.example.com", cluster: "yes", keys: "static", certificateAuthority: PEM },
  "keys/a.example.com": {
    issuer: "https://a.example.com",
    fetchedAt: 1.5,
    source: "static",
    keys: [{ kid: "0123", ...KEY }],
  },
  "keys/http_3A/_2F127.0.0.1_3A4100/dev": {
    issuer: "http://127.0.0.1:4100/dev",
    fetchedAt: 1,
    source: "discovered",
    keys: [{ kid: "1", ...KEY }],
  },
  "apis/0123": {
    service: "orders",
    audiences: ["0x10", "no"],
    account: "012345678901",
    stages: { $default: { audiences: ["~"] } },
  },
  "services/github": {
    url: "https://api.github.com",
    credential: { type: "header", name: "Authorization", value: "Bearer {secret}", secret: "1e3" },
  },
  [BILLING]: { allow: [{ service: "orders", methods: ["*"], paths: ["*", "/a: b", "/#c", "/&d"] }], deny: [] },
  "permissions/dev/_all": {},
  "permissions/_group.prod/payments/_all": { deny: [{ service: "*", methods: ["DELETE"], paths: ["*"] }] },
  "permissions/_all": { version: 1, allow: [] },
};

describe("podgate pull", () => {
  test("puts a file in place in one move, so that an end in between leaves it whole: beside it, a link to it, its mode", async () => {
    const before = `${BILLING}: { allow: [] } # as it was\n`;
    await using folder = await folderOf({ "access/a.yaml": before, "elsewhere/a.yaml": `permissions/_all: {}\n` });
    const at = (name: string) => join(folder.path, name);
    await link(at("access/a.yaml"), at("as-it-was"));
    await chmod(at("access/a.yaml"), 0o666);
    await symlink("../elsewhere/a.yaml", at("access/linked.yaml"));
    const allow = [{ service: "orders", methods: ["GET"], paths: ["/"] }];
    await writeToFolder(at("access"), [
      { name: BILLING, text: JSON.stringify({ allow }) },
      { name: "permissions/_all", text: JSON.stringify({ allow }) },
      { name: "services/x", text: "{}" },
    ]);
    // Written in place, the other name of the file would say the new thing too, and half of it in between.
    expect(await readFile(at("as-it-was"), "utf8")).toBe(before);
    expect(await readFile(at("access/a.yaml"), "utf8")).toContain("service: orders");
    expect((await stat(at("access/a.yaml"))).mode & 0o777).toBe(0o666);
    expect((await lstat(at("access/linked.yaml"))).isSymbolicLink()).toBe(true);
    expect(await readFile(at("elsewhere/a.yaml"), "utf8")).toContain("service: orders");
    expect((await readdir(folder.path, { recursive: true })).sort()).toEqual([
      "access",
      "access/a.yaml",
      "access/linked.yaml",
      "access/services.yaml",
      "as-it-was",
      "elsewhere",
      "elsewhere/a.yaml",
    ]);
  });

  test("makes a folder of the store, from which nothing is to be planned", async () => {
    await using world = await startStoreWorld(STORED);
    await using folder = await folderOf({});
    const access = join(folder.path, "access");
    const pulled = await world.run(["pull", "--into", access]);
    expect(pulled).toMatchObject({ exitCode: 0, stderr: "" });
    const files = (await readdir(access, { recursive: true })).filter((file) => file.endsWith(".yaml")).sort();
    expect(files).toEqual([
      "apis.yaml",
      "issuers.yaml",
      "keys.yaml",
      "permissions.yaml",
      "permissions/_group.prod/payments.yaml",
      "permissions/dev.yaml",
      "permissions/dev/payments.yaml",
      "services.yaml",
    ]);
    for (const file of files) expect(editorProblems(await readFile(join(access, file), "utf8"))).toEqual([]);
    expect(await readFile(join(access, "permissions/dev/payments.yaml"), "utf8")).toBe(
      `# yaml-language-server: $schema=https://unpkg.com/podgate/schemas/access.schema.json\n\n${BILLING}:\n  allow:\n    - { service: orders, methods: [ "*" ], paths: [ "*", "/a: b", /#c, /&d ] }\n  deny: []\n`,
    );
    expect(await world.run(["plan", "--from", access, "--prune", "--detailed-exitcode"])).toMatchObject({
      exitCode: 0,
    });
    expect(await world.run(["pull", "--into", access])).toMatchObject({
      exitCode: 0,
      stdout: `${access} is what the store says.\n`,
    });
    expect(world.writes()).toEqual([]);
  });

  test("changes a document in the file that has it, keeps comments, and asks before", async () => {
    await using world = await startStoreWorld({ [BILLING]: STORED[BILLING], "permissions/dev/_all": {} });
    await using folder = await folderOf({
      "team.yaml": `# ours\npermissions/dev/_all: {} # nothing\n# theirs\n${BILLING}:\n  allow: []\nservices/old: { url: "https://x.example.com", credential: { type: none } }\n`,
    });
    expect(await world.run(["pull", "--into", folder.path])).toMatchObject({ exitCode: 1 });
    const pulled = await world.run(["pull", "--into", folder.path, "--yes"]);
    expect(pulled).toMatchObject({ exitCode: 0 });
    expect(pulled.stdout).toContain("Not in the store, and left alone (--prune takes them out): services/old");
    const text = await readFile(join(folder.path, "team.yaml"), "utf8");
    expect(text).toContain("# ours\n");
    expect(text).not.toContain("$schema");
    expect(text).toContain("# theirs\n");
    expect(text).toContain("services/old");
    expect(await world.run(["pull", "--into", folder.path, "--yes", "--prune"])).toMatchObject({ exitCode: 0 });
    expect(await world.run(["plan", "--from", folder.path, "--prune", "--detailed-exitcode"])).toMatchObject({
      exitCode: 0,
    });
  });

  test("keeps the comments and the form of what stays inside a document too", async () => {
    const rule = (path: string) => ({ service: "orders", methods: ["GET"], paths: [path] });
    await using world = await startStoreWorld({
      [BILLING]: { allow: [rule("/a"), { ...rule("/c"), methods: ["GET", "PUT"] }, rule("/new")] },
      "apis/a1": { service: "orders", audiences: ["new"] },
      "apis/a2": { service: "orders", audiences: ["old"] },
    });
    await using folder = await folderOf({
      "team.yaml": `# ours
${BILLING}:
  # what they read
  allow:
    - service: orders # by hand
      methods: [GET]
      paths: [/a]
    # gone since
    - { service: orders, methods: [GET], paths: [/b] }
    # ticket 7
    - { service: orders, methods: [GET, PUT], paths: [/c] }
  deny: []
apis/a1: &orders { service: orders, audiences: [old] } # one
apis/a2: *orders
`,
    });
    const shared = await world.run(["pull", "--into", folder.path, "--yes"]);
    expect(shared).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("shares parts of a document") });
    const file = join(folder.path, "team.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace("&orders ", "").replace("*orders", "{}"));
    expect(await world.run(["pull", "--into", folder.path, "--yes"])).toMatchObject({ exitCode: 0 });
    expect(await readFile(file, "utf8")).toBe(`# ours
${BILLING}:
  # what they read
  allow:
    - service: orders # by hand
      methods: [ GET ]
      paths: [ /a ]
    # ticket 7
    - { service: orders, methods: [ GET, PUT ], paths: [ /c ] }
    - { service: orders, methods: [ GET ], paths: [ /new ] }

apis/a1: { service: orders, audiences: [ new ] } # one

apis/a2: { service: orders, audiences: [ old ] }
`);
  });

  test("makes of a file that says anything what it shall say", async () => {
    await using folder = await folderOf({});
    const store = async () => {
      const entries = await (await openFolder(folder.path, "/p")).list(["permissions"]);
      return entries.map(({ stored }) => JSON.parse(stored.text));
    };
    await fc.assert(
      fc.asyncProperty(anyDocument, anyDocument, async (one, other) => {
        for (const document of [one, other]) {
          await writeToFolder(folder.path, [{ name: BILLING, text: JSON.stringify(document) }]);
          expect(await store()).toEqual([document]);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("names what no function can read, and writes the rest", async () => {
    await using world = await startStoreWorld({ [BILLING]: STORED[BILLING], "permissions/dev/_all": "not JSON" });
    await using folder = await folderOf({});
    const { exitCode, stderr } = await world.run(["pull", "--into", folder.path]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("permissions/dev/_all: no function can read what is stored");
    expect(await readdir(folder.path)).toEqual(["permissions"]);
  });

  test("of any permissions leaves nothing to plan", { timeout: 60_000 }, async () => {
    const documents = fc.sample(anyDocument, { numRuns: 300, seed: 7 });
    await using world = await startStoreWorld(
      Object.fromEntries(documents.map((document, index) => [`permissions/dev/n${index % 7}/s${index}`, document])),
    );
    await using folder = await folderOf({});
    expect(await world.run(["pull", "--into", folder.path])).toMatchObject({ exitCode: 0 });
    for (const file of await readdir(join(folder.path, "permissions/dev")))
      expect(editorProblems(await readFile(join(folder.path, "permissions/dev", file), "utf8"))).toEqual([]);
    const planned = await world.run(["plan", "--from", folder.path, "--prune", "--json"]);
    expect(JSON.parse(planned.stdout)).toMatchObject({ changes: [], writes: 0 });
  });
});
