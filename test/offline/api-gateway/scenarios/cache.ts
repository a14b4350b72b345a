import { expect } from "vitest";
import type { AuthorizerKind } from "../../../../offline/api-gateway/gateway-request.ts";
import { apiGateway } from "../../../../offline/api-gateway/twin.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { allowAll, arnOf, askedArn, type Behaviour, policy, statement, TOKEN, twinOf } from "../twins.ts";
import type { Scenario } from "./scenario.ts";

type Options = Parameters<typeof twinOf>[2];

const keeping = (kind: AuthorizerKind, behaviour: Behaviour, options: Options = {}) =>
  twinOf(kind, behaviour, { ttl: 60, ...options });
const open = (kind: AuthorizerKind, options: Options = {}) => keeping(kind, () => allowAll(kind), options);

/** Whether an answer of an authorizer of which nothing is said is kept for just so long. */
async function keepsFor(kind: AuthorizerKind, seconds: number): Promise<void> {
  const isKeptAfter = async (moved: number) => {
    const clock = new ManualClock();
    const api = apiGateway({ kind, clock, authorizer: () => allowAll(kind) });
    await api.call({ path: "/a", headers: TOKEN });
    clock.advance(moved);
    return (await api.call({ path: "/a", headers: TOKEN })).cached;
  };
  expect(await isKeptAfter(Math.max(0, seconds - 1))).toBe(seconds > 0);
  expect(await isKeptAfter(seconds)).toBe(false);
}

export const cache = {
  "cache-key": async (kind) => {
    const { call } = open(kind);
    expect(await call()).toMatchObject({ asked: true, cached: false });
    expect(await call({ path: "/b", method: "POST" })).toMatchObject({ asked: false, cached: true });
    expect(await call({ headers: { Authorization: "Bearer other" } })).toMatchObject({ asked: true, cached: false });
    expect(await open(kind).call()).toMatchObject({ asked: true });
    // A stage keeps its own: the same function, asked through two stages of one API.
    const stages: unknown[] = [];
    const answer: Behaviour = (event) => {
      stages.push(askedArn(event).split("/")[1]);
      return policy(statement("*"));
    };
    const [one, other] = ["one", "other"].map((stage) => keeping(kind, answer, { stage }));
    for (const gateway of [one, other, one, other]) await gateway?.call();
    expect(stages).toEqual(["one", "other"]);
  },
  "cache-policy": async (kind) => {
    const { call } = keeping(kind, (event) => policy(statement(askedArn(event))));
    expect(await call()).toMatchObject({ status: 200, asked: true });
    expect(await call({ path: "/b" })).toMatchObject({ status: 403, cached: true });
    expect(await call()).toMatchObject({ status: 200, cached: true });
  },
  "cache-simple": async (kind) => {
    const { call } = keeping(kind, (event) => ({ isAuthorized: event["rawPath"] === "/a" }), {
      enableSimpleResponses: true,
    });
    expect(await call({ path: "/a" })).toMatchObject({ status: 200, asked: true });
    expect(await call({ path: "/b" })).toMatchObject({ status: 200, cached: true });
  },
  "cache-refusals": async (kind) => {
    const denied = keeping(kind, () => policy(statement("*", { Effect: "Deny" })));
    const unnamed = keeping(kind, () => policy(statement(arnOf(kind, "GET", "/b"))));
    for (const { call } of [denied, unnamed]) {
      expect(await call()).toMatchObject({ status: 403, asked: true });
      expect(await call()).toMatchObject({ status: 403, cached: true });
    }
    if (kind !== "http-2.0") return;
    const { call } = keeping(kind, () => ({ isAuthorized: false }), { enableSimpleResponses: true });
    await call();
    expect(await call()).toMatchObject({ status: 403, cached: true });
  },
  "cache-failures": async (kind) => {
    const isHttpApi = kind.startsWith("http");
    const failures: { fail: Behaviour; status: number; keptBy: string[] }[] = [
      {
        fail: () => Promise.reject(new Error("Unauthorized")),
        status: isHttpApi ? 500 : 401,
        keptBy: ["unauthorized", "every"],
      },
      { fail: () => Promise.reject(new Error("boom")), status: 500, keptBy: ["every"] },
      { fail: () => ({}), status: 500, keptBy: ["every"] },
      { fail: () => policy(statement("*", { Effect: "allow" })), status: 500, keptBy: ["every"] },
    ];
    for (const keptFailures of [undefined, "none", "unauthorized", "every"] as const) {
      for (const { fail, status, keptBy } of failures) {
        let calls = 0;
        const { call, clock } = keeping(kind, (event) => (++calls === 1 ? fail(event) : allowAll(kind)), {
          ...(keptFailures !== undefined && { settings: { keptFailures } }),
        });
        expect(await call()).toMatchObject({ status, asked: true, cached: false });
        const isKept = keptBy.includes(keptFailures ?? "none");
        expect(await call()).toMatchObject(
          isKept ? { status, asked: false, cached: true } : { status: 200, asked: true },
        );
        clock.advance(60);
        expect(await call()).toMatchObject({ status: 200, asked: true });
      }
    }
  },
  "cache-ttl": async (kind) => {
    for (const ttl of [0, 1, 3600]) {
      const { call, clock } = open(kind, { ttl });
      await call();
      if (ttl > 0) {
        clock.advance(ttl - 0.001);
        expect(await call()).toMatchObject({ cached: true });
        clock.advance(0.001);
      }
      expect(await call()).toMatchObject({ asked: true, cached: false });
    }
    for (const ttl of [-1, 3601, 0.5, Number.NaN]) expect(() => open(kind, { ttl })).toThrow(/0 to 3600/);
  },
  "cache-ttl-default-rest": (kind) => keepsFor(kind, 300),
  "cache-ttl-default-http": (kind) => keepsFor(kind, 0),
  "cache-connect": async (kind) => {
    const { call } = twinOf(kind, () => allowAll(kind));
    await call();
    expect(await call()).toMatchObject({ asked: true, cached: false });
    expect(() => open(kind)).toThrow("a WebSocket API has no resultTtlInSeconds");
  },
  "cache-needs-identity": async (kind) => {
    expect(() => open(kind, { identitySource: [] })).toThrow("needs at least one identity source");
    const { call } = open(kind, { identitySource: [], ttl: 0 });
    for (let calls = 0; calls < 2; calls += 1) {
      expect(await call({ headers: {} })).toMatchObject({ status: 200, asked: true });
    }
  },
} satisfies Record<string, Scenario>;
