import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StartedCluster, startCluster } from "../../../offline/cluster/start-cluster.ts";
import { folderOf, podgate } from "../../support/podgate.ts";

/**
 * Loaded before the program: writes down every kind of thing that Node's core opens, sockets and look-ups of names among them.
 */
const WATCH = `
import { createHook } from "node:async_hooks";
import { writeFileSync } from "node:fs";
const opened = new Set();
createHook({ init: (_id, type) => void opened.add(type) }).enable();
process.on("exit", () => writeFileSync(process.env.OPENED, [...opened].join(" ")));
`;
const NETWORK = /TCP|UDP|TLS|HTTP|GETADDRINFO|QUERYWRAP|PIPECONNECT/;

describe("podgate inspect", () => {
  let cluster: StartedCluster;
  let token: string;
  let signature: string;

  beforeAll(async () => {
    cluster = await startCluster();
    const at = { namespace: "payments", serviceAccount: "billing", audiences: ["orders.example.com"] };
    ({ token } = await cluster.mint({ ...at, boundObjectRef: { kind: "Pod", name: "billing-0" } }));
    [, , signature = ""] = token.split(".");
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test.for<{ from: string; inputs: (file: string) => string[]; input?: () => string }>([
    { from: "a file", inputs: (file) => [file] },
    { from: "standard input", inputs: () => ["-"], input: () => `\n ${token}\n` },
    { from: "standard input, unasked", inputs: () => [], input: () => token },
    { from: "a header field", inputs: () => ["-"], input: () => `Authorization: Bearer ${token}\r\n` },
    { from: "the command line", inputs: () => [token] },
  ])(
    "takes a token from $from, says what it is, and never prints what would let anybody use it",
    async ({ inputs, input }) => {
      await using folder = await folderOf({ token });
      for (const flags of [[], ["--json"]]) {
        const { exitCode, stdout, stderr } = await podgate(
          ["inspect", ...inputs(join(folder.path, "token")), ...flags],
          { input: input?.() ?? "" },
        );
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        expect(stdout).toContain("projected-pod-and-node");
        expect(stdout).toContain("service account billing of namespace payments");
        for (const secret of [signature, signature.slice(0, 40), ...token.split(".")])
          expect(stdout).not.toContain(secret);
      }
    },
  );

  test("opens no socket and asks for no name, where another command does", async () => {
    await using folder = await folderOf({ token, "watch.mjs": WATCH });
    const watched = async (inputs: string[]) => {
      const opened = join(folder.path, `opened-${inputs[0]}`);
      const NODE_OPTIONS = `--import=${join(folder.path, "watch.mjs")}`;
      const { exitCode } = await podgate(inputs, { env: { NODE_OPTIONS, OPENED: opened } });
      return { exitCode, opened: await readFile(opened, "utf8") };
    };
    const inspected = await watched(["inspect", join(folder.path, "token")]);
    expect(inspected).toEqual({ exitCode: 0, opened: expect.not.stringMatching(NETWORK) });
    const asked = await watched(["token", "payments/billing", "--audience", "a", "--server", cluster.url]);
    expect(asked).toEqual({ exitCode: 0, opened: expect.stringMatching(NETWORK) });
    expect(cluster.calls).toMatchObject({ discovery: 0, keys: 0, tokenRequests: 1 });
  });

  test("ends with 1 where the functions would refuse the token, with the mend", async () => {
    const { exitCode, stdout } = await podgate(["inspect", "-", "--audience", "other.example.com"], { input: token });
    expect(exitCode).toBe(1);
    expect(stdout).toContain("(orders.example.com; expected other.example.com) [TOKEN_AUDIENCE_MISMATCH]");
    expect(stdout).toContain(
      '- serviceAccountToken: { path: token, audience: "other.example.com", expirationSeconds: 3600 }',
    );
  });

  test("shows nothing of a text that is no JWT", async () => {
    const { exitCode, stdout, stderr } = await podgate(["inspect", "canary-4711"]);
    expect(exitCode).toBe(1);
    expect(stdout).toBe(
      "text that is no JWT [opaque]\nerror: the token is not a signed JWT: it does not have three parts [TOKEN_MALFORMED]\n",
    );
    expect(stderr).toBe("podgate: there is no file of this name, so the name itself is looked at as a token\n");
  });

  test("draws for a terminal what a hostile token wants to be obeyed", async () => {
    const { token: hostile } = await cluster.forge({
      namespace: "payments",
      serviceAccount: "billing",
      claims: { "\u001b[2J": "\u001b]0;owned\u0007\r\u009b2K" },
      header: { kid: "\u202ex" },
    });
    for (const flags of [[], ["--json"]]) {
      const { stdout } = await podgate(["inspect", "-", ...flags], { input: hostile });
      expect(stdout).toContain("u001b]0;owned");
      expect(stdout.replaceAll("\n", "")).not.toMatch(/\p{C}/u);
    }
  });

  test.for<{ what: string; inputs: (folder: string) => string[]; input?: () => string; said: string }>([
    { what: "a folder", inputs: (folder) => [join(folder, "folder")], said: "cannot be read (EISDIR)" },
    {
      what: "a file of two megabytes",
      inputs: (folder) => [join(folder, "large")],
      said: "is larger than 1048576 bytes: no token",
    },
    {
      what: "two megabytes of input",
      inputs: () => ["-"],
      input: () => "x".repeat(2_000_000),
      said: "standard input is larger than 1048576 bytes",
    },
  ])("ends with 3 for $what", async ({ inputs, input, said }) => {
    await using folder = await folderOf({ large: "x".repeat(2_000_000) });
    await mkdir(join(folder.path, "folder"));
    const { exitCode, stdout, stderr } = await podgate(["inspect", ...inputs(folder.path)], { input: input?.() ?? "" });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain(said);
  });
});
