import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { PORT_NAMES, PORTS, type Ports, portProblem } from "../../offline/ports.ts";

/** `npm start`, on ports of its own. */
export interface RunningStack extends AsyncDisposable {
  readonly ports: Ports;
  /** Everything it has printed so far. */
  output(): string;
  /** Sends the signal and waits for the end; gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Settings of podgate, given in the shell. */
type Settings = Readonly<Record<string, string>>;

export interface FailedStart {
  readonly exitCode: number | null;
  readonly output: string;
}

/**
 * Ports that are free, below those that Linux, macOS and Windows choose themselves: between this look and the start of
 * what shall listen, no connection and no other server of a test can be given one of them. Each worker of vitest has
 * a hundred of its own, so that two that start a stack at once do not choose the same.
 */
export async function freePorts(): Promise<Ports> {
  const worker = Number(process.env["VITEST_POOL_ID"] ?? 0) % WORKERS;
  const first = LOWEST_PORT + worker * PORTS_OF_A_WORKER + randomInt(PORTS_OF_A_WORKER - PORT_NAMES.length);
  const ports = Object.fromEntries(PORT_NAMES.map((name, index) => [name, first + index])) as Ports;
  return (await portProblem(ports)) === undefined ? ports : freePorts();
}

const LOWEST_PORT = 20_000;
const PORTS_OF_A_WORKER = 100;
const WORKERS = 100;

/** Starts the command of `npm start` (the bundles are built before) and waits for its last line. */
export async function startStack(ports: Ports, settings: Settings = {}): Promise<RunningStack> {
  const { child, output } = spawnStack(ports, settings);
  const exited = once(child, "exit");
  await Promise.race([
    new Promise<void>((resolve) => {
      child.stdout?.on("data", () => {
        if (output().includes("Ctrl-C ends everything.")) resolve();
      });
    }),
    exited.then(() => {
      throw new Error(`the stack ended before it was ready:\n${output()}`);
    }),
  ]);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return {
    ports,
    output,
    end,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) await end("SIGINT");
    },
  };
}

/** Starts it where it cannot start, and waits for the end. */
export async function startInVain(ports: Ports, settings: Settings = {}): Promise<FailedStart> {
  const { child, output } = spawnStack(ports, settings);
  await once(child, "exit");
  return { exitCode: child.exitCode, output: output() };
}

function spawnStack(ports: Ports, settings: Settings): { child: ChildProcess; output: () => string } {
  const moved = Object.fromEntries(PORT_NAMES.map((name) => [PORTS[name].variable, String(ports[name])]));
  const child = spawn(process.execPath, ["node_modules/osls/bin/serverless.js", "offline", "start"], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...moved, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const keep = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return { child, output: () => printed };
}
