import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type IntegrationKind,
  type IntegrationRequest,
  integrationEvent,
} from "../../offline/api-gateway/integration-event.ts";
import { type SampleService, startSampleService } from "../../offline/sample/service.ts";
import type { RunningFunction } from "../support/built-function.ts";
import { type Bundle, bundleFunction } from "../support/bundle.ts";
import { auditOf, httpAnswerOf } from "../support/verdict.ts";
import { GATEWAY, ORDERS, startWorld, type World } from "../support/world.ts";

let bundle: Bundle;
let world: World;
let whoami: RunningFunction;
/** A function with `requirePodToken`, as users of the package write it. */
let orders: RunningFunction;
let forward: RunningFunction;
let service: SampleService;
let authorization: string;

beforeAll(async () => {
  bundle = await bundleFunction(new URL("../functions/orders-function.ts", import.meta.url));
  world = await startWorld();
  service = await startSampleService();
  world.put("services/echo", { url: `${service.url}/echo`, credential: { type: "none" } });
  world.put("permissions/dev/payments/_all", { allow: [{ service: "echo", methods: ["GET"], paths: ["/v1/*"] }] });
  [whoami, orders, forward] = await Promise.all([
    world.start("whoami"),
    world.startModule(bundle.module),
    world.start("forward"),
  ]);
  authorization = `Bearer ${await world.mint("dev", { audiences: [ORDERS, GATEWAY] })}`;
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
  await bundle[Symbol.asyncDispose]();
});

interface Front {
  readonly front: string;
  readonly kind: IntegrationKind;
  readonly more: Partial<IntegrationRequest>;
}

const FRONTS: readonly Front[] = [
  { front: "an HTTP API", kind: "http-2.0", more: {} },
  { front: "an HTTP API with a named stage", kind: "http-2.0", more: { stage: "prod" } },
  { front: "a REST API", kind: "rest", more: {} },
  { front: "a Function URL", kind: "function-url", more: {} },
  { front: "a load balancer", kind: "alb", more: {} },
  { front: "a load balancer with multi-value headers", kind: "alb", more: { multiValueHeaders: true } },
];

/** As sent, with what a function decides about the path that this kind of API delivers. */
const PATHS: readonly { readonly path: string; readonly code: string; readonly http?: string }[] = [
  { path: "/v1/orders", code: "ALLOWED" },
  { path: "/v1/orders?page=2", code: "ALLOWED" },
  { path: "/v1/%6Frders", code: "ALLOWED" },
  { path: "/v1/orders%2F7", code: "ALLOWED" },
  { path: "/v1/caf%C3%A9", code: "ALLOWED" },
  { path: "/v1/%2e%2e/admin", code: "PATH_AMBIGUOUS" },
  { path: "/v1/%252e", code: "PATH_AMBIGUOUS" },
  { path: "/v1/a%5Cb", code: "PATH_AMBIGUOUS" },
  { path: "/v1//orders", code: "PATH_AMBIGUOUS" },
  { path: "/v1/a%3Fb", code: "PATH_AMBIGUOUS", http: "ALLOWED" },
  { path: "/admin", code: "ACCESS_NOT_ALLOWED" },
  { path: "/prod/v1/orders", code: "ACCESS_NOT_ALLOWED" },
];

describe.each(FRONTS)("behind $front", ({ kind, more }) => {
  test("whoami answers who calls", async () => {
    const route = kind === "http-2.0" || kind === "rest" ? { route: "GET /whoami" } : {};
    const event = integrationEvent(kind, {
      path: "/whoami",
      headers: { Authorization: authorization },
      ...route,
      ...more,
    });
    const result = await whoami.call(event);
    const { statusCode, body } = result.answer as { statusCode: number; body: string };
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ principal: "dev/payments/billing" });
    expect(auditOf(result).code).toBe("IDENTIFIED");
  });

  test("whoami refuses two Authorization fields, however they are delivered", async () => {
    const headers: [string, string][] = [
      ["Authorization", authorization],
      ["authorization", authorization],
    ];
    const result = await whoami.call(integrationEvent(kind, { path: "/whoami", headers, ...more }));
    const { code } = auditOf(result);
    // What the load balancer leaves of two fields is one, so nothing is there to be refused.
    expect(code).toBe(kind === "alb" && more.multiValueHeaders !== true ? "IDENTIFIED" : "AUTHORIZATION_REPEATED");
  });

  test.for(PATHS)("requirePodToken decides on $path: $code", async ({ path, code, http = code }) => {
    const route = kind === "http-2.0" || kind === "rest" ? { route: "ANY /{proxy+}" } : {};
    for (const routed of [route, {}]) {
      const event = integrationEvent(kind, { path, headers: { Authorization: authorization }, ...routed, ...more });
      expect(auditOf(await orders.call(event)).code).toBe(kind === "http-2.0" ? http : code);
    }
  });

  test.for(PATHS)("forward decides on $path of a service: $code", async ({ path, code, http = code }) => {
    const route = kind === "http-2.0" || kind === "rest" ? { route: "ANY /services/{service}/{path+}" } : {};
    const call = { path: `/services/echo${path}`, headers: { Authorization: authorization } };
    const result = await forward.call(integrationEvent(kind, { ...call, ...route, ...more }));
    expect(auditOf(result).code).toBe(kind === "http-2.0" ? http : code);
  });
});

test("a function behind an authorizer reads its token, not the context beside it", async () => {
  const context = { principal: "dev/payments/other", principalId: "dev/payments/other" };
  for (const kind of ["http-2.0", "rest"] as const) {
    const call = { path: "/whoami", route: "GET /whoami" };
    const headers = { Authorization: authorization };
    const { json } = httpAnswerOf(await whoami.call(integrationEvent(kind, { ...call, headers }, context)));
    expect(json["principal"]).toBe("dev/payments/billing");
    expect(httpAnswerOf(await whoami.call(integrationEvent(kind, call, context))).statusCode).toBe(401);
  }
});
