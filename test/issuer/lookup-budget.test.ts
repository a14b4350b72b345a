import { describe, expect, test } from "vitest";
import { LookupBudget } from "../../lib/issuer/lookup-budget.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { settled } from "./support.ts";

interface Asked {
  readonly given: (boolean | undefined)[];
  readonly count: (outcome: boolean | undefined) => number;
}

/** Asks for many slots at once and shows which were given so far. */
function ask(budget: LookupBudget, number: number): Asked {
  const given: (boolean | undefined)[] = Array.from({ length: number }, () => undefined);
  for (const index of given.keys()) {
    void budget.take().then((outcome) => {
      given[index] = outcome;
    });
  }
  return { given, count: (outcome) => given.filter((one) => one === outcome).length };
}

async function advance(clock: ManualClock, seconds: number): Promise<void> {
  for (let tenth = 0; tenth < Math.round(seconds * 10); tenth++) {
    clock.advance(0.1);
    await settled();
  }
}

describe("look-up budget: 10 a second", () => {
  test.for([{ asked: 1 }, { asked: 10 }])("$asked at once are given at once", async ({ asked }) => {
    const slots = ask(new LookupBudget(new ManualClock()), asked);
    await settled();

    expect(slots.count(true)).toBe(asked);
  });

  test("the eleventh waits for the next slot, a tenth of a second", async () => {
    const clock = new ManualClock();
    const slots = ask(new LookupBudget(clock), 11);
    await settled();
    expect([slots.count(true), slots.count(undefined)]).toStrictEqual([10, 1]);
    await advance(clock, 0.2);

    expect(slots.count(true)).toBe(11);
  });

  test("no wait is longer than a second: then the answer is no", async () => {
    const clock = new ManualClock();
    const slots = ask(new LookupBudget(clock), 500);
    await advance(clock, 0.9);
    expect(slots.count(false)).toBe(0);
    await advance(clock, 0.2);

    expect(slots.count(undefined)).toBe(0);
    expect(slots.count(true)).toBeGreaterThanOrEqual(18);
    expect(slots.count(true)).toBeLessThanOrEqual(20);
  });

  test("a steady flood gets 10 a second and no more", async () => {
    const clock = new ManualClock();
    const budget = new LookupBudget(clock);
    let given = 0;
    for (let tenth = 0; tenth < 100; tenth++) {
      for (let flood = 0; flood < 50; flood++) void budget.take().then((slot) => (given += Number(slot)));
      await advance(clock, 0.1);
    }

    expect(given).toBeGreaterThanOrEqual(100);
    expect(given).toBeLessThanOrEqual(111);
  });

  test("slots not used are not saved up: after an hour it is 10 again", async () => {
    const clock = new ManualClock();
    const budget = new LookupBudget(clock);
    ask(budget, 10);
    clock.advance(3600);
    const slots = ask(budget, 20);
    await settled();

    expect(slots.count(true)).toBe(10);
    await advance(clock, 1.1);
  });

  test("once nobody waits any more, nothing is left behind and a slot is given at once again", async () => {
    const clock = new ManualClock();
    const budget = new LookupBudget(clock);
    ask(budget, 30);
    await advance(clock, 3);
    expect(clock.waiting).toBe(0);
    const slots = ask(budget, 10);
    await settled();

    expect(slots.count(true)).toBe(10);
  });

  test("slots are given in random order: who comes last behind a flood is not always last", async () => {
    let served = 0;
    for (let round = 0; round < 60; round++) {
      const clock = new ManualClock();
      const budget = new LookupBudget(clock);
      const flood = ask(budget, 28);
      const last = ask(budget, 1);
      await advance(clock, 1.2);
      if (last.given[0] === true) served += 1;
      expect(flood.count(undefined)).toBe(0);
    }

    // About 9 of 19 who wait are served. Never in 60 rounds, or always, happens by chance once in 10^16 runs.
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(60);
  });

  test("a thousand may wait; one more is told no at once", async () => {
    const clock = new ManualClock();
    const slots = ask(new LookupBudget(clock), 1012);
    await settled();

    expect([slots.count(true), slots.count(undefined), slots.count(false)]).toStrictEqual([10, 1000, 2]);
    await advance(clock, 1.1);
  });

  test("a clock that is set back takes no slots away", async () => {
    const clock = new ManualClock();
    const budget = new LookupBudget(clock);
    clock.advance(-3600);
    const slots = ask(budget, 10);
    await settled();

    expect(slots.count(true)).toBe(10);
  });
});
