import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REFUSALS } from "../../lib/errors.ts";
import { PUBLIC_PROBLEMS } from "../../lib/gateway/problem.ts";
import {
  arnOf,
  http1Event,
  http2Event,
  restRequestEvent,
  restTokenEvent,
  websocketEvent,
} from "../support/authorizer-events.ts";
import type { RunningFunction } from "../support/built-function.ts";
import { httpApi2Event } from "../support/http-events.ts";
import { auditOf, expectNoTokenText, gatewayStatus, httpAnswerOf } from "../support/verdict.ts";
import { startWorld, type World } from "../support/world.ts";
import { CASE_CLUSTERS, FORWARD_CASES, REFUSAL_CASES, seedCases } from "./refusal-cases.ts";

let world: World;
let authorizer: RunningFunction;
let whoami: RunningFunction;

beforeAll(async () => {
  world = await startWorld({ moreClusters: CASE_CLUSTERS });
  seedCases(world);
  [authorizer, whoami] = await Promise.all([world.start("authorizer"), world.start("whoami")]);
});
afterAll(() => world[Symbol.asyncDispose]());

test("every refusal there is has a case", () => {
  const cases = [...REFUSAL_CASES, ...FORWARD_CASES];
  expect([...new Set(cases.map(({ code }) => code))].sort()).toEqual(Object.keys(REFUSALS).sort());
});

describe.each([
  { surface: "REST API, TOKEN", event: restTokenEvent, apiId: "offlinerest" },
  { surface: "REST API, REQUEST", event: restRequestEvent, apiId: "offlinerest" },
])("authorizer of a $surface", ({ event, apiId }) => {
  test.for(REFUSAL_CASES)("$code ($when): 401 as the one thrown word, 403 as a policy", async (refusal) => {
    const { code, asked = {} } = refusal;
    const authorization = await refusal.authorization(world);
    const call = { apiId, ...asked, authorization };
    const result = await authorizer.call(event(call));

    const audit = auditOf(result);
    expect(audit).toMatchObject({ outcome: "refuse", code, step: REFUSALS[code].step, status: REFUSALS[code].status });
    if (REFUSALS[code].status === 401) {
      expect(result.error).toEqual({ message: "Unauthorized", stack: "Error: Unauthorized" });
    } else {
      expect(gatewayStatus(result, arnOf(call))).toBe(403);
      expect(result.answer).toMatchObject({ principalId: "dev/payments/billing" });
      // Without a receiver the token's audience was held against nothing, so nobody is vouched for.
      const vouched = REFUSALS[code].step === "receiver" ? {} : { principal: "dev/payments/billing" };
      expect(result.answer).toHaveProperty(
        "context",
        expect.objectContaining({ decisionId: audit.decisionId, ...vouched }),
      );
      if (REFUSALS[code].step === "receiver") expect(result.answer).not.toHaveProperty("context.principal");
    }
    expectNoTokenText(authorization, result, authorizer);
  });
});

describe.each([
  { surface: "payload 2.0, simple", event: http2Event },
  { surface: "payload 1.0", event: http1Event },
])("authorizer of an HTTP API, $surface", ({ event }) => {
  test.for(REFUSAL_CASES)("$code ($when): an answer that means 403", async (refusal) => {
    const { code, asked = {} } = refusal;
    const authorization = await refusal.authorization(world);
    const call = { apiId: "offlinehttp", ...asked, authorization };
    const result = await authorizer.call(event(call));

    expect(gatewayStatus(result, arnOf(call))).toBe(403);
    const audit = auditOf(result);
    expect(audit).toMatchObject({ outcome: "refuse", code });
    expect(result.answer).toMatchObject({ context: { decisionId: audit.decisionId } });
    // What is said of a caller is verified, or not said.
    if (REFUSALS[code].status === 401)
      expect(result.answer).toHaveProperty("context", { decisionId: audit.decisionId });
    expectNoTokenText(authorization, result, authorizer);
  });
});

describe("authorizer of a WebSocket API, $connect", () => {
  const cases = REFUSAL_CASES.filter(({ asked }) => asked === undefined);
  test.for(cases)("$code ($when): the one thrown word", async ({ code, authorization }) => {
    const header = await authorization(world);
    const result = await authorizer.call(websocketEvent({ authorization: header }));
    expect(result.error).toEqual({ message: "Unauthorized", stack: "Error: Unauthorized" });
    expect(auditOf(result)).toMatchObject({ outcome: "refuse", code });
    expectNoTokenText(header, result, authorizer);
  });
});

describe("whoami", () => {
  const cases = REFUSAL_CASES.flatMap((refusal) =>
    refusal.publicCode === undefined ? [] : [{ ...refusal, publicCode: refusal.publicCode }],
  );
  test.for(cases)("$code ($when) is told as $publicCode", async ({ code, publicCode, ...refusal }) => {
    const authorization = await refusal.authorization(world);
    const result = await whoami.call(httpApi2Event({ authorization }));

    const { title } = PUBLIC_PROBLEMS[publicCode];
    const audit = auditOf(result);
    const { statusCode, headers, json, body } = httpAnswerOf(result);
    expect(statusCode).toBe(401);
    expect(json).toEqual({ type: `urn:podgate:problem:${publicCode}`, title, status: 401, code: publicCode });
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(256);
    expect(headers).toEqual({
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "WWW-Authenticate": publicCode === "TOKEN_MISSING" ? "Bearer" : 'Bearer error="invalid_token"',
      "Podgate-Decision": audit.decisionId,
      "Podgate-Error": publicCode,
    });
    expect(audit).toMatchObject({ outcome: "refuse", code });
    expectNoTokenText(authorization, result, whoami);
  });

  test("before the signature is verified every fault but a missing token reads the same (S32)", () => {
    const early = cases.filter(({ code }) =>
      ["transport", "shape", "issuer", "key", "signature"].includes(REFUSALS[code].step),
    );
    const told = early.filter(({ code }) => code !== "TOKEN_MISSING").map(({ publicCode }) => publicCode);
    expect([...new Set(told)]).toEqual(["TOKEN_INVALID"]);
  });
});

test("a legacy token's log line says what to use instead", async () => {
  const token = await world.forge("dev", { family: "legacy" });
  const { detail } = auditOf(await authorizer.call(restTokenEvent({ authorization: `Bearer ${token}` })));
  expect(detail).toMatch(/mount a projected volume \(serviceAccountToken with audience and expirationSeconds\)/);
});

test("nothing was written to stderr, and both functions end by themselves", async () => {
  await Promise.all([authorizer.end(), whoami.end()]);
  expect(authorizer.stderr + whoami.stderr).toBe("");
});
