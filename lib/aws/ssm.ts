import type { Environment } from "../config.ts";
import { readDirectSettings } from "./direct-settings.ts";
import { createDirectSsm } from "./direct-ssm.ts";
import type { CallSsm } from "./ssm-call.ts";

export interface Ssm {
  readonly call: CallSsm;
  /** For a cold start: opens the connection that the first call takes. Sends and signs nothing; never rejects. */
  prepare(): Promise<void>;
}

/**
 * SSM for a function: asked directly where the environment says all that this takes, which is the usual case, and else by
 * the SDK, which is a file of its own and takes longer to load than everything else together.
 *
 * @param env - as it is at each call, so that renewed keys are seen
 */
export function createSsm(env: Environment): Ssm {
  const direct = createDirectSsm();
  let sdk: Promise<CallSsm> | undefined;
  return {
    async call(operation, input) {
      const settings = readDirectSettings(env);
      if (settings !== undefined) return direct.call(settings, operation, input);
      sdk ??= import("./sdk-ssm.ts").then(({ createSdkSsm }) => createSdkSsm());
      return (await sdk)(operation, input);
    },
    async prepare() {
      const settings = readDirectSettings(env);
      if (settings !== undefined) await direct.prepare(settings);
    },
  };
}
