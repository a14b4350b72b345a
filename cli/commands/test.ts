import { buildCommand } from "@stricli/core";
import type { CaseFlags } from "../cases/run-cases.ts";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag, storeFlags } from "../flags.ts";

export const testCommand = buildCommand<CaseFlags, string[], Context>({
  loader: lazily(async () => (await import("../cases/run-cases.ts")).runCases),
  parameters: {
    positional: {
      kind: "array",
      parameter: { brief: "A file of cases", placeholder: "cases.yaml", parse: String },
      minimum: 1,
    },
    flags: {
      junit: {
        kind: "parsed",
        parse: String,
        brief: "Write the results as JUnit XML too",
        placeholder: "file",
        optional: true,
      },
      ...storeFlags,
      ...jsonFlag,
    },
  },
  docs: {
    brief: "Test permissions: calls and the decisions that are expected",
    fullDescription:
      "  cases:\n" +
      "    - as: dev/payments/billing\n" +
      "      service: orders\n" +
      "      method: GET\n" +
      "      path: /v1/orders\n" +
      "      expect: allow\n\n" +
      "docs/cli.md has all members. Exit code 1 where a case fails, 4 where one cannot be decided.",
  },
});
