import type { AuthorizerRules, CallOutcome } from "./authorize-call.ts";
import type { AuthorizerAnswer } from "./authorizer-answer.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { isRecord } from "./json.ts";
import { readPolicy, type Statement } from "./policy-document.ts";
import { coversAction, INVOKE } from "./policy-evaluation.ts";

/** One call of an authorizer and how it is configured. */
export interface Observation extends CallOutcome {
  readonly request: GatewayRequest;
  readonly rules: AuthorizerRules;
  readonly ttlSeconds: number;
  /** A kept policy refused the call, and the function, asked again, allows it. */
  readonly allowedAnew: boolean;
}

export function isFailure(decision: CallOutcome["decision"]): boolean {
  return decision.outcome === "reject" && decision.response.status === 500;
}

/** Whether `isAuthorized` is what the authorizer has to answer. */
export function takesSimple({ request, rules }: Pick<Observation, "request" | "rules">): boolean {
  return request.kind === "http-2.0" && rules.enableSimpleResponses === true;
}

/** The message of the error with which the function ended. */
export function threw({ invocation }: Pick<CallOutcome, "invocation">): string | undefined {
  return invocation?.outcome === "failed" ? invocation.message : undefined;
}

/** A failure whose message looks as if 401 was meant. A number inside it says nothing: it may be an upstream's status. */
export function threwRefusal(seen: Pick<CallOutcome, "invocation">): boolean {
  const message = threw(seen);
  return message !== undefined && (message === "401" || /unauthori[sz]ed|unauthenticated/i.test(message));
}

export function returnedObject({
  invocation,
}: Pick<CallOutcome, "invocation">): Readonly<Record<string, unknown>> | undefined {
  const value = invocation?.outcome === "returned" ? invocation.value : undefined;
  return isRecord(value) ? value : undefined;
}

/** Whether a policy has the ARN of this call in it, alone or with something after it. */
export function namesCall(answer: AuthorizerAnswer, arn: string): boolean {
  return statementsOf({ answer }).some(({ resources }) =>
    resources.patterns.some((pattern) => pattern.startsWith(arn)),
  );
}

export function statementsOf({ answer }: Pick<CallOutcome, "answer">): readonly Statement[] {
  if (answer?.form !== "policy") return [];
  const policy = readPolicy(answer.policyDocument);
  return policy.problem === undefined ? policy.statements : [];
}

/** Those that allow calls of an API, whatever their conditions. */
export function allowingStatements(seen: Pick<CallOutcome, "answer">): readonly Statement[] {
  return statementsOf(seen).filter((statement) => statement.effect === "Allow" && coversAction(statement, INVOKE));
}

/** The resources that they name. */
export function patternsOf(statements: readonly Statement[]): string[] {
  return statements.flatMap(({ resources }) => (resources.negated ? [] : resources.patterns));
}
