import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateSigningKey } from "../../offline/cluster/signing-key.ts";
import type { Bundle } from "../support/bundle.ts";
import { bundleSteppedAuthorizer, startSteppedWorld } from "../support/stepped-world.ts";

let stepper: Bundle;
beforeAll(async () => {
  stepper = await bundleSteppedAuthorizer();
});
afterAll(() => stepper[Symbol.asyncDispose]());

describe.concurrent("a cluster rotates its keys at once (R4)", () => {
  test.for([
    { seconds: 9.9, expected: "KEY_UNKNOWN" },
    { seconds: 10, expected: "ALLOWED" },
  ])("$seconds s after the keys were fetched a token of the new key is $expected", async ({ seconds, expected }) => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    expect(await codeOf(await world.mint("staging"))).toBe("ALLOWED");
    await world.cluster("staging").rotate();
    await at(seconds);
    expect(await codeOf(await world.mint("staging"))).toBe(expected);
  });

  test.for([
    { maxAge: 300, seconds: 299.9, expected: "ALLOWED" },
    { maxAge: 300, seconds: 300, expected: "KEY_UNKNOWN" },
    { maxAge: 30, seconds: 29.9, expected: "ALLOWED" },
    { maxAge: 30, seconds: 30, expected: "KEY_UNKNOWN" },
  ])("with keys of $maxAge s a remembered token of the old key is $expected after $seconds s", async (row) => {
    await using stepped = await startSteppedWorld(stepper, { PODGATE_KEYS_MAX_AGE_SECONDS: String(row.maxAge) });
    const { world, codeOf, at } = stepped;
    const old = await world.mint("staging");
    expect(await codeOf(old)).toBe("ALLOWED");
    await world.cluster("staging").rotate();
    await at(row.seconds);
    expect(await codeOf(old)).toBe(row.expected);
  });

  test("the first token of the new key ends those of the old one", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    const old = await world.mint("staging");
    expect(await codeOf(old)).toBe("ALLOWED");
    await world.cluster("staging").rotate();
    await at(60);
    expect(await codeOf(old)).toBe("ALLOWED");
    expect(await codeOf(await world.mint("staging"))).toBe("ALLOWED");
    expect(await codeOf(old)).toBe("KEY_UNKNOWN");
  });
});

test.concurrent("a cluster rotates its keys carefully: no token is refused before its key is withdrawn", async () => {
  await using stepped = await startSteppedWorld(stepper);
  const { world, codeOf, at } = stepped;
  const staging = world.cluster("staging");
  const old = await world.mint("staging");
  expect(await codeOf(old)).toBe("ALLOWED");
  await staging.rotate({ step: "publish" });
  await at(400);
  expect(await codeOf(old)).toBe("ALLOWED");
  await staging.rotate({ step: "use" });
  const fresh = await world.mint("staging");
  expect([await codeOf(fresh), await codeOf(old)]).toEqual(["ALLOWED", "ALLOWED"]);
  await staging.rotate({ step: "withdraw" });
  await at(1000);
  expect([await codeOf(fresh), await codeOf(old)]).toEqual(["ALLOWED", "KEY_UNKNOWN"]);
});

test.concurrent("another key under the same kid does not inherit a remembered token (S45)", async () => {
  await using stepped = await startSteppedWorld(stepper);
  const { world, codeOf, at } = stepped;
  const staging = world.cluster("staging");
  const token = await world.mint("staging");
  expect(await codeOf(token)).toBe("ALLOWED");
  const [kid] = staging.keys.map((key) => key.kid);
  const { jwk } = await generateSigningKey("ES256");
  staging.fault("keys", { kind: "body", body: JSON.stringify({ keys: [{ ...jwk, kid }] }) });
  await at(300);
  expect(await codeOf(token)).toBe("SIGNATURE_INVALID");
});

describe.concurrent("an issuer that is down while its keys are in hand (R1)", () => {
  test.for([
    { seconds: 7199, expected: "ALLOWED" },
    { seconds: 7200, expected: "ISSUER_UNREACHABLE" },
  ])("after $seconds s a new token of the known key is $expected", async ({ seconds, expected }) => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    expect(await codeOf(await world.mint("staging"))).toBe("ALLOWED");
    world.cluster("staging").fault("discovery", { kind: "reset" });
    await at(seconds);
    expect(await codeOf(await world.mint("staging"))).toBe(expected);
  });

  test("what cannot be used never replaces what is in hand (R9)", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, codeOf, at } = stepped;
    const staging = world.cluster("staging");
    expect(await codeOf(await world.mint("staging"))).toBe("ALLOWED");
    const kinds = [
      "html",
      "truncated",
      "redirect",
      "huge",
      "gzip-bomb",
      "empty-keys",
      "duplicate-kid",
      "private-member",
    ];
    const outcomes: unknown[] = [];
    for (const [index, kind] of kinds.entries()) {
      const { keys: before } = { ...staging.calls };
      staging.fault("keys", { kind } as Parameters<typeof staging.fault>[1] & { kind: "html" });
      await at(400 * (index + 1));
      const code = await codeOf(await world.mint("staging"));
      outcomes.push({ kind, code, asked: staging.calls.keys > before });
    }
    expect(outcomes).toEqual(kinds.map((kind) => ({ kind, code: "ALLOWED", asked: true })));
  });
});
