import { describe, expect, test } from "vitest";
import { GatewayError } from "../../lib/errors.ts";
import { IssuerKeys } from "../../lib/issuer/issuer-keys.ts";
import type { IssuerRecord } from "../../lib/issuer/issuer-source.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { ecKey, failing, ISSUER_URL, issuerWith, Publisher, recordOf, START, settled, storedWith } from "./support.ts";

const k1 = ecKey("k1").jwk;
const k2 = ecKey("k2").jwk;
const k3 = ecKey("k3").jwk;

/** An environment that has the keys of a snapshot, and an issuer that publishes `published`. */
function setUp({ stored = [k1], published = [k1, k2] } = {}) {
  const clock = new ManualClock(START);
  const publisher = new Publisher().publish(published);
  const record = recordOf(issuerWith(), storedWith(stored, { fetchedAt: START - 60 }));
  const store = { rereads: 0, answer: async (): Promise<IssuerRecord | undefined> => record };
  const keys = new IssuerKeys({
    fetchJson: publisher.fetchJson,
    clock,
    maxAgeSeconds: 300,
    maxStaleSeconds: 7200,
    onStaleKeys: () => {},
    onKeysUsed: () => {},
    reread: () => {
      store.rereads += 1;
      return store.answer();
    },
  });
  const has = async (keyId: string, of: IssuerRecord = record) => (await keys.find(of, keyId)) !== undefined;
  return { clock, publisher, record, store, keys, has };
}

describe("an unknown kid (R4)", () => {
  test("re-reads the store, then asks the issuer", async () => {
    const { has, store, publisher } = setUp();

    expect(await has("k2")).toBe(true);
    expect([store.rereads, publisher.keyFetches]).toStrictEqual([1, 1]);
  });

  test("does not ask the issuer where the store has the key by now", async () => {
    const { has, store, publisher } = setUp();
    store.answer = async () => recordOf(issuerWith(), storedWith([k1, k3], { fetchedAt: START - 1 }));

    expect(await has("k3")).toBe(true);
    expect(publisher.asked).toHaveLength(0);
  });

  test("asks the issuer where the store has a newer snapshot without the key", async () => {
    const { has, store } = setUp();
    store.answer = async () => recordOf(issuerWith(), storedWith([k1, k3], { fetchedAt: START - 1 }));

    expect(await has("k2")).toBe(true);
  });

  test.for([
    { moment: "just before 10 s are over", passed: 9.9, found: false },
    { moment: "after 10 s", passed: 10, found: true },
  ])("$moment the issuer is asked again: $found", async ({ passed, found }) => {
    const { has, store, publisher, clock } = setUp();
    expect(await has("k3")).toBe(false);
    publisher.publish([k1, k3]);
    clock.advance(passed);

    expect(await has("k3")).toBe(found);
    expect(store.rereads).toBe(found ? 2 : 1);
  });

  test("the 10 s count after a failed look too", async () => {
    const { has, publisher, clock } = setUp();
    publisher.failure = failing("client-error-status");
    expect(await has("k2")).toBe(false);
    publisher.failure = undefined;
    clock.advance(9.9);
    expect(await has("k2")).toBe(false);
    clock.advance(0.1);

    expect(await has("k2")).toBe(true);
  });

  test("keys that were just fetched are not fetched again for it", async () => {
    const { publisher, clock, has } = setUp();
    const withoutSnapshot = recordOf(issuerWith());
    expect(await has("k3", withoutSnapshot)).toBe(false);
    clock.advance(9.9);
    expect(await has("k3", withoutSnapshot)).toBe(false);

    expect(publisher.keyFetches).toBe(1);
  });

  test("a flood of 10,000 in 10 s asks the store and the issuer once (R5)", async () => {
    const { has, store, publisher, clock } = setUp();
    for (let batch = 0; batch < 100; batch++) {
      const found = await Promise.all(Array.from({ length: 100 }, (_, index) => has(`random-${batch}-${index}`)));
      expect(found).not.toContain(true);
      clock.advance(0.0999);
    }

    expect([store.rereads, publisher.keyFetches]).toStrictEqual([1, 1]);
    expect(await has("k2")).toBe(true);
  });

  test("who comes while it is looked for shares the look; who has a known key does not wait", async () => {
    const { has, publisher, store } = setUp();
    const gate = publisher.hold();
    const outcomes: string[] = [];
    const first = has("random").then((found) => outcomes.push(`random ${found}`));
    await settled();
    const second = has("k2").then((found) => outcomes.push(`k2 ${found}`));
    await has("k1").then((found) => outcomes.push(`k1 ${found}`));
    expect(outcomes).toStrictEqual(["k1 true"]);
    gate.open();
    await Promise.all([first, second]);

    expect(outcomes.toSorted()).toStrictEqual(["k1 true", "k2 true", "random false"]);
    expect([store.rereads, publisher.keyFetches]).toStrictEqual([1, 1]);
  });

  test.for([
    { what: "does not answer", error: new GatewayError("PARAMETERS_UNAVAILABLE", "throttled") },
    { what: "has no slot for a stranger", error: new GatewayError("LOOKUP_LIMITED", "too many") },
  ])("a store that $what is no reason not to ask the issuer", async ({ error }) => {
    const { has, store } = setUp();
    store.answer = () => Promise.reject(error);

    expect(await has("k2")).toBe(true);
  });

  test("store and issuer both down: not found, and the known key serves on", async () => {
    const { has, store, publisher } = setUp();
    store.answer = () => Promise.reject(new GatewayError("PARAMETERS_UNAVAILABLE", "throttled"));
    publisher.failure = failing("client-error-status");

    expect(await has("k2")).toBe(false);
    expect(await has("k1")).toBe(true);
  });

  test("of an issuer that is not registered any longer finds nothing and asks nobody", async () => {
    const { has, store, publisher } = setUp();
    store.answer = async () => undefined;

    expect(await has("k2")).toBe(false);
    expect(publisher.asked).toHaveLength(0);
  });

  test("of an issuer that became static looks into the static set alone", async () => {
    const { has, store, publisher } = setUp();
    const issuer = issuerWith({ keys: "static" });
    store.answer = async () => recordOf(issuer, storedWith([k3], { source: "static" }));

    expect(await has("k3")).toBe(true);
    expect(publisher.asked).toHaveLength(0);
  });
});

describe("a removed key", () => {
  test("is gone with the look that shows the new set", async () => {
    const { has } = setUp({ published: [k2] });
    expect(await has("k1")).toBe(true);
    expect(await has("k2")).toBe(true);

    expect(await has("k1")).toBe(false);
  });

  test("does not come back with an older snapshot", async () => {
    const { has, clock } = setUp({ published: [k2] });
    await has("k2");
    clock.advance(60);
    const older = recordOf(issuerWith(), storedWith([k1], { fetchedAt: START - 1 }));

    expect(await has("k1", older)).toBe(false);
  });
});

describe("an issuer document that points elsewhere", () => {
  const elsewhere = issuerWith({ jwksURL: "https://keys.example/jwks" });

  test("ends the use of keys that were fetched before", async () => {
    const { has, publisher } = setUp();
    await has("k1", recordOf(issuerWith()));
    publisher.documents.set("https://keys.example/jwks", { keys: [k3] });

    expect(await has("k3", recordOf(elsewhere))).toBe(true);
    expect(await has("k1", recordOf(elsewhere))).toBe(false);
  });

  test("is followed at once, whatever the backoff of the old place", async () => {
    const { has, publisher } = setUp();
    publisher.failure = failing("client-error-status");
    await has("k1", recordOf(issuerWith())).catch(() => undefined);
    publisher.failure = undefined;
    publisher.documents.set("https://keys.example/jwks", { keys: [k3] });

    expect(await has("k3", recordOf(elsewhere))).toBe(true);
  });

  test("a fetch that was under way brings no keys of the old place into service", async () => {
    const { has, publisher } = setUp();
    publisher.documents.set("https://keys.example/jwks", { keys: [k3] });
    const gate = publisher.hold();
    const before = has("k1", recordOf(issuerWith()));
    const after = has("k1", recordOf(elsewhere));
    await settled();
    gate.open();
    await before;

    expect(await after).toBe(false);
    expect(await has("k3", recordOf(elsewhere))).toBe(true);
    expect(await has("k1", recordOf(elsewhere))).toBe(false);
  });

  test("and is found so by an unknown kid: the new place is asked", async () => {
    const { has, publisher, store, clock } = setUp();
    const withoutSnapshot = recordOf(issuerWith());
    await has("k1", withoutSnapshot);
    clock.advance(10);
    publisher.documents.set("https://keys.example/jwks", { keys: [k3] });
    store.answer = async () => recordOf(elsewhere);

    expect(await has("k3", withoutSnapshot)).toBe(true);
    expect(publisher.asked.at(-1)?.url).toBe("https://keys.example/jwks");
  });
});

test("issuers have nothing in common: one in an outage does not change the other (R24)", async () => {
  const down = setUp();
  const up = setUp();
  down.publisher.failure = failing("client-error-status");
  const other = "https://other.example";
  up.publisher.publish([k3], other);
  const record = recordOf(issuerWith({ url: other }));
  await Promise.allSettled([down.has("k1", recordOf(issuerWith())), up.has("k3", record)]);

  expect(await up.has("k3", record)).toBe(true);
  expect(up.publisher.asked.every(({ url }) => !url.startsWith(ISSUER_URL))).toBe(true);
});
