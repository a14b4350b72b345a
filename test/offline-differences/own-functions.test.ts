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
  { front: "an HTTP API of payload 1.0", kind: "http-1.0", more: {} },
  { front: "an HTTP API of payload 1.0 with a named stage", kind: "http-1.0", more: { stage: "prod" } },
  { front: "a REST API", kind: "rest", more: {} },
  { front: "a Function URL", kind: "function-url", more: {} },
  { front: "a load balancer", kind: "alb", more: {} },
  { front: "a load balancer with multi-value headers", kind: "alb", more: { multiValueHeaders: true } },
];

interface AskedPath {
  /** As sent. */
  readonly path: string;
  /** What a function decides about the path that it is handed. */
  readonly code: string;
  /** Where `forward` calls, below the service's URL; only of what is allowed. */
  readonly to?: string;
  /** Where an HTTP API hands over another path: it cuts at a decoded `?`. */
  readonly http?: { readonly code: string; readonly to?: string };
}

const AMBIGUOUS = "PATH_AMBIGUOUS";

const PATHS: readonly AskedPath[] = [
  { path: "/v1/orders", code: "ALLOWED", to: "/v1/orders" },
  { path: "/v1/orders/", code: "ALLOWED", to: "/v1/orders/" },
  { path: "/v1/orders?page=2&q=a%2Fb", code: "ALLOWED", to: "/v1/orders?page=2&q=a%2Fb" },
  // Escapes that stand for a character as any other
  { path: "/v1/%6Frders", code: "ALLOWED", to: "/v1/orders" },
  { path: "/%76%31/orders", code: "ALLOWED", to: "/v1/orders" },
  { path: "/v1/a%20b", code: "ALLOWED", to: "/v1/a%20b" },
  { path: "/v1/caf%C3%A9", code: "ALLOWED", to: "/v1/caf%C3%A9" },
  { path: "/v1/e%CC%81", code: "ALLOWED", to: "/v1/e%CC%81" },
  { path: "/v1/%F0%9F%98%80", code: "ALLOWED", to: "/v1/%F0%9F%98%80" },
  { path: "/v1/a+b", code: "ALLOWED", to: "/v1/a%2Bb" },
  { path: "/v1/a%2Bb", code: "ALLOWED", to: "/v1/a%2Bb" },
  { path: "/v1/a:b@c,d=e$f", code: "ALLOWED", to: "/v1/a:b@c,d=e$f" },
  { path: "/v1/...", code: "ALLOWED", to: "/v1/..." },
  // An escape that stands for what parts a path: what is decided on is what is called
  { path: "/v1/orders%2F7", code: "ALLOWED", to: "/v1/orders/7" },
  { path: "/v1%2Forders", code: "ALLOWED", to: "/v1/orders" },
  { path: "/v1/%2e%2e/admin", code: AMBIGUOUS },
  { path: "/v1/%2E/orders", code: AMBIGUOUS },
  { path: "/v1/..%2Fadmin", code: AMBIGUOUS },
  { path: "/v1/../admin", code: AMBIGUOUS },
  { path: "/v1/a%5Cb", code: AMBIGUOUS },
  { path: "/v1//orders", code: AMBIGUOUS },
  { path: "/v1/%2Forders", code: AMBIGUOUS },
  { path: "//v1/orders", code: AMBIGUOUS },
  { path: "/v1/a;b", code: AMBIGUOUS },
  { path: "/v1/a%3Bb", code: AMBIGUOUS },
  { path: "/v1/a%23b", code: AMBIGUOUS },
  { path: "/v1/a%00b", code: AMBIGUOUS },
  { path: "/v1/a%0D%0Ab", code: AMBIGUOUS },
  { path: "/v1/a%3Fb", code: AMBIGUOUS, http: { code: "ALLOWED", to: "/v1/a" } },
  { path: "/v1/%3F/../../admin", code: AMBIGUOUS, http: { code: "ALLOWED", to: "/v1/" } },
  // An escape that is left after decoding, and one that is none
  { path: "/v1/%252e", code: AMBIGUOUS },
  { path: "/v1/a%252Fb", code: AMBIGUOUS },
  { path: "/v1/a%25b", code: AMBIGUOUS },
  { path: "/v1/a%253Fb", code: AMBIGUOUS },
  { path: "/v1/%zz", code: AMBIGUOUS },
  { path: "/v1/%FF", code: AMBIGUOUS },
  { path: "/v1/%C0%AF", code: AMBIGUOUS },
  // Paths of no rule, one of them a stage that is none here
  { path: "/admin", code: "ACCESS_NOT_ALLOWED" },
  { path: "/V1/orders", code: "ACCESS_NOT_ALLOWED" },
  { path: "/v1", code: "ACCESS_NOT_ALLOWED" },
  { path: "/prod/v1/orders", code: "ACCESS_NOT_ALLOWED" },
];

/** Those that have routes: everything else hands over whatever is called. */
const ROUTED: readonly IntegrationKind[] = ["http-2.0", "http-1.0", "rest"];

const expectedOf = (kind: IntegrationKind, { http, ...usual }: AskedPath) =>
  kind.startsWith("http") && http !== undefined ? http : usual;

describe.each(FRONTS)("behind $front", ({ kind, more }) => {
  test("whoami answers who calls", async () => {
    const route = ROUTED.includes(kind) ? { route: "GET /whoami" } : {};
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

  // Who calls does not depend on what is called: no path makes it fail, or lets anybody in without a token.
  test.for(PATHS)("whoami answers at $path too", async ({ path }) => {
    for (const routed of ROUTED.includes(kind) ? [{ route: "ANY /{proxy+}" }, {}] : [{}]) {
      const call = { path, ...routed, ...more };
      const headers = { Authorization: authorization };
      expect(auditOf(await whoami.call(integrationEvent(kind, { ...call, headers }))).code).toBe("IDENTIFIED");
      expect(auditOf(await whoami.call(integrationEvent(kind, call))).code).toBe("TOKEN_MISSING");
    }
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

  test.for(PATHS)("requirePodToken decides on $path: $code", async (asked) => {
    for (const routed of ROUTED.includes(kind) ? [{ route: "ANY /{proxy+}" }, {}] : [{}]) {
      const call = { path: asked.path, headers: { Authorization: authorization }, ...routed, ...more };
      expect(auditOf(await orders.call(integrationEvent(kind, call))).code).toBe(expectedOf(kind, asked).code);
    }
  });

  test.for(PATHS)("forward decides on $path of a service and calls what it decided on: $code", async (asked) => {
    const { code, to } = expectedOf(kind, asked);
    const routes = [{ route: "ANY /services/{service}/{path+}" }, { route: "ANY /services/{proxy+}" }, {}];
    for (const routed of ROUTED.includes(kind) ? routes : [{}]) {
      service.forgetRequests();
      const call = { path: `/services/echo${asked.path}`, headers: { Authorization: authorization } };
      const result = await forward.call(integrationEvent(kind, { ...call, ...routed, ...more }));
      expect(auditOf(result).code).toBe(code);
      expect(service.requests.map(({ url }) => url)).toEqual(to === undefined ? [] : [`/echo${to}`]);
    }
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
