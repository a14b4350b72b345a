import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PORT_NAMES, PORTS, type Ports } from "../../offline/ports.ts";
import { freePorts } from "../support/offline-stack.ts";

const PROJECT = fileURLToPath(new URL("./project", import.meta.url));
const OSLS = fileURLToPath(new URL("../../node_modules/osls/bin/serverless.js", import.meta.url));

/** serverless-offline alone, or with podgate's plugin before it. */
export type StackKind = "plain" | "twin";

/** A configuration of the folder `project`, running. */
export interface Stack extends AsyncDisposable {
  readonly kind: StackKind;
  readonly gatewayPort: number;
  readonly websocketPort: number;
  /** Everything it has printed so far. */
  output(): string;
  /** The events that the authorizer `guard` was given and that hold this text, in order. */
  asked(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** Starts it and waits until it can be called. Rejects with what it printed where it cannot start. */
export async function startStack(kind: StackKind, config = "serverless.yml"): Promise<Stack> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "podgate-differences-"));
  starting.defer(() => rm(folder, { recursive: true }));
  const askedFile = join(folder, "asked.jsonl");
  await writeFile(askedFile, "");

  const ports = await freePorts();
  const child = spawn(process.execPath, [OSLS, "offline", "start", "--config", config, ...argumentsOf(kind, ports)], {
    cwd: PROJECT,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      STACK: kind,
      ASKED_FILE: askedFile,
      ...variablesOf(kind, ports),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  starting.defer(async () => {
    child.kill("SIGINT");
    await exited;
  });
  let printed = "";
  await Promise.race([
    new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          printed += chunk.toString();
          if (printed.includes(READY[kind])) resolve();
          if (printed.includes(FAILED)) reject(new Error(`${kind} cannot start:\n${printed}`));
        });
      }
    }),
    exited.then(() => {
      throw new Error(`${kind} ended before it was ready:\n${printed}`);
    }),
  ]);
  const running = starting.move();
  return {
    kind,
    gatewayPort: ports.gateway,
    websocketPort: ports.websocket,
    output: () => printed,
    asked: async (text) => {
      const lines = (await readFile(askedFile, "utf8")).split("\n");
      return lines.filter((line) => line.includes(text)).map((line) => JSON.parse(line));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The last thing that is printed of a start. */
const READY: Readonly<Record<StackKind, string>> = { plain: "Server ready:", twin: "Ctrl-C ends everything." };

/** osls prints this and goes on to live, where serverless-offline fails when other parts of it listen already. */
const FAILED = "\nError:\n";

function argumentsOf(kind: StackKind, { gateway, lambda, websocket }: Ports): string[] {
  if (kind === "twin") return [];
  const options = { host: "127.0.0.1", httpPort: gateway, lambdaPort: lambda, websocketPort: websocket };
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function variablesOf(kind: StackKind, ports: Ports): Record<string, string> {
  if (kind === "plain") return {};
  return Object.fromEntries(PORT_NAMES.map((name) => [PORTS[name].variable, String(ports[name])]));
}
