import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag, storeFlags } from "../flags.ts";
import type { LintFlags } from "../lint/run-lint.ts";

export const lintCommand = buildCommand<LintFlags, [], Context>({
  loader: lazily(async () => (await import("../lint/run-lint.ts")).runLint),
  parameters: {
    flags: {
      serverless: {
        kind: "parsed",
        parse: String,
        brief: "Look at the Lambda authorizers of this serverless.yml too",
        placeholder: "file",
        optional: true,
      },
      ...storeFlags,
      ...jsonFlag,
    },
  },
  docs: {
    brief: "Find what would stop a decision or surprise",
    fullDescription:
      "Exit code 1 where a finding is an error, 0 where all are warnings. docs/cli.md has the list of rules.",
  },
});
