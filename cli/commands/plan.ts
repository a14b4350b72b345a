import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { bothFlags, jsonFlag, scopeFlags } from "../flags.ts";
import type { PlanFlags } from "../plan/run-plan.ts";

export const planCommand = buildCommand<PlanFlags, [], Context>({
  loader: lazily(async () => (await import("../plan/run-plan.ts")).runPlan),
  parameters: {
    flags: {
      ...bothFlags,
      ...scopeFlags,
      detailedExitcode: {
        kind: "boolean",
        brief: "Exit with 1 where there are changes",
        default: false,
        withNegated: false,
      },
      ...jsonFlag,
    },
  },
  docs: {
    brief: "Say who gains and who loses what if the store follows the files",
    fullDescription: "Writes nothing. Exit code 3 where a file or the plan cannot be used.",
  },
});
