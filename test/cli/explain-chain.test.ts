import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { REFUSALS } from "../../lib/errors.ts";
import { type ForwardCall, httpApiForward } from "../functions/forward-events.ts";
import { CASE_CLUSTERS, FORWARD_CASES, REFUSAL_CASES, seedCases } from "../functions/refusal-cases.ts";
import {
  http1Event,
  http2Event,
  restRequestEvent,
  restTokenEvent,
  websocketEvent,
} from "../support/authorizer-events.ts";
import { ACCOUNT, REGION, type RunningFunction } from "../support/built-function.ts";
import { podgate, podgateHere } from "../support/podgate.ts";
import { auditOf } from "../support/verdict.ts";
import { GATEWAY, ORDERS, PREFIX, startWorld, type World } from "../support/world.ts";

let world: World;
let authorizer: RunningFunction;
let forward: RunningFunction;
const ARN = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:podgate-test-authorizer`;

beforeAll(async () => {
  world = await startWorld({ moreClusters: CASE_CLUSTERS });
  seedCases(world);
  [authorizer, forward] = await Promise.all([world.start("authorizer"), world.start("forward")]);
  // The SDK asks the process's own environment.
  for (const [name, value] of Object.entries(world.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, value);
});
afterAll(() => world[Symbol.asyncDispose]());

/** @param run - the built program as a process, or, for most of the many cases, the same in this one */
async function explained(event: object, run: typeof podgate = podgateHere) {
  const { PODGATE_PARAMETER_PREFIX: _, ...env } = world.env;
  const inputs = ["explain", "--event", "-", "--prefix", PREFIX, "--function-arn", ARN, "--json"];
  const ended = await run(inputs, { env: { ...env, PODGATE_AUDIENCES: GATEWAY }, input: JSON.stringify(event) });
  return { ...ended, said: JSON.parse(ended.stdout) };
}

/** No part of the header but its scheme. */
function expectNoPartOf(authorization: string | undefined, text: string): void {
  for (const part of (authorization ?? "").split(/[\s,.]+/)) {
    if (part.length >= 8) expect(text).not.toContain(part);
  }
}

const EVENTS = [restTokenEvent, restRequestEvent, http1Event, http2Event];

describe("explain says what the built authorizer says, of the same event and store", () => {
  test.for(
    REFUSAL_CASES.map((refusal, index) => ({ ...refusal, eventOf: EVENTS[index % EVENTS.length] ?? http2Event })),
  )("$code ($when)", async ({ code, eventOf, asked = {}, ...refusal }) => {
    const authorization = await refusal.authorization(world);
    const event = eventOf({ apiId: "offlinerest", ...asked, authorization });
    const audit = auditOf(await authorizer.call(event));
    const { exitCode, said, stdout, stderr } = await explained(event);

    expect(exitCode).toBe(1);
    const { detail, rule } = audit;
    expect(said).toMatchObject({ verdict: "refuse", certain: true, code, status: REFUSALS[code].status });
    expect({ code: audit.code, detail }).toEqual({ code, detail: said.detail });
    expect(rule?.replace(`${PREFIX}/`, "")).toEqual(
      said.rule && `${said.rule.document}#${said.rule.effect}[${said.rule.index}]`,
    );
    const states = said.checks.map(({ state }: { state: string }) => state);
    const refusedAt = states.indexOf("refused");
    expect(said.checks[refusedAt].code).toBe(code);
    expect(new Set(states.slice(0, refusedAt))).toEqual(new Set(refusedAt === 0 ? [] : ["passed"]));
    expect(new Set(states.slice(refusedAt + 1))).toEqual(
      new Set(refusedAt === states.length - 1 ? [] : ["not reached"]),
    );
    expectNoPartOf(authorization, stdout + stderr);
  });

  test.for(FORWARD_CASES)("forward: $code ($when)", async ({ code, call, ...refusal }) => {
    const authorization = await refusal.authorization(world);
    const event = httpApiForward({ service: "closed", authorization, ...call } as ForwardCall);
    const audit = auditOf(await forward.call(event));
    const { exitCode, said, stdout, stderr } = await explained(event);
    expect(audit.code).toBe(code);
    expect({ exitCode, code: said.code, detail: said.detail }).toEqual({ exitCode: 1, code, detail: audit.detail });
    expectNoPartOf(authorization, stdout + stderr);
  });

  test("a stage's own principals are what is to be widened", async () => {
    const stages = { beta: { principals: ["dev/shop/*"] } };
    world.put("apis/staged", { service: "orders", audiences: [ORDERS], principals: ["dev/payments/*"], stages });
    const authorization = `Bearer ${await world.mint("dev")}`;
    const { said } = await explained(restTokenEvent({ apiId: "staged", stage: "beta", authorization }));
    expect(said).toMatchObject({
      code: "PRINCIPAL_NOT_ADMITTED",
      change: {
        complete: true,
        changes: [{ kind: "admit", document: "apis/staged", path: ["stages", "beta", "principals"] }],
      },
    });
  });

  test.for([...EVENTS, websocketEvent])("an allow ($name)", async (eventOf) => {
    const event = eventOf({ authorization: `Bearer ${await world.mint("dev")}` });
    const audit = auditOf(await authorizer.call(event));
    const { exitCode, said } = await explained(event, podgate);
    expect({ exitCode, code: said.code }).toEqual({ exitCode: 0, code: "ALLOWED" });
    expect(audit.rule).toBe(`${PREFIX}/${said.rule.document}#allow[${said.rule.index}]`);
    expect(said.checks.map(({ state }: { state: string }) => state)).not.toContain("not checked");
  });
});
