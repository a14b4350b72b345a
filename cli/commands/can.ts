import { buildCommand } from "@stricli/core";
import type { CanFlags } from "../access/run-can.ts";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag, storeFlags } from "../flags.ts";

export const canCommand = buildCommand<CanFlags, [string], Context>({
  loader: lazily(async () => (await import("../access/run-can.ts")).runCan),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Who calls", placeholder: "cluster/namespace/account", parse: String }],
    },
    flags: { ...storeFlags, ...jsonFlag },
  },
  docs: { brief: "Everything that a service account may call, by which rule, and what takes it back" },
});
