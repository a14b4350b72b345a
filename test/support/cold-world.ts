import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { startStrictStore } from "../aws/strict-store.ts";
import type { ColdStep } from "./cold-process.ts";
import { startWorld } from "./world.ts";

/** A world whose store is behind TLS and takes signed requests only, and what a process needs to reach it. */
export async function startColdWorld() {
  await using starting = new AsyncDisposableStack();
  const world = starting.use(await startWorld());
  const strict = starting.use(await startStrictStore("https", world.store));
  const running = starting.move();
  const env = {
    ...world.env,
    AWS_ENDPOINT_URL_SSM: strict.url,
    AWS_ACCESS_KEY_ID: "AKIDSTRICT",
    AWS_SECRET_ACCESS_KEY: "secret",
    NODE_EXTRA_CA_CERTS: fileURLToPath(new URL("../fixtures/tls/root.pem", import.meta.url)),
  };
  return {
    world,
    strict,
    env,
    /** As `refresh-keys` leaves it. */
    snapshot: (name: string) => {
      const { issuer, keys } = world.cluster(name);
      const fetchedAt = Math.floor(Date.now() / 1000);
      world.put(`keys/${issuerName(issuer)}`, { issuer, fetchedAt, source: "discovered", keys });
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Starts a process that loads the module and answers the events. */
export async function coldStart(
  module: URL,
  events: readonly object[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly ColdStep[]> {
  const script = fileURLToPath(new URL("./cold-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, module.href], { env, stdio: ["pipe", "ignore", "pipe"] });
  child.stdin.end(JSON.stringify(events));
  const [told] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return told
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The first effect of a policy, or what was thrown. */
export function effectOf({ answer, error }: ColdStep): string | undefined {
  const { policyDocument } = (answer ?? {}) as { policyDocument?: { Statement: readonly { Effect: string }[] } };
  return error ?? policyDocument?.Statement.at(0)?.Effect;
}
