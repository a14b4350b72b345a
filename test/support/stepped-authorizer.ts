import type { Context } from "aws-lambda";
import { createApp } from "../../lib/app.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import type { Resolve } from "../../lib/net/pinned-lookup.ts";
import { systemResolve } from "../../lib/net/system-resolve.ts";

/** The time stands still until a test sets it; waits take as long as they say. */
let now = 0;
const clock: Clock = { now: () => now, wait: systemClock.wait };

/** What the resolver says of each name, one answer after the other, the last one for ever; `undefined`: the system's. */
let answers: string[][] | undefined;
let lookups = 0;

const resolve: Resolve = async (host) => {
  if (answers === undefined) return systemResolve(host);
  lookups += 1;
  const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
  return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
};

const app = createApp(
  { needsAudiences: false },
  { clock, fetchJson: createFetchJson({ allowLoopbackHttp: true, resolve }) },
);

/** The authorizer of functions/authorizer.ts with a clock and a resolver that a test sets. */
export const handler = (event: unknown, context: Context) => app.authorize(event, context);

/** @param epochSeconds - what every part of the function takes for the time from now on */
export function setTime(epochSeconds: number): void {
  now = epochSeconds;
}

/** @param lists - the addresses that the next look-ups of any name find; an empty list is a name that is not found */
export function setAddresses(lists: string[][]): void {
  answers = lists;
  lookups = 0;
}

/** @returns look-ups of names since `setAddresses` */
export function lookupsMade(): number {
  return lookups;
}
