import { createInterface } from "node:readline";
import { proposeCompletions, run } from "@stricli/core";
import { Answers } from "./answers.ts";
import { app } from "./app.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-code.ts";
import { Output } from "./output.ts";

/** What completion scripts call: one proposal a line, with what it is after a tab (`completion`). */
const PROPOSE = "__complete";

const INTERRUPTS = ["SIGINT", "SIGTERM"] as const;

/** Runs one command line. @returns the process's exit code */
export async function main(inputs: readonly string[], process: NodeJS.Process): Promise<number> {
  const { stdout, stderr, env } = process;
  const output = new Output(stdout, stderr, env);
  using answers = new Answers(process.stdin, stderr);
  const context: Context = {
    // What the framework says passes by the same door: a token that was typed in a wrong place is not repeated.
    process: {
      stdout: { write: (text) => output.text(text), getColorDepth: () => colorDepthOf(stdout, env) },
      stderr: { write: (text) => output.note(text), getColorDepth: () => colorDepthOf(stderr, env) },
      env,
    },
    output,
    env,
    readInput: (largestBytes) => readAll(process.stdin, largestBytes),
    readSecret: (question) => (process.stdin.isTTY ? answers.nextUnseen(question) : readAll(process.stdin)),
    ask: (question) => answers.next(question),
    onInterrupt: (listener) => {
      for (const signal of INTERRUPTS) process.once(signal, listener);
      return {
        [Symbol.dispose]: () => {
          for (const signal of INTERRUPTS) process.off(signal, listener);
        },
      };
    },
    inputLines: () => linesOf(process.stdin),
  };
  if (inputs[0] === PROPOSE) {
    const proposals = await proposeCompletions(app, inputs.slice(1), context);
    if (proposals.length > 0) {
      stdout.write(`${proposals.map(({ completion, brief }) => `${completion}\t${brief}`).join("\n")}\n`);
    }
    return EXIT.OK;
  }
  await run(app, inputs, context);
  return exitCodeOf(context.process.exitCode);
}

/** The framework's own codes are negative: a command line that it does not understand, or code that does not load. */
function exitCodeOf(code: number | undefined): number {
  if (code === undefined || code >= 0) return code ?? EXIT.OK;
  return code === -4 || code === -5 ? EXIT.USAGE : EXIT.FAULT;
}

function colorDepthOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): number {
  return stream.isTTY ? stream.getColorDepth(env) : 1;
}

async function readAll(stream: NodeJS.ReadStream, largestBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > largestBytes) throw new CliError(EXIT.INPUT, `standard input is larger than ${largestBytes} bytes`);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A reader that has seen enough lets go of the stream, which else would keep the process until its writer ends. */
async function* linesOf(stream: NodeJS.ReadStream): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  } finally {
    stream.destroy();
  }
}
