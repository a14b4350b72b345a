import { expect, test } from "vitest";
import { type ApplyDeps, applySteps } from "../../../cli/apply/apply-steps.ts";
import { waitsOf } from "../../../cli/apply/settling.ts";
import { planOf, statesOf, type Texts, viewOf } from "./killed-apply.ts";
import { ONE_CALL, outcomeOf } from "./whole-decision.ts";

const RULE = { service: "orders", methods: ["*"], paths: ["*"] };
const API = { service: "orders", audiences: ["a"] };

function world(documents: Readonly<Record<string, object>>): Texts {
  return new Map(Object.entries(documents).map(([name, document]) => [name, JSON.stringify(document)]));
}

const ISSUER = { "issuers/c.example.com": { url: "https://c.example.com", cluster: "c" } };
/** An API is closed to all but one account, and another account gains what it could not do there before. */
const BEFORE = world({ ...ISSUER, "apis/api": API });
const AFTER = world({
  ...ISSUER,
  "apis/api": { ...API, principals: ["c/n/other"] },
  "permissions/c/n/s": { allow: [RULE] },
});

test("without a wait a function would let through what neither side lets through", () => {
  const planned = planOf(BEFORE, AFTER);
  const states = statesOf(BEFORE, planned);
  expect(states.map((state) => outcomeOf(state, ONE_CALL))).toEqual([undefined, undefined, undefined]);
  const stale = new Map([...AFTER, ["apis/api", BEFORE.get("apis/api") ?? ""]]);
  expect(outcomeOf(stale, ONE_CALL)).toBe("c/n/s calls orders");

  expect([...waitsOf(planned.steps)]).toEqual([1]);
  for (let moments = 0; moments < 2 ** 5; moments++) {
    const view = viewOf(
      states,
      planned,
      Array.from({ length: 5 }, (_, bit) => (moments >> bit) & 1),
    );
    expect(outcomeOf(view, ONE_CALL)).toBeUndefined();
  }
});

test.for<{ what: string; before: Texts; after: Texts; waits: number[] }>([
  { what: "a first apply", before: world({}), after: AFTER, waits: [] },
  {
    what: "permissions alone, which a function reads together",
    before: world({ ...ISSUER, "permissions/c/n/s": { allow: [RULE] } }),
    after: world({ ...ISSUER, "permissions/c/n/s": { deny: [RULE] }, "permissions/c/_all": { allow: [RULE] } }),
    waits: [],
  },
  {
    what: "one API that is narrowed and one that is new",
    before: world({ "apis/a": API }),
    after: world({ "apis/a": { ...API, principals: ["c/n/s"] }, "apis/b": API }),
    waits: [],
  },
  {
    what: "what is narrowed, then exchanged, then widened",
    before: world({ ...ISSUER, "services/orders": { url: "https://a.example.com", credential: { type: "none" } } }),
    after: world({
      "services/orders": { url: "https://b.example.com", credential: { type: "none" } },
      "permissions/_all": { allow: [RULE] },
    }),
    waits: [1, 2],
  },
])("an apply of $what waits before $waits", ({ before, after, waits }) => {
  expect([...waitsOf(planOf(before, after).steps)]).toEqual(waits);
});

/** Time passes by waiting alone. */
function depsOf(heard: string[], isInterrupted: () => boolean): ApplyDeps {
  let now = 1000;
  return {
    list: async () => [],
    write: async ({ name, text = "" }) => {
      heard.push(name);
      return { version: 1, text };
    },
    clock: {
      now: () => now,
      wait: async (seconds) => {
        now += seconds;
        heard.push(`${seconds} s`);
      },
    },
    settleSeconds: 3,
    isPlanOld: false,
    isInterrupted,
    onProgress: () => {},
    onSettling: () => {},
  };
}

test("the wait is as long as functions keep documents, and ends with an interruption", async () => {
  const planned = { ...planOf(BEFORE, AFTER), documents: new Map() };
  const heard: string[] = [];
  const list = async () => [
    {
      name: "apis/api",
      kind: "apis" as const,
      stored: { name: "", version: 1, revision: "", text: AFTER.get("apis/api") ?? "" },
    },
  ];
  const unsettled: boolean[] = [];
  const onProgress: ApplyDeps["onProgress"] = ({ isUnsettled }) => unsettled.push(isUnsettled);
  expect(await applySteps(planned, { ...depsOf(heard, () => false), onProgress, list })).toEqual({
    written: 2,
    isInterrupted: false,
  });
  expect(heard).toEqual(["apis/api", "1 s", "1 s", "1 s", "permissions/c/n/s"]);
  expect(unsettled).toEqual([true, false]);

  heard.length = 0;
  const interrupted = depsOf(heard, () => heard.includes("1 s"));
  expect(await applySteps(planned, { ...interrupted, list })).toEqual({
    written: 1,
    isInterrupted: true,
  });
  expect(heard).toEqual(["apis/api", "1 s"]);

  const before = depsOf([], () => true);
  expect(await applySteps(planned, { ...before, list })).toMatchObject({ written: 0 });
});
