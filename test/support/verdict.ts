import { expect } from "vitest";
import { evaluatePolicy } from "../../offline/api-gateway/policy-evaluation.ts";
import type { CallResult, RunningFunction } from "./built-function.ts";

/** An audit record, as far as tests look into it. */
export interface AuditLine {
  readonly type: string;
  readonly outcome: string;
  readonly code: string;
  readonly decisionId: string;
  readonly detail?: string;
  readonly principal?: string;
  readonly rule?: string;
}

/** The audit records among lines of stdout. Every line is JSON. */
export function auditLines(lines: readonly string[]): readonly AuditLine[] {
  return lines.map((line): AuditLine => JSON.parse(line)).filter(({ type }) => type === "decision");
}

/** The only audit record of a call. */
export function auditOf({ lines }: CallResult): AuditLine {
  const records = auditLines(lines);
  expect(records).toHaveLength(1);
  return records[0] as AuditLine;
}

/** What an authorizer's result means for the call: API Gateway's status, by docs/audit.md and the developer guide. */
export function gatewayStatus({ answer, error }: CallResult, arn: string): number {
  if (error !== undefined) return error.message === "Unauthorized" ? 401 : 500;
  const { isAuthorized, policyDocument } = answer as { isAuthorized?: unknown; policyDocument?: unknown };
  if (typeof isAuthorized === "boolean") return isAuthorized ? 200 : 403;
  const { verdict } = evaluatePolicy(policyDocument, "execute-api:Invoke", arn);
  return verdict === "allow" ? 200 : verdict === "invalid" ? 500 : 403;
}

/** What a caller of an HTTP function gets. */
export interface HttpAnswered {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function httpAnswerOf({ answer, error }: CallResult): HttpAnswered & { readonly json: Record<string, unknown> } {
  expect(error).toBeUndefined();
  const answered = answer as HttpAnswered;
  return { ...answered, json: JSON.parse(answered.body) };
}

/** No part of a token or of an `Authorization` header is in what a function wrote, answered or threw. */
export function expectNoTokenText(
  authorization: string | undefined,
  result: CallResult,
  { stderr }: RunningFunction,
): void {
  const everything = JSON.stringify([result, stderr]);
  for (const part of (authorization ?? "").split(/[\s,.]+/)) {
    if (part.length >= 8) expect(everything).not.toContain(part);
  }
}
