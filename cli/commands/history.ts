import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import { jsonFlag, targetFlags, writeFlags } from "../flags.ts";
import type { HistoryFlags } from "../history/run-history.ts";
import type { RollbackFlags } from "../history/run-rollback.ts";

const document = { brief: "A document, such as permissions/dev/payments/billing", placeholder: "name", parse: String };

export const historyCommand = buildCommand<HistoryFlags, [string], Context>({
  loader: lazily(async () => (await import("../history/run-history.ts")).runHistory),
  parameters: {
    positional: { kind: "tuple", parameters: [document] },
    flags: { ...targetFlags, ...jsonFlag },
  },
  docs: {
    brief: "Say who wrote which version of a document, and what it changed",
    fullDescription: "SSM keeps the last hundred versions of a parameter, and none of one that was deleted.",
  },
});

export const rollbackCommand = buildCommand<RollbackFlags, [string?], Context>({
  loader: lazily(async () => (await import("../history/run-rollback.ts")).runRollback),
  parameters: {
    positional: { kind: "tuple", parameters: [{ ...document, optional: true }] },
    flags: {
      ...targetFlags,
      toVersion: {
        kind: "parsed",
        parse: readVersion,
        brief: "The version that the document goes back to; by default the one before",
        placeholder: "version",
        optional: true,
      },
      at: {
        kind: "parsed",
        parse: readTime,
        brief: "In place of a document: the time that all of them go back to, such as 2026-01-30T17:00:00Z",
        placeholder: "time",
        optional: true,
      },
      ...writeFlags,
      ...jsonFlag,
    },
  },
  docs: {
    brief: "Write earlier versions again, of one document or of all",
    fullDescription: "Shows the plan and asks, as apply does. What was deleted comes back from the files alone.",
  },
});

function readVersion(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new RangeError("expected a version's number");
}

function readTime(text: string): number {
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time / 1000;
  throw new RangeError("expected a time with its zone, such as 2026-01-30T17:00:00Z");
}
