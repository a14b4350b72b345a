import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import type { Bundle } from "../support/bundle.ts";
import { bundleSteppedAuthorizer, startSteppedWorld } from "../support/stepped-world.ts";
import { auditLines } from "../support/verdict.ts";

let stepper: Bundle;
beforeAll(async () => {
  stepper = await bundleSteppedAuthorizer();
});
afterAll(() => stepper[Symbol.asyncDispose]());

const DENY_ALL = { deny: [{ service: "*", methods: ["*"], paths: ["*"] }] };

describe.concurrent("a change of a document is seen within its age (R13)", () => {
  // Ages are up to a tenth less than they say, so that environments drift apart.
  test.for([
    { maxAge: 60, seconds: 53.9, expected: "ALLOWED" },
    { maxAge: 60, seconds: 60, expected: "ACCESS_DENIED" },
    { maxAge: 5, seconds: 5, expected: "ACCESS_DENIED" },
  ])("with an age of $maxAge s a new deny is $expected after $seconds s", async ({ maxAge, seconds, expected }) => {
    await using stepped = await startSteppedWorld(stepper, { PODGATE_DOCUMENTS_MAX_AGE_SECONDS: String(maxAge) });
    const { world, codeOf, at } = stepped;
    const token = await world.mint("staging");
    expect(await codeOf(token)).toBe("ALLOWED");
    world.put("permissions/_all", DENY_ALL);
    await at(seconds);
    expect(await codeOf(token)).toBe(expected);
  });

  test.for([
    { change: "disabled", members: { disabled: true }, expected: "ISSUER_DISABLED" },
    { change: "notBefore", members: { notBefore: 1_795_478_401 }, expected: "TOKEN_REVOKED" },
  ])("$change of an issuer ends a remembered token after 60 s", async ({ members, expected }) => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    const token = await world.mint("staging");
    expect(await codeOf(token)).toBe("ALLOWED");
    world.register("staging", { group: "all", ...members });
    await at(60);
    expect(await codeOf(token)).toBe(expected);
  });
});

describe.concurrent("a store that is out of reach (R10)", () => {
  test.for(["throttle", "access-denied", "reset", "broken-json"] as const)(
    "%s: documents serve on for 300 s beyond their age, then no decision is made",
    async (kind) => {
      await using stepped = await startSteppedWorld(stepper);
      const { world, codeOf, at } = stepped;
      const token = await world.mint("staging");
      expect(await codeOf(token)).toBe("ALLOWED");
      world.store.fault({ kind });
      const codes: string[] = [];
      for (const seconds of [61, 359.9, 360]) {
        await at(seconds);
        codes.push(await codeOf(token));
      }
      expect(codes).toEqual(["ALLOWED", "ALLOWED", "PARAMETERS_UNAVAILABLE"]);
      world.store.fault();
      expect(await codeOf(token)).toBe("ALLOWED");
    },
  );

  test("what was denied stays denied while the store is out of reach", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    world.put("permissions/_all", DENY_ALL);
    const token = await world.mint("staging");
    expect(await codeOf(token)).toBe("ACCESS_DENIED");
    world.store.fault({ kind: "reset" });
    await at(359.9);
    expect(await codeOf(token)).toBe("ACCESS_DENIED");
  });

  test("during an outage not every request asks the store: one try in 2 s", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    const token = await world.mint("staging");
    expect(await codeOf(token)).toBe("ALLOWED");
    world.store.fault({ kind: "access-denied" });
    await at(61);
    await codeOf(token);
    world.store.forgetCalls();
    const results = await Promise.all(Array.from({ length: 50 }, () => stepped.ask(token)));
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(world.store.calls).toEqual([]);
    await at(63);
    await codeOf(token);
    expect(world.store.calls.length).toBeGreaterThan(0);
  });
});

describe.concurrent("the clocks of cluster and gateway differ (S15, R20)", () => {
  const LIFETIME = 3600;
  test.for([
    { moment: "29.999 s after exp", seconds: LIFETIME + 29.999, iatOffset: 0, expected: "ALLOWED" },
    { moment: "30 s after exp", seconds: LIFETIME + 30, iatOffset: 0, expected: "TOKEN_EXPIRED" },
    { moment: "30 s before iat and nbf", seconds: 0, iatOffset: 30, expected: "ALLOWED" },
    { moment: "31 s before iat and nbf", seconds: 0, iatOffset: 31, expected: "TOKEN_NOT_YET_VALID" },
    { moment: "at exp with a skew of 0", seconds: LIFETIME, iatOffset: 0, skew: 0, expected: "TOKEN_EXPIRED" },
    { moment: "59.9 s after exp with a skew of 60", seconds: 3659.9, iatOffset: 0, skew: 60, expected: "ALLOWED" },
  ])("$moment a token is $expected, 100 times of 100", async ({ seconds, iatOffset, skew = 30, expected }) => {
    await using stepped = await startSteppedWorld(stepper, { PODGATE_CLOCK_SKEW_SECONDS: String(skew) });
    const { world, authorizer, at } = stepped;
    const authorization = `Bearer ${await world.forge("staging", { iatOffsetSeconds: iatOffset })}`;
    await at(seconds);
    await authorizer.callAll(
      Array.from({ length: 100 }, () => restTokenEvent({ authorization, path: "/v1/status" })),
      1,
    );
    const codes = auditLines(authorizer.lines).map(({ code }) => code);
    expect(codes).toEqual(Array.from({ length: 100 }, () => expected));
  });
});
