import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyDocument } from "../../permission/generators.ts";
import { planOf, statesOf, type Texts, viewOf } from "./killed-apply.ts";
import { type Call, ONE_CALL, outcomeOf } from "./whole-decision.ts";

const KEYS = ["k1", "k2", "k3"].map((kid) => ({
  kid,
  ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }),
}));

/** Mostly the first, so that few documents of a world change who is whom. */
function mostly<T>(usual: T, ...rare: T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, ...rare.map((value) => fc.constant(value)));
}

function sometimes<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, value);
}

const patterns = fc.uniqueArray(fc.constantFrom("c/n/s", "c/n/*", "c/*/*", "*/n/s", "x/*/*"), {
  minLength: 1,
  maxLength: 2,
});
const audiences = fc.uniqueArray(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 2 });

const issuer = fc.record({
  url: fc.constant("https://c.example.com"),
  cluster: mostly("c", "x"),
  group: mostly<string | undefined>("g", undefined, "h"),
  algorithms: mostly<string[]>(["RS256", "ES256"], ["ES256"], ["RS256"]),
  maxTokenLifetimeSeconds: mostly<number | undefined>(undefined, 3600),
  requireBoundPod: fc.boolean(),
  notBefore: sometimes(fc.constantFrom(100, 200)),
  disabled: mostly<boolean>(false, true),
  jwksURL: mostly<string | undefined>(undefined, "https://keys.example.com/jwks"),
  keys: mostly<string | undefined>(undefined, "static"),
});

const keySet = fc
  .uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 2 })
  .map((keys) => ({ issuer: "https://c.example.com", fetchedAt: 1, source: "static", keys }));

const receiver = { audiences, principals: sometimes(patterns) };
const api = fc.record({
  service: mostly("orders", "github"),
  ...receiver,
  stages: sometimes(
    fc.record({ stage: fc.record({ service: mostly<string | undefined>(undefined, "github"), ...receiver }) }),
  ),
});

const service = fc.record({
  url: mostly("https://orders.example.com", "https://other.example.com"),
  credential: fc.constant({ type: "none" }),
  principals: sometimes(patterns),
});

const PERMISSIONS = [
  "c/n/s",
  "c/n/_all",
  "c/_all",
  "_all",
  "_group.g/n/s",
  "_group.g/n/_all",
  "_group.g/_all",
  "x/n/s",
  "_group.h/_all",
];

/** Some parameters hold what nobody can read. */
function text(document: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return document.map((value) => JSON.stringify(value));
}

function worldOf(documents: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<Texts> {
  return fc
    .record(
      Object.fromEntries(Object.entries(documents).map(([name, each]) => [name, fc.option(each, { nil: undefined })])),
    )
    .map(
      (record) => new Map(Object.entries(record).flatMap(([name, each]) => (each === undefined ? [] : [[name, each]]))),
    );
}

const READABLE = {
  "issuers/c.example.com": text(issuer),
  "keys/c.example.com": text(keySet),
  "apis/api": text(api),
  "services/orders": text(service),
  ...Object.fromEntries(PERMISSIONS.map((name) => [`permissions/${name}`, text(anyDocument)])),
};

const STORED = Object.fromEntries(
  Object.entries(READABLE).map(([name, each]) => [
    name,
    fc.oneof({ weight: 30, arbitrary: each }, fc.constant('{"alow":[]}')),
  ]),
);

const call: fc.Arbitrary<Call> = fc.record({
  keyId: mostly("k1", "k2", "k3"),
  issuedAt: fc.constantFrom(50, 150, 250),
  lifetimeSeconds: fc.constantFrom(600, 7200),
  isBound: mostly<boolean>(true, false),
  namespace: fc.constantFrom("n", "m"),
  serviceAccount: fc.constantFrom("s", "t"),
  audience: fc.constantFrom("a", "b"),
  to: fc.constantFrom("api", "stage", "forward"),
  method: fc.constantFrom("GET", "POST", "DELETE"),
  path: fc.constantFrom("/", "/v1", "/v1/a", "/v2/b", "/admin", "/a/b/a"),
});

const isExhaustive = process.env["PODGATE_TEST_EXHAUSTIVE"] === "1";

/** For `viewOf`: for each sort of document another moment. */
const moments = fc.array(fc.nat(1000), { minLength: 5, maxLength: 5 });

test("an apply of documents of every kind, ended at any write, lets no call through that neither side lets through, in no function's memory either", {
  timeout: isExhaustive ? 600_000 : 60_000,
}, () => {
  const seen = { plans: 0, obstacles: 0, letThrough: 0 };
  fc.assert(
    fc.property(
      worldOf(STORED),
      worldOf(READABLE),
      fc.array(call, { minLength: 20, maxLength: 20 }),
      fc.array(moments, { minLength: 10, maxLength: 10 }),
      (before, after, calls, memories) => {
        const planned = planOf(before, after);
        if (planned.obstacles.length > 0) {
          seen.obstacles += 1;
          return;
        }
        seen.plans += 1;
        const states = statesOf(before, planned);
        expect(states.at(-1)).toEqual(after);
        const views = memories.map((each) => viewOf(states, planned, each));
        for (const each of calls) {
          const either = [outcomeOf(before, each), outcomeOf(after, each), undefined];
          for (const state of [...states, ...views]) {
            const outcome = outcomeOf(state, each);
            if (outcome !== undefined) seen.letThrough += 1;
            if (!either.includes(outcome)) expect(either).toContain(outcome);
          }
        }
      },
    ),
    { numRuns: isExhaustive ? 10_000 : 250 },
  );
  // Some worlds are refused, and most calls of some others are let through: neither is all that was looked at.
  expect(Math.min(seen.plans, seen.obstacles, seen.letThrough)).toBeGreaterThan(50);
});

test("what an apply has left behind when it ended is planned again, and ends the same", () => {
  fc.assert(
    fc.property(worldOf(STORED), worldOf(READABLE), fc.nat(), (before, after, moment) => {
      const planned = planOf(before, after);
      fc.pre(planned.obstacles.length === 0);
      const states = statesOf(before, planned);
      const left = states[moment % states.length] ?? before;
      expect(statesOf(left, planOf(left, after)).at(-1)).toEqual(after);
      expect(planOf(after, after)).toMatchObject({ changed: [], steps: [], obstacles: [] });
    }),
    { numRuns: 100 },
  );
});

test("a key set that nobody can read shuts its issuer, whatever keys that has, until the issuer is as it shall be", () => {
  const allowed = { "permissions/_all": { allow: [{ service: "orders", methods: ["*"], paths: ["*"] }] } };
  const documents = (issuer: object, keys: Readonly<Record<string, string>>): Texts =>
    new Map([
      ["issuers/c.example.com", JSON.stringify({ url: "https://c.example.com", cluster: "c", ...issuer })],
      ["apis/api", JSON.stringify({ service: "orders", audiences: ["a"] })],
      ...Object.entries(allowed).map(([name, document]): [string, string] => [name, JSON.stringify(document)]),
      ...Object.entries(keys),
    ]);
  const before = documents({}, { "keys/c.example.com": '{"alow":[]}' });
  const after = documents({ keys: "static" }, {});
  expect(outcomeOf(documents({}, {}), ONE_CALL)).toBe("c/n/s calls orders");
  expect(statesOf(before, planOf(before, after)).map((state) => outcomeOf(state, ONE_CALL))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
