import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PermissionIndex } from "../../cli/access/permission-index.ts";
import { whoCan } from "../../cli/access/run-who-can.ts";
import { AccountAsker } from "../../cli/decide/caller.ts";
import { targetQuestion } from "../../cli/decide/question.ts";
import { type Target, targetsOf, titleOf } from "../../cli/decide/target.ts";
import type { Change } from "../../cli/explain/change.ts";
import { smallestChange } from "../../cli/explain/smallest-change.ts";
import { readContents } from "../../cli/store/parsed-document.ts";
import { isRefusal } from "../../lib/errors.ts";
import type { Principal } from "../../lib/names.ts";
import { type Access, METHODS } from "../../lib/permission/permission.ts";
import { isAdmitted } from "../../lib/permission/principal-pattern.ts";
import { anyAccess, anyDocument, isAllowed, LEVELS_OF_BILLING } from "../permission/generators.ts";
import { memoryStore } from "../support/memory-store.ts";

const ISSUERS = {
  "issuers/oidc.example.com/dev": {
    url: "https://oidc.example.com/dev",
    cluster: "dev",
    group: "all",
    algorithms: ["ES256"],
  },
  "issuers/oidc.example.com/prod": { url: "https://oidc.example.com/prod", cluster: "prod", algorithms: ["ES256"] },
};
const SETTINGS = { env: {}, allowLoopbackHttp: false };

const BILLING: Principal = { cluster: "dev", namespace: "payments", serviceAccount: "billing" };
/** Every level that applies to billing, and some that do not. */
const LEVELS = [...LEVELS_OF_BILLING, "permissions/dev/shop/cart", "permissions/prod/payments/billing"];

const anyBound = fc.option(
  fc.uniqueArray(fc.constantFrom("dev/payments/billing", "dev/payments/*", "dev/shop/*", "*/*/cart", "prod/*/*"), {
    minLength: 1,
    maxLength: 2,
  }),
  { nil: undefined },
);

interface World {
  readonly permissions: Readonly<
    Record<string, { readonly allow: readonly object[]; readonly deny: readonly object[] }>
  >;
  /** Bounds of the services. */
  readonly orders?: readonly string[] | undefined;
  readonly github?: readonly string[] | undefined;
}

const anyWorld: fc.Arbitrary<World> = fc.record({
  permissions: fc.dictionary(fc.constantFrom(...LEVELS), anyDocument, { maxKeys: 4 }),
  orders: anyBound,
  github: anyBound,
});

/** One in which billing's call is denied at one or two levels, where others may have it too. */
const anyDenied = fc
  .tuple(
    anyWorld,
    anyAccess,
    fc.uniqueArray(fc.constantFrom(...LEVELS_OF_BILLING), { minLength: 1, maxLength: 2 }),
    fc.constantFrom(...LEVELS),
  )
  .map(([world, access, levels, allowedAt]): [World, Access] => {
    const { service, method, path } = access;
    const permissions = { ...world.permissions };
    const at = (level: string) => permissions[level] ?? { allow: [], deny: [] };
    const first = path.slice(0, path.indexOf("/", 1) + 1) || "/";
    for (const level of levels) {
      const deny = { service, methods: [method], paths: [`${first}*`] };
      permissions[level] = { ...at(level), deny: [...at(level).deny, deny] };
    }
    const allow = { service, methods: ["*"], paths: ["*"] };
    permissions[allowedAt] = { ...at(allowedAt), allow: [...at(allowedAt).allow, allow] };
    return [{ ...world, permissions }, access];
  });

/** One with stages of the API, and a second issuer of the cluster dev, into the same group, another or none. */
interface WholeWorld {
  readonly world: World;
  readonly stages: Readonly<Record<string, object>>;
  readonly group: "all" | "other" | undefined;
  readonly others: World["permissions"];
}

const anyStage = fc.record(
  { service: fc.constantFrom("orders", "github"), principals: anyBound.map((bound) => bound ?? ["*/*/*"]) },
  { requiredKeys: [] },
);

const anyWholeWorld: fc.Arbitrary<WholeWorld> = fc.record({
  world: anyWorld,
  stages: fc.dictionary(fc.constantFrom("prod", "beta"), anyStage),
  group: fc.constantFrom("all" as const, "other" as const, undefined),
  others: fc.dictionary(
    fc.constantFrom("permissions/_group.other/payments/billing", "permissions/_group.other/_all"),
    anyDocument,
  ),
});

/** An account that a document names for the group of one issuer alone, and whom the other one's group is allowed. */
const NAMED_FOR_ONE_ISSUER: WholeWorld = {
  world: {
    permissions: {
      "permissions/_group.all/_all": { allow: [{ service: "orders", methods: ["*"], paths: ["/"] }], deny: [] },
    },
    orders: undefined,
    github: undefined,
  },
  stages: {},
  group: "other",
  others: { "permissions/_group.other/payments/billing": { allow: [], deny: [] } },
};

type Documents = Record<string, Record<string, unknown>>;

function documentsOf({ permissions, orders, github }: World): Documents {
  return {
    ...ISSUERS,
    "apis/a1": { service: "orders", audiences: ["orders.example.com"], ...(orders && { principals: orders }) },
    "services/github": {
      url: "https://api.github.com",
      credential: { type: "none" },
      ...(github && { principals: github }),
    },
    ...permissions,
  };
}

function documentsOfWhole({ world, stages, group, others }: WholeWorld): Documents {
  const documents = documentsOf({ ...world, permissions: { ...world.permissions, ...others } });
  const second = {
    url: "https://oidc.example.com/dev2",
    cluster: "dev",
    algorithms: ["ES256"],
    replaces: "oidc.example.com/dev",
    ...(group !== undefined && { group }),
  };
  return { ...documents, "apis/a1": { ...documents["apis/a1"], stages }, "issuers/oidc.example.com/dev2": second };
}

async function open(documents: Documents) {
  const store = memoryStore(documents);
  const contents = await readContents(store, ["issuers", "apis", "services", "permissions"]);
  expect(contents.problems).toEqual([]);
  const index = new PermissionIndex(store, contents);
  const targets = targetsOf(contents.documents, ["gateway.example.com"]);
  return { store, index, targets };
}

type Opened = Awaited<ReturnType<typeof open>>;

function targetFor(targets: readonly Target[], service: string): Target {
  const target = targets.find(({ receiver }) => receiver.service === service);
  if (target === undefined) throw new Error(`no target for ${service}`);
  return target;
}

/** By the whole chain of the functions. */
async function decisionOf(
  { store, index, targets }: Opened,
  principal: Principal,
  access: Access,
  asker = new AccountAsker(store, SETTINGS),
) {
  const question = targetQuestion(targetFor(targets, access.service), access, []);
  const { decided } = await asker.ask(question, { principal, issuer: index.issuerOf(principal.cluster) });
  return decided.decision;
}

/** By the functions' own rules, without the chain that leads to them. */
function isAllowedByRules({ index, targets }: Opened, principal: Principal, access: Access): boolean {
  const { principals } = targetFor(targets, access.service).receiver;
  if (principals !== undefined && !isAdmitted(principal, principals)) return false;
  return isAllowed(index.grantedTo({ principal, issuer: index.issuerOf(principal.cluster) }), access);
}

/** As a person would write a change into the documents: this test's own hand, apart from that of the program. */
function written(documents: Documents, changes: readonly Change[]): Documents {
  const next = structuredClone(documents);
  const gone: [document: string, index: number][] = [];
  for (const change of changes) {
    const document = next[change.document] ?? {};
    next[change.document] = document;
    if (change.kind === "add-rule") document["allow"] = [...listOf(document, "allow"), change.rule];
    if (change.kind === "admit") document["principals"] = [...listOf(document, "principals"), change.principal];
    if (change.kind === "narrow-deny" && change.left === undefined) gone.push([change.document, change.index]);
    if (change.kind === "narrow-deny" && change.left !== undefined) {
      document["deny"] = listOf(document, "deny").with(change.index, change.left);
    }
  }
  for (const [name, index] of gone) {
    const document = next[name] ?? {};
    document["deny"] = listOf(document, "deny").map((rule, at) => (at === index ? undefined : rule));
  }
  for (const document of Object.values(next)) {
    if ("deny" in document) document["deny"] = listOf(document, "deny").filter((rule) => rule !== undefined);
  }
  return next;
}

function listOf(document: Record<string, unknown>, member: string): unknown[] {
  return (document[member] as unknown[] | undefined) ?? [];
}

async function changeFor(world: Opened, access: Access) {
  const { store, index, targets } = world;
  const account = { principal: BILLING, issuer: index.issuerOf("dev") };
  const question = targetQuestion(targetFor(targets, access.service), access, []);
  const askAgain = (changed: ConstructorParameters<typeof AccountAsker>[2]) =>
    new AccountAsker(store, SETTINGS, changed).ask(question, account);
  const asked = await askAgain(new Map());
  return {
    decision: asked.decided.decision,
    ...(await smallestChange(asked, { question, store, index: async () => index, askAgain })),
  };
}

describe("what explain says would turn the verdict", () => {
  test("turns it, for 2,000 stores and calls", async () => {
    let refusals = 0;
    const kinds = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyWorld, anyAccess, async (given, access) => {
        const documents = documentsOf(given);
        const { decision, changes, complete } = await changeFor(await open(documents), access);
        if (!isRefusal(decision)) {
          expect({ changes, complete }).toEqual({ changes: [], complete: true });
          return;
        }
        refusals += 1;
        for (const { kind } of changes) kinds.add(kind);
        expect(complete).toBe(true);
        // One rule at most, and only where none covers the call already.
        expect(changes.filter(({ kind }) => kind === "add-rule").length).toBeLessThanOrEqual(1);
        expect((await decisionOf(await open(written(documents, changes)), BILLING, access)).effect).toBe("allow");
        // And nothing in it is needless. By the rules alone: of the token nothing was changed.
        for (const left of changes) {
          const without = await open(written(documents, changes.toSpliced(changes.indexOf(left), 1)));
          expect(isAllowedByRules(without, BILLING, access)).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
    expect(refusals).toBeGreaterThan(1000);
    expect([...kinds].sort()).toEqual(["add-rule", "admit", "narrow-deny"]);
  }, 120_000);

  test("names everybody whom a narrower deny lets in, and nobody else", async () => {
    const paths = ["/", "/v1", "/v2", "/a", "/b", "/admin", "/v1/", "/v1/a", "/v2/b", "/a/v1", "/.x", "/a:b/v1", "/x"];
    let narrowedTogether = 0;
    let letIn = 0;
    await fc.assert(
      fc.asyncProperty(anyDenied, async ([given, access]) => {
        const before = await open(documentsOf(given));
        const { changes } = await changeFor(before, access);
        const denies = changes.filter((change) => change.kind === "narrow-deny");
        expect(denies.length).toBeGreaterThan(0);
        const after = await open(written(documentsOf(given), denies));
        const letsIn = denies.flatMap((change) => change.letsIn);
        const named = new Set(letsIn.map(({ principal }) => principal));
        if (denies.length > 1) narrowedTogether += 1;
        letIn += named.size;
        const calls = ["orders", "github"].flatMap((service) =>
          METHODS.flatMap((method) => paths.map((path) => ({ service, method, path }))),
        );
        for (const call of calls) {
          for (const label of gainedBy(before, after, call)) {
            if (label !== "dev/payments/billing") expect(named).toContain(label);
          }
        }
        for (const { principal, example } of letsIn) {
          const [, method = "", path = "", service = ""] = /^(\S+) (.*) on (\S+)$/.exec(example) ?? [];
          expect(gainedBy(before, after, { service, method, path })).toContain(principal);
        }
      }),
      { numRuns: 50 },
    );
    // Otherwise nothing was compared. It is about 20 and 40 of 50.
    expect(narrowedTogether).toBeGreaterThan(1);
    expect(letIn).toBeGreaterThan(10);
  }, 60_000);
});

/** Labels of those who may make a call after a change and might not before. */
function gainedBy(before: Opened, after: Opened, access: Access): string[] {
  const known = new Set(labelsOf(before, access));
  return labelsOf(after, access).filter((label) => !known.has(label));
}

function labelsOf({ index, targets, store }: Opened, access: Access): string[] {
  const own = targets.filter(({ receiver }) => receiver.service === access.service);
  return whoCan(access, own, index, store).map(({ principal }) => principal);
}

/** A bound can leave a part of those that a label stands for. */
function covers(found: string, label: string): boolean {
  const [one, other] = [found.split("/"), label.split("/")];
  return one.every((part, at) => part === other[at] || (other[at] === "*" && part.includes("*")));
}

describe("who-can", () => {
  test("is what explain says of each caller by a token of each issuer, one by one, through every API and stage", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyWholeWorld, anyAccess, async (given, access) => {
        const world = await open(documentsOfWhole(given));
        const { store, index } = world;
        const asker = new AccountAsker(store, SETTINGS);
        const targets = world.targets.filter(({ receiver }) => receiver.service === access.service);
        const found = whoCan(access, targets, index, store);
        /** Whether a token of some issuer of the cluster does it. */
        const isAllowedBy = async (target: Target, principal: Principal) => {
          const issuers = index.issuersInUse(principal.cluster);
          const effects: string[] = [];
          for (const issuer of issuers) {
            const { decided } = await asker.ask(targetQuestion(target, access, []), { principal, issuer });
            effects.push(decided.decision.effect);
          }
          if (new Set(effects).size > 1) seen.add("by one issuer of two");
          return effects.includes("allow");
        };
        const throughOf = (isAsked: (principal: string) => boolean) =>
          new Set(found.filter(({ principal }) => isAsked(principal)).flatMap(({ through }) => through));
        for (const { principal, label, named } of index.callers()) {
          const isOne = named.namespace && named.serviceAccount;
          const through = throughOf((each) => (isOne ? each === label : covers(each, label)));
          for (const target of targets) {
            const isAllowed = await isAllowedBy(target, principal);
            // Those that a label stands for are asked by one of them; a bound may name others.
            if (isOne || isAllowed) expect(through.has(titleOf(target))).toBe(isAllowed);
          }
          if (through.size > 0 && through.size < targets.length) seen.add("through some of several");
        }
        // Whoever is listed by a pattern: one account that it stands for may, through each that is said.
        for (const { principal, through } of found.filter((each) => each.principal.includes("*"))) {
          const [cluster = "", namespace = "", serviceAccount = ""] = principal.split("/");
          const one = {
            cluster,
            namespace: namespace.replaceAll("*", "elsewhere"),
            serviceAccount: serviceAccount.replaceAll("*", "somebody"),
          };
          for (const target of targets.filter((each) => through.includes(titleOf(each)))) {
            expect(await isAllowedBy(target, one)).toBe(true);
          }
        }
      }),
      { numRuns: 100, examples: [[NAMED_FOR_ONE_ISSUER, { service: "orders", method: "GET", path: "/" }]] },
    );
    // Otherwise stages and issuers made no difference to anybody.
    expect([...seen].sort()).toEqual(["by one issuer of two", "through some of several"]);
  }, 120_000);
});
