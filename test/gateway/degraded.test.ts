import { beforeEach, describe, expect, test } from "vitest";
import { asking, sample, withAuthorization } from "./events.ts";
import { AUDIENCE, lambdaContext, type StartedGateway, startGateway } from "./started-gateway.ts";

/** R10 gives the store a second; a busy machine may add to it, a second wait adds another. */
const ABOUT_A_SECOND_MS = 1900;

let gateway: StartedGateway;

beforeEach(async () => {
  gateway = await startGateway();
  gateway.put("apis/abcdef123", { service: "orders", audiences: [AUDIENCE] });
  gateway.put("permissions/dev/_all", { allow: [{ service: "orders", methods: ["GET"], paths: ["/v1/*"] }] });
  return () => gateway[Symbol.asyncDispose]();
});

/** Asks with this token; what was decided, and what else was said meanwhile. */
async function ask(bearer: string) {
  const before = gateway.lines().length;
  const startedAt = performance.now();
  await gateway.app.authorize(
    withAuthorization(asking(sample("authorizer-rest-request"), "GET/v1/x"), bearer),
    lambdaContext(),
  );
  const lines = gateway.lines().slice(before);
  return {
    code: lines.find(({ type }) => type === "decision")?.code,
    warnings: lines.filter(({ type }) => type === "degraded"),
    counted: (metric: string) => lines.reduce((sum, line) => sum + Number(line[metric] ?? 0), 0),
    milliseconds: performance.now() - startedAt,
  };
}

describe("a store that hangs when issuer, receiver and permissions have aged", () => {
  test("is asked once by a request and waited for once, which is told (R10)", async () => {
    const bearer = await gateway.bearer();
    expect((await ask(bearer)).code).toBe("ALLOWED");
    gateway.clock.advance(60);
    gateway.store.fault({ kind: "hang" });
    gateway.store.forgetCalls();

    const first = await ask(bearer);
    expect(first.code).toBe("ALLOWED");
    const names = gateway.store.calls.map((call) => call.names.toSorted().join());
    // Two attempts of one read; the permissions are none of it.
    expect([names.length, new Set(names).size]).toEqual([2, 1]);
    expect(names[0]).not.toContain("permissions/");
    expect(first.milliseconds).toBeLessThan(ABOUT_A_SECOND_MS);
    expect(first.counted("StaleDocumentsServed")).toBeGreaterThan(0);
    expect(first.warnings[0]).toMatchObject({ what: "StaleDocumentsServed", code: "PARAMETERS_UNAVAILABLE" });

    const second = await ask(bearer);
    expect(second).toMatchObject({ code: "ALLOWED", warnings: [] });
    expect(gateway.store.calls).toHaveLength(2);
  });

  test("is asked again 2 s later, and what changed is in force", async () => {
    const bearer = await gateway.bearer();
    await ask(bearer);
    gateway.clock.advance(60);
    gateway.store.fault({ kind: "access-denied" });
    expect((await ask(bearer)).code).toBe("ALLOWED");
    gateway.store.fault();
    gateway.put("permissions/dev/_all", {});
    gateway.clock.advance(1.9);
    expect((await ask(bearer)).code).toBe("ALLOWED");
    gateway.clock.advance(0.1);

    expect((await ask(bearer)).code).toBe("ACCESS_NOT_ALLOWED");
  });
});

describe("an issuer that gives no keys when the ones in hand have aged", () => {
  test.for([
    { age: 299, told: 0 },
    { age: 300, told: 1 },
  ])("after $age s a decision is made and that is told $told times", async ({ age, told }) => {
    const bearer = await gateway.bearer();
    await ask(bearer);
    gateway.cluster.fault("keys", { kind: "status", status: 404 });
    gateway.clock.advance(age);

    const { code, counted, warnings } = await ask(bearer);
    expect(code).toBe("ALLOWED");
    expect(counted("StaleKeysServed")).toBe(told);
    expect(warnings).toMatchObject(
      told === 0 ? [] : [{ level: "warn", what: "StaleKeysServed", code: "ISSUER_UNREACHABLE" }],
    );
  });

  test("no line of log holds the token or a part of it", async () => {
    const bearer = await gateway.bearer();
    await ask(bearer);
    gateway.cluster.fault("discovery", { kind: "html" });
    gateway.store.fault({ kind: "access-denied" });
    gateway.clock.advance(300);
    await ask(bearer);
    const text = JSON.stringify(gateway.lines());
    for (const part of bearer.slice("Bearer ".length).split(".")) expect(text).not.toContain(part);
  });
});
