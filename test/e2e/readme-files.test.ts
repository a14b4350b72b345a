import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PORT_NAMES, PORTS } from "../../offline/ports.ts";
import { canRunCommands } from "../docs/page-shell.ts";
import { freePorts, startStack } from "../support/offline-stack.ts";

const PROGRAM = new URL("../../dist/cli/podgate.mjs", import.meta.url).pathname;

/** `npx podgate` of this build. */
const NPX = `#!/bin/sh\nshift\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`;

/** The shell's commands of a section of the README. */
async function commandsOf(heading: string): Promise<string> {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const section = readme.slice(readme.indexOf(`## ${heading}\n`));
  return /```sh\n([\s\S]*?)```/.exec(section)?.[1] ?? "";
}

interface Session extends AsyncDisposable {
  /** Runs the commands of a section as a person pastes them. @returns what they print */
  run(heading: string, input: string): Promise<string>;
}

/** A running `npm start` on ports of its own, and a shell beside it. */
async function startSession(): Promise<Session> {
  const ports = await freePorts();
  const stack = await startStack(ports, { PODGATE_DOCUMENTS_MAX_AGE_SECONDS: "5" });
  const folder = await mkdtemp(join(tmpdir(), "podgate-readme-"));
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin/npx"), NPX, { mode: 0o755 });
  const moved = PORT_NAMES.map((name) => [PORTS[name].variable, String(ports[name])]);
  const env = {
    PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
    NO_PROXY: "127.0.0.1",
    ...Object.fromEntries(moved),
  };
  return {
    run: async (heading, input) => {
      let commands = await commandsOf(heading);
      for (const name of PORT_NAMES) {
        commands = commands.replaceAll(`127.0.0.1:${PORTS[name].port}`, `127.0.0.1:${ports[name]}`);
      }
      return new Promise<string>((resolve) => {
        const child = execFile("sh", ["-c", commands], { cwd: folder, env }, (_error, out) => resolve(out));
        child.stdin?.end(input);
      });
    },
    [Symbol.asyncDispose]: async () => {
      await stack[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

describe.runIf(canRunCommands)("the README leads, beside npm start,", () => {
  let session: Session;
  beforeAll(async () => {
    session = await startSession();
  }, 90_000);
  afterAll(() => session[Symbol.asyncDispose]());

  test("from a refused call to the reason and the mend, in five lines", async () => {
    expect((await commandsOf("Why was it refused?")).trim().split("\n")).toHaveLength(5);
    const stdout = await session.run("Why was it refused?", "");
    expect(stdout.match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 403"]);
    expect(stdout).toContain("refused: ACCESS_NOT_ALLOWED (403; the caller reads FORBIDDEN)");
    expect(stdout).toContain("  ok signature   the key made the signature");
    expect(stdout).toContain(
      "  add to permissions/dev/payments/billing (/podgate/offline/permissions/dev/payments/billing), under allow:",
    );
    expect(stdout).toContain("    - {service: orders, methods: [DELETE], paths: [/v1/orders/7]}");
    expect(stdout).toMatch(/^staging\/payments\/billing\tpermissions\/staging\/payments\/billing#allow\[0\]\t/m);
    expect(stdout).toMatch(/^allow\torders\tGET\t\/v1\/\* \/v2\/\*\tpermissions\/dev\/payments\/billing#allow\[0\]\t/m);
  }, 60_000);

  test("from nothing to a permission that is planned, applied and used, in ten lines", async () => {
    expect((await commandsOf("Permissions as files")).trim().split("\n").length).toBeLessThanOrEqual(10);
    const stdout = await session.run("Permissions as files", "yes\n");
    const gains = "payments/reports in cluster dev gains GET /* on echo";
    expect(stdout.split(gains)).toHaveLength(4);
    expect(stdout).toContain("Plan: 1 to create, 0 to change, 0 to delete, in 1 write.");
    expect(stdout).toContain("Done: 1 of 1 writes.");
    expect(stdout.match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 200", "HTTP/1.1 403"]);
    expect(stdout).toMatch(/version 1 {2}\d{4}-/);
  }, 60_000);
});
