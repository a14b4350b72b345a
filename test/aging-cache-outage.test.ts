import { describe, expect, test } from "vitest";
import { type ErrorCode, GatewayError } from "../lib/errors.ts";
import { outage, startCache } from "./support/aging-cache.ts";
import { ManualClock } from "./support/manual-clock.ts";

describe("an outage", () => {
  test.for([
    { age: 60, answer: "first" },
    { age: 359.9, answer: "first" },
    { age: 360, answer: "PARAMETERS_UNAVAILABLE" },
    { age: 10_000, answer: "PARAMETERS_UNAVAILABLE" },
  ])("$age s after the last read the answer is $answer", async ({ age, answer }) => {
    const { cache, source, clock } = startCache();
    await cache.get("a");
    source.fails = outage;
    clock.advance(age);
    expect(await Promise.resolve(cache.get("a")).catch((error: GatewayError) => error.code)).toBe(answer);
  });

  test("that outlasts the stale time while it is waited for ends the service of the value", async () => {
    const { cache, source, clock } = startCache();
    await cache.get("a");
    const held = Promise.withResolvers<void>();
    source.held = held.promise;
    source.fails = outage;
    clock.advance(359.5);
    const asked = cache.get("a");
    clock.advance(1);
    held.resolve();
    await expect(asked).rejects.toBe(outage);
  });

  test.for([
    { pause: 1.9, reads: 2 },
    { pause: 2, reads: 3 },
  ])("is asked about again after $pause s: $reads reads in all", async ({ pause, reads }) => {
    const { cache, source, clock } = startCache();
    await cache.get("a");
    source.fails = outage;
    clock.advance(60);
    await cache.get("a");
    clock.advance(pause);
    expect(await cache.get("a")).toBe("first");
    expect(source.reads).toHaveLength(reads);
  });

  test("the pause between reads does not prolong the stale time", async () => {
    const { cache, source, clock } = startCache();
    await cache.get("a");
    source.fails = outage;
    clock.advance(359);
    expect(await cache.get("a")).toBe("first");
    clock.advance(1);
    await expect(cache.get("a")).rejects.toBe(outage);
  });

  test("that ends is noticed at the next read", async () => {
    const { cache, source, clock } = startCache();
    await cache.get("a");
    source.fails = outage;
    clock.advance(100);
    await cache.get("a");
    source.fails = undefined;
    source.value = "second";
    clock.advance(2);
    expect(await cache.get("a")).toBe("second");
  });

  test("with no value in hand is told, and nothing of it is kept", async () => {
    const { cache, source } = startCache();
    source.fails = outage;
    await expect(cache.get("a")).rejects.toBe(outage);
    expect(cache.has("a")).toBe(false);
    source.fails = undefined;
    expect(await cache.get("a")).toBe("first");
  });

  test.for<{ error: Error; answer: string }>([
    { error: outage, answer: "first" },
    { error: new GatewayError("LOOKUP_LIMITED", "too many"), answer: "first" },
    { error: new TypeError("a defect"), answer: "first" },
    { error: new GatewayError("DOCUMENT_INVALID", "not JSON"), answer: "DOCUMENT_INVALID" },
    { error: new GatewayError("DOCUMENT_TOO_NEW", "version 2"), answer: "DOCUMENT_TOO_NEW" },
  ])("$error.message: an aged value is answered with $answer", async ({ error, answer }) => {
    const { cache, source, clock } = startCache();
    await cache.get("a");
    source.fails = error;
    clock.advance(60);
    expect(await Promise.resolve(cache.get("a")).catch((thrown: { code: ErrorCode }) => thrown.code)).toBe(answer);
  });
});

/** Three caches of one store, each with an aged value under its own name; every read fails from now on. */
async function startAgedCaches(fails: Error = outage) {
  const clock = new ManualClock();
  const holdoff = { until: 0 };
  const caches = [1, 2, 3].map(() => startCache({ clock, holdoff }));
  for (const { cache } of caches) await cache.get("a");
  clock.advance(60);
  for (const { source } of caches) {
    source.fails = fails;
    source.reads.length = 0;
  }
  return {
    clock,
    /** What one request is answered that needs a value of each, one after the other. */
    ask: async () => {
      const answers: string[] = [];
      for (const { cache } of caches) answers.push(await cache.get("a"));
      return answers;
    },
    reads: () => caches.map(({ source }) => source.reads.length),
    stale: () => caches.map(({ stale }) => stale.length),
    caches,
  };
}

const three = ["first", "first", "first"];

describe("an outage of a store that several caches read", () => {
  test("is waited for once by a request that needs three aged values (R10)", async () => {
    const { ask, reads, stale } = await startAgedCaches();
    expect(await ask()).toEqual(three);
    expect(reads()).toEqual([1, 0, 0]);
    expect(stale()).toEqual([1, 0, 0]);
  });

  test.for([
    { pause: 1.9, reads: [1, 0, 0] },
    { pause: 2, reads: [2, 0, 0] },
  ])("is looked at again by one of them after $pause s: $reads reads", async ({ pause, reads: expected }) => {
    const { ask, reads, clock } = await startAgedCaches();
    await ask();
    clock.advance(pause);
    expect(await ask()).toEqual(three);
    expect(reads()).toEqual(expected);
  });

  test("does not hold off a read of what is not in hand, nor of what may serve no longer", async () => {
    const { ask, caches, clock } = await startAgedCaches();
    clock.advance(298.5);
    await ask();
    const [, second] = caches;
    await expect(second?.cache.get("b")).rejects.toBe(outage);
    clock.advance(1.5);
    await expect(second?.cache.get("a")).rejects.toBe(outage);
    expect(second?.source.reads).toEqual(["b", "a"]);
  });

  test("does not hold off a value that was read since and has aged again", async () => {
    const { ask, caches, clock, reads } = await startAgedCaches();
    await ask();
    for (const { source } of caches) {
      source.fails = undefined;
      source.value = "second";
    }
    clock.advance(2);
    expect(await ask()).toEqual(["second", "second", "second"]);
    expect(reads()).toEqual([2, 1, 1]);
  });

  test.for<{ what: string; error: Error }>([
    { what: "a look-up budget that a caller used up", error: new GatewayError("LOOKUP_LIMITED", "too many") },
    { what: "a defect", error: new TypeError("a defect") },
  ])("$what is none: it holds off its own value for 2 s, and no other", async ({ error }) => {
    const { ask, caches, reads, clock } = await startAgedCaches();
    const [first, ...others] = caches;
    if (first === undefined) throw new Error("there are three");
    first.source.fails = error;
    for (const { source } of others) {
      source.fails = undefined;
      source.value = "second";
    }
    expect(await ask()).toEqual(["first", "second", "second"]);
    expect(reads()).toEqual([1, 1, 1]);
    expect(first.stale).toEqual([error]);
    clock.advance(1.9);
    await ask();
    expect(reads()).toEqual([1, 1, 1]);
    clock.advance(0.1);
    await ask();
    expect(reads()).toEqual([2, 1, 1]);
  });

  test("is not one of another store", async () => {
    const clock = new ManualClock();
    const [down, up] = [startCache({ clock }), startCache({ clock })];
    await Promise.all([down.cache.get("a"), up.cache.get("a")]);
    down.source.fails = outage;
    up.source.value = "second";
    clock.advance(60);
    expect([await down.cache.get("a"), await up.cache.get("a")]).toEqual(["first", "second"]);
  });
});

describe("who watches the cache", () => {
  test("is told of an aged value that serves, with the reason, once for each failed read", async () => {
    const { cache, source, clock, stale } = startCache();
    await cache.get("a");
    source.fails = outage;
    clock.advance(53.9);
    await cache.get("a");
    expect(stale).toEqual([]);
    clock.advance(6.1);
    await cache.get("a");
    await cache.get("a");
    expect(stale).toEqual([outage]);
    clock.advance(2);
    await cache.get("a");
    expect(stale).toEqual([outage, outage]);
  });

  test.for<{ what: string; age: number; error: Error }>([
    { what: "nothing serves", age: 360, error: outage },
    { what: "the value itself is at fault", age: 60, error: new GatewayError("DOCUMENT_INVALID", "not JSON") },
  ])("is not told where $what", async ({ age, error }) => {
    const { cache, source, clock, stale } = startCache();
    await cache.get("a");
    source.fails = error;
    clock.advance(age);
    await expect(cache.get("a")).rejects.toBe(error);
    expect(stale).toEqual([]);
  });
});
