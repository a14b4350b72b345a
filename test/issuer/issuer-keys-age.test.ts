import type { JsonWebKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { UnfitKey, VerificationKey } from "../../lib/issuer/key-set.ts";
import { k1, k2, k3, type Setup, setUp } from "./issuer-keys-setup.ts";
import { codeOf, failing, issuerWith, recordOf, START, settled, storedWith } from "./support.ts";

/** An environment whose keys were fetched from the issuer, or stored, this many seconds ago. */
async function withKeysOfAge(from: "issuer" | "store", age: number): Promise<Setup> {
  const setup = setUp(recordOf(issuerWith(), from === "store" ? storedWith([k1]) : undefined));
  await setup.has("k1");
  setup.clock.advance(age);
  return setup;
}

/** What was found so far, by a request that is not waited for. */
function finding(setup: Setup, keyId: string): { readonly found: boolean | undefined; readonly done: Promise<void> } {
  let found: boolean | undefined;
  const done = setup.has(keyId).then((has) => {
    found = has;
  });
  return {
    get found() {
      return found;
    },
    done,
  };
}

describe("age of a snapshot: 1,500 s say that the schedule has stopped", () => {
  test.for([
    { moment: "a second before them", age: 1499, asked: 0, k1: true },
    { moment: "at them", age: 1500, asked: 1, k1: false },
  ])("$moment the issuer is asked $asked times", async ({ age, asked, ...expected }) => {
    const { has, publisher, stale } = await withKeysOfAge("store", age);
    publisher.publish([k2]);

    expect(await has("k1")).toBe(expected.k1);
    expect(publisher.keyFetches).toBe(asked);
    expect(stale).toEqual([]);
  });

  test.for([
    { moment: "a second before them", age: 1499, asked: 0, told: [] },
    { moment: "at them", age: 1500, asked: 1, told: ["ISSUER_UNREACHABLE"] },
  ])("$moment, with an issuer that is down, the snapshot serves; told: $told", async ({ age, asked, told }) => {
    const { has, publisher, stale } = await withKeysOfAge("store", age);
    publisher.failure = failing("client-error-status");

    expect(await has("k1")).toBe(true);
    expect(publisher.asked).toHaveLength(asked);
    expect(stale).toEqual(told);
  });

  test.for([10, 3600])("do not depend on the age of fetched keys (%d s)", async (maxAgeSeconds) => {
    const { has, publisher } = setUp(recordOf(issuerWith(), storedWith([k1], { fetchedAt: START - 1499 })), {
      maxAgeSeconds,
    });

    expect(await has("k1")).toBe(true);
    expect(publisher.asked).toHaveLength(0);
  });

  test("what the issuer then answers is as old as that answer: 300 s, not 1,500", async () => {
    const { has, publisher, clock } = await withKeysOfAge("store", 1500);
    await has("k1");
    clock.advance(299);
    await has("k1");
    expect(publisher.keyFetches).toBe(1);
    clock.advance(1);
    await has("k1");

    expect(publisher.keyFetches).toBe(2);
  });

  test("are over when the schedule runs again: a younger snapshot serves, and nobody is asked", async () => {
    const { has, publisher, clock } = await withKeysOfAge("store", 1500);
    publisher.failure = failing("client-error-status");
    await has("k1");
    const renewed = recordOf(issuerWith(), storedWith([k2], { fetchedAt: clock.now() - 1 }));
    clock.advance(20);

    expect(await has("k2", renewed)).toBe(true);
    expect(publisher.asked).toHaveLength(1);
  });
});

describe("keys that were fetched for an unknown key id, beside a snapshot", () => {
  /** A snapshot, and the same or other keys that were fetched 300 s ago for a key id that there is not. */
  async function afterALook(published: readonly JsonWebKey[]): Promise<Setup> {
    const setup = setUp(recordOf(issuerWith(), storedWith([k1, k2])));
    setup.publisher.publish(published);
    setup.clock.advance(100);
    await setup.has("unknown");
    setup.clock.advance(300);
    setup.publisher.failure = failing("client-error-status");
    return setup;
  }

  test("that brought nothing new leave it the snapshot that serves: nobody is asked, and nothing is told", async () => {
    const { has, publisher, stale, ages } = await afterALook([k2, k1]);
    expect(await has("k1")).toBe(true);
    expect(publisher.keyFetches).toBe(1);
    expect(stale).toEqual([]);
    expect(ages.at(-1)).toBe(400);
  });

  test("are compared with it once, and with the next snapshot once", async () => {
    let comparisons = 0;
    class Counted extends Map<string, VerificationKey | UnfitKey> {
      override values() {
        comparisons += 1;
        return super.values();
      }
    }
    const snapshot = (...jwks: JsonWebKey[]) => {
      const stored = storedWith(jwks);
      return recordOf(issuerWith(), { ...stored, keys: new Counted(stored.keys) });
    };
    const [record, next] = [snapshot(k1, k2), snapshot(k1)];
    const { has, publisher, clock } = setUp(record);
    publisher.publish([k1, k2]);
    clock.advance(100);
    await has("unknown");
    clock.advance(300);
    for (let request = 0; request < 10; request++) expect(await has("k1")).toBe(true);
    expect([comparisons, publisher.keyFetches]).toEqual([1, 1]);

    for (let request = 0; request < 2; request++) expect(await has("k1", next)).toBe(true);
    expect([comparisons, publisher.keyFetches]).toEqual([2, 2]);
  });

  test("until the snapshot is 1,500 s old", async () => {
    const { has, publisher, clock, stale } = await afterALook([k1, k2]);
    clock.advance(1099);
    expect(await has("k1")).toBe(true);
    expect(stale).toEqual([]);
    clock.advance(1);
    expect(await has("k1")).toBe(true);
    expect(stale).toEqual(["ISSUER_UNREACHABLE"]);
    expect(publisher.keyFetches).toBe(1);
  });

  test.for([
    { what: "a new key", published: [k1, k2, k3] },
    { what: "a key less", published: [k1] },
    { what: "another key under the old name", published: [k1, { ...k3, kid: "k2" }] },
  ])("that brought $what are asked for again: the snapshot knows less", async ({ published }) => {
    const { has, publisher, stale } = await afterALook(published);
    const asked = publisher.asked.length;
    expect(await has("k1")).toBe(true);
    expect(publisher.asked).toHaveLength(asked + 1);
    expect(stale).toEqual(["ISSUER_UNREACHABLE"]);
    for (const { kid } of published) expect(await has(String(kid))).toBe(true);
  });
});

describe("age of fetched keys", () => {
  test.for([
    { passed: 299, fetches: 1 },
    { passed: 300, fetches: 2 },
  ])("counts from when the issuer was asked: $passed s later $fetches fetches", async ({ passed, fetches }) => {
    const setup = setUp();
    const { publisher, clock } = setup;
    const gate = publisher.hold();
    const asked = finding(setup, "k1");
    await settled();
    clock.advance(2);
    gate.open();
    await asked.done;
    clock.advance(passed - 2);
    await setup.has("k1");

    expect(publisher.keyFetches).toBe(fetches);
  });
});

describe("a request waits for a slow issuer half a second, and all of 2.5 s once a whole age was missed (R3, R4)", () => {
  const rows = [
    { from: "issuer", age: 300, isOverdue: false },
    { from: "issuer", age: 599, isOverdue: false },
    { from: "issuer", age: 600, isOverdue: true },
    { from: "issuer", age: 7199, isOverdue: true },
    { from: "store", age: 1500, isOverdue: false },
    { from: "store", age: 2999, isOverdue: false },
    { from: "store", age: 3000, isOverdue: true },
  ] as const;

  test.for(rows)("keys from the $from, $age s old: whole $isOverdue", async ({ from, age, isOverdue }) => {
    const setup = await withKeysOfAge(from, age);
    const { publisher, clock, stale } = setup;
    publisher.publish([k2]);
    const gate = publisher.hold();
    const asked = finding(setup, "k1");
    await settled();
    clock.advance(0.49);
    await settled();
    expect(asked.found).toBeUndefined();
    clock.advance(0.01);
    await settled();
    expect(asked.found).toBe(isOverdue ? undefined : true);
    expect(stale).toEqual(isOverdue ? [] : [undefined]);
    gate.open();
    await asked.done;

    expect(asked.found).toBe(!isOverdue);
    expect(await setup.has("k1")).toBe(false);
  });

  test("and no longer: then the old ones serve, and that is told", async () => {
    const setup = await withKeysOfAge("issuer", 600);
    const { publisher, clock, stale } = setup;
    publisher.hold();
    const asked = finding(setup, "k1");
    await settled();
    clock.advance(2.4);
    await settled();
    expect(asked.found).toBeUndefined();
    clock.advance(0.1);
    await asked.done;

    expect(asked.found).toBe(true);
    expect(stale).toEqual(["ISSUER_UNREACHABLE"]);
  });

  test("200 requests at once make one fetch", async () => {
    const { has, publisher } = await withKeysOfAge("issuer", 600);
    await Promise.all(Array.from({ length: 200 }, () => has("k1")));

    expect(publisher.keyFetches).toBe(2);
  });

  test("an issuer that is down is not asked by every request: the backoff holds (R8)", async () => {
    const { has, publisher, clock, stale } = await withKeysOfAge("issuer", 600);
    publisher.failure = failing("client-error-status");
    const before = publisher.asked.length;
    for (let time = 0; time < 3; time++) {
      expect(await has("k1")).toBe(true);
      clock.advance(0.03);
    }

    expect(publisher.asked.length - before).toBe(1);
    expect(stale).toEqual(["ISSUER_UNREACHABLE", "ISSUER_UNREACHABLE", "ISSUER_UNREACHABLE"]);
  });

  test.for([
    { moment: "just before two ages", pause: 0.04, asked: 1 },
    { moment: "at two ages", pause: 0.05, asked: 2 },
  ])("$moment a failure of 0.05 s before them counts: $asked fetches", async ({ pause, asked }) => {
    const { has, publisher, clock } = await withKeysOfAge("issuer", 599.95);
    publisher.failure = failing("client-error-status");
    const before = publisher.asked.length;
    await has("k1");
    clock.advance(pause);
    await has("k1");

    expect(publisher.asked.length - before).toBe(asked);
  });

  test("keys that may serve no longer are not waited for beside: no answer, no decision", async () => {
    const { has, publisher, stale } = await withKeysOfAge("issuer", 7200);
    publisher.failure = failing("client-error-status");

    expect(await codeOf(has("k1"))).toBe("ISSUER_UNREACHABLE");
    expect(stale).toEqual([]);
  });
});

describe("the age of the keys that a token is judged by is told with each", () => {
  test("fetched ones, from when the issuer was asked", async () => {
    const { clock, has, ages } = setUp();
    await has("k1");
    clock.advance(40);
    await has("k1");
    expect(ages).toEqual([0, 40]);
  });

  test("none of a static set, which has none", async () => {
    const record = recordOf(issuerWith({ keys: "static" }), storedWith([k1], { source: "static", fetchedAt: 0 }));
    const { has, ages } = setUp(record);
    expect(await has("k1")).toBe(true);
    expect(ages).toEqual([]);
  });
});
