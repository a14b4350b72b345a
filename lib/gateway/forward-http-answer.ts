import type { ForwardedAnswer } from "../service/forward-answer.ts";
import type { ForwardEvent } from "./forward-event.ts";
import { DECISION_HEADER } from "./http-answer.ts";

/** What a surface takes from `forward`: the service's answer, or a problem. */
export interface ForwardHttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/**
 * The service's answer in the shape that the surface reads. Payload 1.0 keeps several values of one header apart; payload
 * 2.0 joins them by a comma (API Gateway, "Lambda function response format").
 */
export function serviceHttpAnswer(
  { status, headers, body, isBase64Encoded }: ForwardedAnswer,
  decisionId: string,
  { answersInMultiValueHeaders, answersSeveralValues }: ForwardEvent,
): ForwardHttpAnswer {
  const named = new Map([...headers, [DECISION_HEADER, [decisionId]]]);
  return {
    statusCode: status,
    ...(answersInMultiValueHeaders || answersSeveralValues
      ? { multiValueHeaders: Object.fromEntries(named) }
      : { headers: Object.fromEntries([...named].map(([name, values]) => [name, values.join(", ")])) }),
    body,
    isBase64Encoded,
  };
}
