import { describe, expect, test } from "vitest";
import type { Invocation } from "../../../offline/api-gateway/authorizer-answer.ts";
import { systemClock } from "../../../offline/api-gateway/clock.ts";
import { LambdaAuthorizer } from "../../../offline/api-gateway/lambda-authorizer.ts";
import { GATEWAY_SETTINGS } from "../../../offline/api-gateway/settings.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { gatewayRequest } from "./request.ts";
import { allowAll, policy, statement } from "./twins.ts";

const returned = (value: unknown): Invocation => ({ outcome: "returned", value });
const failed = (message: string): Invocation => ({ outcome: "failed", message });

function authorizerOf(invoke: (event: object, signal: AbortSignal) => Promise<Invocation>, ttlSeconds = 0) {
  const clock = new ManualClock();
  const reported: string[] = [];
  const authorizer = new LambdaAuthorizer({
    kind: "rest-token",
    identitySource: ["method.request.header.Authorization"],
    rules: {},
    ttlSeconds,
    settings: GATEWAY_SETTINGS,
    clock,
    invoke,
    report: (line) => reported.push(line),
  });
  return { authorizer, clock, reported };
}

describe("what is reported", () => {
  test("a mistake once, however many calls show it", async () => {
    const { authorizer, reported } = authorizerOf(async () => returned(policy(statement("*"))));
    const first = await authorizer.authorize(gatewayRequest());
    const second = await authorizer.authorize(gatewayRequest({ path: "/v1/b" }));
    expect(second.advice).toEqual(first.advice);
    expect(reported).toEqual(first.advice);
  });

  test("another mistake of the same authorizer too", async () => {
    const answers = [returned(policy(statement("*"))), failed("unauthorized"), failed("unauthorized!")];
    const { authorizer, reported } = authorizerOf(async () => answers.shift() ?? failed(""));
    for (let calls = 0; calls < 3; calls += 1) await authorizer.authorize(gatewayRequest());
    expect(reported).toEqual([
      expect.stringContaining("every API"),
      expect.stringContaining("not exactly Unauthorized"),
    ]);
  });

  test("a failure that no advice explains each time, in one line without what the function said", async () => {
    const { authorizer, reported } = authorizerOf(async () => failed("secret-text"));
    for (let calls = 0; calls < 2; calls += 1) await authorizer.authorize(gatewayRequest());
    expect(reported).toEqual([
      expect.stringMatching(/^the authorizer threw something other than exactly Unauthorized.*500 is right$/),
      "500, function-failed: the function failed",
      "500, function-failed: the function failed",
    ]);
    expect(reported.join()).not.toContain("secret-text");
  });

  test.for([
    { where: "as it was sent", shown: (token: string) => token },
    { where: "percent-encoded", shown: encodeURIComponent },
  ])("no credential that the answer holds, $where", async ({ shown }) => {
    const token = "Bearer abc/def+ghi.jkl";
    const { authorizer, reported } = authorizerOf(async () => returned(policy({ [shown(token)]: 1, Effect: "Allow" })));
    await authorizer.authorize(gatewayRequest({ headers: [["Authorization", token]] }));
    expect(reported).toHaveLength(1);
    expect(reported[0]).toMatch(/^500, /);
    expect(reported[0]).not.toMatch(/abc|ghi/);
  });

  test("nothing of a call that is refused as it should be", async () => {
    const { authorizer, reported } = authorizerOf(async () => failed("Unauthorized"));
    await authorizer.authorize(gatewayRequest());
    await authorizer.authorize(gatewayRequest({ headers: [] }));
    expect(reported).toEqual([]);
  });
});

describe("the time that a function may take", () => {
  test("an answer in time ends the wait", async () => {
    const { authorizer, clock } = authorizerOf(async () => returned(allowAll("rest-token")));
    expect((await authorizer.authorize(gatewayRequest())).decision.outcome).toBe("allow");
    expect(clock.waiting).toBe(0);
  });

  test("after it the call is 500, the function's signal aborted, and a late answer not kept", async () => {
    const signals: AbortSignal[] = [];
    const late = Promise.withResolvers<Invocation>();
    const { authorizer, clock, reported } = authorizerOf((_event, signal) => {
      signals.push(signal);
      return late.promise;
    }, 300);
    const call = authorizer.authorize(gatewayRequest());
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    clock.advance(10);
    expect((await call).decision).toMatchObject({ response: { status: 500 }, rejection: "function-failed" });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(reported).toEqual(["500, function-failed: the function took longer than API Gateway waits"]);
    late.resolve(returned(allowAll("rest-token")));
    const again = authorizer.authorize(gatewayRequest());
    expect(signals).toHaveLength(2);
    expect((await again).keptFrom).toBeUndefined();
  });

  test("a function that rejects is a failure, and leaves nothing waiting", async () => {
    const { authorizer, clock } = authorizerOf(() => Promise.reject(new Error("x")));
    expect((await authorizer.authorize(gatewayRequest())).decision).toMatchObject({ rejection: "function-failed" });
    expect(clock.waiting).toBe(0);
  });

  test("the system's clock waits, and stops waiting when told so", async () => {
    const before = systemClock.now();
    await systemClock.wait(0, new AbortController().signal);
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    const ended = new AbortController();
    const wait = systemClock.wait(3600, ended.signal);
    ended.abort(new Error("ended"));
    await expect(wait).rejects.toThrow("ended");
  });
});

test("calls at one time are asked each, and the last answer is kept", async () => {
  const asked: PromiseWithResolvers<Invocation>[] = [];
  const { authorizer } = authorizerOf(() => {
    const answer = Promise.withResolvers<Invocation>();
    asked.push(answer);
    return answer.promise;
  }, 300);
  const calls = [authorizer.authorize(gatewayRequest()), authorizer.authorize(gatewayRequest({ path: "/v1/b" }))];
  expect(asked).toHaveLength(2);
  for (const answer of asked) answer.resolve(returned(allowAll("rest-token")));
  await Promise.all(calls);
  expect((await authorizer.authorize(gatewayRequest())).keptFrom).toContain("/GET/v1/b");
  expect(asked).toHaveLength(2);
});
