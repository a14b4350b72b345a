import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import { type ClaimContext, refuseClaims } from "../../lib/token/claim-rules.ts";
import { readClaims, type TokenClaims } from "../../lib/token/token-claims.ts";
import { issuerWith } from "../issuer/support.ts";
import { asRead, claimsWith, kubernetesWith } from "./support.ts";

const NOW = 1_795_001_000;
const AUDIENCE = "https://api.example.com";

function claims(changes: Readonly<Record<string, unknown>> = {}): TokenClaims {
  const read = readClaims(asRead(claimsWith(changes)));
  if (isRefusal(read)) throw new Error(read.code);
  return read;
}

function outcomeOf(read: TokenClaims, context: Partial<ClaimContext> = {}): string {
  const refusal = refuseClaims(read, {
    issuer: issuerWith(),
    audiences: [AUDIENCE],
    now: NOW,
    clockSkewSeconds: 30,
    ...context,
  });
  return refusal?.code ?? "accepted";
}

describe.for([0, 30, 60])("times, with a skew of %i s (S15, RFC 7519 §4.1.4 and §4.1.5)", (clockSkewSeconds) => {
  test.for([
    { what: "exp a moment ahead of now less the skew", at: { exp: 0.001 }, sign: -1, outcome: "accepted" },
    { what: "exp at now less the skew", at: { exp: 0 }, sign: -1, outcome: "TOKEN_EXPIRED" },
    { what: "exp a second before that", at: { exp: -1 }, sign: -1, outcome: "TOKEN_EXPIRED" },
    { what: "nbf a second before now and the skew", at: { nbf: -1 }, sign: 1, outcome: "accepted" },
    { what: "nbf at now and the skew", at: { nbf: 0 }, sign: 1, outcome: "accepted" },
    { what: "nbf a moment after that", at: { nbf: 0.001 }, sign: 1, outcome: "TOKEN_NOT_YET_VALID" },
    { what: "iat at now and the skew", at: { iat: 0 }, sign: 1, outcome: "accepted" },
    { what: "iat a moment after that", at: { iat: 0.001 }, sign: 1, outcome: "TOKEN_NOT_YET_VALID" },
  ])("$what: $outcome", ({ at, sign, outcome }) => {
    const changes = Object.fromEntries(
      Object.entries(at).map(([claim, offset]) => [claim, NOW + sign * clockSkewSeconds + offset]),
    );

    expect(outcomeOf(claims(changes), { clockSkewSeconds })).toBe(outcome);
  });

  test("the verdict at a boundary is the same a hundred times (R20)", () => {
    const outcomes = Array.from({ length: 100 }, () =>
      outcomeOf(claims({ exp: NOW - clockSkewSeconds }), { clockSkewSeconds }),
    );

    expect(new Set(outcomes)).toStrictEqual(new Set(["TOKEN_EXPIRED"]));
  });
});

test("a token without nbf is accepted", () => {
  expect(outcomeOf(claims({ nbf: undefined }))).toBe("accepted");
});

describe("lifetime, exp - iat (S16)", () => {
  test.for([
    { cap: 86_400, lifetime: 86_400, outcome: "accepted" },
    { cap: 86_400, lifetime: 86_401, outcome: "TOKEN_LIFETIME_TOO_LONG" },
    { cap: 86_400, lifetime: 365 * 86_400, outcome: "TOKEN_LIFETIME_TOO_LONG" },
    { cap: 86_400, lifetime: 1e300, outcome: "TOKEN_LIFETIME_TOO_LONG" },
    { cap: 600, lifetime: 600, outcome: "accepted" },
    { cap: 600, lifetime: 600.5, outcome: "TOKEN_LIFETIME_TOO_LONG" },
  ])("$lifetime s where $cap s are allowed: $outcome", ({ cap, lifetime, outcome }) => {
    const issuer = issuerWith({ maxTokenLifetimeSeconds: cap });

    expect(outcomeOf(claims({ iat: NOW, exp: NOW + lifetime }), { issuer })).toBe(outcome);
  });

  test("a span beyond every number is too long", () => {
    expect(outcomeOf(claims({ iat: -1e308, nbf: undefined, exp: 1e308 }))).toBe("TOKEN_LIFETIME_TOO_LONG");
  });
});

describe("notBefore of the issuer document", () => {
  test.for([
    { notBefore: NOW - 1, outcome: "accepted" },
    { notBefore: NOW, outcome: "accepted" },
    { notBefore: NOW + 1, outcome: "TOKEN_REVOKED" },
  ])("$notBefore for a token of 1795001000: $outcome", ({ notBefore, outcome }) => {
    expect(outcomeOf(claims({ iat: NOW }), { issuer: issuerWith({ notBefore }) })).toBe(outcome);
  });
});

describe("audience: one of the receiver's, exactly (S13)", () => {
  test.for([
    { aud: AUDIENCE, audiences: [AUDIENCE], outcome: "accepted" },
    { aud: ["other", AUDIENCE], audiences: [AUDIENCE], outcome: "accepted" },
    { aud: [AUDIENCE], audiences: ["other", AUDIENCE], outcome: "accepted" },
    { aud: [AUDIENCE], audiences: [], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: [], audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: undefined, audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: undefined, audiences: [], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: "", audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: "https://oidc.example.com/id/A", audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: `${AUDIENCE}/`, audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: "https://API.example.com", audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: "https://api.example", audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: `${AUDIENCE},other`, audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: "*", audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
    { aud: [AUDIENCE, 1], audiences: [AUDIENCE], outcome: "TOKEN_AUDIENCE_MISMATCH" },
  ])("$aud at $audiences: $outcome", ({ aud, audiences, outcome }) => {
    expect(outcomeOf(claims({ aud }), { audiences })).toBe(outcome);
  });
});

describe("binding to a pod", () => {
  const unbound = { "kubernetes.io": kubernetesWith({ pod: undefined }) };
  test.for([
    { changes: {}, requireBoundPod: true, outcome: "accepted" },
    { changes: {}, requireBoundPod: false, outcome: "accepted" },
    { changes: unbound, requireBoundPod: false, outcome: "accepted" },
    { changes: unbound, requireBoundPod: true, outcome: "TOKEN_NOT_POD_BOUND" },
  ])("$outcome where requireBoundPod is $requireBoundPod", ({ changes, requireBoundPod, outcome }) => {
    expect(outcomeOf(claims(changes), { issuer: issuerWith({ requireBoundPod }) })).toBe(outcome);
  });
});

describe("issuer: the one whose key signed (S11, S12)", () => {
  test.for(["https://other.example.com", "https://oidc.example.com/id/A/", "https://OIDC.example.com/id/A"])(
    "%s is another",
    (iss) => {
      expect(outcomeOf(claims({ iss }))).toBe("ISSUER_UNKNOWN");
    },
  );
});

test("of several faults the first in the order of the table of refusals is told", () => {
  const all = {
    aud: "x",
    iat: NOW + 1000,
    nbf: NOW + 1000,
    exp: NOW - 1000,
    "kubernetes.io": kubernetesWith({ pod: undefined }),
  };
  const issuer = issuerWith({ requireBoundPod: true, notBefore: NOW + 2000, maxTokenLifetimeSeconds: 600 });
  const mended = [
    {},
    { aud: AUDIENCE },
    { aud: AUDIENCE, exp: NOW + 90_000 },
    { aud: AUDIENCE, exp: NOW + 90_000, nbf: NOW },
    { aud: AUDIENCE, exp: NOW + 90_000, nbf: NOW, iat: NOW },
    { aud: AUDIENCE, exp: NOW + 600, nbf: NOW, iat: NOW },
  ];

  expect(mended.map((changes) => outcomeOf(claims({ ...all, ...changes }), { issuer }))).toStrictEqual([
    "TOKEN_AUDIENCE_MISMATCH",
    "TOKEN_EXPIRED",
    "TOKEN_NOT_YET_VALID",
    "TOKEN_NOT_YET_VALID",
    "TOKEN_LIFETIME_TOO_LONG",
    "TOKEN_REVOKED",
  ]);
});

test("a refusal says what was held against what", () => {
  const context = { issuer: issuerWith(), audiences: [AUDIENCE], now: NOW + 0.9, clockSkewSeconds: 30 };

  expect(refuseClaims(claims({ exp: NOW - 100 }), context)?.compared).toStrictEqual({
    actual: `exp ${NOW - 100}`,
    expected: `after now ${NOW}, give or take 30 s`,
  });
  expect(refuseClaims(claims({ aud: [] }), context)?.compared).toStrictEqual({ actual: "none", expected: AUDIENCE });
});
