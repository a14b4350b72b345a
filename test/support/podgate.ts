import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. @default empty */
  readonly input?: string | Buffer;
  readonly cwd?: string;
  /** The program that runs it. @default the tests' own Node */
  readonly node?: string | undefined;
}

export const PROGRAM = new URL("../../dist/cli/podgate.mjs", import.meta.url).pathname;

/** Runs the built `podgate` as a process, with nothing of this process's environment but what every process needs. */
export function podgate(inputs: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return startPodgate(inputs, options).ended;
}

/** Runs the same program in this process, from its sources: for questions of which there are many. */
export async function podgateHere(
  inputs: readonly string[],
  { env = {}, input = "" }: RunOptions = {},
): Promise<Ended> {
  const { main } = await import("../../cli/main.ts");
  const said = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof said) => ({ write: (text: string) => (said[name] += text) });
  const here = { stdout: stream("stdout"), stderr: stream("stderr"), stdin: Readable.from([Buffer.from(input)]), env };
  const exitCode = await main(inputs, here as unknown as NodeJS.Process);
  return { exitCode, ...said };
}

export interface RunningPodgate {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

/** The same, for a test that does something while it runs. */
export function startPodgate(inputs: readonly string[], options: RunOptions = {}): RunningPodgate {
  const { env = {}, input = "", cwd, node = process.execPath } = options;
  const child = spawn(node, [PROGRAM, ...inputs], {
    env: { PATH: process.env["PATH"], HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true", ...env },
    cwd,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A program that ends before it reads closes the pipe.
  child.stdin.on("error", () => undefined).end(input);
  const ended = once(child, "close").then(([exitCode]) => ({ exitCode, stdout, stderr }));
  return { ended, kill: (signal) => void child.kill(signal) };
}

export interface Folder extends AsyncDisposable {
  readonly path: string;
}

/** A folder with these files, in JSON or in YAML as given. */
export async function folderOf(files: Readonly<Record<string, string | object>>): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "podgate-cli-"));
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    // JSON is YAML.
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content, null, 2));
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
