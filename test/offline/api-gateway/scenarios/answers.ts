import { expect } from "vitest";
import type { AuthorizerKind } from "../../../../offline/api-gateway/gateway-request.ts";
import { allowAll, type Behaviour, policy, statement, throwing, twinOf } from "../twins.ts";
import type { Scenario } from "./scenario.ts";

type Options = Parameters<typeof twinOf>[2];

const statusOf = async (kind: AuthorizerKind, behaviour: Behaviour, options: Options = {}) =>
  (await twinOf(kind, behaviour, options).call()).status;
const SIMPLE: Options = { enableSimpleResponses: true };

async function timesOut(kind: AuthorizerKind): Promise<void> {
  const after = async (seconds: number, options: Options = {}) => {
    const answered = Promise.withResolvers<unknown>();
    const asked = Promise.withResolvers<void>();
    const { call, clock } = twinOf(
      kind,
      () => {
        asked.resolve();
        return answered.promise;
      },
      options,
    );
    const result = call();
    await asked.promise;
    clock.advance(seconds);
    // What is timed out is settled by the clock; what is not, by the answer.
    if (clock.waiting > 0) answered.resolve(allowAll(kind));
    return (await result).status;
  };
  expect(await after(9.999)).toBe(200);
  expect(await after(10)).toBe(500);
  expect(await after(2, { settings: { authorizerTimeoutSeconds: 2 } })).toBe(500);
}

async function isSizeLimited(kind: AuthorizerKind): Promise<void> {
  const sized = (bytes: number) => {
    const answer = (pad: string) => ({ ...policy(statement("*")), context: { pad } });
    return answer("x".repeat(bytes - JSON.stringify(answer("")).length));
  };
  expect(await statusOf(kind, () => sized(8192))).toBe(200);
  expect(await statusOf(kind, () => sized(8193))).toBe(500);
}

async function takesContext(kind: AuthorizerKind, value: unknown): Promise<number> {
  return statusOf(kind, () => allowAll(kind, { context: { value } }));
}

export const answers = {
  "thrown-unauthorized": async (kind) => {
    expect(await statusOf(kind, throwing("Unauthorized"))).toBe(401);
    expect(await statusOf(kind, throwing("Unauthorized."))).toBe(500);
  },
  "thrown-unauthorized-http": async (kind) => {
    const settings = { httpApiThrownUnauthorized: 401 } as const;
    expect(await statusOf(kind, throwing("Unauthorized"))).toBe(500);
    expect(await statusOf(kind, throwing("Unauthorized"), { settings })).toBe(401);
    expect(await statusOf(kind, throwing("unauthorized"), { settings })).toBe(500);
  },
  "thrown-unauthorized-connect": async (kind) => {
    expect(await statusOf(kind, throwing("Unauthorized"))).toBe(401);
    expect(await statusOf(kind, throwing("unauthorized"))).toBe(500);
  },
  "thrown-other": async (kind) => {
    expect(await statusOf(kind, throwing("Forbidden"))).toBe(500);
    expect(await statusOf(kind, () => Promise.reject(undefined))).toBe(500);
  },
  "timeout-http": timesOut,
  "timeout-rest": timesOut,
  "answer-form": async (kind) => {
    for (const answer of [undefined, null, "Unauthorized", [], {}, { statusCode: 401 }, { isAuthorized: true }]) {
      expect(await statusOf(kind, () => answer)).toBe(500);
    }
    expect(await statusOf(kind, () => allowAll(kind))).toBe(200);
  },
  "answer-size": async (kind) => {
    await isSizeLimited(kind);
    const large = policy({ ...statement("*"), Sid: "x".repeat(8192) });
    expect(await statusOf(kind, () => large, { settings: { answerSizeLimit: "websocket" } })).toBe(200);
  },
  "answer-size-connect": async (kind) => {
    await isSizeLimited(kind);
    const large = policy({ ...statement("*"), Sid: "x".repeat(8192) });
    expect(await statusOf(kind, () => large, { settings: { answerSizeLimit: "websocket" } })).toBe(500);
  },
  "principal-required": async (kind) => {
    const { principalId, ...without } = allowAll(kind);
    expect(await statusOf(kind, () => ({ ...without, principalId }))).toBe(200);
    expect(await statusOf(kind, () => without)).toBe(500);
    expect(await statusOf(kind, () => ({ ...without, principalId: "" }))).toBe(500);
  },
  "simple-boolean": async (kind) => {
    expect(await statusOf(kind, () => ({ isAuthorized: true }), SIMPLE)).toBe(200);
    expect(await statusOf(kind, () => ({ isAuthorized: "true" }), SIMPLE)).toBe(500);
  },
  "simple-refusal": async (kind) => {
    const refused = await twinOf(kind, () => ({ isAuthorized: false }), SIMPLE).call();
    expect(refused).toMatchObject({ status: 403, body: '{"message":"Forbidden"}', context: undefined });
  },
  "context-scalars": async (kind) => {
    for (const value of ["x", 1, false]) expect(await takesContext(kind, value)).toBe(200);
    for (const value of [[], {}, null]) expect(await takesContext(kind, value)).toBe(500);
  },
  "context-structured": async (kind) => {
    const context = { list: [1], object: { a: true } };
    const { status, context: passed } = await twinOf(kind, () => allowAll(kind, { context })).call();
    expect([status, passed]).toEqual([200, context]);
    expect(await takesContext(kind, null)).toBe(500);
  },
  "context-texts": async (kind) => {
    const { context } = await twinOf(kind, () => allowAll(kind, { context: { a: "x", b: 1, c: false } })).call();
    expect(context).toEqual({ a: "x", b: "1", c: "false", principalId: "p" });
  },
} satisfies Record<string, Scenario>;
