import { describe, expect, test, vi } from "vitest";
import { folderOf } from "../support/podgate.ts";
import { PREFIX, startStoreWorld } from "./store-world.ts";

const APPLY = ["--write-rate", "1000", "--yes"];

const rule = (path: string, method = "GET") => ({ service: "orders", methods: [method], paths: [path] });
const BILLING = "permissions/dev/payments/billing";
const SNAPSHOT = {
  issuer: "https://dev.example.com",
  fetchedAt: 1,
  source: "discovered",
  keys: [
    {
      kid: "1",
      kty: "EC",
      crv: "P-256",
      x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    },
  ],
};
const STORED = {
  "issuers/dev.example.com": { url: "https://dev.example.com", cluster: "dev" },
  "keys/dev.example.com": SNAPSHOT,
  [BILLING]: { allow: [rule("/v1/*"), rule("/v2/*")] },
  "permissions/dev/_all": { deny: [rule("/admin")] },
  "permissions/old/_all": { allow: [rule("/*")] },
};
const FILES = {
  "clusters.yaml": { "issuers/dev.example.com": { url: "https://dev.example.com", cluster: "dev" } },
  "payments/billing.yaml": { [BILLING]: { allow: [rule("/v1/*"), rule("/v3/*", "POST")] } },
  "everybody.yaml": { "permissions/dev/_all": { allow: [rule("/v2/*")] } },
};

describe("plan and apply", () => {
  test("say who gains and loses what, write it, and then there is nothing left to do", async () => {
    await using world = await startStoreWorld(STORED);
    await using folder = await folderOf(FILES);

    const planned = await world.run(["plan", "--from", folder.path, "--detailed-exitcode"]);
    expect(planned).toMatchObject({ exitCode: 1, stderr: "" });
    expect(
      planned.stdout
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    ).toEqual([
      "~ permissions/dev/_all",
      "everybody in cluster dev gains GET /v2/* on orders",
      "everybody in cluster dev is denied no longer GET /admin on orders",
      `~ ${BILLING}`,
      "payments/billing in cluster dev gains POST /v3/* on orders",
      "payments/billing in cluster dev loses GET /v2/* on orders (keeps it, by permissions/dev/_all)",
      "In no file, and left alone (--prune deletes them): permissions/old/_all",
      "Plan: 0 to create, 2 to change, 0 to delete, in 3 writes.",
    ]);
    expect(world.writes()).toEqual([]);

    const applied = await world.run(["apply", "--from", folder.path, ...APPLY]);
    expect(applied).toMatchObject({ exitCode: 0, stderr: "" });
    // What moves up is dropped after it is there.
    expect(world.writes()).toEqual([BILLING, "permissions/dev/_all", BILLING]);
    expect(world.texts()[BILLING]).toBe(JSON.stringify(FILES["payments/billing.yaml"][BILLING]));
    expect(world.version("permissions/old/_all")).toBe(1);
    expect(world.version("keys/dev.example.com")).toBe(1);

    const again = await world.run(["plan", "--from", folder.path, "--detailed-exitcode"]);
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.stdout).toContain("No changes: there is nothing to write.");
  });

  test("write nothing where a parameter is encrypted, which no write would change", async () => {
    await using world = await startStoreWorld(STORED);
    await using folder = await folderOf(FILES);
    world.store.delete(`${PREFIX}/${BILLING}`);
    world.store.put(`${PREFIX}/${BILLING}`, JSON.stringify(STORED[BILLING]), { type: "SecureString" });
    const { exitCode, stdout, stderr } = await world.run(["apply", "--from", folder.path, ...APPLY]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`cannot be applied: ${BILLING} is stored as a SecureString, which no function decrypts`);
    expect(stderr).toContain("nothing was written");
    expect(world.writes()).toEqual([]);
    const linted = await world.run(["lint"]);
    expect(linted.stdout).toContain(`${PREFIX}/${BILLING}: error: is a SecureString, which no function decrypts`);

    world.store.delete(`${PREFIX}/${BILLING}`);
    expect(await world.run(["apply", "--from", folder.path, ...APPLY])).toMatchObject({ exitCode: 0 });
    const again = await world.run(["plan", "--from", folder.path, "--detailed-exitcode"]);
    expect(again).toMatchObject({ exitCode: 0 });
  });

  test("delete what no file has only when asked, and never a snapshot of keys", async () => {
    await using world = await startStoreWorld(STORED);
    await using folder = await folderOf(FILES);
    const { exitCode, stdout } = await world.run(["apply", "--from", folder.path, "--prune", "--json", ...APPLY]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, written: 4, writes: 4, kept: [], obstacles: [] });
    expect(Object.keys(world.texts())).not.toContain("permissions/old/_all");
    expect(world.version("keys/dev.example.com")).toBe(1);
  });

  test("ask, and write nothing for anything but yes", async () => {
    await using world = await startStoreWorld(STORED);
    await using folder = await folderOf(FILES);
    for (const input of ["", "y\n", "no\n"]) {
      const { exitCode, stderr } = await world.run(["apply", "--from", folder.path], { input });
      expect(exitCode).toBe(1);
      expect(stderr).toContain("not confirmed (--yes where nobody can be asked); nothing was written");
    }
    expect(world.writes()).toEqual([]);
    expect(await world.run(["apply", "--from", folder.path], { input: "yes\n" })).toMatchObject({ exitCode: 0 });
    expect(world.writes()).toHaveLength(3);
  });

  test.for<{ what: string; file: string; line: RegExp }>([
    {
      what: "a misspelt member",
      file: "permissions/dev/_all:\n  alow: []\n",
      line: /a\.yaml:2: .*alow is unknown; allowed are/,
    },
    {
      what: "a wrong method",
      file: "permissions/dev/_all:\n  allow:\n    - service: orders\n      methods: [FETCH]\n      paths: [/x]\n",
      line: /a\.yaml:4: .*is not a list of GET, HEAD/,
    },
    { what: "a secret", file: "secrets/github/token: canary-4711\n", line: /a\.yaml:1: secrets are never in files/ },
    {
      what: "keys that refresh-keys keeps",
      file: `keys/dev.example.com:\n  fetchedAt: 1\n  source: discovered\n  issuer: https://dev.example.com\n  keys: ${JSON.stringify(SNAPSHOT.keys)}\n`,
      line: /a\.yaml:3: a set of keys that were discovered is refresh-keys' own/,
    },
    { what: "no document", file: "", line: /holds no document/ },
  ])("refuse $what with file, line and what is allowed, before anything is read or written", async ({ file, line }) => {
    await using world = await startStoreWorld(STORED);
    await using folder = await folderOf({ "a.yaml": file });
    for (const command of [["plan"], ["apply", "--yes"]]) {
      const { exitCode, stdout, stderr } = await world.run([...command, "--from", folder.path]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
      expect(stderr).toMatch(line);
      expect(stderr).not.toContain("canary");
    }
    expect(world.store.calls).toEqual([]);
  });

  test("stop before anything is written where a form in between does not fit", async () => {
    const deny = (from: number) =>
      Array.from({ length: 40 }, (_, index) => rule(`/some/rather/long/path/${from + index}`));
    await using world = await startStoreWorld({ [BILLING]: { deny: deny(100) } });
    await using folder = await folderOf({
      "a.yaml": { [BILLING]: { deny: deny(200) }, "permissions/dev/_all": { deny: deny(300) } },
    });
    const { exitCode, stdout, stderr } = await world.run(["apply", "--from", folder.path, "--yes"]);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(
      /permissions\/dev\/payments\/billing needs a form in between, .* that has \d+ bytes of 4096/,
    );
    expect(stderr).toContain("nothing was written");
    expect(world.writes()).toEqual([]);
  });

  test("stop before anything is written where two exchanges would be judged by half of each", async () => {
    await using world = await startStoreWorld({
      ...STORED,
      "apis/a1": { service: "orders", audiences: ["orders.example.com"] },
    });
    await using folder = await folderOf({
      "a.yaml": {
        "issuers/dev.example.com": { url: "https://dev.example.com", cluster: "development" },
        "apis/a1": { service: "billing", audiences: ["orders.example.com"] },
      },
    });
    const { exitCode, stdout } = await world.run(["apply", "--from", folder.path, "--yes"]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain("issuers/dev.example.com changes who callers are and apis/a1 what they call");
    expect(world.writes()).toEqual([]);
    const first = await world.run(["apply", "--from", folder.path, "--only", "apis/a1", ...APPLY]);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(await world.run(["apply", "--from", folder.path, ...APPLY])).toMatchObject({ exitCode: 0 });
    expect(world.writes()).toEqual(["apis/a1", "issuers/dev.example.com"]);
  });

  test("of --only say that nothing has the name", async () => {
    await using world = await startStoreWorld(STORED);
    await using folder = await folderOf(FILES);
    for (const only of ["permission/dev", "permissions/de", BILLING.slice(0, -1)]) {
      const { exitCode, stdout, stderr } = await world.run(["plan", "--from", folder.path, "--only", only]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toMatch(/^podgate: --only .* is no document, and none is below it, in the files or in the store/);
    }
  });

  test("leave alone what a newer podgate wrote", async () => {
    await using world = await startStoreWorld({ [BILLING]: { version: 2, allow: [] } });
    await using folder = await folderOf(FILES);
    const { exitCode, stderr } = await world.run(["apply", "--from", folder.path, "--yes"]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/DOCUMENT_TOO_NEW: .*upgrade podgate first/);
    expect(world.writes()).toEqual([]);
  });
});

describe("an apply that narrows one document and widens another", () => {
  const api = { service: "orders", audiences: ["orders.example.com"] };
  const files = {
    "a.yaml": {
      "apis/a1": { ...api, principals: ["dev/payments/billing"] },
      "permissions/dev/other/_all": { allow: [rule("/v1/*")] },
    },
  };

  test("waits in between, and ends at once where it is interrupted then", async () => {
    await using world = await startStoreWorld({ ...STORED, "apis/a1": api });
    await using folder = await folderOf(files);
    const running = world.start(["apply", "--from", folder.path, ...APPLY]);
    await vi.waitFor(() => expect(world.version("apis/a1")).toBe(2), { timeout: 15_000, interval: 5 });
    running.kill("SIGINT");
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toContain(
      "Stopped after 1 of 2 writes. What is written is safe; wait 60 s, then the same command goes on.",
    );
    expect(await world.run(["apply", "--from", folder.path, "--settle", "0", ...APPLY])).toMatchObject({ exitCode: 0 });
    expect(world.writes()).toEqual(["apis/a1", "permissions/dev/other/_all"]);
  });

  test("says how long to wait where somebody else's change, or the store, ends it in between", async () => {
    await using world = await startStoreWorld({ ...STORED, "apis/a1": api });
    await using folder = await folderOf(files);
    const running = world.start(["apply", "--from", folder.path, "--settle", "1", ...APPLY]);
    await vi.waitFor(() => expect(world.version("apis/a1")).toBe(2), { timeout: 15_000, interval: 5 });
    world.put("permissions/dev/theirs/_all", { allow: [rule("/theirs")] });
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(6);
    expect(stderr).toContain("podgate: let 1 s pass before the next apply or rollback");

    // Nothing was narrowed by an apply that ends at its first write, or that has nothing to wait for.
    world.store.fault({ kind: "access-denied", operation: "PutParameter" });
    const refused = await world.run(["apply", "--from", folder.path, ...APPLY]);
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).not.toContain("pass before the next");
  });
});

/** The quotas of an account, forty times as high, so that five minutes take seconds. The program asks for more. */
const LIMIT = { kind: "rate-limit", readsPerSecond: 1600, writesPerSecond: 120 } as const;

describe("an apply of 1,000 changes", () => {
  test("goes on after an interruption, and waits where SSM throttles", { timeout: 180_000 }, async () => {
    await using world = await startStoreWorld();
    const names = Array.from({ length: 1000 }, (_, index) => `permissions/dev/team-${index % 20}/account-${index}`);
    await using folder = await folderOf({
      "all.yaml": Object.fromEntries(names.map((name, index) => [name, { allow: [rule(`/v1/${index}`)] }])),
    });
    world.store.fault([{ kind: "throttle", operation: "PutParameter", calls: 3 }, LIMIT]);

    const first = world.start(["apply", "--from", folder.path, ...APPLY]);
    await vi.waitFor(() => expect(world.writes().length).toBeGreaterThan(400), { timeout: 90_000, interval: 5 });
    first.kill("SIGINT");
    const { exitCode, stdout } = await first.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/Stopped after \d+ of 1000 writes\. What is written is safe; the same command goes on\./);
    const written = Object.keys(world.texts()).length;
    expect(written).toBeGreaterThan(300);
    expect(written).toBeLessThan(1000);

    const second = await world.run(["apply", "--from", folder.path, ...APPLY]);
    expect(second).toMatchObject({ exitCode: 0 });
    expect(second.stdout).toContain(`Done: ${1000 - written} of ${1000 - written} writes.`);
    expect(Object.keys(world.texts())).toHaveLength(1000);
    const puts = world.store.calls.filter(({ operation }) => operation === "PutParameter").length;
    expect(puts).toBeGreaterThan(1003);
    expect(Math.max(...names.map((name) => world.version(name) ?? 0))).toBe(1);
  });
});

describe("somebody else's change under way is noticed, and ends the apply", () => {
  const files = {
    "a.yaml": {
      "permissions/dev/a/_all": { deny: [rule("/x")] },
      "permissions/dev/b/_all": { deny: [rule("/x")] },
      "permissions/dev/c/_all": { allow: [rule("/x")] },
    },
  };
  const theirs = { allow: [rule("/theirs")] };

  test.for<{ what: string; changes: string; written: string[]; says: RegExp }>([
    {
      what: "of a document that is to be written",
      changes: "permissions/dev/b/_all",
      written: ["permissions/dev/a/_all"],
      says: /permissions\/dev\/b\/_all is version 1, and was absent when the plan was made/,
    },
    {
      what: "of the document that is being written",
      changes: "permissions/dev/a/_all",
      written: ["permissions/dev/a/_all"],
      says: /permissions\/dev\/a\/_all is version 1, and was absent/,
    },
    {
      what: "of another document",
      changes: "permissions/dev/other/_all",
      written: ["permissions/dev/a/_all", "permissions/dev/b/_all"],
      says: /permissions\/dev\/other\/_all: somebody else has changed the store/,
    },
  ])("$what", async ({ changes, written, says }) => {
    await using world = await startStoreWorld();
    await using folder = await folderOf(files);
    world.store.fault({ kind: "delay", operation: "PutParameter", calls: 1, delayMilliseconds: 500 });
    const running = world.start(["apply", "--from", folder.path, ...APPLY]);
    await vi.waitFor(() => expect(world.writes()).toHaveLength(1), { timeout: 15_000, interval: 5 });
    world.put(changes, theirs);
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(says);
    expect(stderr).toContain("plan again");
    expect(world.writes()).toEqual(written);
    expect(world.texts()[changes]).toBe(JSON.stringify(theirs));
  });

  test("of a document that was there, at the very moment of the write", async () => {
    await using world = await startStoreWorld({ [BILLING]: { allow: [rule("/v1/*")] } });
    await using folder = await folderOf({ "a.yaml": { [BILLING]: { allow: [rule("/v2/*")] } } });
    world.store.fault({ kind: "delay", operation: "PutParameter", calls: 1, delayMilliseconds: 500 });
    const running = world.start(["apply", "--from", folder.path, ...APPLY]);
    await vi.waitFor(() => expect(world.writes()).toHaveLength(1), { timeout: 15_000, interval: 5 });
    world.put(BILLING, theirs);
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(6);
    expect(stderr).toContain("was written by somebody else at the same moment, and this wrote over it as version 3");
    expect(stderr).toContain(`podgate history ${BILLING}`);
  });
});

describe("a write whose answer is lost", () => {
  test.for(["truncate", "broken-json", "reset", "internal-error", "throttle"] as const)(
    "by %s is made once",
    async (kind) => {
      await using world = await startStoreWorld(STORED);
      await using folder = await folderOf(FILES);
      world.store.fault([
        { kind, operation: "PutParameter", calls: 1 },
        { kind, operation: "DeleteParameter", calls: 1 },
      ]);
      const { exitCode, stderr } = await world.run(["apply", "--from", folder.path, "--prune", ...APPLY]);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(world.version(BILLING)).toBe(3);
      expect(world.version("permissions/old/_all")).toBeUndefined();
    },
  );

  test("that is refused is told once", async () => {
    await using world = await startStoreWorld(STORED);
    await using folder = await folderOf(FILES);
    world.store.fault({ kind: "access-denied", operation: "PutParameter" });
    const { exitCode, stderr } = await world.run(["apply", "--from", folder.path, ...APPLY]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("SSM PutParameter of permissions/dev/payments/billing failed (AccessDeniedException)");
    expect(world.writes()).toHaveLength(1);
  });
});
