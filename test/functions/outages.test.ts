import { describe, expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import { ANSWERED, type RunningFunction } from "../support/built-function.ts";
import { auditLines, auditOf } from "../support/verdict.ts";
import { startWorld } from "../support/world.ts";

/**
 * R2 gives a cold function 3 s, loading its code and reading the store included. A busy machine may add to it, an attempt
 * more of 1.5 s adds another.
 */
const LONGEST_COLD_SECONDS = 4.4;

const eventFor = (token: string) => restTokenEvent({ authorization: `Bearer ${token}`, path: "/v1/status" });

/** The audit record's code of a call that runs alone, and how long the call took. */
async function ask(authorizer: RunningFunction, token: string): Promise<{ code: string; seconds: number }> {
  const before = performance.now();
  const result = await authorizer.call(eventFor(token));
  return { code: auditOf(result).code, seconds: (performance.now() - before) / 1000 };
}

describe.concurrent("an issuer", () => {
  test("that is gone after the first call: calls go on", async () => {
    await using world = await startWorld();
    await using authorizer = await world.start("authorizer");
    const first = await world.mint("staging");
    const later = await world.mint("staging", {
      serviceAccount: "web",
      boundObjectRef: { kind: "Pod", name: "web-0" },
    });
    expect((await ask(authorizer, first)).code).toBe("ALLOWED");
    await world.clusters[Symbol.asyncDispose]();
    expect((await ask(authorizer, first)).code).toBe("ALLOWED");
    expect((await ask(authorizer, later)).code).toBe("ALLOWED");
    await authorizer.end();
  });

  test.for([
    { fault: "hangs", make: { kind: "hang" }, target: "discovery" },
    { fault: "trickles its keys", make: { kind: "slow-loris" }, target: "keys" },
    { fault: "resets connections", make: { kind: "reset" }, target: "discovery" },
    { fault: "answers 503", make: { kind: "status", status: 503 }, target: "keys" },
  ] as const)(
    "that $fault at the start: 500 in time, and fine by itself when it is back (R2)",
    async (row, { expect }) => {
      await using world = await startWorld();
      await using authorizer = await world.start("authorizer");
      const token = await world.mint("staging");
      world.cluster("staging").fault(row.target as "keys", row.make);
      const { code, seconds } = await ask(authorizer, token);
      expect(code).toBe("ISSUER_UNREACHABLE");
      expect(seconds).toBeLessThan(LONGEST_COLD_SECONDS);
      world.cluster("staging").clearFaults();
      await expect.poll(async () => (await ask(authorizer, token)).code, { timeout: 5000 }).toBe("ALLOWED");
      await authorizer.end();
    },
  );

  test("that hangs does not change what another one's tokens are told, or when (R24)", async () => {
    await using world = await startWorld();
    await using authorizer = await world.start("authorizer");
    const [hanging, fine] = await Promise.all([world.mint("dev"), world.mint("staging")]);
    world.cluster("dev").fault("keys", { kind: "hang" });
    let hangs = true;
    const waiting = Array.from({ length: 20 }, async () => {
      const { error } = await authorizer.call(eventFor(hanging));
      hangs = false;
      return error?.message;
    });
    const messages = await authorizer.callAll(
      Array.from({ length: 100 }, () => eventFor(fine)),
      1,
    );
    expect(hangs).toBe(true);
    expect(messages).toEqual(Array.from({ length: 100 }, () => ANSWERED));
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 20 }, () => "ISSUER_UNREACHABLE"));
    await authorizer.end();
    expect(auditLines(authorizer.lines).filter(({ code }) => code === "ALLOWED")).toHaveLength(100);
  });
});

describe.concurrent("a store", () => {
  test.for([
    { fault: "is slow but in time", make: { kind: "delay", delayMilliseconds: 150 }, expected: "ALLOWED" },
    { fault: "throttles once", make: { kind: "throttle", calls: 1 }, expected: "ALLOWED" },
    { fault: "resets one connection", make: { kind: "reset", calls: 1 }, expected: "ALLOWED" },
    { fault: "throttles", make: { kind: "throttle" }, expected: "PARAMETERS_UNAVAILABLE" },
    { fault: "hangs", make: { kind: "hang" }, expected: "PARAMETERS_UNAVAILABLE" },
    { fault: "closes in the middle of an answer", make: { kind: "truncate" }, expected: "PARAMETERS_UNAVAILABLE" },
  ] as const)("that $fault at the start: $expected, and fine by itself when it is back (R10)", async (row) => {
    await using world = await startWorld();
    await using authorizer = await world.start("authorizer");
    const token = await world.mint("staging");
    world.store.fault(row.make);
    const { code, seconds } = await ask(authorizer, token);
    expect(code).toBe(row.expected);
    // A second for each of the two trips, and what loading the function takes.
    expect(seconds).toBeLessThan(LONGEST_COLD_SECONDS);
    if (row.expected !== "ALLOWED") expect(world.store.calls.length).toBeLessThanOrEqual(2);
    world.store.fault();
    expect((await ask(authorizer, token)).code).toBe("ALLOWED");
    await authorizer.end();
    expect(authorizer.stderr).toBe("");
  });

  test.for([
    { remainingMs: 700, delay: 450, expected: "DEADLINE_EXCEEDED" },
    { remainingMs: 10_000, delay: 450, expected: "ALLOWED" },
  ])("that takes $delay ms a trip: with $remainingMs ms left it is $expected (R18)", async (row) => {
    await using world = await startWorld();
    await using authorizer = await world.start("authorizer");
    const token = await world.mint("staging");
    world.store.fault({ kind: "delay", delayMilliseconds: row.delay });
    const result = await authorizer.call(eventFor(token), { remainingMs: row.remainingMs });
    expect(auditOf(result).code).toBe(row.expected);
    await authorizer.end();
  });
});

test("200 calls at a cold function: one discovery, one key set, each document once (R6)", async () => {
  await using world = await startWorld();
  await using authorizer = await world.start("authorizer");
  const tokens = await Promise.all(Array.from({ length: 200 }, () => world.mint("staging")));
  const results = await Promise.all(tokens.map((token) => authorizer.call(eventFor(token))));
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  const { discovery, keys } = world.cluster("staging").calls;
  expect({ discovery, keys }).toEqual({ discovery: 1, keys: 1 });
  const asked = world.store.calls.flatMap(({ names }) => names);
  expect(asked.length).toBe(new Set(asked).size);
  expect(world.store.calls).toHaveLength(2);
  await authorizer.end();
});
