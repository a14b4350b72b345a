import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { PREFIX, startStoreWorld } from "./store-world.ts";

const SECRET = "canary-4711-of-a-secret";

describe("podgate secret", () => {
  test("stores what comes on standard input encrypted, names it, deletes it, and never shows it", async () => {
    await using world = await startStoreWorld();
    const set = await world.run(["secret", "set", "github", "token"], { input: `${SECRET}\n` });
    expect(set).toMatchObject({ exitCode: 0, stderr: "" });
    expect(set.stdout).toContain("secrets/github/token is stored, version 1");
    expect(world.store.get(`${PREFIX}/secrets/github/token`)).toMatchObject({ value: SECRET, type: "SecureString" });

    const again = await world.run(["secret", "set", "github", "token", "--json"], { input: `${SECRET}-2` });
    expect(JSON.parse(again.stdout)).toEqual({ service: "github", name: "token", version: 2 });
    await world.run(["secret", "set", "jira", "password"], { input: SECRET });

    const list = await world.run(["secret", "list"]);
    expect(list.stdout).toMatch(/^github\ttoken\t2\t\S+\talias\/aws\/ssm\njira\tpassword\t1\t/);
    const one = await world.run(["secret", "list", "jira", "--json"]);
    expect(JSON.parse(one.stdout)).toMatchObject({ secrets: [{ service: "jira", name: "password", version: 1 }] });

    const refused = await world.run(["secret", "rm", "github", "token"], { input: "n\n" });
    expect(refused).toMatchObject({ exitCode: 1 });
    const removed = await world.run(["secret", "rm", "github", "token", "--yes"]);
    expect(removed).toMatchObject({ exitCode: 0 });
    expect(world.store.get(`${PREFIX}/secrets/github/token`)).toBeUndefined();
    const gone = await world.run(["secret", "rm", "github", "token", "--yes"]);
    expect(gone).toMatchObject({ exitCode: 1 });
    expect(gone.stderr).toContain("secrets/github/token does not exist");

    const read = world.store.calls
      .map(({ operation }) => operation)
      .filter((operation) => operation.startsWith("GetParameter"));
    expect(read).toEqual([]);
    expect(JSON.stringify([set, again, list, one, refused, removed, gone])).not.toContain("canary");
  });

  test("keeps the key that encrypts it, and takes another where one is named", async () => {
    await using world = await startStoreWorld();
    const key = () => world.store.get(`${PREFIX}/secrets/github/token`)?.keyId;
    await world.run(["secret", "set", "github", "token", "--key-id", "alias/podgate"], { input: SECRET });
    expect(key()).toBe("alias/podgate");
    await world.run(["secret", "set", "github", "token"], { input: SECRET });
    expect(key()).toBe("alias/podgate");
  });

  test.for<{ what: string; args: string[]; input: string | Buffer; exitCode: number; says: string }>([
    {
      what: "a secret on the command line",
      args: ["github", "token", SECRET],
      input: "",
      exitCode: 2,
      says: "never from the command line",
    },
    {
      what: "a secret in place of its name",
      args: ["github", `${SECRET}!`],
      input: "x",
      exitCode: 2,
      says: "no secret's name",
    },
    {
      what: "a secret in place of the service",
      args: [`${SECRET}!`, "token"],
      input: "x",
      exitCode: 2,
      says: "no service's name",
    },
    { what: "nothing", args: ["github", "token"], input: "\n", exitCode: 3, says: "is empty" },
    {
      what: "two lines",
      args: ["github", "token"],
      input: `${SECRET}\n${SECRET}`,
      exitCode: 3,
      says: "has more than one line",
    },
    {
      what: "what is not UTF-8",
      args: ["github", "token"],
      input: Buffer.from(`${SECRET}\u00e9`, "latin1"),
      exitCode: 3,
      says: "is not UTF-8 text",
    },
    {
      what: "a byte order mark",
      args: ["github", "token"],
      input: `\ufeff${SECRET}`,
      exitCode: 3,
      says: "begins with a byte order mark",
    },
    {
      what: "what is too long",
      args: ["github", "token"],
      input: SECRET.repeat(200),
      exitCode: 3,
      says: "has more than 4096 bytes",
    },
  ])("refuses $what, without repeating it", async ({ args, input, exitCode, says }) => {
    await using world = await startStoreWorld();
    const ended = await world.run(["secret", "set", ...args], { input });
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(says);
    expect(ended.stderr).not.toContain("canary");
    expect(world.writes()).toEqual([]);
  });

  test("asks for a secret where it could be stored, and not before", async () => {
    const { main } = await import("../../cli/main.ts");
    let said = "";
    const stream = { write: (text: string) => (said += text) };
    const stdin = Object.assign(Readable.from([Buffer.from(SECRET)]), { isTTY: false });
    const env = { AWS_CONFIG_FILE: "/nonexistent", AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" };
    const here = { stdout: stream, stderr: stream, stdin, env } as unknown as NodeJS.Process;
    expect(await main(["secret", "set", "github", "token", "--prefix", PREFIX], here)).toBe(2);
    expect(said).toContain("no AWS region is set");
    expect(stdin.readableDidRead).toBe(false);
  });

  test("tells that SSM refuses, and not what was to be stored", async () => {
    await using world = await startStoreWorld();
    world.store.fault({ kind: "access-denied", operation: "PutParameter" });
    const { exitCode, stderr } = await world.run(["secret", "set", "github", "token"], { input: SECRET });
    expect(exitCode).toBe(4);
    expect(stderr).toContain("SSM PutParameter below secrets/ failed (AccessDeniedException)");
    expect(stderr).not.toContain("canary");
  });
});
