import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { folderOf } from "../support/podgate.ts";
import { startStoreWorld } from "./store-world.ts";

const BILLING = "permissions/dev/payments/billing";
const OTHER = "permissions/dev/payments/reports";
const allowing = (...paths: string[]) => ({ allow: [{ service: "orders", methods: ["GET"], paths }] });
const ROLLBACK = ["--write-rate", "1000", "--yes"];

describe("podgate history", () => {
  test("says what each version changed, the latest first", async () => {
    await using world = await startStoreWorld({ [BILLING]: allowing("/v1/*") });
    world.put(BILLING, allowing("/v1/*", "/v2/*"));
    world.put(BILLING, { alow: [] });
    world.put(BILLING, allowing("/v2/*"));
    const { exitCode, stdout } = await world.run(["history", BILLING, "--json"]);
    expect(exitCode).toBe(0);
    const { versions } = JSON.parse(stdout);
    expect(versions.map(({ version, lines }: { version: number; lines: string[] }) => [version, ...lines])).toEqual([
      [
        4,
        "no function can read what is stored, so nobody gets in by it: that ends",
        "payments/billing in cluster dev gains GET /v2/* on orders",
      ],
      [3, "no function can read it, so nobody gets in by it"],
      [2, "payments/billing in cluster dev gains GET /v2/* on orders"],
      [1, "payments/billing in cluster dev gains GET /v1/* on orders"],
    ]);
    expect(versions[0].writtenAt).toMatch(/^\d{4}-\d\d-\d\dT/);
    const { stdout: text } = await world.run(["history", BILLING]);
    expect(text).toMatch(/^version 4 {2}\d{4}-\S+ {2}arn:aws:/);
  });

  test("of more than a hundred versions has the last hundred", async () => {
    await using world = await startStoreWorld();
    for (let index = 1; index <= 120; index++) world.put(BILLING, allowing(`/v${index}`));
    const { stdout } = await world.run(["history", BILLING, "--json"]);
    const { versions } = JSON.parse(stdout);
    expect(versions).toHaveLength(100);
    expect(versions.at(-1)).toMatchObject({ version: 21, lines: ["the oldest version that SSM has"] });
  });

  test.for([
    { name: BILLING, exitCode: 3, says: "SSM keeps no version of a deleted parameter" },
    { name: "secrets/github/token", exitCode: 2, says: "versions of secrets are never read" },
    { name: "permissions//x", exitCode: 2, says: "expected a document's name" },
  ])("of $name says what it cannot do", async ({ name, exitCode, says }) => {
    await using world = await startStoreWorld();
    const ended = await world.run(["history", name]);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(says);
  });
});

describe("podgate rollback", () => {
  test("writes the version before again, or the one that is named", async () => {
    await using world = await startStoreWorld({ [BILLING]: allowing("/v1/*") });
    world.put(BILLING, allowing("/v2/*"));
    world.put(BILLING, allowing("/v3/*"));
    const back = await world.run(["rollback", BILLING, ...ROLLBACK]);
    expect(back).toMatchObject({ exitCode: 0 });
    expect(back.stdout).toContain("payments/billing in cluster dev gains GET /v2/* on orders");
    expect(back.stderr).toContain("The files still say otherwise");
    expect(world.texts()[BILLING]).toBe(JSON.stringify(allowing("/v2/*")));
    expect(await world.run(["rollback", BILLING, "--to-version", "1", ...ROLLBACK])).toMatchObject({ exitCode: 0 });
    expect(world.texts()[BILLING]).toBe(JSON.stringify(allowing("/v1/*")));
  });

  test("goes behind the forms in between that an apply has written", async () => {
    await using world = await startStoreWorld({ [BILLING]: allowing("/v1/*") });
    await using folder = await folderOf({ "a.yaml": { [BILLING]: allowing("/v2/*") } });
    await world.run(["apply", "--from", folder.path, ...ROLLBACK]);
    expect(world.version(BILLING)).toBe(3);
    const { stdout } = await world.run(["history", BILLING]);
    expect(stdout.match(/^version \d.*in between.*$/gm)).toEqual([expect.stringMatching(/^version 2 /)]);
    await world.run(["rollback", BILLING, ...ROLLBACK]);
    expect(world.texts()[BILLING]).toBe(JSON.stringify(allowing("/v1/*")));
  });

  test("asks first", async () => {
    await using world = await startStoreWorld({ [BILLING]: allowing("/v1/*") });
    world.put(BILLING, allowing("/v2/*"));
    expect(await world.run(["rollback", BILLING])).toMatchObject({ exitCode: 1 });
    expect(world.writes()).toEqual([]);
  });

  test("takes all documents back to a time, and says what it cannot know", async () => {
    let now = 1_800_000_000;
    const documents = { [BILLING]: allowing("/v1/*"), [OTHER]: allowing("/v1/*") };
    await using world = await startStoreWorld(documents, { clock: () => now });
    const at = new Date((now + 30) * 1000).toISOString();
    now += 60;
    world.put(BILLING, allowing("/v2/*"));
    world.put(BILLING, allowing("/v3/*"));
    world.put("permissions/dev/new/_all", allowing("/new"));
    const { exitCode, stderr } = await world.run(["rollback", "--at", at, ...ROLLBACK]);
    expect(exitCode).toBe(0);
    expect(world.texts()[BILLING]).toBe(JSON.stringify(allowing("/v1/*")));
    expect(world.version(OTHER)).toBe(1);
    expect(world.version("permissions/dev/new/_all")).toBe(1);
    expect(stderr).toContain(
      "permissions/dev/new/_all did not exist then, or was deleted since and made anew; it is left alone",
    );
    expect(stderr).toContain("What was deleted since then SSM does not know any more");
  });

  test("brings back no keys that were discovered: what the issuer has taken back would be good again", async () => {
    let now = 1_800_000_000;
    const key = (kid: string) => ({
      kid,
      ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }),
    });
    const keySet = (source: string, kid: string) => ({
      issuer: "https://dev.example.com",
      fetchedAt: now,
      source,
      keys: [key(kid)],
    });
    const keys = "keys/dev.example.com";
    await using world = await startStoreWorld({ [keys]: keySet("discovered", "1") }, { clock: () => now });
    const at = new Date((now + 30) * 1000).toISOString();
    now += 60;
    const only = await world.run(["rollback", keys, ...ROLLBACK]);
    expect(only).toMatchObject({ exitCode: 3, stdout: "" });
    expect(only.stderr).toContain(`${keys} is a set of keys that were discovered, which is refresh-keys' own`);
    world.put(keys, keySet("discovered", "2"));
    const named = await world.run(["rollback", keys, ...ROLLBACK]);
    expect(named).toMatchObject({ exitCode: 3, stdout: "" });
    expect(named.stderr).toContain(`${keys} would be a set of keys that were discovered, which is refresh-keys' own`);
    world.put(keys, keySet("static", "3"));
    const all = await world.run(["rollback", "--at", at, ...ROLLBACK]);
    expect(all.exitCode).toBe(0);
    expect(all.stderr).toContain(`${keys} was a set of keys that were discovered then; it is left alone`);
    expect(world.writes()).toEqual([]);
  });

  test.for<{ what: string; args: string[]; exitCode: number; says: string }>([
    { what: "the first version", args: [BILLING], exitCode: 3, says: "has no version before that SSM still has" },
    {
      what: "a version that is not there",
      args: [BILLING, "--to-version", "7"],
      exitCode: 3,
      says: "has no version 7: SSM has 1 to 1",
    },
    { what: "a deleted document", args: [OTHER], exitCode: 3, says: "a deletion is undone from the files" },
    { what: "neither name nor time", args: [], exitCode: 2, says: "say either which document goes back" },
    { what: "a time without zone", args: ["--at", "2026-01-30"], exitCode: 2, says: "expected a time with its zone" },
  ])("of $what says what can be done", async ({ args, exitCode, says }) => {
    await using world = await startStoreWorld({ [BILLING]: allowing("/v1/*") });
    const ended = await world.run(["rollback", ...args, ...ROLLBACK]);
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stderr).toContain(says);
    expect(world.writes()).toEqual([]);
  });
});
