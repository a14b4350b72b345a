import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { ANSWERED, type ContextValues, type FunctionReply, type FunctionRequest } from "./built-function.ts";

/** The other side of `startFunction`: one module of a function in a thread, as Lambda's runtime would run it. */
if (parentPort === null) throw new Error("this runs in a worker of startFunction only");
const port = parentPort;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const functionModule: Readonly<Record<string, (...values: unknown[]) => unknown>> = await import(workerData.module);
const prototypeBefore = prototypeOfObjects();

port.on("message", (request: FunctionRequest) => {
  if (request.kind === "end") {
    port.close();
    return;
  }
  void answer(request).then((reply) => {
    // Both streams reach the other side in order, so that what the call wrote is there before the mark is.
    process.stdout.write(`${workerData.mark}${reply.id}\n`);
    process.stderr.write(`${workerData.mark}${reply.id}\n`);
    port.postMessage(reply);
  });
});
port.postMessage({ id: "ready" });

async function answer(request: Exclude<FunctionRequest, { kind: "end" }>): Promise<FunctionReply> {
  const { id } = request;
  try {
    const value = await perform(request);
    // Lambda hands JSON back and forth, so nothing but JSON leaves here.
    return { id, value: value === undefined ? undefined : JSON.parse(JSON.stringify(value)) };
  } catch (error) {
    if (!(error instanceof Error)) return { id, error: { message: String(error), stack: "" } };
    return { id, error: { message: error.message, stack: error.stack ?? "" } };
  }
}

function perform(request: Exclude<FunctionRequest, { kind: "end" }>): unknown {
  if (request.kind === "state") {
    collectGarbage();
    return { heapBytes: process.memoryUsage().heapUsed, objectsChanged: prototypeOfObjects() !== prototypeBefore };
  }
  if (request.kind === "apply") return functionModule[request.name]?.(...request.values);
  if (request.kind === "calls") return callAll(request);
  return callHandler(request.event, request.context);
}

function callHandler(event: string, { remainingMs, ...context }: ContextValues): unknown {
  const deadline = Date.now() + remainingMs;
  const getRemainingTimeInMillis = () => deadline - Date.now();
  return functionModule["handler"]?.(JSON.parse(event), { ...context, getRemainingTimeInMillis });
}

async function callAll({ events, context, atOnce }: Extract<FunctionRequest, { kind: "calls" }>): Promise<unknown> {
  const outcomes: string[] = [];
  let next = 0;
  const callNext = async (): Promise<void> => {
    while (next < events.length) {
      const index = next++;
      // Each invocation comes from outside: what the calls before are waiting for gets its turn.
      await nextTurn();
      try {
        await callHandler(events[index] ?? "", context);
        outcomes[index] = ANSWERED;
      } catch (error) {
        outcomes[index] = error instanceof Error ? error.message : String(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, callNext));
  return outcomes;
}

function prototypeOfObjects(): string {
  return Reflect.ownKeys(Object.prototype).map(String).join(" ");
}
