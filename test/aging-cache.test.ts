import { describe, expect, test } from "vitest";
import { AgingCache } from "../lib/aging-cache.ts";
import { GatewayError } from "../lib/errors.ts";
import { outage, startCache } from "./support/aging-cache.ts";
import { ManualClock } from "./support/manual-clock.ts";

describe("age of a value", () => {
  test.for([
    { age: 0, answer: "first" },
    { age: 53.9, answer: "first" },
    { age: 60, answer: "second" },
    { age: 10_000, answer: "second" },
  ])("after $age s it is $answer", async ({ age, answer }) => {
    const { cache, source, clock } = startCache();
    await cache.get("a");
    source.value = "second";
    clock.advance(age);
    expect(await cache.get("a")).toBe(answer);
    expect(source.reads).toHaveLength(answer === "first" ? 1 : 2);
  });

  test("jitter ends it between 54 and 60 s, not for all keys at once", async () => {
    const { cache, source, clock } = startCache();
    const keys = Array.from({ length: 100 }, (_, index) => `key${index}`);
    await Promise.all(keys.map((key) => cache.get(key)));
    clock.advance(57);
    await Promise.all(keys.map((key) => cache.get(key)));
    const reread = source.reads.length - keys.length;
    expect(reread).toBeGreaterThan(0);
    expect(reread).toBeLessThan(keys.length);
  });

  test("counts from when reading began: a change made meanwhile is seen 60 s later", async () => {
    const { cache, source, clock } = startCache();
    const held = Promise.withResolvers<void>();
    source.held = held.promise;
    const reading = cache.get("a");
    source.value = "second";
    clock.advance(30);
    held.resolve();
    expect(await reading).toBe("first");
    clock.advance(30);
    expect(await cache.get("a")).toBe("second");
  });

  test("a value that is `undefined` is kept like any other", async () => {
    let reads = 0;
    const cache = new AgingCache<string | undefined>({
      read: async () => {
        reads += 1;
        return undefined;
      },
      maxAgeSeconds: 60,
      maxStaleSeconds: 300,
      capacity: 10,
      clock: new ManualClock(),
      holdoff: { until: 0 },
      onStale: () => {},
    });
    expect([await cache.get("a"), await cache.get("a"), cache.has("a")]).toEqual([undefined, undefined, true]);
    expect(reads).toBe(1);
  });
});

describe("a fault of the value itself", () => {
  const invalid = new GatewayError("DOCUMENT_INVALID", "not JSON");

  test("is kept for the age of a value, then read again", async () => {
    const { cache, source, clock } = startCache();
    source.fails = invalid;
    await expect(cache.get("a")).rejects.toBe(invalid);
    source.fails = undefined;
    clock.advance(53.9);
    await expect(cache.get("a")).rejects.toBe(invalid);
    expect(source.reads).toHaveLength(1);
    clock.advance(6.1);
    expect(await cache.get("a")).toBe("first");
  });

  test("serves on during an outage, as a value would", async () => {
    const { cache, source, clock } = startCache();
    source.fails = invalid;
    await expect(cache.get("a")).rejects.toBe(invalid);
    source.fails = outage;
    clock.advance(100);
    await expect(cache.get("a")).rejects.toBe(invalid);
    clock.advance(260);
    await expect(cache.get("a")).rejects.toBe(outage);
  });

  test("does not let the value of before serve on", async () => {
    const { cache, source, clock } = startCache();
    await cache.get("a");
    source.fails = invalid;
    clock.advance(60);
    await expect(cache.get("a")).rejects.toBe(invalid);
    source.fails = outage;
    clock.advance(60);
    await expect(cache.get("a")).rejects.toBe(invalid);
  });
});

describe("reads", () => {
  test("of one key are one at a time, of two keys two", async () => {
    const { cache, source } = startCache();
    const answers = await Promise.all([cache.get("a"), cache.get("a"), cache.reread("a"), cache.get("b")]);
    expect(answers).toEqual(["first", "first", "first", "first"]);
    expect(source.reads).toEqual(["a", "b"]);
  });

  test("that fail fail for everyone who waited, and the next one is a new one", async () => {
    const { cache, source } = startCache();
    source.fails = outage;
    const settled = await Promise.allSettled([cache.get("a"), cache.get("a")]);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(source.reads).toEqual(["a"]);
    await expect(cache.get("a")).rejects.toBe(outage);
    expect(source.reads).toEqual(["a", "a"]);
  });

  test.for([
    { frozen: 4.9, answer: "first", reads: 1 },
    { frozen: 5, answer: "second", reads: 2 },
    { frozen: 1800, answer: "second", reads: 2 },
  ])("that were left behind $frozen s ago, when the environment froze: $answer", async ({ frozen, answer, reads }) => {
    const { cache, source, clock } = startCache();
    const held = Promise.withResolvers<void>();
    source.held = held.promise;
    const left = cache.get("a");
    source.value = "second";
    source.held = undefined;
    clock.advance(frozen);
    const asked = cache.get("a");
    held.resolve();
    expect(await asked).toBe(answer);
    expect(source.reads).toHaveLength(reads);
    // What they bring at last serves nobody else.
    expect(await left).toBe("first");
    expect(await cache.get("a")).toBe(answer);
    expect(source.reads).toHaveLength(reads);
  });

  test("that were left behind and fail at last do not fail who comes later, nor make one read two", async () => {
    const { cache, source, clock } = startCache();
    const [old, young] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    source.held = old.promise;
    source.fails = outage;
    const left = cache.get("a");
    clock.advance(1800);
    source.held = young.promise;
    source.fails = undefined;
    const asked = cache.get("a");
    old.resolve();
    await expect(left).rejects.toBe(outage);
    const other = cache.get("a");
    young.resolve();
    expect(await Promise.all([asked, other])).toEqual(["first", "first"]);
    expect(source.reads).toHaveLength(2);
  });

  test("on demand do not look at the age", async () => {
    const { cache, source } = startCache();
    await cache.get("a");
    source.value = "second";
    expect(await cache.reread("a")).toBe("second");
    expect(await cache.get("a")).toBe("second");
  });
});

describe("number of values", () => {
  test.for([
    { usedAgain: undefined, gone: "a", kept: ["b", "c"] },
    { usedAgain: "a", gone: "b", kept: ["a", "c"] },
  ])("beyond the capacity the least recently used one goes: $gone", async ({ usedAgain, gone, kept }) => {
    const { cache } = startCache({ capacity: 2 });
    await cache.get("a");
    await cache.get("b");
    if (usedAgain !== undefined) await cache.get(usedAgain);
    await cache.get("c");
    expect([...kept, gone].map((key) => cache.has(key))).toEqual([true, true, false]);
    expect(cache.size).toBe(2);
  });
});

describe("moving a value to another cache", () => {
  test("keeps its age", async () => {
    const clock = new ManualClock();
    const [from, to] = [startCache({ clock }), startCache({ clock })];
    await from.cache.get("a");
    clock.advance(50);
    from.cache.moveTo(to.cache, "a");
    expect([from.cache.has("a"), to.cache.has("a")]).toEqual([false, true]);
    to.source.value = "second";
    clock.advance(3.9);
    expect(await to.cache.get("a")).toBe("first");
    clock.advance(6.1);
    expect(await to.cache.get("a")).toBe("second");
  });

  test("does not replace one that was read later", async () => {
    const clock = new ManualClock();
    const [from, to] = [startCache({ clock }), startCache({ clock })];
    to.source.value = "second";
    await from.cache.get("a");
    clock.advance(1);
    await to.cache.get("a");
    from.cache.moveTo(to.cache, "a");
    expect([from.cache.has("a"), await to.cache.get("a")]).toEqual([false, "second"]);
  });

  test("replaces one that was read earlier", async () => {
    const clock = new ManualClock();
    const [from, to] = [startCache({ clock }), startCache({ clock })];
    to.source.value = "old";
    await to.cache.get("a");
    clock.advance(1);
    await from.cache.get("a");
    from.cache.moveTo(to.cache, "a");
    expect(await to.cache.get("a")).toBe("first");
  });

  test("does nothing where there is none", async () => {
    const [from, to] = [startCache(), startCache()];
    from.cache.moveTo(to.cache, "a");
    expect(to.cache.size).toBe(0);
  });
});
