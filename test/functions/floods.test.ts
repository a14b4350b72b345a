import { expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import { ANSWERED, type RunningFunction } from "../support/built-function.ts";
import { auditLines } from "../support/verdict.ts";
import { startWorld, type World } from "../support/world.ts";

const FLOOD = 10_000;
const MEGABYTE = 1_000_000;
/** Ten times what a flood takes on an idle machine with two cores. */
const PATIENCE_MS = 100_000;

const eventFor = (token: string) => restTokenEvent({ authorization: `Bearer ${token}`, path: "/v1/status" });

/** The token with another header or other claims. Its signature is of no use then, and is not looked at. */
function altered(token: string, part: "header" | "payload", members: object): string {
  const parts = token.split(".");
  const index = part === "header" ? 0 : 1;
  const before: object = JSON.parse(Buffer.from(parts[index] ?? "", "base64url").toString());
  parts[index] = Buffer.from(JSON.stringify({ ...before, ...members })).toString("base64url");
  return parts.join(".");
}

interface Flood {
  readonly seconds: number;
  /** How many of the calls ended in which way: a thrown message, or `ANSWERED`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Of the valid calls in between. */
  readonly valid: readonly string[];
}

/** Sends the tokens, `atOnce` at a time, and the valid one after every hundred. */
async function flood(warm: Warm, tokens: readonly string[], atOnce: number): Promise<Flood> {
  const events = tokens.flatMap((token, index) =>
    index % 100 === 99 ? [eventFor(token), eventFor(warm.valid)] : [eventFor(token)],
  );
  const before = performance.now();
  const ended = await warm.authorizer.callAll(events, atOnce);
  const seconds = (performance.now() - before) / 1000;
  const isValid = (index: number) => index % 101 === 100;
  const outcomes: Record<string, number> = {};
  for (const [index, outcome] of ended.entries()) {
    if (!isValid(index)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { seconds, outcomes, valid: ended.filter((_, index) => isValid(index)) };
}

interface Warm {
  readonly authorizer: RunningFunction;
  readonly valid: string;
  /** Heap in use before the flood. */
  readonly heapBytes: number;
}

const EVERY_VALID_CALL = Array.from({ length: FLOOD / 100 }, () => ANSWERED);

/** An authorizer that has met the cluster and its principal. */
async function startWarm(world: World): Promise<Warm> {
  const authorizer = await world.start("authorizer");
  const valid = await world.mint("staging");
  expect((await authorizer.call(eventFor(valid))).error).toBeUndefined();
  const { heapBytes } = await authorizer.state();
  world.store.forgetCalls();
  return { authorizer, valid, heapBytes };
}

test("random key ids: at most one key set fetched in 10 s, and valid calls go on (R5)", {
  timeout: PATIENCE_MS,
}, async () => {
  await using world = await startWorld();
  const warm = await startWarm(world);
  const staging = world.cluster("staging");
  const before = staging.calls.keys;
  const tokens = Array.from({ length: FLOOD }, (_, index) => altered(warm.valid, "header", { kid: `kid-${index}` }));
  const { seconds, outcomes, valid } = await flood(warm, tokens, 50);
  const after = await warm.authorizer.state();

  expect(outcomes).toEqual({ Unauthorized: FLOOD });
  expect(valid).toEqual(EVERY_VALID_CALL);
  expect(staging.calls.keys - before).toBeLessThanOrEqual(Math.ceil(seconds / 10));
  expect(after.heapBytes - warm.heapBytes).toBeLessThan(10 * MEGABYTE);
  await warm.authorizer.end();
  expect(auditLines(warm.authorizer.lines).filter(({ code }) => code === "KEY_UNKNOWN")).toHaveLength(FLOOD);
});

test("invented issuers: 10 look-ups a second and 10 at once, bounded memory, a verified issuer goes on", {
  timeout: PATIENCE_MS,
}, async () => {
  await using world = await startWorld();
  const warm = await startWarm(world);
  const discovery = world.cluster("staging").calls.discovery;
  const tokens = Array.from({ length: FLOOD }, (_, index) =>
    altered(warm.valid, "payload", { iss: `https://oidc.example.com/id/${index}` }),
  );
  const { seconds, outcomes, valid } = await flood(warm, tokens, 1500);
  const after = await warm.authorizer.state();

  const { Unauthorized: judged = 0, LOOKUP_LIMITED: limited = 0, PARAMETERS_UNAVAILABLE: late = 0 } = outcomes;
  expect(judged + limited + late).toBe(FLOOD);
  expect(valid).toEqual(EVERY_VALID_CALL);
  const asked = world.store.calls.flatMap(({ names }) => names).filter((name) => name.includes("oidc.example.com"));
  const lookedUp = new Set(asked);
  const issuers = [...lookedUp].filter((name) => name.includes("/issuers/"));
  expect(issuers.length).toBeLessThanOrEqual(10 + Math.ceil(seconds * 10));
  expect(lookedUp.size).toBe(issuers.length * 2);
  // None is late on an idle machine: the two attempts of a look-up are over where they share too few cores.
  expect(judged).toBeLessThanOrEqual(issuers.length);
  expect(judged + late).toBeGreaterThanOrEqual(issuers.length);
  expect(world.cluster("staging").calls.discovery).toBe(discovery);
  expect(after.heapBytes - warm.heapBytes).toBeLessThan(10 * MEGABYTE);
  await warm.authorizer.end();
});

test("service accounts that were never seen: bounded memory, and documents are read together (R16)", {
  timeout: PATIENCE_MS,
}, async () => {
  await using world = await startWorld();
  world.register("staging");
  const warm = await startWarm(world);
  const tokens: string[] = [];
  for (let index = 0; index < FLOOD; index++) {
    tokens.push(await world.mint("staging", { serviceAccount: `flood-${index}` }));
  }
  const { outcomes, valid } = await flood(warm, tokens, 50);
  const after = await warm.authorizer.state();

  const { [ANSWERED]: answered = 0, PARAMETERS_UNAVAILABLE: late = 0 } = outcomes;
  expect(answered + late).toBe(FLOOD);
  // None is late on an idle machine.
  expect(late).toBeLessThan(FLOOD / 100);
  expect(valid).toEqual(EVERY_VALID_CALL);
  expect(after.heapBytes - warm.heapBytes).toBeLessThan(20 * MEGABYTE);
  // One document of its own for each, ten names a call.
  expect(world.store.calls.length).toBeLessThanOrEqual(FLOOD / 5);
  await warm.authorizer.end();
});
