import { describe, expect, test } from "vitest";
import type { Decided } from "../../lib/decision/decide-access.ts";
import { GatewayError, refuse } from "../../lib/errors.ts";
import { AuditLog } from "../../lib/log/audit.ts";
import { createLogger } from "../../lib/log/logger.ts";
import { Metrics } from "../../lib/log/metrics.ts";
import type { TokenTrail, VerifiedIdentity } from "../../lib/token/token-verifier.ts";
import { fixedClock } from "../support/manual-clock.ts";

const STARTED = { id: "5f0c4f2e-0000-4000-8000-000000000000", startedAt: 1_795_000_000.5 };
const SURFACE = { function: "podgate-prod-authorizer", apiId: "a1b2c3", stage: "prod" };
const DOCUMENT = { name: "/podgate/prod/permissions/_all", version: 7 };

const trail: TokenTrail = {
  issuer: "https://oidc.example.com/id/A",
  keyId: "key-1",
  principal: "dev/payments/checkout",
  subject: "system:serviceaccount:payments:checkout",
  documents: [DOCUMENT],
};

const identity = {
  cluster: "dev",
  namespace: "payments",
  serviceAccount: "checkout",
  issuer: "https://oidc.example.com/id/A",
  principal: "dev/payments/checkout",
  subject: "system:serviceaccount:payments:checkout",
  pod: { name: "checkout-0", uid: "0d1f" },
  audience: "orders.example.com",
  issuedAt: 1_794_999_000,
  expiresAt: 1_795_002_600,
  keyId: "key-1",
  tokenId: "jti-1",
} as unknown as VerifiedIdentity;

const access = { service: "orders", method: "GET", path: "/v1" };

/** Of an environment that has said already that it is a new one. */
function metricsAfterTheFirst(): Metrics {
  const metrics = new Metrics("/podgate/prod");
  metrics.embed([], 0);
  return metrics;
}

/** The one record that `write` makes, 12.345 ms after the request came. */
function recordOf(write: (audit: AuditLog) => void): Record<string, unknown> {
  const lines: string[] = [];
  const logger = createLogger("error", (line) => lines.push(line));
  write(new AuditLog(logger, fixedClock(STARTED.startedAt + 0.012345), metricsAfterTheFirst()));
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "");
}

const common = {
  type: "decision",
  decisionId: STARTED.id,
  time: "2026-11-18T11:06:40.500Z",
  durationMs: 12.345,
  ...SURFACE,
};

const caller = {
  principal: "dev/payments/checkout",
  subject: "system:serviceaccount:payments:checkout",
  issuer: "https://oidc.example.com/id/A",
  keyId: "key-1",
  documents: [DOCUMENT],
};

const verifiedCaller = {
  ...caller,
  pod: "checkout-0",
  audience: "orders.example.com",
  tokenId: "jti-1",
  issuedAt: 1_794_999_000,
  expiresAt: 1_795_002_600,
};

const counted = {
  prefix: "/podgate/prod",
  _aws: {
    Timestamp: 1_795_000_000_512,
    CloudWatchMetrics: [
      {
        Namespace: "podgate",
        Dimensions: [
          ["prefix", "outcome"],
          ["function", "outcome"],
          ["function", "outcome", "code"],
        ],
        Metrics: [{ Name: "Decisions", Unit: "Count" }],
      },
    ],
  },
  Decisions: 1,
};

describe("the record of a decision, whatever the log level", () => {
  test("an allow: who, what, and the rule", () => {
    const decision = { effect: "allow", rule: "/p#allow[0]" } as const;
    const decided: Decided = { ...STARTED, decision, outcome: identity, trail, access, identity };
    expect(recordOf((audit) => audit.record(decided, SURFACE))).toEqual({
      ...common,
      ...verifiedCaller,
      ...counted,
      outcome: "allow",
      code: "ALLOWED",
      rule: "/p#allow[0]",
      access,
    });
  });

  test("a refusal of a verified caller: the same, with reason, step and status", () => {
    const decision = refuse("ACCESS_DENIED", "a deny covers it", { rule: "/p#deny[0]" });
    const decided: Decided = { ...STARTED, decision, outcome: decision, trail, access, identity };
    expect(recordOf((audit) => audit.record(decided, SURFACE))).toEqual({
      ...common,
      ...verifiedCaller,
      ...counted,
      outcome: "refuse",
      code: "ACCESS_DENIED",
      step: "decision",
      status: 403,
      detail: "a deny covers it",
      rule: "/p#deny[0]",
      access,
    });
  });

  test("a refusal before the signature held names no caller", () => {
    const decision = refuse("KEY_UNKNOWN", "no such key", { compared: { actual: "x", expected: "y" } });
    const unverified: TokenTrail = { issuer: "https://oidc.example.com/id/A", keyId: "key-9", documents: [DOCUMENT] };
    const decided: Decided = { ...STARTED, decision, outcome: decision, trail: unverified };
    expect(recordOf((audit) => audit.record(decided, SURFACE))).toEqual({
      ...common,
      ...counted,
      outcome: "refuse",
      code: "KEY_UNKNOWN",
      step: "key",
      status: 401,
      detail: "no such key",
      compared: { actual: "x", expected: "y" },
      issuer: "https://oidc.example.com/id/A",
      keyId: "key-9",
      documents: [DOCUMENT],
    });
  });

  test("a caller who was identified, and nothing more was asked", () => {
    const identified = { ...STARTED, outcome: identity, trail };
    expect(recordOf((audit) => audit.recordIdentified(identified, { function: "whoami" }))).toEqual({
      type: "decision",
      decisionId: STARTED.id,
      time: common.time,
      durationMs: 12.345,
      function: "whoami",
      ...verifiedCaller,
      ...counted,
      outcome: "identified",
      code: "IDENTIFIED",
    });
  });

  test("a caller who could not be identified", () => {
    const outcome = refuse("TOKEN_EXPIRED", "it has expired");
    expect(recordOf((audit) => audit.recordIdentified({ ...STARTED, outcome, trail }, SURFACE))).toEqual({
      ...common,
      ...caller,
      ...counted,
      outcome: "refuse",
      code: "TOKEN_EXPIRED",
      step: "validity",
      status: 401,
      detail: "it has expired",
    });
  });

  test("no decision: the code and detail of an error of ours", () => {
    const error = new GatewayError("PARAMETERS_UNAVAILABLE", "the store is away", { cause: new Error("canary-4711") });
    expect(recordOf((audit) => audit.recordFailure(error, STARTED, SURFACE))).toEqual({
      ...common,
      ...counted,
      level: "error",
      outcome: "error",
      code: "PARAMETERS_UNAVAILABLE",
      detail: "the store is away",
    });
  });

  test.for([
    { error: new TypeError("canary-4711"), detail: "unexpected TypeError" },
    { error: "canary-4711", detail: "unexpected string" },
    { error: undefined, detail: "unexpected undefined" },
  ])("no decision by a defect: $detail and not what it says", ({ error, detail }) => {
    const record = recordOf((audit) => audit.recordFailure(error, STARTED, SURFACE));
    expect(record).toMatchObject({ level: "error", outcome: "error", code: "INTERNAL", detail });
    expect(JSON.stringify(record)).not.toContain("canary");
  });
});
