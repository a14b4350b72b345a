import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import type { Bundle } from "../support/bundle.ts";
import { bundleSteppedAuthorizer, START, startSteppedWorld } from "../support/stepped-world.ts";
import { auditOf } from "../support/verdict.ts";
import { startWorld } from "../support/world.ts";
import { countedIn, putSnapshot } from "./faulty-issuer.ts";

let stepper: Bundle;
beforeAll(async () => {
  stepper = await bundleSteppedAuthorizer();
});
afterAll(() => stepper[Symbol.asyncDispose]());

const HALF_AN_HOUR = 1800;

describe.concurrent("clocks that differ by five minutes (S15)", () => {
  test.for([
    { what: "the cluster's is ahead", iatOffsetSeconds: 300, expected: "TOKEN_NOT_YET_VALID" },
    { what: "the cluster's is behind, the token has an hour", iatOffsetSeconds: -300, expected: "ALLOWED" },
  ])("$what: $expected", async ({ iatOffsetSeconds, expected }) => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf } = stepped;
    expect(await codeOf(await world.forge("staging", { iatOffsetSeconds }))).toBe(expected);
  });

  test("a token that expired five minutes ago is refused", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    const token = await world.mint("staging");
    await at(3600 + 300);
    expect(await codeOf(token)).toBe("TOKEN_EXPIRED");
  });
});

describe.concurrent("an environment that was frozen for half an hour", () => {
  test("judges its first call by what is stored then: documents in two calls, keys as they are published", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    const { calls } = world.cluster("staging");
    const token = await world.mint("staging");
    expect(await codeOf(token)).toBe("ALLOWED");
    world.put("permissions/_all", { deny: [{ service: "*", methods: ["*"], paths: ["*"] }] });
    world.store.forgetCalls();
    await at(HALF_AN_HOUR);
    expect(await codeOf(token)).toBe("ACCESS_DENIED");
    expect(world.store.calls).toHaveLength(2);
    expect(calls).toMatchObject({ discovery: 2, keys: 2 });
  });

  test("with snapshots that were kept up meanwhile it asks no issuer", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    const token = await world.mint("staging");
    putSnapshot(world, "staging", START);
    expect(await codeOf(token)).toBe("ALLOWED");
    putSnapshot(world, "staging", START + HALF_AN_HOUR - 900);
    await at(HALF_AN_HOUR);
    expect(await codeOf(token)).toBe("ALLOWED");
    expect(world.cluster("staging").calls).toMatchObject({ discovery: 0, keys: 0 });
  });

  test("a removed key is refused by its first call, where the issuer answers", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    const token = await world.mint("staging");
    expect(await codeOf(token)).toBe("ALLOWED");
    await world.cluster("staging").rotate();
    await at(HALF_AN_HOUR);
    expect(await codeOf(token)).toBe("KEY_UNKNOWN");
  });

  test("with a store that is down when it thaws makes no decision: its documents are too old for one", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, ask, at } = stepped;
    const token = await world.mint("staging");
    await ask(token);
    world.store.fault({ kind: "reset" });
    await at(HALF_AN_HOUR);
    const result = await ask(token);
    expect(auditOf(result).code).toBe("PARAMETERS_UNAVAILABLE");
    expect(countedIn(result, "StoreFailures")).toBeGreaterThan(0);
  });
});

describe.concurrent("a function whose time is nearly over (R18)", () => {
  test.for([
    { remainingMs: 100, code: "DEADLINE_EXCEEDED" },
    { remainingMs: 0, code: "DEADLINE_EXCEEDED" },
    { remainingMs: 450, code: "DEADLINE_EXCEEDED" },
  ])("with $remainingMs ms left and a store that hangs: $code, in the record and thrown", async (row, { expect }) => {
    await using world = await startWorld();
    await using authorizer = await world.start("authorizer");
    world.store.fault({ kind: "hang" });
    const event = restTokenEvent({ authorization: `Bearer ${await world.mint("staging")}`, path: "/v1/status" });
    const result = await authorizer.call(event, { remainingMs: row.remainingMs });
    expect(auditOf(result)).toMatchObject({ outcome: "error", code: row.code });
    expect(result.error?.message).toBe(row.code);
    // The next one has its own time, and starts with nothing of this one. On a busy machine the store may be late for it.
    world.store.fault();
    const next = async () => auditOf(await authorizer.call(event)).code;
    await expect.poll(next, { timeout: 10_000 }).not.toBe("PARAMETERS_UNAVAILABLE");
    expect(await next()).toBe("ALLOWED");
  });
});
