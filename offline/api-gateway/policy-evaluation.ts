import { matchesResource, type WildcardReading } from "./arn-pattern.ts";
import { jsonBytes } from "./json.ts";
import { type ConditionKeys, holdAll } from "./policy-condition.ts";
import { type PatternSet, readPolicy, type Statement } from "./policy-document.ts";
import type { GatewaySettings } from "./settings.ts";
import { matchesWildcard } from "./wildcard.ts";

/** What a policy says of one call. `invalid` is no verdict at all: API Gateway answers 500, and never lets the call pass. */
export type PolicyVerdict =
  | { readonly verdict: "allow" | "explicit-deny" | "implicit-deny" }
  | { readonly verdict: "invalid"; readonly problem: string };

/** What a caller of the evaluation knows of the call and its API. */
export interface EvaluationOptions {
  /** What the call says for conditions. @default a `Condition` is `invalid` */
  readonly conditionKeys?: ConditionKeys;
  /** Whether a document of more than `ANSWER_MAX_BYTES` is read all the same. @default false */
  readonly anySize?: boolean;
  /** @default "refusing" */
  readonly wildcardSpan?: GatewaySettings["wildcardSpan"];
}

/** Bytes of an authorizer's whole answer, so of a policy document too (API Gateway developer guide, quotas). */
export const ANSWER_MAX_BYTES = 8192;

/**
 * Evaluates the policy of a Lambda authorizer's answer for one call, as API Gateway does: a Deny that matches wins over
 * every Allow, and what nothing allows is denied (IAM user guide, "Policy evaluation logic"; API Gateway developer
 * guide, "Output from an API Gateway Lambda authorizer").
 *
 * Actions are compared without regard to case, resources with it; both patterns cover the whole of what they are held
 * against. A wildcard crosses `/`; whether it crosses the colons of an ARN is `wildcardSpan`. The document is judged as a
 * whole first: one statement that cannot be read makes it `invalid`, whatever the others say and whatever the request is.
 * Not evaluated, and therefore `invalid`: `Principal`, `${...}`, and what `readConditions` does not know.
 *
 * @param policyDocument - as parsed from JSON
 * @param action - `execute-api:Invoke` for REST and HTTP APIs and for `$connect`
 * @param resourceArn - ARN of the call with the path as it arrived; `*` and `?` in it stand for themselves
 */
export function evaluatePolicy(
  policyDocument: unknown,
  action: string,
  resourceArn: string,
  { conditionKeys, anySize = false, wildcardSpan = "refusing" }: EvaluationOptions = {},
): PolicyVerdict {
  if (!anySize && jsonBytes(policyDocument) > ANSWER_MAX_BYTES) {
    return { verdict: "invalid", problem: `policyDocument is larger than ${ANSWER_MAX_BYTES} bytes` };
  }
  const policy = readPolicy(policyDocument);
  if (policy.problem !== undefined) return { verdict: "invalid", problem: policy.problem };
  if (conditionKeys === undefined && policy.statements.some(({ conditions }) => conditions.length > 0)) {
    return { verdict: "invalid", problem: "Condition is not evaluated here" };
  }

  const applying = policy.statements.filter(
    (statement) =>
      coversAction(statement, action) &&
      coversResource(statement, resourceArn, wildcardSpan) &&
      holdAll(statement.conditions, conditionKeys ?? {}),
  );
  if (applying.some(({ effect }) => effect === "Deny")) return { verdict: "explicit-deny" };
  return { verdict: applying.some(({ effect }) => effect === "Allow") ? "allow" : "implicit-deny" };
}

/** What a call of an API is: REST, HTTP and `$connect` alike. */
export const INVOKE = "execute-api:Invoke";

export function coversAction({ actions }: Statement, action: string): boolean {
  return covers(actions, (pattern) => matchesWildcard(pattern.toLowerCase(), action.toLowerCase()));
}

export function coversResource(statement: Statement, arn: string, span: GatewaySettings["wildcardSpan"]): boolean {
  return covers(statement.resources, (pattern) => matchesResource(pattern, arn, readingOf(statement, span)));
}

/** The reading of a statement's wildcards: where in doubt, the one by which an Allow covers less and a Deny more. */
function readingOf({ effect, resources }: Statement, span: GatewaySettings["wildcardSpan"]): WildcardReading {
  if (span !== "refusing") return span;
  return (effect === "Allow") === resources.negated ? "text" : "iam";
}

function covers({ patterns, negated }: PatternSet, matches: (pattern: string) => boolean): boolean {
  return patterns.some(matches) !== negated;
}
