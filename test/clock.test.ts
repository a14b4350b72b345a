import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { deadline, systemClock, within } from "../lib/clock.ts";
import { ManualClock } from "./support/manual-clock.ts";

describe("the system's clock", () => {
  test("now is in epoch seconds, with a fraction", () => {
    const before = Date.now() / 1000;
    const now = systemClock.now();

    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test("wait resolves after its time", async () => {
    const started = performance.now();
    await systemClock.wait(0.005);

    // Timers may fire up to a millisecond early.
    expect(performance.now() - started).toBeGreaterThanOrEqual(4);
  });

  test("wait rejects with the reason of a signal that is aborted already", async () => {
    await expect(systemClock.wait(60, AbortSignal.abort("too late"))).rejects.toBe("too late");
  });

  test("wait rejects with the reason of a signal that is aborted meanwhile", async () => {
    const controller = new AbortController();
    const waiting = systemClock.wait(60, controller.signal);
    controller.abort("given up");

    await expect(waiting).rejects.toBe("given up");
  });

  test("a wait that is over leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    await systemClock.wait(0.001, signal);

    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

describe("within", () => {
  test("gives what the promise gives in time, and waits no longer", async () => {
    const clock = new ManualClock();

    expect(await within(Promise.resolve("keys"), 1, clock)).toBe("keys");
    expect(clock.waiting).toBe(0);
  });

  test("gives undefined when the time is over first", async () => {
    const clock = new ManualClock();
    const result = within(new Promise(() => {}), 1, clock);
    clock.advance(1);

    expect(await result).toBeUndefined();
  });

  test("rejects as the promise does, and waits no longer", async () => {
    const clock = new ManualClock();

    await expect(within(Promise.reject(new Error("down")), 1, clock)).rejects.toThrow("down");
    expect(clock.waiting).toBe(0);
  });
});

describe("deadline", () => {
  test.for([
    { moment: "just before it", passed: 2.99, aborted: false },
    { moment: "exactly at it", passed: 3, aborted: true },
  ])("$moment aborted is $aborted", async ({ passed, aborted }) => {
    const clock = new ManualClock();
    using whole = deadline(3, clock);
    clock.advance(passed);
    await Promise.resolve();

    expect(whole.signal.aborted).toBe(aborted);
  });

  test("does not abort any more once it is disposed of, and leaves no wait behind", async () => {
    const clock = new ManualClock();
    const whole = deadline(3, clock);
    whole[Symbol.dispose]();
    expect(clock.waiting).toBe(0);
    clock.advance(10);
    await Promise.resolve();

    expect(whole.signal.aborted).toBe(false);
  });
});
