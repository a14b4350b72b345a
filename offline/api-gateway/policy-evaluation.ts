import { jsonBytes } from "./json.ts";
import { type PatternSet, readPolicy, type Statement } from "./policy-document.ts";
import { matchesWildcard } from "./wildcard.ts";

/** What a policy says of one call. `invalid` is no verdict at all: API Gateway answers 500, and never lets the call pass. */
export type PolicyVerdict =
  | { readonly verdict: "allow" | "explicit-deny" | "implicit-deny" }
  | { readonly verdict: "invalid"; readonly problem: string };

/** Bytes of an authorizer's whole answer, so of a policy document too (API Gateway developer guide, quotas). */
export const ANSWER_MAX_BYTES = 8192;

/**
 * Evaluates the policy of a Lambda authorizer's answer for one call, as API Gateway does: a Deny that matches wins over
 * every Allow, and what nothing allows is denied (IAM user guide, "Policy evaluation logic"; API Gateway developer
 * guide, "Output from an API Gateway Lambda authorizer").
 *
 * Actions are compared without regard to case, resources with it; both patterns cover the whole of what they are held
 * against. A `*` crosses `/` and `:`. The document is judged as a whole first: one statement that cannot be read makes
 * it `invalid`, whatever the others say. Not evaluated, and therefore `invalid`: `Condition`, `Principal`, `${...}`.
 *
 * @param policyDocument - as parsed from JSON
 * @param action - `execute-api:Invoke` for REST and HTTP APIs and for `$connect`
 * @param resourceArn - ARN of the call with the path as it arrived; `*` and `?` in it stand for themselves
 */
export function evaluatePolicy(policyDocument: unknown, action: string, resourceArn: string): PolicyVerdict {
  if (jsonBytes(policyDocument) > ANSWER_MAX_BYTES) {
    return { verdict: "invalid", problem: `policyDocument is larger than ${ANSWER_MAX_BYTES} bytes` };
  }
  const policy = readPolicy(policyDocument);
  if (policy.problem !== undefined) return { verdict: "invalid", problem: policy.problem };

  const applying = policy.statements.filter((statement) => applies(statement, action, resourceArn));
  if (applying.some(({ effect }) => effect === "Deny")) return { verdict: "explicit-deny" };
  return { verdict: applying.some(({ effect }) => effect === "Allow") ? "allow" : "implicit-deny" };
}

function applies({ actions, resources }: Statement, action: string, resourceArn: string): boolean {
  const named = covers(actions, (pattern) => matchesWildcard(pattern.toLowerCase(), action.toLowerCase()));
  return named && covers(resources, (pattern) => matchesWildcard(pattern, resourceArn));
}

function covers({ patterns, negated }: PatternSet, matches: (pattern: string) => boolean): boolean {
  return patterns.some(matches) !== negated;
}
