import { type AuthorizerAnswer, type Context, type Invocation, isAnswer, readAnswer } from "./authorizer-answer.ts";
import { authorizerEvent } from "./authorizer-event.ts";
import { callArn, type GatewayRequest } from "./gateway-request.ts";
import { type GatewayResponse, type Rejection, rejectionResponse } from "./gateway-response.ts";
import { identityValues } from "./identity-source.ts";
import { evaluatePolicy } from "./policy-evaluation.ts";

export interface AuthorizerRules {
  /** HTTP API, payload 2.0: the function answers `isAuthorized` in place of a policy. @default false */
  readonly enableSimpleResponses?: boolean;
  /** REST TOKEN: what the token has to match before the function is asked. */
  readonly identityValidationExpression?: RegExp;
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

/**
 * Authorizes one call as API Gateway does: identity sources, function, answer, policy. Never throws for anything that
 * the client or the function does.
 *
 * A cache of results would stand between the identity values, which are its key, and `decideBy`, which is done for each
 * request: what is kept is the answer, never the decision.
 *
 * @param invoke - asks the authorizer function; a rejection counts as a failure of the function
 */
export async function authorizeCall(
  request: GatewayRequest,
  rules: AuthorizerRules,
  invoke: (event: Readonly<Record<string, unknown>>) => Promise<Invocation>,
): Promise<CallDecision> {
  const identity = identityValues(request);
  if (identity === undefined) return reject(request, "identity-missing");
  const expression = rules.identityValidationExpression;
  if (request.kind === "rest-token" && expression !== undefined && !expression.test(identity[0] ?? "")) {
    return reject(request, "unauthorized");
  }
  const invocation = await invoke(authorizerEvent(request, identity)).catch((): Invocation => {
    return { outcome: "failed", message: "the function could not be asked" };
  });
  const answer = readAnswer(request.kind, rules.enableSimpleResponses ?? false, invocation);
  return isAnswer(answer) ? decideBy(answer, request) : reject(request, answer.rejection, answer.problem);
}

/** What an answer says of this request. */
export function decideBy(answer: AuthorizerAnswer, request: GatewayRequest): CallDecision {
  const context = request.kind === "http-2.0" ? answer.context : texts(answer.context);
  if (answer.form === "simple") {
    return answer.isAuthorized ? { outcome: "allow", context } : reject(request, "not-allowed");
  }
  const verdict = evaluatePolicy(answer.policyDocument, "execute-api:Invoke", callArn(request));
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

function texts(context: Context): Record<string, string> {
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [name, String(value)]));
}

function reject(request: GatewayRequest, rejection: Rejection, problem?: string): CallDecision {
  return {
    outcome: "reject",
    rejection,
    response: rejectionResponse(request.kind, rejection),
    ...(problem !== undefined && { problem }),
  };
}
