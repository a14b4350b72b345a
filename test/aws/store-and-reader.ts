import type { ParameterName } from "../../lib/aws/parameter-names.ts";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { batchReads } from "../../lib/aws/parameter-reader.ts";
import { createSsm } from "../../lib/aws/ssm.ts";
import type { CallSsm } from "../../lib/aws/ssm-call.ts";
import { createSsmReader } from "../../lib/aws/ssm-parameters.ts";
import { startParameterStore } from "../../offline/parameter-store/parameter-store.ts";
import { ManualClock } from "../support/manual-clock.ts";

export const PREFIX = "/podgate/test";

/** The settings of the SDK, which a Lambda environment has. The client is made at the first read after this. */
export function pointSdkAt(url: string): void {
  process.env["AWS_REGION"] = "us-east-1";
  process.env["AWS_ACCESS_KEY_ID"] = "offline";
  process.env["AWS_SECRET_ACCESS_KEY"] = "offline";
  process.env["AWS_ENDPOINT_URL_SSM"] = url;
}

/** A parameter store of its own, the reader as the functions have it, and one clock for both. */
export async function startStoreAndReader(create: () => CallSsm = () => createSsm(process.env).call) {
  const clock = new ManualClock();
  const store = await startParameterStore({ clock: () => clock.now() });
  pointSdkAt(store.url);
  const read = createSsmReader(create());
  const names = new ParameterNames(PREFIX);
  return {
    clock,
    store,
    read,
    /** What a source is made with. */
    options: {
      names,
      read: batchReads(read),
      clock,
      maxAgeSeconds: 60,
      maxStaleSeconds: 300,
      holdoff: { until: 0 },
      onStale: () => {},
    },
    put: (name: string, document: object | string) => store.put(`${PREFIX}/${name}`, document),
    remove: (name: string) => store.delete(`${PREFIX}/${name}`),
    /** Names of each call since `forgetCalls`, without the prefix. */
    asked: () => store.calls.map(({ names: each }) => each.map((name) => name.slice(PREFIX.length + 1))),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** A name as a test writes it; the sources build theirs from validated parts. */
export function named(text: string): ParameterName {
  return text as ParameterName;
}

/** The code of the error that a promise rejects with, "answered" where it does not. */
export async function codeOf(promise: unknown): Promise<string> {
  try {
    await promise;
    return "answered";
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
    throw error;
  }
}
