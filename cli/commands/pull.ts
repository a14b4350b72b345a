import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { bothFlags, jsonFlag, targetFlags, yesFlag } from "../flags.ts";
import type { PullFlags } from "../pull/run-pull.ts";

export const pullCommand = buildCommand<PullFlags, [], Context>({
  loader: lazily(async () => (await import("../pull/run-pull.ts")).runPull),
  parameters: {
    flags: {
      into: bothFlags.from,
      ...targetFlags,
      prune: {
        kind: "boolean",
        brief: "Take out of the files what is not in the store",
        default: false,
        withNegated: false,
      },
      yes: { ...yesFlag.yes, brief: "Change documents of the files without asking" },
      ...jsonFlag,
    },
  },
  docs: {
    brief: "Make the files what the store says",
    fullDescription:
      "Documents that a file has are changed there, its comments kept; others go to a file for their namespace or kind. Exit\n" +
      "code 3 where the store has documents that no function can read: they are named, and the rest is written.",
  },
});
