import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REFUSALS } from "../../lib/errors.ts";
import { CASE_CLUSTERS, REFUSAL_CASES, seedCases } from "../functions/refusal-cases.ts";
import type { AskedCall } from "../support/authorizer-events.ts";
import type { RunningFunction } from "../support/built-function.ts";
import { ORDERS, startWorld, type World } from "../support/world.ts";
import { ATTACHMENTS, askDirectly, twinOf, type Verdict, WEBSOCKET } from "./own-authorizer.ts";

let world: World;
let authorizer: RunningFunction;
let billing: string;
let stranger: string;

beforeAll(async () => {
  world = await startWorld({ moreClusters: CASE_CLUSTERS });
  seedCases(world);
  world.put("apis/policyhttp", { service: "orders", audiences: [ORDERS], answers: "policy" });
  const closed = { service: "orders", audiences: [ORDERS], principals: ["dev/payments/other"], answers: "policy" };
  world.put("apis/closedpolicy", closed);
  world.put("permissions/dev/payments/misspelt", { alow: [] });
  authorizer = await world.start("authorizer");
  billing = `Bearer ${await world.mint("dev")}`;
  stranger = `Bearer ${await world.mint("staging")}`;
});
afterAll(() => world[Symbol.asyncDispose]());

async function bothWays(attachment: (typeof ATTACHMENTS)[number], asked: AskedCall): Promise<[Verdict, Verdict]> {
  const directly = await askDirectly(authorizer, attachment, asked);
  return [directly, await twinOf(authorizer, attachment, asked)(asked)];
}

describe.each([...ATTACHMENTS, WEBSOCKET])(
  "podgate's authorizer, $attached, called directly and under the twin",
  (as) => {
    const isConnect = as === WEBSOCKET;
    const isHttpApi = as.twin.kind.startsWith("http");
    const refusals = REFUSAL_CASES.filter(({ code, asked }) => {
      // A WebSocket's $connect has neither method nor path; other APIs are registered for simple answers.
      const isOfKind = isConnect ? asked === undefined : as.apiId !== "policyhttp" || asked?.apiId === undefined;
      return code !== "TOKEN_MISSING" && isOfKind;
    });

    test.for(refusals)("$code ($when): the same refusal", async ({ code, authorization, asked = {} }) => {
      const [directly, underTwin] = await bothWays(as, { ...asked, authorization: await authorization(world) });
      expect(underTwin).toEqual(directly);
      expect(underTwin).toEqual({ status: isHttpApi ? 403 : REFUSALS[code].status, code });
    });

    test("without a token API Gateway answers 401 itself, and the authorizer is not asked", async () => {
      const [directly, underTwin] = await bothWays(as, {});
      expect(underTwin).toEqual({ status: 401, code: undefined });
      expect(directly).toEqual({ status: isHttpApi ? 403 : 401, code: "TOKEN_MISSING" });
    });

    test("where no decision can be made: the same 500", async () => {
      const boundObjectRef = { kind: "Pod", name: "misspelt-0" };
      const token = await world.mint("dev", { serviceAccount: "misspelt", boundObjectRef });
      const [directly, underTwin] = await bothWays(as, { authorization: `Bearer ${token}` });
      expect(underTwin).toEqual(directly);
      expect(underTwin).toEqual({ status: 500, code: "DOCUMENT_INVALID" });
    });
  },
);

describe("podgate's authorizer, HTTP, payload 2.0 policy, of another API", () => {
  const as = ATTACHMENTS.find(({ apiId }) => apiId === "policyhttp");
  if (as === undefined) throw new Error("there is no such attachment");

  test("PRINCIPAL_NOT_ADMITTED: the same refusal", async () => {
    const [directly, underTwin] = await bothWays(as, { apiId: "closedpolicy", authorization: billing });
    expect(underTwin).toEqual(directly);
    expect(underTwin).toEqual({ status: 403, code: "PRINCIPAL_NOT_ADMITTED" });
  });

  // Only the receiver document says that policies are expected: without one the answer is a simple refusal.
  test("API_UNKNOWN: what is meant as 403 is no policy, so API Gateway answers 500", async () => {
    const [directly, underTwin] = await bothWays(as, { apiId: "nobodys", authorization: billing });
    expect(directly).toEqual({ status: 403, code: "API_UNKNOWN" });
    expect(underTwin).toEqual({ status: 500, code: "API_UNKNOWN" });
  });
});

/** What billing of dev may, what a deny takes from it, and what no rule covers. */
const CALLS: readonly Required<Pick<AskedCall, "method" | "path">>[] = [
  "GET",
  "HEAD",
  "OPTIONS",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
].flatMap((method) =>
  ["/", "/v1", "/v1/", "/v1/orders", "/v1/orders/7/lines", "/v1/status", "/V1/orders", "/v2/orders"].map((path) => ({
    method,
    path,
  })),
);

describe.each(ATTACHMENTS)("podgate's authorizer, $attached: every method and path", (as) => {
  test("of two callers has the same verdict directly and under the twin", async () => {
    const ask = twinOf(authorizer, as);
    const statuses = new Set<number>();
    for (const authorization of [billing, stranger]) {
      for (const call of CALLS) {
        const directly = await askDirectly(authorizer, as, { ...call, authorization });
        expect({ call, ...(await ask({ ...call, authorization })) }).toEqual({ call, ...directly });
        statuses.add(directly.status);
      }
    }
    expect([...statuses].sort()).toEqual([200, 403]);
  });

  test("of two callers has that verdict too where API Gateway keeps answers, whichever call came first", async () => {
    const ask = twinOf(authorizer, as, {}, 300);
    let asked = 0;
    for (const calls of [CALLS, CALLS.toReversed()]) {
      for (const authorization of [billing, stranger]) {
        for (const call of calls) {
          const { status } = await askDirectly(authorizer, as, { ...call, authorization });
          const kept = await ask({ ...call, authorization });
          expect({ call, status: kept.status }).toEqual({ call, status });
          if (kept.code !== undefined) asked += 1;
        }
      }
    }
    // A policy is for all calls of a caller, a simple answer for one.
    expect(asked).toBe(as.twin.enableSimpleResponses === true ? 2 * CALLS.length : 2);
  });
});

describe("podgate's authorizer, WebSocket", () => {
  test.for([
    { who: "who may CONNECT", authorization: () => billing, status: 200, code: "ALLOWED" },
    { who: "who may not", authorization: () => stranger, status: 403, code: "ACCESS_NOT_ALLOWED" },
  ])("$who gets $status, directly and under the twin", async ({ authorization, status, code }) => {
    const [directly, underTwin] = await bothWays(WEBSOCKET, { authorization: authorization() });
    expect(underTwin).toEqual(directly);
    expect(underTwin).toEqual({ status, code });
  });
});

/** Paths as sent. Billing may POST to exactly /v1/orders, and GET everything below /v1/. */
const ENCODED = [
  { method: "POST", path: "/v1/%6Frders", rest: 403, http: 200, why: "a REST ARN keeps the escape, which no rule has" },
  { method: "GET", path: "/v1/a%2Fb", rest: 200, http: 200, why: "a wildcard covers a slash in either form" },
  { method: "GET", path: "/v1/%2e%2e/admin", rest: 403, http: 403, why: "dot segments are refused, also encoded ones" },
  { method: "GET", path: "/v1/%252e", rest: 403, http: 403, why: "an escape that is left after decoding is refused" },
  { method: "GET", path: "/v1/a%3Fb", rest: 403, http: 200, why: "HTTP APIs cut the path at a decoded question mark" },
];

describe.each(ATTACHMENTS)("podgate's authorizer, $attached: a path with escapes", (as) => {
  test.for(ENCODED)("$method $path: $why", async ({ method, path, rest, http }) => {
    const { status } = await twinOf(authorizer, as)({ method, path, authorization: billing });
    expect(status).toBe(as.twin.kind.startsWith("http") ? http : rest);
  });
});
