import type { BaseArgs, BaseFlags, CommandFunction } from "@stricli/core";
import { GatewayError } from "../lib/errors.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";

/** What a command does: its result by `context.output`, its end as the value. Throws `CliError` and `GatewayError`. */
export type CommandBody<Flags extends BaseFlags, Args extends BaseArgs> = (
  context: Context,
  flags: Flags,
  ...args: Args
) => Promise<ExitCode>;

/** A command whose code is loaded when it is run: the start of the program costs nothing for what it does not do. */
export function lazily<Flags extends BaseFlags, Args extends BaseArgs>(
  load: () => Promise<CommandBody<Flags, Args>>,
): () => Promise<CommandFunction<Flags, Args, Context>> {
  return async () => {
    const body = await load();
    return async function (this: Context, flags: Flags, ...args: Args) {
      this.process.exitCode = await endOf(this, () => body(this, flags, ...args));
    };
  };
}

async function endOf(context: Context, run: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CliError) {
      context.output.note(`podgate: ${error.message}`);
      return error.exitCode;
    }
    if (error instanceof GatewayError) {
      context.output.note(`podgate: ${error.code}: ${error.message}`);
      return exitCodeOf(error);
    }
    // The message of an unknown error may quote anything; its class is all that is safe to tell.
    const what = error instanceof Error ? error.name : typeof error;
    context.output.note(
      `podgate: unexpected ${what}: this is a fault of podgate; report it with the command that met it`,
    );
    return EXIT.FAULT;
  }
}

function exitCodeOf({ code }: GatewayError): ExitCode {
  switch (code) {
    case "CONFIG_INVALID":
      return EXIT.USAGE;
    case "DOCUMENT_INVALID":
    case "DOCUMENT_TOO_NEW":
    case "EVENT_UNREADABLE":
      return EXIT.INPUT;
    case "INTERNAL":
      return EXIT.FAULT;
    default:
      return EXIT.UNDECIDED;
  }
}
