import type { CommandContext } from "@stricli/core";
import type { Environment } from "../lib/config.ts";
import type { Output, TextStream } from "./output.ts";

/** The process as the framework sees it. */
interface CommandProcess {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Environment;
  exitCode?: number;
}

/** What a command has of the world outside. */
export interface Context extends CommandContext {
  readonly process: CommandProcess & CommandContext["process"];
  readonly output: Output;
  readonly env: Environment;
  /** Everything on standard input, as text. Read once. Rejects with `CliError` where it is larger. */
  readonly readInput: (largestBytes?: number) => Promise<string>;
  /** One secret from standard input; from a terminal it is asked for, and not shown. */
  readonly readSecret: (question: string) => Promise<string>;
  /** Asks a person, or a pipe in a person's place. @returns the line, empty where there is none */
  readonly ask: (question: string) => Promise<string>;
  /** Hears the first Ctrl-C; the second one ends the process as ever. */
  readonly onInterrupt: (listener: () => void) => Disposable;
  /** Its lines, as they come. */
  readonly inputLines: () => AsyncIterable<string>;
}
