import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag, storeFlags } from "../flags.ts";
import type { TestFlags } from "../test/run-test.ts";

export const testCommand = buildCommand<TestFlags, string[], Context>({
  loader: lazily(async () => (await import("../test/run-test.ts")).runTest),
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
      "docs/cli.md has all members. Exit code 1 where a case fails.",
  },
});
