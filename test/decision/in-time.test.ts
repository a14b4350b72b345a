import { describe, expect, test } from "vitest";
import { inTime } from "../../lib/decision/in-time.ts";
import { GatewayError } from "../../lib/errors.ts";
import { ManualClock } from "../support/manual-clock.ts";

/** A decision that never comes, and what became of it after this many seconds. */
async function outcomeAfter(seconds: number, remainingSeconds: number): Promise<string> {
  const clock = new ManualClock();
  const { promise } = Promise.withResolvers<never>();
  let outcome = "still waiting";
  const settled = inTime(promise, remainingSeconds, clock).catch((error: GatewayError) => {
    outcome = error.code;
  });
  clock.advance(seconds);
  if (clock.waiting === 0) await settled;
  return outcome;
}

describe("a decision has the time that the function has left less 200 ms, and 5 s at most (R18)", () => {
  test.for([
    { remaining: 29, seconds: 4.999, outcome: "still waiting" },
    { remaining: 29, seconds: 5, outcome: "DEADLINE_EXCEEDED" },
    { remaining: 5.25, seconds: 4.999, outcome: "still waiting" },
    { remaining: 5.25, seconds: 5, outcome: "DEADLINE_EXCEEDED" },
    { remaining: 3, seconds: 2.799, outcome: "still waiting" },
    { remaining: 3, seconds: 2.801, outcome: "DEADLINE_EXCEEDED" },
    { remaining: 0.2, seconds: 0, outcome: "DEADLINE_EXCEEDED" },
    { remaining: 0, seconds: 0, outcome: "DEADLINE_EXCEEDED" },
    { remaining: -1, seconds: 0, outcome: "DEADLINE_EXCEEDED" },
  ])("with $remaining s left it is, after $seconds s, $outcome", async ({ remaining, seconds, outcome }) => {
    expect(await outcomeAfter(seconds, remaining)).toBe(outcome);
  });

  test.for([["allow"], [undefined], [null]])("a decision in time is given as it is: %j", async ([value]) => {
    const clock = new ManualClock();
    await expect(inTime(Promise.resolve(value), 10, clock)).resolves.toBe(value);
    expect(clock.waiting).toBe(0);
  });

  test("an error in time is thrown as it is", async () => {
    const clock = new ManualClock();
    const error = new GatewayError("PARAMETERS_UNAVAILABLE", "gone");
    await expect(inTime(Promise.reject(error), 10, clock)).rejects.toBe(error);
    expect(clock.waiting).toBe(0);
  });

  test("an error that comes too late disturbs nobody (R19)", async () => {
    const clock = new ManualClock();
    const { promise, reject } = Promise.withResolvers<never>();
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const waiting = inTime(promise, 10, clock);
      clock.advance(5);
      await expect(waiting).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
      reject(new Error("late"));
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});
