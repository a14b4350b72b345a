import { buildCommand } from "@stricli/core";
import type { WhoCanFlags } from "../access/run-who-can.ts";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag, storeFlags, wayFlags } from "../flags.ts";

export const whoCanCommand = buildCommand<WhoCanFlags, [string, string, string], Context>({
  loader: lazily(async () => (await import("../access/run-who-can.ts")).runWhoCan),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "The service that is called", placeholder: "service", parse: String },
        { brief: "The method", placeholder: "method", parse: String },
        { brief: "The path, decoded", placeholder: "path", parse: String },
      ],
    },
    flags: { ...wayFlags, ...storeFlags, ...jsonFlag },
  },
  docs: {
    brief: "Everybody who may make a call, and by which rule",
    fullDescription:
      "Looks at every permission in the store. * stands for every other namespace or account: those that no document names.",
  },
});
