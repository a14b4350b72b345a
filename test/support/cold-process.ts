/**
 * A function in a process of its own, as a cold start of Lambda: loads the module of `argv[2]`, calls its handler with each of the events that stdin holds, and says on stderr, a JSON line each, what came
 * of it and which of Node's own modules were loaded by then.
 */
import { text } from "node:stream/consumers";

export interface ColdStep {
  /** Of a call; absent for the loading of the module. */
  readonly answer?: unknown;
  readonly error?: string;
  /** Names of Node's internal modules (`process.moduleLoadList`). */
  readonly modules: readonly string[];
}

const { moduleLoadList } = process as unknown as { readonly moduleLoadList: readonly string[] };
const report = (step: Omit<ColdStep, "modules">) => {
  process.stderr.write(`${JSON.stringify({ ...step, modules: moduleLoadList })}\n`);
};

const [, , module = ""] = process.argv;
const events: readonly unknown[] = JSON.parse(await text(process.stdin));
const { handler } = await import(module);
report({});
const context = {
  functionName: "podgate-test",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:podgate-test",
  getRemainingTimeInMillis: () => 10_000,
};
for (const event of events) {
  try {
    report({ answer: await handler(event, context) });
  } catch (error) {
    report({ error: error instanceof Error ? error.message : String(error) });
  }
}
