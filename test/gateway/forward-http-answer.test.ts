import { describe, expect, test } from "vitest";
import type { ForwardEvent } from "../../lib/gateway/forward-event.ts";
import { serviceHttpAnswer } from "../../lib/gateway/forward-http-answer.ts";
import type { ForwardedAnswer } from "../../lib/service/forward-answer.ts";

const ANSWER: ForwardedAnswer = {
  status: 201,
  headers: new Map([
    ["content-type", ["application/json"]],
    ["link", ["</a>", "</b>"]],
  ]),
  body: "{}",
  isBase64Encoded: false,
};

const PARTS = { statusCode: 201, body: "{}", isBase64Encoded: false };
const ONE_VALUE = { "content-type": "application/json", link: "</a>, </b>", "Podgate-Decision": "id-1" };
const SEVERAL = {
  "content-type": ["application/json"],
  link: ["</a>", "</b>"],
  "Podgate-Decision": ["id-1"],
};

function answerFor(members: Pick<ForwardEvent, "answersInMultiValueHeaders" | "answersSeveralValues">) {
  return serviceHttpAnswer(ANSWER, "id-1", members as ForwardEvent);
}

describe("a service's answer names the decision and has its headers in one map", () => {
  test("joined by a comma for payload 2.0 and an ALB with one map", () => {
    const answer = answerFor({ answersInMultiValueHeaders: false, answersSeveralValues: false });
    expect(answer).toEqual({ ...PARTS, headers: ONE_VALUE });
  });

  test("each value apart for payload 1.0", () => {
    const answer = answerFor({ answersInMultiValueHeaders: false, answersSeveralValues: true });
    expect(answer).toEqual({ ...PARTS, multiValueHeaders: SEVERAL });
  });

  test("each value apart for an ALB with several", () => {
    const answer = answerFor({ answersInMultiValueHeaders: true, answersSeveralValues: false });
    expect(answer).toEqual({ ...PARTS, multiValueHeaders: SEVERAL });
  });
});

test("bytes stay base64", () => {
  const members = { answersInMultiValueHeaders: false, answersSeveralValues: false } as ForwardEvent;
  expect(serviceHttpAnswer({ ...ANSWER, body: "AAH/", isBase64Encoded: true }, "id-1", members)).toMatchObject({
    body: "AAH/",
    isBase64Encoded: true,
  });
});
