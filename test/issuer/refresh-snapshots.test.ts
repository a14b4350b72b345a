import { describe, expect, test } from "vitest";
import type { StoredDocument } from "../../lib/document.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { FetchJson } from "../../lib/issuer/fetch-json.ts";
import type { IssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { refreshSnapshots, type SnapshotProblem, type SnapshotStore } from "../../lib/issuer/refresh-snapshots.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { ecKey, failing, START } from "./support.ts";

const [k1, k2] = [ecKey("k1").jwk, ecKey("k2").jwk];

/** Time that a fetch and a write take. */
const FETCH_SECONDS = 0.2;
const WRITE_SECONDS = 0.4;

/** What no round can write in its time, and three can. */
const MANY = 1000;

/** As in serverless.yml. */
const ROUND_SECONDS = 280;
const EVERY_SECONDS = 300;

/** Issuers by number, a store that takes 2.5 writes a second, and a clock that runs as fast as the work. */
function startFleet(count: number, writeSeconds = WRITE_SECONDS) {
  const clock = new SimulatedClock(START);
  const keySets = new Map<string, string>();
  const slow = new Set<string>();
  /** Of the round under way: who was asked, and whose snapshot was written. */
  const order: string[] = [];
  const writes: string[] = [];
  const published = new Map<string, readonly object[]>();
  const documents: StoredDocument[] = [];
  const problems: SnapshotProblem[] = [];
  let written = Promise.resolve();
  const document = (name: string, text: string): StoredDocument => ({ name, version: 1, revision: "1", text });
  const urlOf = (index: number) => `https://issuer-${index}.example`;

  const store: SnapshotStore = {
    listIssuers: async () =>
      Array.from({ length: count }, (_, index) =>
        document(urlOf(index), JSON.stringify({ url: urlOf(index), cluster: `cluster-${index}` })),
      ).concat(documents),
    issuerName: (url) => url,
    readKeySets: async (urls) =>
      new Map(
        urls.flatMap((url): [IssuerUrl, StoredDocument][] => {
          const text = keySets.get(url);
          return text === undefined ? [] : [[url, document(url, text)]];
        }),
      ),
    writeKeySet: async (url, text, end) => {
      written = written.then(() => clock.wait(writeSeconds, end));
      const isOver = await written.then(
        () => false,
        () => true,
      );
      if (isOver) return false;
      writes.push(url);
      keySets.set(url, text);
      return true;
    },
  };
  const fetchJson: FetchJson = async (url, { signal }) => {
    const issuer = new URL(url).origin;
    if (url.includes(".well-known")) {
      order.push(issuer);
      await clock.wait(slow.has(issuer) ? 1000 : FETCH_SECONDS, signal).catch(() => {
        throw failing("timed-out");
      });
      return { issuer, jwks_uri: `${issuer}/keys` };
    }
    return { keys: published.get(issuer) ?? [k1] };
  };
  const round = () => {
    order.length = 0;
    writes.length = 0;
    const options = {
      store,
      fetchJson,
      clock,
      allowLoopbackHttp: false,
      onProblem: (each: SnapshotProblem) => void problems.push(each),
    };
    return clock.run(refreshSnapshots(ROUND_SECONDS, options));
  };
  const register = (name: string, members: object) => void documents.push(document(name, JSON.stringify(members)));
  return { register, clock, keySets, slow, order, writes, published, problems, round, urlOf, store };
}

type Fleet = ReturnType<typeof startFleet>;

describe("more issuers than one round can write", () => {
  test("1,000: two rounds, the second begins with those that have none, and no round outlasts the function", async () => {
    const { clock, keySets, order, problems, round, urlOf } = startFleet(MANY);
    const first = await round();
    expect(clock.now() - START).toBeLessThan(ROUND_SECONDS);
    expect(first.issuers).toBe(MANY);
    expect(first.written).toBeGreaterThan(600);
    expect(first.written + first.notReached).toBe(MANY);
    const without = Array.from({ length: MANY }, (_, index) => urlOf(index)).filter((url) => !keySets.has(url));

    await clock.run(clock.wait(EVERY_SECONDS - (clock.now() - START)));
    const second = await round();
    expect(new Set(order.slice(0, without.length))).toEqual(new Set(without));
    expect(second).toMatchObject({
      written: without.length,
      unchanged: 1000 - without.length,
      notReached: 0,
      failed: 0,
    });
    expect(keySets.size).toBe(1000);
    expect(problems).toEqual([]);
  });

  test("that all changed, and a store that is slow to take them: it ends in time, and tells who is left", async () => {
    const { clock, keySets, published, writes, round, urlOf } = startFleet(MANY / 10, WRITE_SECONDS * 10);
    for (let index = 0; index < MANY / 10; index++) {
      const issuer = urlOf(index);
      keySets.set(issuer, JSON.stringify({ issuer, fetchedAt: START - 10, source: "discovered", keys: [k1] }));
      published.set(issuer, [k1, k2]);
    }
    const { written, failed, notReached } = await round();
    // Twenty wait for their turn when the time is over.
    expect(clock.now() - START).toBeLessThan(ROUND_SECONDS);
    expect([written, failed, written + notReached]).toEqual([writes.length, 0, MANY / 10]);
    expect(written).toBeGreaterThan(60);
  });

  test("for six hours: no snapshot gets as old as 1,500 s, at which functions ask the issuer", async () => {
    // A tenth of the issuers, each taking ten times as long to write.
    const { clock, round } = startFleet(MANY / 10, WRITE_SECONDS * 10);
    await round();
    for (let begunAt = START + EVERY_SECONDS; begunAt < START + 6 * 3600; begunAt += EVERY_SECONDS) {
      await clock.run(clock.wait(begunAt - clock.now()));
      const { oldestAgeSeconds = 0, notReached } = await round();
      expect(notReached).toBe(0);
      // A round has ended up to 300 s before the next one has written.
      expect(oldestAgeSeconds + EVERY_SECONDS).toBeLessThan(1500);
    }
  });

  test.for([
    { what: "a change", change: ({ published, urlOf }: Fleet) => void published.set(urlOf(0), [k1, k2]) },
    {
      what: "the same keys from elsewhere",
      change: ({ keySets, urlOf }: Fleet) => {
        const snapshot = JSON.parse(keySets.get(urlOf(0)) ?? "");
        keySets.set(urlOf(0), JSON.stringify({ ...snapshot, from: "https://elsewhere.example/keys" }));
      },
    },
  ])("$what: it is written first, and every issuer is looked at, however many are due", async ({ change }) => {
    const fleet = startFleet(MANY / 10, WRITE_SECONDS * 20);
    const { clock, order, writes, round, urlOf } = fleet;
    await round();
    await clock.run(clock.wait(900));
    change(fleet);
    const { notReached } = await round();
    expect(notReached).toBeGreaterThan(0);
    expect(new Set(order).size).toBe(MANY / 10);
    expect(writes[0]).toBe(urlOf(0));
  });

  test("1,000 that all hang: all are tried in time, each by itself, and none spoils the next", async () => {
    const { clock, slow, problems, round, urlOf } = startFleet(1000);
    for (let index = 0; index < 1000; index++) slow.add(urlOf(index));
    expect(await round()).toMatchObject({ written: 0, failed: 1000, notReached: 0, oldestAgeSeconds: undefined });
    expect(clock.now() - START).toBeLessThan(ROUND_SECONDS);
    expect(problems).toHaveLength(1000);
    expect(problems[0]).toMatchObject({ kind: "SnapshotsFailed", code: "ISSUER_UNREACHABLE", issuer: urlOf(0) });
  });
});

describe("what is stored already", () => {
  const DISCOVERY = "https://issuer-0.example/.well-known/openid-configuration";
  const snapshot = (issuer: string, members: object = {}) =>
    JSON.stringify({ issuer, fetchedAt: START - 10, source: "discovered", keys: [k1], ...members });

  test.for([
    { what: "these keys, just now", members: {}, outcome: { unchanged: 1 } },
    { what: "these keys, 900 s ago", members: { fetchedAt: START - 900 }, outcome: { written: 1 } },
    { what: "these keys, from where they are", members: { from: DISCOVERY }, outcome: { unchanged: 1 } },
    { what: "these keys, from where they were once", members: { from: "https://b.example" }, outcome: { written: 1 } },
    { what: "these keys, of another issuer", members: { issuer: "https://other.example" }, outcome: { written: 1 } },
    { what: "these keys, from the future", members: { fetchedAt: START + 61 }, outcome: { written: 1 } },
    { what: "nothing that can be read", members: { keys: [] }, outcome: { written: 1 } },
  ])("$what: $outcome", async ({ members, outcome }) => {
    const { keySets, round, urlOf } = startFleet(1);
    keySets.set(urlOf(0), snapshot(urlOf(0), members));
    expect(await round()).toMatchObject({ written: 0, unchanged: 0, failed: 0, ...outcome });
  });
});

describe("what somebody should look at is told, and the others are refreshed", () => {
  const A = "https://a.example";

  test.for([
    {
      name: A,
      members: { url: A },
      problem: { kind: "IssuerDocumentsUnreadable", code: "DOCUMENT_INVALID", parameter: A },
    },
    {
      name: A,
      members: { url: "https://A.example", cluster: "a" },
      problem: { code: "ISSUER_MALFORMED", parameter: A },
    },
    { name: A, members: { url: "https://b.example", cluster: "a" }, problem: { code: "ISSUER_DOCUMENT_MISMATCH" } },
    { name: A, members: { url: A, cluster: "cluster-0", keys: "static" }, problem: { kind: "ClustersShared" } },
  ])("$members: $problem", async ({ name, members, problem }) => {
    const { register, problems, round } = startFleet(1);
    register(name, members);
    expect(await round()).toMatchObject({ issuers: 1, written: 1 });
    expect(problems).toMatchObject([problem]);
  });

  test.for([
    { keys: [k2], stored: {}, problem: { kind: "KeySetsReplaced" }, outcome: { written: 1 } },
    {
      keys: Array.from({ length: 60 }, (_, index) => ecKey(`many-${index}`).jwk).concat(k1),
      stored: {},
      problem: { kind: "SnapshotsTooLarge" },
      outcome: { written: 0, failed: 1 },
    },
    {
      keys: [k1],
      stored: { source: "static" },
      problem: { kind: "SnapshotsFailed" },
      outcome: { issuers: 0, written: 0 },
    },
  ])("$problem.kind: $outcome", async ({ keys, stored, problem, outcome }) => {
    const { keySets, published, problems, round, urlOf } = startFleet(1);
    published.set(urlOf(0), keys);
    keySets.set(
      urlOf(0),
      JSON.stringify({ issuer: urlOf(0), fetchedAt: START - 10, source: "discovered", keys: [k1], ...stored }),
    );
    expect(await round()).toMatchObject(outcome);
    expect(problems).toMatchObject([{ issuer: urlOf(0), ...problem }]);
  });
});

describe("a key set that has outgrown its parameter", () => {
  const many = Array.from({ length: 60 }, (_, index) => ecKey(`many-${index}`).jwk);

  test.for([
    { what: "a snapshot is dated back, so that nobody takes it for fresh", fetchedAt: START - 10, after: START - 1500 },
    { what: "one that is not fresh is left as it is", fetchedAt: START - 1500, after: START - 1500 },
    { what: "one of another source is left as it is", fetchedAt: START - 10, from: "https://b.example" },
  ])("$what", async ({ fetchedAt, from, after = fetchedAt }) => {
    const { keySets, published, problems, round, urlOf, writes } = startFleet(1);
    published.set(urlOf(0), [k1, ...many]);
    const stored = { issuer: urlOf(0), fetchedAt, source: "discovered", from, keys: [k1, k2] };
    keySets.set(urlOf(0), JSON.stringify(stored));
    expect(await round()).toMatchObject({ written: 0, failed: 1 });
    expect(problems).toMatchObject([{ kind: "SnapshotsTooLarge" }]);
    expect(writes).toHaveLength(after === fetchedAt ? 0 : 1);
    const { keys, ...left } = JSON.parse(keySets.get(urlOf(0)) ?? "");
    expect(left).toMatchObject({ issuer: urlOf(0), fetchedAt: after, source: "discovered" });
    expect(keys.map(({ kid }: { kid: string }) => kid)).toEqual(["k1", "k2"]);

    expect(await round()).toMatchObject({ written: 0, failed: 1 });
    expect(writes).toEqual([]);
  });

  test("a store that does not take the date is told beside", async () => {
    const { keySets, published, problems, round, urlOf, store } = startFleet(1);
    published.set(urlOf(0), [k1, ...many]);
    keySets.set(
      urlOf(0),
      JSON.stringify({ issuer: urlOf(0), fetchedAt: START - 10, source: "discovered", keys: [k1] }),
    );
    store.writeKeySet = () => Promise.reject(new GatewayError("PARAMETERS_UNAVAILABLE", "struck"));
    expect(await round()).toMatchObject({ written: 0, failed: 1 });
    expect(problems).toMatchObject([
      { kind: "SnapshotsTooLarge" },
      { kind: "SnapshotsFailed", code: "PARAMETERS_UNAVAILABLE" },
    ]);
  });
});

describe("a defect", () => {
  test("in what one issuer needs is reported without its text, and the others are refreshed", async () => {
    const { problems, round, store, urlOf } = startFleet(3);
    const write = store.writeKeySet;
    store.writeKeySet = (url, text, end) => {
      if (url === urlOf(1)) throw new TypeError("canary");
      return write(url, text, end);
    };
    expect(await round()).toMatchObject({ written: 2, failed: 1 });
    expect(problems).toEqual([
      { kind: "SnapshotsFailed", code: "INTERNAL", issuer: urlOf(1), detail: "unexpected fault" },
    ]);
  });

  test("in reading the list ends the round", async () => {
    const { round, store } = startFleet(1);
    const fault = new TypeError();
    store.listIssuers = () => Promise.reject(fault);
    await expect(round()).rejects.toBe(fault);
  });
});
