import { describe, expect, test } from "vitest";
import { k1, k2, k3, setUp } from "./issuer-keys-setup.ts";
import {
  codeOf,
  failing,
  ISSUER_URL,
  issuerWith,
  type Publisher,
  recordOf,
  START,
  settled,
  storedWith,
} from "./support.ts";

describe("a cold start", () => {
  test("200 calls at once make one fetch (R6)", async () => {
    const { keys, publisher } = setUp();
    const record = recordOf(issuerWith());
    const found = await Promise.all(Array.from({ length: 200 }, () => keys.find(record, "k1")));

    expect(found.every((key) => key?.keyId === "k1")).toBe(true);
    expect(publisher.asked.map(({ url }) => url)).toStrictEqual([
      `${ISSUER_URL}/.well-known/openid-configuration`,
      `${ISSUER_URL}/openid/v1/jwks`,
    ]);
  });

  test("with a stored set asks nobody", async () => {
    const { has, publisher } = setUp(recordOf(issuerWith(), storedWith([k2])));

    expect(await has("k2")).toBe(true);
    expect(publisher.asked).toHaveLength(0);
  });

  test.for([
    { failure: failing("connection-failed"), code: "ISSUER_UNREACHABLE" },
    { failure: new TypeError("a defect"), code: "ISSUER_UNREACHABLE" },
  ])("without any keys and with $failure is no decision (R2)", async ({ failure, code }) => {
    const { keys, publisher, clock } = setUp();
    publisher.failure = failure;
    const outcome = codeOf(keys.find(recordOf(issuerWith()), "k1"));
    await settled();
    clock.advance(0.1);

    expect(await outcome).toBe(code);
  });

  test("answers by what was wrong with the issuer's documents", async () => {
    const { keys, publisher } = setUp();
    publisher.publish([]);

    expect(await codeOf(keys.find(recordOf(issuerWith()), "k1"))).toBe("KEY_SET_INVALID");
  });
});

describe("age of fetched keys (R3)", () => {
  test.for([
    { moment: "a second before 300 s", passed: 299, fetches: 1, k1: true, k2: false },
    { moment: "at 300 s", passed: 300, fetches: 2, k1: false, k2: true },
  ])("$moment: $fetches fetches; the set is replaced whole (R4)", async ({ passed, fetches, ...expected }) => {
    const { has, publisher, clock } = setUp();
    await has("k1");
    publisher.publish([k2]);
    clock.advance(passed);
    expect(await has("k1")).toBe(expected.k1);

    expect(publisher.keyFetches).toBe(fetches);
    if (expected.k2) expect(await has("k2")).toBe(true);
  });
});

describe("an outage with keys in hand (R1)", () => {
  test.for([
    { moment: "a second before 7,200 s", passed: 7199, outcome: "served" },
    { moment: "at 7,200 s", passed: 7200, outcome: "ISSUER_UNREACHABLE" },
  ])("$moment fetched keys are $outcome", async ({ passed, outcome }) => {
    const { has, publisher, clock } = setUp();
    await has("k1");
    publisher.failure = failing("client-error-status");
    clock.advance(passed);

    if (outcome === "served") expect(await has("k1")).toBe(true);
    else expect(await codeOf(has("k1"))).toBe(outcome);
  });

  test.for([
    { moment: "a second before 7,200 s", age: 7199, outcome: "served" },
    { moment: "at 7,200 s", age: 7200, outcome: "ISSUER_UNREACHABLE" },
  ])("$moment stored keys are $outcome", async ({ age, outcome }) => {
    const { has, publisher } = setUp(recordOf(issuerWith(), storedWith([k1], { fetchedAt: START - age })));
    publisher.failure = failing("client-error-status");

    if (outcome === "served") expect(await has("k1")).toBe(true);
    else expect(await codeOf(has("k1"))).toBe(outcome);
  });

  test("a request waits half a second for fresh keys, then the stale ones serve", async () => {
    const { has, publisher, clock } = setUp();
    await has("k1");
    const gate = publisher.hold();
    clock.advance(300);
    let found: boolean | undefined;
    const finding = has("k1").then((has) => {
      found = has;
    });
    await settled();
    clock.advance(0.49);
    await settled();
    expect(found).toBeUndefined();
    clock.advance(0.01);
    await finding;

    expect(found).toBe(true);
    gate.open();
    await settled();
  });

  test("keys that come after the patience ended serve the next request, without another fetch", async () => {
    const { has, publisher, clock } = setUp();
    await has("k1");
    publisher.publish([k1, k2]);
    const gate = publisher.hold();
    clock.advance(300);
    const first = has("k1");
    await settled();
    clock.advance(0.5);
    await first;
    gate.open();
    await settled();

    expect(await has("k2")).toBe(true);
    expect(publisher.keyFetches).toBe(2);
  });

  const bad: readonly { what: string; spoil: (publisher: Publisher) => void }[] = [
    { what: "no keys", spoil: (publisher) => publisher.publish([]) },
    { what: "a duplicate kid", spoil: (publisher) => publisher.publish([k2, k2]) },
    { what: "a private key", spoil: (publisher) => publisher.publish([k2, { ...k3, d: "AQAB" }]) },
    {
      what: "another issuer",
      spoil: ({ documents }) =>
        documents.set(`${ISSUER_URL}/.well-known/openid-configuration`, { issuer: "https://other.example" }),
    },
    {
      what: "no JSON",
      spoil: (publisher) => {
        publisher.failure = failing("not-json");
      },
    },
  ];
  test.for(bad)("an answer with $what never replaces good keys (R9)", async ({ spoil }) => {
    const { has, publisher, clock } = setUp();
    await has("k1");
    spoil(publisher);
    clock.advance(300);

    expect(await has("k1")).toBe(true);
    expect(await has("k2")).toBe(false);
  });
});

describe("stored and fetched keys", () => {
  test("whichever was published last counts", async () => {
    const { has, clock } = setUp();
    await has("k1");
    const older = recordOf(issuerWith(), storedWith([k2], { fetchedAt: START - 1 }));
    const newer = recordOf(issuerWith(), storedWith([k3], { fetchedAt: START + 1 }));
    clock.advance(5);

    expect(await has("k2", older)).toBe(false);
    expect(await has("k1", older)).toBe(true);
    expect(await has("k3", newer)).toBe(true);
    expect(await has("k1", newer)).toBe(false);
  });

  test.for([
    { what: "of another issuer", members: { issuer: "https://other.example" } },
    { what: "that calls itself static", members: { source: "static" } },
    { what: "from the future", members: { fetchedAt: START + 61 } },
    { what: "too old", members: { fetchedAt: START - 7200 } },
  ])("a stored set $what is as if it were absent", async ({ members }) => {
    const { has, publisher } = setUp(recordOf(issuerWith(), storedWith([k2], members)));

    expect(await has("k1")).toBe(true);
    expect(await has("k2")).toBe(false);
    expect(publisher.keyFetches).toBe(1);
  });
});
