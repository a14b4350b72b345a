import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decide } from "../../lib/permission/decide.ts";
import { apiGateway, type TwinOptions } from "../../offline/api-gateway/twin.ts";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { granting, type PlainRule } from "../permission/documents.ts";
import { AUDIENCE, lambdaContext, PREFIX, type StartedGateway, startGateway } from "./started-gateway.ts";

/** Where a permission may be stored: every level that applies to a principal. */
const LEVELS = ["own", "namespace", "cluster", "everybody", "groupOwn", "groupNamespace", "group"] as const;
type Level = (typeof LEVELS)[number];

interface Document {
  readonly allow: readonly PlainRule[];
  readonly deny: readonly PlainRule[];
}
type World = Readonly<Partial<Record<Level, Document>>>;

interface Call {
  /** `billing` has documents of its own, `other` is beside it in the namespace. */
  readonly by: "billing" | "other";
  readonly method: string;
  readonly path: string;
}

interface Surface {
  readonly surface: string;
  readonly options: Pick<TwinOptions, "kind" | "apiId" | "identitySource" | "enableSimpleResponses">;
}

const ONE_CALL = ["$request.header.Authorization", "$context.httpMethod", "$context.path"];

const SURFACES: readonly Surface[] = [
  { surface: "REST TOKEN", options: { kind: "rest-token" } },
  { surface: "REST REQUEST", options: { kind: "rest-request" } },
  { surface: "HTTP API 1.0", options: { kind: "http-1.0" } },
  { surface: "HTTP API 2.0, policy answers", options: { kind: "http-2.0", apiId: "policyhttp" } },
  {
    surface: "HTTP API 2.0, simple answers",
    options: { kind: "http-2.0", enableSimpleResponses: true, identitySource: ONE_CALL },
  },
];
const WEBSOCKET: Surface = { surface: "WebSocket", options: { kind: "websocket" } };

let gateway: StartedGateway;
let worlds = 0;

beforeAll(async () => {
  gateway = await startGateway();
  const { issuer } = gateway.cluster;
  gateway.put(`issuers/${issuerName(issuer)}`, { url: issuer, cluster: "dev", group: "prod" });
  for (const apiId of ["offlinerest", "offlinehttp", "offlinews"]) {
    gateway.put(`apis/${apiId}`, { service: "orders", audiences: [AUDIENCE] });
  }
  gateway.put("apis/policyhttp", { service: "orders", audiences: [AUDIENCE], answers: "policy" });
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Stores the documents for a namespace that nothing was asked about yet, and makes tokens for its two callers. */
async function storeWorld(world: World) {
  worlds += 1;
  // What was read of the levels that every world shares is older than 60 s then.
  gateway.clock.advance(61);
  const namespace = `team-${worlds}`;
  const names: Record<Level, string> = {
    own: `permissions/dev/${namespace}/billing`,
    namespace: `permissions/dev/${namespace}/_all`,
    cluster: "permissions/dev/_all",
    everybody: "permissions/_all",
    groupOwn: `permissions/_group.prod/${namespace}/billing`,
    groupNamespace: `permissions/_group.prod/${namespace}/_all`,
    group: "permissions/_group.prod/_all",
  };
  for (const level of LEVELS) {
    const document = world[level];
    if (document === undefined) gateway.store.delete(`${PREFIX}/${names[level]}`);
    else gateway.put(names[level], document);
  }
  const bearer = async (serviceAccount: string) => {
    const boundObjectRef = { kind: "Pod", name: `${serviceAccount}-0` };
    const request = { namespace, serviceAccount, audiences: [AUDIENCE], boundObjectRef };
    return `Bearer ${(await gateway.cluster.mint(request)).token}`;
  };
  return { billing: await bearer("billing"), other: await bearer("other") };
}

type Tokens = Awaited<ReturnType<typeof storeWorld>>;

/** Statuses of the calls in their order, at an API whose authorizer is podgate's, its store asked over the wire. */
async function statuses({ options }: Surface, tokens: Tokens, calls: readonly Call[], ttl: number): Promise<number[]> {
  const api = apiGateway({
    ...options,
    clock: gateway.clock,
    ...(options.kind !== "websocket" && { ttl }),
    authorizer: (event, { invokedFunctionArn }) => gateway.app.authorize(event, lambdaContext({ invokedFunctionArn })),
  });
  const seen: number[] = [];
  for (const { by, ...call } of calls) {
    seen.push((await api.call({ ...call, headers: { Authorization: tokens[by] } })).status);
  }
  return seen;
}

/** What the documents say, of which two are billing's alone. */
function decided(world: World, calls: readonly Call[], isConnect = false): number[] {
  return calls.map(({ by, method, path }) => {
    const levels = LEVELS.filter((level) => by === "billing" || (level !== "own" && level !== "groupOwn"));
    const granted = granting(...levels.flatMap((level) => world[level] ?? []));
    const access = isConnect ? { method: "CONNECT", path: "/" } : { method, path };
    return "code" in decide(granted, { service: "orders", ...access }) ? 403 : 200;
  });
}

const rule = (methods: readonly string[], ...paths: string[]) => ({ service: "orders", methods, paths }) as PlainRule;
const callsOf = (by: Call["by"]): Call[] => [
  { by, method: "GET", path: "/v1/a" },
  { by, method: "POST", path: "/v1/a" },
];
const [BILLING, OTHER] = [callsOf("billing"), callsOf("other")];
const ORDERS = [
  [...BILLING, ...OTHER],
  [...OTHER, ...BILLING],
  [...BILLING, ...OTHER].toReversed(),
  [...BILLING.toReversed(), ...OTHER, ...BILLING],
];

/** An Allow at each level, alone and with a Deny of half of it at each level. */
const SMALL_WORLDS = LEVELS.flatMap((allowedAt) =>
  [undefined, ...LEVELS].map((deniedAt): World => {
    const allow = [rule(["GET", "POST", "CONNECT"], "/*")];
    const deny = [rule(["POST", "CONNECT"], "/v1/*", "/")];
    if (deniedAt === undefined) return { [allowedAt]: { allow, deny: [] } };
    if (deniedAt === allowedAt) return { [allowedAt]: { allow, deny } };
    return { [allowedAt]: { allow, deny: [] }, [deniedAt]: { allow: [], deny } };
  }),
);

describe("permissions of every level, from the parameter store", () => {
  test(`a kept answer says what a fresh one says, in all ${SMALL_WORLDS.length} worlds of one Allow and one Deny`, async () => {
    const seen = new Set<number>();
    for (const world of SMALL_WORLDS) {
      const tokens = await storeWorld(world);
      for (const surface of SURFACES) {
        for (const calls of ORDERS) {
          const kept = await statuses(surface, tokens, calls, 60);
          expect({ surface, world, kept }).toEqual({ surface, world, kept: decided(world, calls) });
          for (const status of kept) seen.add(status);
        }
        const all = [...BILLING, ...OTHER];
        expect(await statuses(surface, tokens, all, 0)).toEqual(decided(world, all));
      }
      // A WebSocket API keeps no answer: each $connect is decided.
      const connects = [...BILLING, ...OTHER, ...BILLING];
      expect(await statuses(WEBSOCKET, tokens, connects, 0)).toEqual(decided(world, connects, true));
    }
    expect(seen).toEqual(new Set([200, 403]));
  }, 60_000);

  test("every kind, in generated worlds and orders of calls", async () => {
    const paths = fc.constantFrom("/v1/a", "/v1/*", "/v1/?", "/", "*");
    const methods = fc.constantFrom(["GET"], ["POST", "CONNECT"], ["*"]);
    const rules = fc.array(
      fc.tuple(methods, paths).map(([verbs, path]) => rule(verbs, path)),
      { maxLength: 2 },
    );
    const document = fc.record({ allow: rules, deny: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, rules) });
    const world = fc.record(
      {
        own: document,
        namespace: document,
        cluster: document,
        everybody: document,
        groupOwn: document,
        groupNamespace: document,
        group: document,
      },
      { requiredKeys: [] },
    );
    const calls = fc.array(
      fc.record<Call>({
        by: fc.constantFrom("billing", "other"),
        method: fc.constantFrom("GET", "POST", "DELETE"),
        path: fc.constantFrom("/v1/a", "/v1/b", "/v1/a/b", "/admin/v1/a"),
      }),
      { minLength: 2, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(world, calls, async (stored, made) => {
        const tokens = await storeWorld(stored);
        for (const surface of SURFACES) {
          expect(await statuses(surface, tokens, made, 60)).toEqual(decided(stored, made));
          expect(await statuses(surface, tokens, made, 0)).toEqual(decided(stored, made));
        }
        expect(await statuses(WEBSOCKET, tokens, made, 0)).toEqual(decided(stored, made, true));
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test("they were read over the wire, seven names for each caller", () => {
    const reads = gateway.store.calls.filter(({ names }) => names.some((name) => name.includes("/permissions/")));
    // Each world has two callers; a world is stored once and asked about by every order.
    expect(reads.length).toBeGreaterThanOrEqual(worlds);
    const ofBilling = reads.filter(({ names }) => names.includes(`${PREFIX}/permissions/dev/team-1/billing`));
    expect(ofBilling.flatMap(({ names }) => names).filter((name) => name.includes("/permissions/"))).toHaveLength(7);
  });
});
