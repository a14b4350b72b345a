import { restTokenEvent } from "./authorizer-events.ts";
import type { CallResult, RunningFunction } from "./built-function.ts";
import { type Bundle, bundleFunction } from "./bundle.ts";
import { auditOf } from "./verdict.ts";
import { startWorld, type World } from "./world.ts";

/** A world with an authorizer in which time passes only when a test says so. */
export interface SteppedWorld extends AsyncDisposable {
  readonly world: World;
  readonly authorizer: RunningFunction;
  /** Calls GET /v1/status of `orders`, which both clusters may. */
  ask(token: string): Promise<CallResult>;
  /** The code of the audit record of such a call: `ALLOWED`, a refusal, or an error. */
  codeOf(token: string): Promise<string>;
  /** Seconds after the start that it is from now on, for clusters, store and authorizer. */
  at(seconds: number): Promise<void>;
}

/** Epoch seconds at which a stepped world begins. */
export const START = 1_795_478_400;

/** The authorizer with a clock that tests set, ready for `startSteppedWorld`. Made once a test file. */
export function bundleSteppedAuthorizer(): Promise<Bundle> {
  return bundleFunction(new URL("./stepped-authorizer.ts", import.meta.url));
}

export async function startSteppedWorld(
  { module }: Bundle,
  env: Readonly<Record<string, string>> = {},
): Promise<SteppedWorld> {
  let now = START;
  const world = await startWorld({ clock: () => now });
  const authorizer = await world.startModule(module, env);
  const ask = (token: string) =>
    authorizer.call(restTokenEvent({ authorization: `Bearer ${token}`, path: "/v1/status" }));
  const at = async (seconds: number) => {
    now = START + seconds;
    await authorizer.apply("setTime", now);
  };
  await at(0);
  return {
    world,
    authorizer,
    ask,
    codeOf: async (token) => auditOf(await ask(token)).code,
    at,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
