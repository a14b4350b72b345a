import type { Awaitable } from "../awaitable.ts";
import { type Clock, within } from "../clock.ts";
import { GatewayError } from "../errors.ts";

/** API Gateway waits 10 s for an authorizer; a caller that has waited 5 s is better told (R18). */
const LONGEST_DECISION_SECONDS = 5;

/** What is left of the function's time when the answer has to be on its way. */
const RESERVE_SECONDS = 0.2;

/**
 * The decision, or `DEADLINE_EXCEEDED` where it is not there in time. One that is there already needs no watch.
 *
 * @param remainingSeconds - what Lambda says is left of the function's time
 */
export async function inTime<T>(deciding: Awaitable<T>, remainingSeconds: number, clock: Clock): Promise<T> {
  if (!(deciding instanceof Promise)) return deciding;
  const seconds = Math.min(LONGEST_DECISION_SECONDS, Math.max(0, remainingSeconds - RESERVE_SECONDS));
  const decided = await within(
    deciding.then((value) => ({ value })),
    seconds,
    clock,
  );
  if (decided !== undefined) return decided.value;
  throw new GatewayError(
    "DEADLINE_EXCEEDED",
    `no decision within ${seconds} s; see what the store and the issuers take`,
  );
}
