import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

/** What `aws` or `kubectl` was called with, and its answer: what it prints, or an error, which fails the command. */
export type AnswerTool = (tool: string, args: readonly string[], readFileArgument: ReadFile) => Promise<string>;
/** The content of `file://name`. */
export type ReadFile = (argument: string) => Promise<string>;

export interface PageShell extends AsyncDisposable {
  /** Runs commands as a person pastes them, in one shell. Rejects where the last one fails. */
  run(commands: string): Promise<string>;
}

/** Whether the machine has what the pages' commands are written with: the tests themselves need Node and npm only. */
export const canRunCommands = ["sed", "jq", "curl"].every(
  (tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0,
);

/** Hands its arguments over, each ended by a NUL, and does as it is told. */
const TOOL = `#!/bin/sh
printf '%s\\0' "\${0##*/}" "$@" | curl -sS --fail-with-body --data-binary @- "$PAGE_TOOLS_URL"
`;

/** A shell in which `aws` and `kubectl` are answered by the test. Everything else is the machine's. */
export async function startPageShell(answer: AnswerTool): Promise<PageShell> {
  const folder = await mkdtemp(join(tmpdir(), "podgate-page-"));
  const readFileArgument: ReadFile = (argument) => readFile(join(folder, argument.replace(/^file:\/\//, "")), "utf8");
  const server = createServer((request, response) => {
    handle(request).then(
      (printed) => response.end(printed),
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    );
  });
  const handle = async (request: IncomingMessage) => {
    const [tool = "", ...args] = (await text(request)).split("\0").slice(0, -1);
    return answer(tool, args, readFileArgument);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await mkdir(join(folder, "bin"));
  for (const tool of ["aws", "kubectl"]) await writeFile(join(folder, "bin", tool), TOOL, { mode: 0o755 });

  const env = {
    PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
    PAGE_TOOLS_URL: `http://127.0.0.1:${port}`,
    NO_PROXY: "127.0.0.1",
  };
  return {
    run: async (commands) => (await promisify(execFile)("sh", ["-c", commands], { cwd: folder, env })).stdout,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}
