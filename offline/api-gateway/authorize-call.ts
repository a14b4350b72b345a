import {
  type AuthorizerAnswer,
  type Context,
  type Invocation,
  isAnswer,
  isSizeLimited,
  type NoAnswer,
  readAnswer,
} from "./authorizer-answer.ts";
import { authorizerEvent } from "./authorizer-event.ts";
import { callArn, type GatewayRequest, isRestApi } from "./gateway-request.ts";
import { type GatewayResponse, type Rejection, rejectionResponse } from "./gateway-response.ts";
import { identityValues } from "./identity-source.ts";
import { conditionKeys } from "./policy-condition.ts";
import { evaluatePolicy, INVOKE } from "./policy-evaluation.ts";
import type { ResultCache } from "./result-cache.ts";

export interface AuthorizerRules {
  /** HTTP API, payload 2.0: the function answers `isAuthorized` in place of a policy. @default false */
  readonly enableSimpleResponses?: boolean;
  /** REST TOKEN: what the token has to match before the function is asked. */
  readonly identityValidationExpression?: RegExp;
}

/** The event of an authorizer function, as parsed from JSON. */
export type AuthorizerEvent = Readonly<Record<string, unknown>>;

/** The authorizer that guards the route of a call. */
export interface CallAuthorizer {
  readonly rules: AuthorizerRules;
  readonly cache: ResultCache;
  /** Asks the authorizer function; a rejection counts as a failure of the function. */
  invoke(event: AuthorizerEvent): Promise<Invocation>;
}

/** What becomes of a call: it goes on to its integration, or API Gateway answers it. */
export type CallDecision =
  | {
      readonly outcome: "allow";
      /** As the integration sees it: all texts, but for HTTP APIs of payload 2.0. */
      readonly context: Context;
      /** None after a simple answer. */
      readonly principalId?: string;
      readonly usageIdentifierKey?: string;
    }
  | {
      readonly outcome: "reject";
      readonly rejection: Rejection;
      readonly response: GatewayResponse;
      /** For the console: what is wrong with the function's answer, where something is. */
      readonly problem?: string;
    };

/** A decision and how it came about. */
export interface CallOutcome {
  readonly decision: CallDecision;
  /** What the function was given; absent where it was not asked. */
  readonly event?: AuthorizerEvent;
  readonly invocation?: Invocation;
  /** What was decided by; absent where there was no answer, or an invalid one. */
  readonly answer?: AuthorizerAnswer;
  /** ARN of the earlier call whose answer was kept; absent where none was used. */
  readonly keptFrom?: string;
}

/** Bytes of the ARN of a method with an authorizer; its path is the caller's (API Gateway developer guide, quotas of REST APIs). */
const ARN_MAX_BYTES = 1600;

/**
 * Authorizes one call as API Gateway does: identity sources, kept answer or function, answer, policy. Never throws for
 * anything that the client or the function does.
 *
 * What is kept is the answer: its policy is evaluated anew for each request. Failures and invalid answers are not kept,
 * unless set otherwise (`keptFailures`).
 */
export async function authorizeCall(request: GatewayRequest, authorizer: CallAuthorizer): Promise<CallOutcome> {
  const { rules, cache } = authorizer;
  const identity = identityOf(request, rules);
  if (typeof identity === "string") return { decision: reject(request, identity) };
  const kept = cache.find(identity);
  if (kept !== undefined) return { ...outcomeOf(kept.answer, request), keptFrom: kept.madeFor };
  const event = authorizerEvent(request, identity);
  const invocation = await authorizer.invoke(event).catch((): Invocation => {
    return { outcome: "failed", message: "the function could not be asked" };
  });
  const answer = readAnswer(request, rules.enableSimpleResponses ?? false, invocation);
  const outcome = outcomeOf(answer, request);
  if (isKept(outcome, request)) cache.keep(identity, { answer, madeFor: callArn(request) });
  return { ...outcome, event, invocation };
}

function outcomeOf(
  answer: AuthorizerAnswer | NoAnswer,
  request: GatewayRequest,
): Pick<CallOutcome, "decision" | "answer"> {
  if (!isAnswer(answer)) return { decision: reject(request, answer.rejection, answer.problem) };
  const decision = decideBy(answer, request);
  const isInvalid = decision.outcome === "reject" && decision.rejection === "answer-invalid";
  return { decision, ...(!isInvalid && { answer }) };
}

function isKept({ decision, answer }: Pick<CallOutcome, "decision" | "answer">, { settings }: GatewayRequest): boolean {
  if (answer !== undefined || settings.keptFailures === "every") return true;
  return settings.keptFailures === "unauthorized" && "rejection" in decision && decision.rejection === "unauthorized";
}

/** The values that a call is asked about and kept under, or why API Gateway refuses it without asking anybody. */
export function identityOf(
  request: GatewayRequest,
  { identityValidationExpression: expression }: AuthorizerRules,
): readonly string[] | "arn-too-long" | "identity-missing" {
  if (isArnTooLong(request)) return "arn-too-long";
  const identity = identityValues(request);
  if (identity === undefined) return "identity-missing";
  const isRefused = request.kind === "rest-token" && expression !== undefined && !fits(expression, identity, request);
  return isRefused ? "identity-missing" : identity;
}

function fits(expression: RegExp, [token = ""]: readonly string[], { settings }: GatewayRequest): boolean {
  if (settings.validationMatch === "part") return expression.test(token);
  return new RegExp(`^(?:${expression.source})$`).test(token);
}

/** What an answer says of this request. */
export function decideBy(answer: AuthorizerAnswer, request: GatewayRequest): CallDecision {
  const context = request.kind === "http-2.0" ? answer.context : texts(answer.context);
  if (answer.form === "simple") {
    return answer.isAuthorized ? { outcome: "allow", context } : reject(request, "not-allowed");
  }
  const { kind, settings } = request;
  const verdict = evaluatePolicy(answer.policyDocument, INVOKE, callArn(request), {
    ...(settings.policyConditions === "evaluated" && { conditionKeys: conditionKeys(request) }),
    anySize: !isSizeLimited(kind, settings),
    wildcardSpan: settings.wildcardSpan,
  });
  switch (verdict.verdict) {
    case "invalid":
      return reject(request, "answer-invalid", verdict.problem);
    case "explicit-deny":
      return reject(request, "explicit-deny");
    case "implicit-deny":
      return reject(request, "not-allowed");
    case "allow": {
      const { principalId, usageIdentifierKey } = answer;
      return {
        outcome: "allow",
        context,
        principalId,
        ...(usageIdentifierKey !== undefined && { usageIdentifierKey }),
      };
    }
  }
}

function isArnTooLong(request: GatewayRequest): boolean {
  return isRestApi(request.kind) && Buffer.byteLength(callArn(request), "utf8") > ARN_MAX_BYTES;
}

function texts(context: Context): Record<string, string> {
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [name, String(value)]));
}

function reject(request: GatewayRequest, rejection: Rejection, problem?: string): CallDecision {
  return {
    outcome: "reject",
    rejection,
    response: rejectionResponse(request, rejection),
    ...(problem !== undefined && { problem }),
  };
}
