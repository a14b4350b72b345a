import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAuthorizerEvent } from "../../lib/gateway/authorizer-event.ts";
import { decide } from "../../lib/permission/decide.ts";
import { METHODS } from "../../lib/permission/permission.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import type { AuthorizerKind } from "../../offline/api-gateway/gateway-request.ts";
import { type ApiGateway, apiGateway } from "../../offline/api-gateway/twin.ts";
import { granting, type PlainRule } from "../permission/documents.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { answerOf, api, decidedOn } from "./answering.ts";

interface Surface {
  readonly name: string;
  readonly kind: AuthorizerKind;
  readonly answers: "policy" | "simple";
}

/** A WebSocket API keeps no answer, so there is nothing to compare. */
const SURFACES: readonly Surface[] = [
  { name: "REST TOKEN", kind: "rest-token", answers: "policy" },
  { name: "REST REQUEST", kind: "rest-request", answers: "policy" },
  { name: "HTTP API 1.0", kind: "http-1.0", answers: "policy" },
  { name: "HTTP API 2.0, policy answers", kind: "http-2.0", answers: "policy" },
  { name: "HTTP API 2.0, simple answers", kind: "http-2.0", answers: "simple" },
];

/** What the documentation recommends for simple answers (design of the answer, not of the test). */
const RECOMMENDED = ["$request.header.Authorization", "$context.httpMethod", "$context.path"];

interface Call {
  readonly method: string;
  readonly path: string;
}

const rule = (methods: readonly string[], ...paths: string[]) => ({ service: "orders", methods, paths }) as PlainRule;

/** One API Gateway with podgate's own answers for a caller of these permissions. */
function gatewayOf(
  { kind, answers }: Surface,
  granted: PermissionSet,
  ttl: number,
  identitySource?: readonly string[],
): ApiGateway {
  const receiver = api({ answers });
  return apiGateway({
    kind,
    ttl,
    clock: new ManualClock(),
    enableSimpleResponses: answers === "simple",
    ...(answers === "simple" && { identitySource: identitySource ?? RECOMMENDED }),
    authorizer: (event) => {
      const request = readAuthorizerEvent(event);
      return answerOf(decidedOn(granted, request), request, receiver).answer;
    },
  });
}

const callAs = (gateway: ApiGateway, call: Call) =>
  gateway.call({ ...call, headers: { Authorization: "Bearer a.b.c" } });

/** Statuses of the calls in their order. Nothing is said against the authorizer, whatever it refuses. */
async function statuses(gateway: ApiGateway, calls: readonly Call[]): Promise<number[]> {
  const seen: number[] = [];
  const advised: string[] = [];
  for (const call of calls) {
    const { status, advice } = await callAs(gateway, call);
    seen.push(status);
    advised.push(...advice);
  }
  expect(advised).toEqual([]);
  return seen;
}

function decidedStatuses(granted: PermissionSet, calls: readonly Call[]): number[] {
  return calls.map((call) => ("code" in decide(granted, { service: "orders", ...call }) ? 403 : 200));
}

const RULES: readonly PlainRule[] = [
  rule(["GET"], "/v1/a"),
  rule(["*"], "/v1/a"),
  rule(["GET", "POST"], "/v1/*"),
  rule(["POST"], "*"),
  rule(["*"], "*"),
  rule(["GET"], "/v?/a"),
];

const CALLS: readonly Call[] = [
  { method: "GET", path: "/v1/a" },
  { method: "POST", path: "/v1/a" },
  { method: "GET", path: "/v1/a/b" },
  { method: "GET", path: "/admin/v1/a" },
];

/** None, one or two of the rules. */
const SUBSETS = [
  [],
  ...RULES.map((one) => [one]),
  ...RULES.flatMap((one, i) => RULES.slice(i + 1).map((b) => [one, b])),
];

/** Nothing or one rule denied. */
const DENIALS = [[], ...RULES.map((one) => [one])];

const WORLDS = SUBSETS.flatMap((allow) => DENIALS.map((deny) => granting({ allow, deny })));

const ORDERS = permutations(CALLS);

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** What does not fit into an answer is 500 for every call (authorizer-answer-size.test.ts): 81 bytes each here at most. */
const FITTING_RESOURCES = 80;

/** Pairs of method and path that the documents allow or deny, a pair named twice counted once. */
function resourcesOf(documents: readonly { allow: readonly PlainRule[]; deny: readonly PlainRule[] }[]): number {
  const pairs = (rules: readonly PlainRule[]) =>
    new Set(
      rules.flatMap(({ methods, paths }) =>
        paths.flatMap((path) => (methods.includes("*") ? METHODS : methods).map((method) => `${method}${path}`)),
      ),
    ).size;
  return pairs(documents.flatMap(({ allow }) => allow)) + pairs(documents.flatMap(({ deny }) => deny));
}

/** 15,000 answers a surface, beside other tests on the same cores. */
const TIME = { timeout: 60_000 };

describe.for(SURFACES)("$name: a kept answer says what a fresh one says", TIME, (surface) => {
  test(`in all ${WORLDS.length} small worlds, in all ${ORDERS.length} orders of ${CALLS.length} calls`, async () => {
    for (const granted of WORLDS) {
      const without = await statuses(gatewayOf(surface, granted, 0), CALLS);
      expect(without).toEqual(decidedStatuses(granted, CALLS));
      for (const calls of ORDERS) {
        const kept = await statuses(gatewayOf(surface, granted, 60), calls);
        expect(kept).toEqual(calls.map((call) => without[CALLS.indexOf(call)]));
      }
    }
  });

  test("in generated ones, of up to seven documents, which name more paths and call them again", async () => {
    const paths = fc.constantFrom("/v1/a", "/v1/a/b", "/v1/*", "/v1/*/b", "/v1/a:b", "/?1/a", "/*/a", "*");
    const methods = fc.constantFrom(["GET"], ["POST", "DELETE"], ["*"], ["HEAD", "GET"]);
    const rules = fc.array(
      fc.tuple(methods, fc.array(paths, { minLength: 1, maxLength: 3 })).map(([verbs, list]) => rule(verbs, ...list)),
      { maxLength: 2 },
    );
    const calls = fc.array(
      fc.record<Call>({
        method: fc.constantFrom("GET", "POST", "DELETE", "HEAD", "PATCH"),
        path: fc.constantFrom("/v1/a", "/v1/a/b", "/v1/x/b", "/v1/a:b", "/w1/a", "/admin/v1/a", "/V1/a", "/v1"),
      }),
      { minLength: 1, maxLength: 8 },
    );
    // As many as apply to a principal: its own, of its namespace, its cluster, everybody, and three of its group.
    const documents = fc.array(fc.record({ allow: rules, deny: rules }), { maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(documents, calls, async (listed, made) => {
        fc.pre(resourcesOf(listed) <= FITTING_RESOURCES);
        const granted = granting(...listed);
        const kept = await statuses(gatewayOf(surface, granted, 60), made);
        expect(kept).toEqual(decidedStatuses(granted, made));
        expect(await statuses(gatewayOf(surface, granted, 0), made)).toEqual(kept);
      }),
      { numRuns: 300 },
    );
  });
});

test("a simple answer kept under the token alone is wrong for the next route, so the comparison can fail", async () => {
  const surface = { name: "", kind: "http-2.0", answers: "simple" } as const;
  const granted = granting({ allow: [rule(["GET"], "/v1/a")] });
  const tokenAlone = gatewayOf(surface, granted, 60, ["$request.header.Authorization"]);

  for (const call of CALLS) {
    const advice = [expect.stringMatching(/^a simple answer is kept/)];
    expect(await callAs(tokenAlone, call)).toMatchObject({ status: 200, advice });
  }
  expect(decidedStatuses(granted, CALLS)).toEqual([200, 403, 403, 403]);
});
