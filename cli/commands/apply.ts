import { buildCommand } from "@stricli/core";
import type { ApplyFlags } from "../apply/run-apply.ts";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { bothFlags, jsonFlag, scopeFlags, writeFlags } from "../flags.ts";

export const applyCommand = buildCommand<ApplyFlags, [], Context>({
  loader: lazily(async () => (await import("../apply/run-apply.ts")).runApply),
  parameters: { flags: { ...bothFlags, ...scopeFlags, ...writeFlags, ...jsonFlag } },
  docs: {
    brief: "Make the store what the files say, in an order that is safe at every moment",
    fullDescription:
      "Ended at any write (Ctrl-C, a lost connection), nothing is allowed that was allowed neither before nor is after; the same\n" +
      "command goes on. Exit code 6 where somebody else changes the store meanwhile, 130 after Ctrl-C.",
  },
});
