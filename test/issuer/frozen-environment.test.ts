import { describe, expect, test } from "vitest";
import { FetchFailure, type FetchJson } from "../../lib/issuer/fetch-json.ts";
import { k1, k2, setUp } from "./issuer-keys-setup.ts";
import { issuerWith, Publisher, recordOf, settled } from "./support.ts";

/**
 * An environment that Lambda freezes after each answer. While `frozen`, a fetch is begun and never ends, not even when it
 * is aborted: nothing of this process runs.
 */
function startEnvironment() {
  const publisher = new Publisher().publish([k1]);
  const network = { frozen: false, begun: 0 };
  const fetchJson: FetchJson = (url, options) => {
    network.begun += 1;
    return network.frozen ? new Promise(() => {}) : publisher.fetchJson(url, options);
  };
  const setup = setUp(undefined, { fetchJson });
  return {
    ...setup,
    publisher,
    network,
    /** A request whose fetch does not come back before the answer goes out on the old keys. */
    askAndFreeze: async () => {
      network.frozen = true;
      const asked = setup.has("k1");
      await settled();
      setup.clock.advance(0.5);
      const found = await asked;
      network.frozen = false;
      return found;
    },
  };
}

/** Timers that are due and the next request come in any order when the process goes on. */
const orders = [
  { first: "the request", thaw: async () => {} },
  { first: "its deadline", thaw: settled },
];

describe.for(orders)("a fetch that was left behind when the environment froze ($first comes first)", ({ thaw }) => {
  test("does not keep a removed key beyond two ages, when a fetch works by then (R4)", async () => {
    const { has, publisher, clock, askAndFreeze } = startEnvironment();
    await has("k1");
    publisher.publish([k2]);
    clock.advance(300);
    expect(await askAndFreeze()).toBe(true);
    clock.advance(299.5);
    await thaw();

    expect(await has("k1")).toBe(false);
  });

  test("nor where each request before left one behind, the last of them just now", async () => {
    const { has, publisher, clock, askAndFreeze } = startEnvironment();
    await has("k1");
    publisher.publish([k2]);
    clock.advance(298.5);
    for (let request = 0; request < 20; request++) {
      clock.advance(14.5);
      await thaw();
      expect(await askAndFreeze()).toBe(true);
    }
    // 598.5 s are over.
    clock.advance(0.5);
    await thaw();
    expect(await askAndFreeze()).toBe(true);
    clock.advance(0.5);
    await thaw();

    expect(await has("k1")).toBe(false);
  });

  test("is not what a cold start waits for: the next request fetches by itself", async () => {
    const { has, clock, network } = startEnvironment();
    network.frozen = true;
    const given = has("k1").catch(() => undefined);
    await settled();
    network.frozen = false;
    clock.advance(100);
    await thaw();

    expect(await has("k1")).toBe(true);
    await given;
  });

  test("is not waited for by a look for a new key either", async () => {
    const { has, publisher, clock, askAndFreeze } = startEnvironment();
    await has("k1");
    publisher.publish([k1, k2]);
    clock.advance(300);
    await askAndFreeze();
    clock.advance(30);
    await thaw();

    expect(await has("k2")).toBe(true);
  });
});

describe("a fetch that was left behind", () => {
  test.for([
    { moment: "before its 2.5 s are over", passed: 1.9, fetches: 0 },
    { moment: "when they are over", passed: 2, fetches: 1 },
  ])("$moment is joined by the next request, or not: $fetches new fetches", async ({ passed, fetches }) => {
    const { has, clock, askAndFreeze, network } = startEnvironment();
    await has("k1");
    clock.advance(300);
    await askAndFreeze();
    const before = network.begun;
    clock.advance(passed);
    const asked = has("k1");
    expect(network.begun - before).toBe(fetches);
    clock.advance(0.5);

    expect(await asked).toBe(true);
  });

  test.for([
    { what: "brings keys", ends: () => ({ keys: [k1] }) },
    {
      what: "fails",
      ends: () => {
        throw new FetchFailure("client-error-status", "issuer: 404");
      },
    },
  ])("and $what after another one has taken its place changes nothing", async ({ ends }) => {
    const late = Promise.withResolvers<void>();
    const answers: (() => unknown)[] = [() => ({ keys: [k1] }), () => late.promise.then(ends)];
    let begun = 0;
    const fetchJson: FetchJson = async () => {
      begun += 1;
      return (answers.shift() ?? (() => ({ keys: [k2] })))();
    };
    const { has, clock } = setUp(recordOf(issuerWith({ jwksURL: "https://keys.example/jwks" })), { fetchJson });
    await has("k1");
    clock.advance(599);
    const slow = has("k1");
    await settled();
    clock.advance(1);
    expect([await slow, await has("k1")]).toEqual([true, false]);
    late.resolve();
    await settled();

    expect([await has("k2"), await has("k1")]).toEqual([true, false]);
    clock.advance(299.9);
    await has("k2");
    expect(begun).toBe(3);
    clock.advance(0.1);
    expect(await has("k2")).toBe(true);
    expect(begun).toBe(4);
  });
});
