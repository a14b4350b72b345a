import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningFunction } from "../support/built-function.ts";
import { type Bundle, bundleFunction } from "../support/bundle.ts";
import { albEvent, functionUrlEvent, type HttpCall, httpApi2Event, restEvent } from "../support/http-events.ts";
import { auditOf, expectNoTokenText } from "../support/verdict.ts";
import { GATEWAY, startWorld, type World } from "../support/world.ts";

let bundle: Bundle;
let world: World;
let orders: RunningFunction;

beforeAll(async () => {
  bundle = await bundleFunction(new URL("./orders-function.ts", import.meta.url));
  world = await startWorld();
  world.put("permissions/dev/outside/web", { allow: [{ service: "orders", methods: ["*"], paths: ["*"] }] });
  orders = await world.startModule(bundle.module);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await bundle[Symbol.asyncDispose]();
});

interface Caller {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly audience?: string;
}

interface Row {
  readonly when: string;
  readonly status: number;
  readonly code: string;
  readonly publicCode?: string;
  /** Without it, no token is sent. */
  readonly caller?: Caller;
  readonly call: HttpCall;
}

const ROWS: readonly Row[] = [
  { when: "an allowed call", status: 200, code: "ALLOWED", caller: {}, call: { path: "/v1/orders" } },
  { when: "no token", status: 401, code: "TOKEN_MISSING", publicCode: "TOKEN_MISSING", call: { path: "/v1/orders" } },
  {
    when: "a token for another receiver",
    status: 401,
    code: "TOKEN_AUDIENCE_MISMATCH",
    publicCode: "TOKEN_AUDIENCE",
    caller: { audience: GATEWAY },
    call: { path: "/v1/orders" },
  },
  {
    when: "a call that a deny covers",
    status: 403,
    code: "ACCESS_DENIED",
    publicCode: "FORBIDDEN",
    caller: {},
    call: { path: "/v1/orders", method: "DELETE" },
  },
  {
    when: "a path that nothing allows",
    status: 403,
    code: "ACCESS_NOT_ALLOWED",
    publicCode: "FORBIDDEN",
    caller: {},
    call: { path: "/admin" },
  },
  {
    when: "a path with dot segments",
    status: 403,
    code: "PATH_AMBIGUOUS",
    publicCode: "FORBIDDEN",
    caller: {},
    call: { path: "/v1/../admin" },
  },
  {
    when: "a caller outside of principals, whatever its permissions",
    status: 403,
    code: "PRINCIPAL_NOT_ADMITTED",
    publicCode: "FORBIDDEN",
    caller: { namespace: "outside", serviceAccount: "web" },
    call: { path: "/v1/orders" },
  },
];

const SURFACES = [
  { surface: "HTTP API, payload 2.0", eventOf: httpApi2Event, multiValue: false },
  { surface: "REST API", eventOf: restEvent, multiValue: false },
  { surface: "Function URL", eventOf: functionUrlEvent, multiValue: false },
  { surface: "ALB", eventOf: (call: HttpCall) => albEvent(call, false), multiValue: false },
  { surface: "ALB with multi-value headers", eventOf: (call: HttpCall) => albEvent(call, true), multiValue: true },
];

async function tokenOf({ cluster = "dev", audience, ...account }: Caller): Promise<string> {
  const name = account.serviceAccount ?? "billing";
  const boundObjectRef = { kind: "Pod", name: `${name}-0` };
  return world.mint(cluster, {
    ...account,
    boundObjectRef,
    ...(audience === undefined ? {} : { audiences: [audience] }),
  });
}

describe.each(SURFACES)("requirePodToken behind a $surface", ({ eventOf, multiValue }) => {
  test.for(ROWS)("$when is $status", async ({ status, code, publicCode, caller, call }) => {
    const authorization = caller === undefined ? undefined : `Bearer ${await tokenOf(caller)}`;
    const result = await orders.call(eventOf({ ...call, authorization }));
    expect(result.error).toBeUndefined();
    const audit = auditOf(result);
    expect(audit.code).toBe(code);

    const answer = result.answer as { statusCode: number; body: string; headers?: object; multiValueHeaders?: object };
    expect(answer.statusCode).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject(
      publicCode === undefined ? { caller: "dev/payments/billing" } : { code: publicCode, status },
    );
    // The answer is in the map that the event came with, and in no other.
    expect(Object.hasOwn(answer, "multiValueHeaders")).toBe(multiValue);
    expect(Object.hasOwn(answer, "headers")).toBe(!multiValue);
    expect(multiValue ? answer.multiValueHeaders : answer.headers).toHaveProperty(
      "Podgate-Decision",
      multiValue ? [audit.decisionId] : audit.decisionId,
    );
    expectNoTokenText(authorization, result, orders);
  });
});

test("an encoded path is decided as what it means", async () => {
  const authorization = `Bearer ${await tokenOf({})}`;
  const paths = { "/v1/%6Frders": "ALLOWED", "/v1/%2e%2e/admin": "PATH_AMBIGUOUS", "/v1/%252e": "PATH_AMBIGUOUS" };
  for (const eventOf of [restEvent, functionUrlEvent, (call: HttpCall) => albEvent(call, true)]) {
    for (const [path, code] of Object.entries(paths)) {
      expect(auditOf(await orders.call(eventOf({ path, authorization }))).code).toBe(code);
    }
  }
});
