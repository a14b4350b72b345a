import { describe, expect, test } from "vitest";
import { setUp } from "./issuer-keys-setup.ts";
import { codeOf, failing } from "./support.ts";

describe("backoff after failures (R8)", () => {
  test("no second fetch within 0.1 s, and one after 10 s, however often it failed", async () => {
    const { has, publisher, clock } = setUp();
    publisher.failure = failing("client-error-status");
    for (let failures = 1; failures <= 12; failures++) {
      expect(await codeOf(has("k1"))).toBe("ISSUER_UNREACHABLE");
      expect(publisher.asked).toHaveLength(failures);
      clock.advance(0.09);
      expect(await codeOf(has("k1"))).toBe("ISSUER_UNREACHABLE");
      expect(publisher.asked).toHaveLength(failures);
      clock.advance(10);
    }
    publisher.failure = undefined;

    expect(await has("k1")).toBe(true);
  });

  test("grows: the first is over after 0.2 s, later ones are mostly not", async () => {
    let laterOver = 0;
    for (let round = 0; round < 40; round++) {
      const { has, publisher, clock } = setUp();
      publisher.failure = failing("client-error-status");
      await codeOf(has("k1"));
      clock.advance(0.21);
      await codeOf(has("k1"));
      expect(publisher.asked).toHaveLength(2);
      for (let failures = 3; failures <= 8; failures++) {
        clock.advance(10.1);
        await codeOf(has("k1"));
      }
      clock.advance(0.21);
      await codeOf(has("k1"));
      laterOver += publisher.asked.length - 8;
    }

    // 0.1 s of 9.9 s: one in 90; 20 of 40 would be luck beyond belief.
    expect(laterOver).toBeLessThan(20);
  });

  test("is forgotten after a success", async () => {
    const { has, publisher, clock } = setUp();
    for (let failures = 1; failures <= 8; failures++) {
      publisher.failure = failing("client-error-status");
      await codeOf(has("k1"));
      clock.advance(10.1);
    }
    publisher.failure = undefined;
    await has("k1");
    publisher.failure = failing("client-error-status");
    clock.advance(7200);
    const before = publisher.asked.length;
    await codeOf(has("k1"));
    clock.advance(0.21);
    await codeOf(has("k1"));

    expect(publisher.asked.length - before).toBe(2);
  });
});
