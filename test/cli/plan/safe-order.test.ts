import { describe, expect, test } from "vitest";
import { ParameterNames } from "../../../lib/aws/parameter-names.ts";
import { isRefusal } from "../../../lib/errors.ts";
import { decide } from "../../../lib/permission/decide.ts";
import { type PermissionDocument, parsePermissionDocument } from "../../../lib/permission/permission-set.ts";
import { planOf, statesOf, type Texts } from "./killed-apply.ts";

/** Group `g` holds the clusters `c` and `e`. */
const ISSUERS: Texts = new Map([
  ["issuers/c.example.com", JSON.stringify({ url: "https://c.example.com", cluster: "c", group: "g" })],
  ["issuers/e.example.com", JSON.stringify({ url: "https://e.example.com", cluster: "e", group: "g" })],
  ["issuers/d.example.com", JSON.stringify({ url: "https://d.example.com", cluster: "d" })],
]);
const GROUPS: Readonly<Record<string, string | undefined>> = { c: "g", e: "g" };

/** One caller for every set of levels that reaches somebody. */
const CALLERS = ["c/n/s", "c/n/other", "c/other/s", "e/n/s", "d/n/s"].map((text) => {
  const [cluster = "", namespace = "", serviceAccount = ""] = text.split("/");
  const names = new ParameterNames("").permissions({ cluster, namespace, serviceAccount }, GROUPS[cluster]);
  return { text, names: names.map((name) => name.slice(1)) };
});

const CHAIN = ["permissions/c/n/s", "permissions/c/n/_all", "permissions/c/_all", "permissions/_all"];
const LEVELS = [...CHAIN, "permissions/_group.g/n/s", "permissions/_group.g/n/_all", "permissions/_group.g/_all"];

const ACCESS = { service: "orders", method: "GET", path: "/a" };
const RULES = [{ service: "orders", methods: ["GET"], paths: ["/a"] }];
/** Every document that says something about one access. */
const ONE_ACCESS = [
  undefined,
  JSON.stringify({ allow: RULES }),
  JSON.stringify({ deny: RULES }),
  JSON.stringify({ allow: RULES, deny: RULES }),
];

const parsed = new Map<string, PermissionDocument>();
function parse(name: string, text: string): PermissionDocument {
  const key = `${name} ${text}`;
  const document = parsed.get(key) ?? parsePermissionDocument({ name, text, version: 1, revision: "" });
  parsed.set(key, document);
  return document;
}

/** Who has the access, a bit for each caller. */
function allowed(state: Texts): number {
  let bits = 0;
  for (const [index, { names }] of CALLERS.entries()) {
    const documents = names.flatMap((name) => {
      const text = state.get(name);
      return text === undefined ? [] : [parse(name, text)];
    });
    if (!isRefusal(decide({ documents }, ACCESS))) bits |= 1 << index;
  }
  return bits;
}

function worldsOf(levels: readonly string[], documents: readonly (string | undefined)[]): Texts[] {
  return levels.reduce<Texts[]>(
    (worlds, level) =>
      worlds.flatMap((world) =>
        documents.map((text) => (text === undefined ? world : new Map([...world, [level, text]]))),
      ),
    [ISSUERS],
  );
}

/** Every way from one of the worlds to another, ended at every write. */
function checkAll(worlds: readonly Texts[], keepsWhatStays: boolean): number {
  let states = 0;
  for (const before of worlds) {
    const had = allowed(before);
    for (const after of worlds) {
      const has = allowed(after);
      const planned = planOf(before, after);
      for (const [writes, state] of statesOf(before, planned).entries()) {
        const now = allowed(state);
        states += 1;
        const tooMuch = now & ~(had | has);
        const lost = keepsWhatStays ? had & has & ~now : 0;
        if (tooMuch === 0 && lost === 0) continue;
        const callers = CALLERS.filter((_, index) => ((tooMuch | lost) & (1 << index)) !== 0).map(({ text }) => text);
        const { steps } = planned;
        throw new Error(
          JSON.stringify({ writes, tooMuch, lost, callers, before: [...before], after: [...after], steps }),
        );
      }
    }
  }
  return states;
}

/** Every choice of so many of the levels, in their order. */
function choicesOf(count: number, levels: readonly string[]): string[][] {
  if (count === 0) return [[]];
  return levels.flatMap((level, index) =>
    choicesOf(count - 1, levels.slice(index + 1)).map((rest) => [level, ...rest]),
  );
}

/** Whether each of these levels reaches all whom the next one does, or the other way round. */
function isChain(levels: readonly string[]): boolean {
  const reached = levels.map((level) => CALLERS.map(({ names }) => names.includes(level)));
  return reached.every((one) =>
    reached.every(
      (other) =>
        one.every((reaches, index) => !reaches || other[index]) ||
        other.every((reaches, index) => !reaches || one[index]),
    ),
  );
}

const [NOTHING, ALLOW, DENY] = ONE_ACCESS;
/** The whole of it takes minutes: `npm run test:exhaustive`. */
const isExhaustive = process.env["PODGATE_TEST_EXHAUSTIVE"] === "1";

describe("an apply that ends at any write allows nothing that was allowed neither before nor after", () => {
  test("and keeps what both allow: every document on every two of the seven levels", { timeout: 60_000 }, () => {
    const states = choicesOf(2, LEVELS).map((levels) => checkAll(worldsOf(levels, ONE_ACCESS), isChain(levels)));
    expect(states).toHaveLength(21);
    expect(Math.min(...states)).toBeGreaterThan(300);
  });

  test("and keeps what both allow: an allow, a deny or nothing on every three of the seven levels", {
    timeout: 60_000,
  }, () => {
    const choices = choicesOf(3, LEVELS);
    expect(choices.filter(isChain)).not.toHaveLength(0);
    expect(choices.filter((levels) => !isChain(levels))).not.toHaveLength(0);
    for (const levels of choices) checkAll(worldsOf(levels, [NOTHING, ALLOW, DENY]), isChain(levels));
  });

  test.runIf(isExhaustive)("every document on the four levels of a cluster", { timeout: 600_000 }, () => {
    checkAll(worldsOf(CHAIN, ONE_ACCESS), true);
  });

  test.runIf(isExhaustive)("an allow, a deny or nothing on every four levels", { timeout: 600_000 }, () => {
    for (const levels of choicesOf(4, LEVELS)) {
      checkAll(worldsOf(levels, [NOTHING, ALLOW, DENY]), isChain(levels));
    }
  });
});
