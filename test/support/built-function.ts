import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { type ResourceLimits, Worker } from "node:worker_threads";

/** What a test may change of Lambda's context. */
export interface ContextValues {
  readonly functionName: string;
  readonly invokedFunctionArn: string;
  /** What `getRemainingTimeInMillis` says as the call begins. */
  readonly remainingMs: number;
}

export interface FunctionFault {
  readonly message: string;
  readonly stack: string;
}

/** What Lambda would get back, and what the function wrote meanwhile. */
export interface CallResult {
  /** What the handler answered, after JSON. */
  readonly answer?: unknown;
  readonly error?: FunctionFault;
  /** Lines of stdout since the call began. Those of other calls too, where several run at once. */
  readonly lines: readonly string[];
}

export interface FunctionState {
  /** Heap in use in the function's thread, after the garbage was collected. */
  readonly heapBytes: number;
  /** Whether `Object.prototype` has gained or lost a member since the module was loaded. */
  readonly objectsChanged: boolean;
}

export interface RunningFunction extends AsyncDisposable {
  /** Calls the handler. @param event - text is taken for JSON that is already written */
  call(event: unknown, context?: Partial<ContextValues>): Promise<CallResult>;
  /**
   * Calls the handler with each event, `atOnce` of them under way at a time, without a trip here in between.
   * @returns the message that each threw, or `ANSWERED`
   */
  callAll(events: readonly unknown[], atOnce: number): Promise<readonly string[]>;
  /** Calls another export of the module, for functions made for tests. */
  apply(name: string, ...values: readonly unknown[]): Promise<unknown>;
  state(): Promise<FunctionState>;
  /** Every line of stdout. */
  readonly lines: readonly string[];
  /** Everything written to stderr. */
  readonly stderr: string;
  /**
   * Tells the function that nothing more comes and waits until its thread ends by itself. Rejects where it does not:
   * something was left running.
   */
  end(): Promise<void>;
}

export type FunctionRequest =
  | { readonly kind: "call"; readonly id: string; readonly event: string; readonly context: ContextValues }
  | {
      readonly kind: "calls";
      readonly id: string;
      readonly events: readonly string[];
      readonly context: ContextValues;
      readonly atOnce: number;
    }
  | { readonly kind: "apply"; readonly id: string; readonly name: string; readonly values: readonly unknown[] }
  | { readonly kind: "state"; readonly id: string }
  | { readonly kind: "end" };

export interface FunctionReply {
  readonly id: string;
  readonly value?: unknown;
  readonly error?: FunctionFault;
}

export interface FunctionOptions {
  /** The whole environment: nothing of the test's own is handed on. */
  readonly env: Readonly<Record<string, string>>;
  readonly functionName?: string;
  readonly resourceLimits?: ResourceLimits;
}

/** What a call ended with that did not throw. */
export const ANSWERED = "answered";

export const ACCOUNT = "123456789012";
export const REGION = "us-east-1";

/** Longer than any timeout of a function, shorter than that of a test. */
const LONGEST_END_MS = 6000;

/** The URL of a function as `npm run build` leaves it. */
export function builtModule(name: string): URL {
  return new URL(`../../dist/functions/${name}.mjs`, import.meta.url);
}

/**
 * Loads a function's module into a thread of its own, with an environment and output streams of its own.
 * Rejects with what loading throws, as a cold start would fail.
 */
export async function startFunction(module: URL, options: FunctionOptions): Promise<RunningFunction> {
  const { env, functionName = "podgate-test", resourceLimits = {} } = options;
  const mark = `end of call ${randomUUID()} `;
  const worker = new Worker(new URL("./function-process.ts", import.meta.url), {
    env: { ...env },
    stdout: true,
    stderr: true,
    resourceLimits,
    workerData: { module: module.href, mark },
  });
  const waiting = new Map<string, (reply: FunctionReply | Error) => void>();
  const lines: string[] = [];
  let stderr = "";
  let crash: Error | undefined;
  let ended = false;
  // The reply of a call, and its mark in both streams.
  const arrived = new Map<string, { parts: number; reply?: FunctionReply }>();
  const arrive = (id: string, reply?: FunctionReply) => {
    const known = arrived.get(id) ?? { parts: 0 };
    known.parts += 1;
    if (reply !== undefined) known.reply = reply;
    arrived.set(id, known);
    if (known.parts < 3 || known.reply === undefined) return;
    arrived.delete(id);
    waiting.get(id)?.(known.reply);
    waiting.delete(id);
  };
  const streamClosed = (["stdout", "stderr"] as const).map((stream) => {
    const reader = createInterface({ input: worker[stream] });
    reader.on("line", (line) => {
      if (line.startsWith(mark)) arrive(line.slice(mark.length));
      else if (stream === "stdout") lines.push(line);
      else stderr += `${line}\n`;
    });
    return new Promise((resolve) => reader.once("close", resolve));
  });
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const failAll = (error: Error) => {
    for (const settle of waiting.values()) settle(error);
    waiting.clear();
  };

  await new Promise<void>((resolve, reject) => {
    worker.on("message", (reply: FunctionReply) => (reply.id === "ready" ? resolve() : arrive(reply.id, reply)));
    worker.on("error", (error: Error) => {
      crash = error;
      failAll(error);
      reject(error);
    });
    worker.once("exit", () => {
      ended = true;
      const error = crash ?? new Error("the function's thread has ended");
      failAll(error);
      reject(error);
    });
  });

  const ask = async (request: Exclude<FunctionRequest, { kind: "end" }>): Promise<FunctionReply> => {
    if (ended) throw crash ?? new Error("the function's thread has ended");
    const outcome = await new Promise<FunctionReply | Error>((resolve) => {
      waiting.set(request.id, resolve);
      worker.postMessage(request);
    });
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  const answerTo = async (request: Exclude<FunctionRequest, { kind: "end" }>): Promise<unknown> => {
    const { value, error } = await ask(request);
    if (error !== undefined) throw new Error(error.message);
    return value;
  };

  const usualContext: ContextValues = {
    functionName,
    invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${functionName}`,
    remainingMs: 10_000,
  };
  return {
    async call(event, context = {}) {
      const firstLine = lines.length;
      const { value, error } = await ask({
        kind: "call",
        id: randomUUID(),
        event: typeof event === "string" ? event : JSON.stringify(event),
        context: { ...usualContext, ...context },
      });
      const written = lines.slice(firstLine);
      return error === undefined ? { answer: value, lines: written } : { error, lines: written };
    },
    async callAll(events, atOnce) {
      const texts = events.map((event) => JSON.stringify(event));
      const request = { kind: "calls", id: randomUUID(), events: texts, context: usualContext, atOnce } as const;
      return (await answerTo(request)) as string[];
    },
    apply: (name, ...values) => answerTo({ kind: "apply", id: randomUUID(), name, values }),
    state: async () => (await answerTo({ kind: "state", id: randomUUID() })) as FunctionState,
    lines,
    get stderr() {
      return stderr;
    },
    async end() {
      worker.postMessage({ kind: "end" } satisfies FunctionRequest);
      const timeout = AbortSignal.timeout(LONGEST_END_MS);
      const tooLong = new Promise<never>((_, reject) => {
        timeout.addEventListener("abort", () => reject(new Error("the function left something running")));
      });
      await Promise.race([exited, tooLong]);
      await Promise.all(streamClosed);
      if (crash !== undefined) throw crash;
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
