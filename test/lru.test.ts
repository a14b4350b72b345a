import fc from "fast-check";
import { createLRU } from "lru.min";
import { expect, test } from "vitest";
import { createLru } from "../lib/lru.ts";

test("holds and drops what one does that has all its room from the start", () => {
  const key = fc.nat(120);
  const anyStep = fc.oneof(
    { weight: 6, arbitrary: fc.record({ what: fc.constant("set" as const), key }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constant("get" as const), key }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant("delete" as const), key }) },
  );
  const property = fc.property(
    fc.integer({ min: 1, max: 90 }),
    fc.array(anyStep, { maxLength: 400, size: "max" }),
    (max, steps) => {
      const ours = createLru<number, number>(max);
      const whole = createLRU<number, number>({ max });
      steps.forEach(({ what, key }, step) => {
        if (what === "set") for (const lru of [ours, whole]) lru.set(key, step);
        else if (what === "get") expect(ours.get(key)).toBe(whole.get(key));
        else expect(ours.delete(key)).toBe(whole.delete(key));
      });
      expect([...ours.entries()]).toEqual([...whole.entries()]);
      expect(ours.size).toBe(whole.size);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("never holds more than its bound", () => {
  const lru = createLru<number, number>(1000);
  for (let key = 0; key < 5000; key++) lru.set(key, key);
  expect([lru.size, lru.get(3999), lru.get(4000), lru.get(4999)]).toEqual([1000, undefined, 4000, 4999]);
});
