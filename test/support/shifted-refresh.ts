import type { Context } from "aws-lambda";
import { createRefreshKeys } from "../../lib/app.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";

/** Seconds by which the function's clock is ahead. Pauses take as long as they say. */
let ahead = 0;
const clock: Clock = { now: () => systemClock.now() + ahead, wait: systemClock.wait };

const refresh = createRefreshKeys({}, { clock });

/** The function of functions/refresh-keys.ts with a clock that a test moves. */
export const handler = (_event: unknown, context: Context) => refresh(context);

/** @param seconds - by how much the clock is ahead from now on */
export function setAhead(seconds: number): void {
  ahead = seconds;
}
