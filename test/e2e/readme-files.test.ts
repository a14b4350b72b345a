import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
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

test.runIf(canRunCommands)(
  "the README leads from nothing to a permission that is planned, applied and used, in ten lines",
  {
    timeout: 90_000,
  },
  async () => {
    const ports = await freePorts();
    await using _stack = await startStack(ports, { PODGATE_DOCUMENTS_MAX_AGE_SECONDS: "5" });
    const folder = await mkdtemp(join(tmpdir(), "podgate-readme-"));
    await mkdir(join(folder, "bin"));
    await writeFile(join(folder, "bin/npx"), NPX, { mode: 0o755 });

    let commands = await commandsOf("Permissions as files");
    expect(commands.trim().split("\n").length).toBeLessThanOrEqual(10);
    for (const name of PORT_NAMES)
      commands = commands.replaceAll(`127.0.0.1:${PORTS[name].port}`, `127.0.0.1:${ports[name]}`);
    const moved = PORT_NAMES.map((name) => [PORTS[name].variable, String(ports[name])]);
    const env = {
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
      NO_PROXY: "127.0.0.1",
      ...Object.fromEntries(moved),
    };
    const stdout = await new Promise<string>((resolve) => {
      const child = execFile("sh", ["-c", commands], { cwd: folder, env }, (_error, out) => resolve(out));
      child.stdin?.end("yes\n");
    });
    await rm(folder, { recursive: true });

    const gains = "payments/reports in cluster dev gains GET /* on echo";
    expect(stdout.split(gains)).toHaveLength(4);
    expect(stdout).toContain("Plan: 1 to create, 0 to change, 0 to delete, in 1 write.");
    expect(stdout).toContain("Done: 1 of 1 writes.");
    expect(stdout.match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 200", "HTTP/1.1 403"]);
    expect(stdout).toMatch(/version 1 {2}\d{4}-/);
  },
);
