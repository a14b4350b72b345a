import { beforeEach, describe, expect, test } from "vitest";
import { type AccessRequest, decideAccess, startDecision } from "../../lib/decision/decide-access.ts";
import { refuse } from "../../lib/errors.ts";
import { IssuerDirectory } from "../../lib/issuer/issuer-directory.ts";
import { parseTrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { TokenVerifier } from "../../lib/token/token-verifier.ts";
import { AUDIENCE, type StartedGateway, startGateway } from "../gateway/started-gateway.ts";
import { granting, stored } from "../permission/documents.ts";

const DOCUMENT = { name: "/podgate/test/apis/abc", version: 4 };
const READ = { service: "orders", methods: ["GET"], paths: ["/v1/*"] } as const;
let gateway: StartedGateway;

beforeEach(async () => {
  gateway = await startGateway();
  return () => gateway[Symbol.asyncDispose]();
});

/** Decides with permissions and receiver of the test's own, and notes what was asked of them. */
async function decided(granted: PermissionSet | Error, request: Partial<AccessRequest> = {}) {
  const { clock, cluster } = gateway;
  const issuer = parseTrustedIssuer(stored({ url: cluster.issuer, cluster: "dev", group: "all" }, "/i"));
  const verifier = new TokenVerifier({
    issuers: new IssuerDirectory({
      source: { read: async () => ({ issuer, keySet: undefined }) },
      fetchJson: createFetchJson({ allowLoopbackHttp: true }),
      clock,
      allowLoopbackHttp: true,
      documentsMaxAgeSeconds: 60,
      documentsMaxStaleSeconds: 300,
      keysMaxAgeSeconds: 300,
      keysMaxStaleSeconds: 7200,
      holdoff: { until: 0 },
      onStale: () => {},
      onStaleKeys: () => {},
      onKeysUsed: () => {},
    }),
    clock,
    clockSkewSeconds: 30,
  });
  const asked: { receivers: number; principals: string[] } = { receivers: 0, principals: [] };
  const permissions = {
    find: async (
      principal: { cluster: string; namespace: string; serviceAccount: string },
      group: string | undefined,
    ) => {
      asked.principals.push(`${principal.cluster}/${principal.namespace}/${principal.serviceAccount} ${group}`);
      if (granted instanceof Error) throw granted;
      return granted;
    },
  };
  const { findReceiver, ...more } = request;
  const whole: AccessRequest = {
    authorization: [await gateway.bearer()],
    method: "GET",
    path: "/v1/x",
    findReceiver: async () => {
      asked.receivers++;
      return findReceiver
        ? findReceiver()
        : { receiver: { service: "orders", audiences: [AUDIENCE] }, document: DOCUMENT };
    },
    ...more,
  };
  const started = startDecision(clock);
  return { outcome: await decideAccess(whole, started, { verifier, permissions, clock }), asked, started };
}

describe("an access is decided step by step, and the first refusal is the decision", () => {
  test("allowed: with all that is known, and the documents that took part", async () => {
    const { outcome, asked, started } = await decided(granting({ allow: [READ] }));
    expect(outcome).toMatchObject({
      ...started,
      decision: { effect: "allow", rule: "/p/0#allow[0]" },
      access: { service: "orders", method: "GET", path: "/v1/x" },
      identity: { principal: "dev/payments/billing" },
      trail: { documents: [{ name: "/i", version: 7 }, DOCUMENT, { name: "/p/0", version: 7 }] },
    });
    expect(outcome.outcome).toBe(outcome.identity);
    expect(asked).toEqual({ receivers: 1, principals: ["dev/payments/billing all"] });
  });

  test("not allowed: with the permissions, which an answer needs", async () => {
    const granted = granting({ allow: [READ] });
    const { outcome } = await decided(granted, { path: "/v2/x" });
    expect(outcome).toMatchObject({ decision: { code: "ACCESS_NOT_ALLOWED" }, identity: { cluster: "dev" } });
    expect(outcome.granted).toBe(granted);
    expect(outcome.outcome).toBe(outcome.decision);
  });

  test("not admitted: no permission is looked for", async () => {
    const receiver = { service: "orders", audiences: [AUDIENCE], principals: ["dev/shipping/*"] };
    const { outcome, asked } = await decided(granting({ allow: [READ] }), { findReceiver: async () => ({ receiver }) });
    expect(outcome).toMatchObject({ decision: { code: "PRINCIPAL_NOT_ADMITTED" }, identity: { cluster: "dev" } });
    expect(outcome.granted).toBeUndefined();
    expect(asked.principals).toEqual([]);
  });

  test("no receiver: its refusal, after the signature", async () => {
    const refusal = refuse("API_UNKNOWN", "nobody registered it");
    const { outcome, asked } = await decided(granting(), { findReceiver: async () => refusal });
    expect(outcome.decision).toBe(refusal);
    expect(outcome.outcome).toBe(refusal);
    expect(outcome.trail).toMatchObject({ principal: "dev/payments/billing" });
    expect(asked).toEqual({ receivers: 1, principals: [] });

    const bad = await decided(granting(), { findReceiver: async () => refusal, authorization: ["Bearer x.y.z"] });
    expect(bad.outcome.decision).toMatchObject({ code: "TOKEN_MALFORMED" });
  });

  test.for([
    [[], "TOKEN_MISSING"],
    [["Basic eA=="], "AUTHORIZATION_MALFORMED"],
    [["Bearer a.b.c", "Bearer a.b.c"], "AUTHORIZATION_REPEATED"],
  ] as const)("a bad header %j: nothing is asked at all", async ([authorization, code]) => {
    const { outcome, asked } = await decided(granting({ allow: [READ] }), { authorization });
    expect(outcome).toMatchObject({ decision: { code } });
    expect(outcome.identity).toBeUndefined();
    expect(asked).toEqual({ receivers: 0, principals: [] });
  });
});

describe("what is out of reach is no decision", () => {
  test("permissions", async () => {
    await expect(decided(new Error("gone"))).rejects.toThrow("gone");
  });

  test("the receiver, for a token that is good so far", async () => {
    const findReceiver = () => Promise.reject(new Error("gone"));
    await expect(decided(granting({ allow: [READ] }), { findReceiver })).rejects.toThrow("gone");
  });
});

test("each decision has an id of its own and the moment at which it began", () => {
  const first = startDecision(gateway.clock);
  gateway.clock.advance(1.5);
  const second = startDecision(gateway.clock);
  expect(first.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(second.id).not.toBe(first.id);
  expect(second.startedAt - first.startedAt).toBe(1.5);
});
