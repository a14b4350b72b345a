import type { AuthorizerKind, GatewayRequest } from "./gateway-request.ts";
import type { Rejection } from "./gateway-response.ts";
import { isRecord, jsonBytes } from "./json.ts";
import { ANSWER_MAX_BYTES } from "./policy-evaluation.ts";
import type { GatewaySettings } from "./settings.ts";

/** How the authorizer function ended: with a value, with an error or an answer that is not JSON, or not in time. */
export type Invocation =
  | { readonly outcome: "returned"; readonly value: unknown }
  | { readonly outcome: "failed"; readonly message: string }
  | { readonly outcome: "timed-out" };

export type ContextValue = string | number | boolean | readonly unknown[] | Readonly<Record<string, unknown>>;
export type Context = Readonly<Record<string, ContextValue>>;

/**
 * An answer in the form that its kind of authorizer asks for. It holds nothing of the request, so it is what a cache of
 * results keeps: the policy in it is evaluated anew for each request.
 */
export type AuthorizerAnswer =
  | {
      readonly form: "policy";
      readonly principalId: string;
      readonly policyDocument: Readonly<Record<string, unknown>>;
      readonly context: Context;
      readonly usageIdentifierKey?: string;
    }
  | { readonly form: "simple"; readonly isAuthorized: boolean; readonly context: Context };

/** No answer. `problem` is for the person at the console and holds nothing that the function said. */
export interface NoAnswer {
  readonly rejection: Extract<Rejection, "unauthorized" | "function-failed" | "answer-invalid">;
  readonly problem: string;
}

/** The message, exactly, that makes a failed function a 401 of a REST or WebSocket API. */
export const UNAUTHORIZED = "Unauthorized";

/**
 * Reads what the function returned (API Gateway developer guide, "Output from an API Gateway Lambda authorizer"; for HTTP
 * APIs "Control access to HTTP APIs with AWS Lambda authorizers").
 *
 * @param simple - `enableSimpleResponses` of an HTTP API's authorizer of payload 2.0; no other kind has it
 */
export function readAnswer(
  { kind, settings }: Pick<GatewayRequest, "kind" | "settings">,
  simple: boolean,
  invocation: Invocation,
): AuthorizerAnswer | NoAnswer {
  if (invocation.outcome === "timed-out") {
    return { rejection: "function-failed", problem: "the function took longer than API Gateway waits" };
  }
  if (invocation.outcome === "failed") {
    return invocation.message === UNAUTHORIZED
      ? { rejection: "unauthorized", problem: 'the function threw "Unauthorized"' }
      : { rejection: "function-failed", problem: "the function failed" };
  }
  const { value } = invocation;
  if (!isRecord(value)) return invalid("the answer is not an object");
  if (isSizeLimited(kind, settings) && jsonBytes(value) > ANSWER_MAX_BYTES)
    return invalid(`the answer is larger than ${ANSWER_MAX_BYTES} bytes`);
  const context = readContext(kind, value["context"]);
  if (typeof context === "string") return invalid(context);
  if (simple && kind === "http-2.0") return readSimple(value, context);
  return readPolicyAnswer(kind, value, context);
}

/** Whether an answer has to keep to `ANSWER_MAX_BYTES`. AWS says so of WebSocket APIs. */
export function isSizeLimited(kind: AuthorizerKind, settings: GatewaySettings): boolean {
  return kind === "websocket" || settings.answerSizeLimit === "every";
}

export function isAnswer(answer: AuthorizerAnswer | NoAnswer): answer is AuthorizerAnswer {
  return "form" in answer;
}

function invalid(problem: string): NoAnswer {
  return { rejection: "answer-invalid", problem };
}

function readSimple(value: Readonly<Record<string, unknown>>, context: Context): AuthorizerAnswer | NoAnswer {
  const { isAuthorized } = value;
  if (typeof isAuthorized !== "boolean") return invalid("isAuthorized is neither true nor false");
  return { form: "simple", isAuthorized, context };
}

function readPolicyAnswer(
  kind: AuthorizerKind,
  value: Readonly<Record<string, unknown>>,
  context: Context,
): AuthorizerAnswer | NoAnswer {
  const { principalId, policyDocument, usageIdentifierKey } = value;
  if (typeof principalId !== "string" || principalId === "") return invalid("principalId is not a text");
  if (!isRecord(policyDocument)) return invalid("policyDocument is not an object");
  const answer = { form: "policy", principalId, policyDocument, context } as const;
  if (kind === "http-1.0" || kind === "http-2.0" || usageIdentifierKey === undefined || usageIdentifierKey === null) {
    return answer;
  }
  if (typeof usageIdentifierKey !== "string") return invalid("usageIdentifierKey is not a string");
  return { ...answer, usageIdentifierKey };
}

/** The context, empty if there is none, or what is wrong with it. Lists and maps are for HTTP APIs of payload 2.0. */
function readContext(kind: AuthorizerKind, context: unknown): Context | string {
  if (context === undefined || context === null) return {};
  if (!isRecord(context)) return "context is not an object";
  const read: [string, ContextValue][] = [];
  for (const [name, value] of Object.entries(context)) {
    if (!isContextValue(kind, value)) return `context.${name} is of a type that this kind of API does not pass on`;
    read.push([name, value]);
  }
  return Object.fromEntries(read);
}

function isContextValue(kind: AuthorizerKind, value: unknown): value is ContextValue {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return true;
  return kind === "http-2.0" && (Array.isArray(value) || isRecord(value));
}
