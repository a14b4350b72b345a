import type { Context } from "aws-lambda";
import { createApp } from "../../lib/app.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";

/** The time stands still until a test sets it; waits take as long as they say. */
let now = 0;
const clock: Clock = { now: () => now, wait: systemClock.wait };

const app = createApp({ needsAudiences: false }, { clock });

/** The authorizer of functions/authorizer.ts with a clock that a test sets. */
export const handler = (event: unknown, context: Context) => app.authorize(event, context);

/** @param epochSeconds - what every part of the function takes for the time from now on */
export function setTime(epochSeconds: number): void {
  now = epochSeconds;
}
