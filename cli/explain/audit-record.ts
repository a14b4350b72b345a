import * as v from "valibot";
import { REFUSALS, type RefusalCode } from "../../lib/errors.ts";

const compared = v.object({ actual: v.string(), expected: v.string() });

/** The members of an audit record that an explanation is made of (docs/audit.md); others are left alone. */
const schema = v.object({
  type: v.literal("decision"),
  decisionId: v.string(),
  time: v.optional(v.string()),
  function: v.optional(v.string()),
  apiId: v.optional(v.string()),
  stage: v.optional(v.string()),
  outcome: v.picklist(["allow", "refuse", "identified", "error"]),
  code: v.string(),
  detail: v.optional(v.string()),
  compared: v.optional(compared),
  rule: v.optional(v.string()),
  access: v.optional(v.object({ service: v.string(), method: v.string(), path: v.string() })),
  principal: v.optional(v.string()),
  issuer: v.optional(v.string()),
  keyId: v.optional(v.string()),
  pod: v.optional(v.string()),
  documents: v.optional(v.array(v.object({ name: v.string(), version: v.number() }))),
});

export type AuditRecord = v.InferOutput<typeof schema>;

/**
 * The record of a decision among lines of log: JSON lines as a function writes them, whatever stands before the JSON
 * (`aws logs tail` writes time and stream). `undefined` where there is none.
 */
export async function findRecord(lines: AsyncIterable<string>, decisionId: string): Promise<AuditRecord | undefined> {
  for await (const line of lines) {
    if (!line.includes(decisionId)) continue;
    const record = readRecord(line.slice(line.indexOf("{")));
    if (record?.decisionId === decisionId) return record;
  }
  return undefined;
}

function readRecord(text: string): AuditRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const result = v.safeParse(schema, value);
  return result.success ? result.output : undefined;
}

export function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code);
}
