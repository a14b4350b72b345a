import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag } from "../flags.ts";
import type { InspectFlags } from "../inspect/run-inspect.ts";

export const inspectCommand = buildCommand<InspectFlags, [string?], Context>({
  loader: lazily(async () => (await import("../inspect/run-inspect.ts")).runInspect),
  parameters: {
    flags: {
      audience: {
        kind: "parsed",
        parse: String,
        brief: "What the receiver takes; may be given several times",
        placeholder: "audience",
        variadic: true,
        optional: true,
      },
      ...jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "The token, a file that holds it, or - for standard input",
          placeholder: "token|file|-",
          parse: String,
          optional: true,
        },
      ],
    },
  },
  docs: {
    brief: "Say what a token is, what is wrong with it, and what mends it; offline",
    fullDescription:
      "Sends nothing, asks nobody, and never prints the signature. Give a file or standard input: what is typed stays in the\n" +
      "shell's history. Exit code 1 where podgate refuses such a token, 0 where nothing in it is refused offline.",
  },
});
