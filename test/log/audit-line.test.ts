import fc from "fast-check";
import { expect, test } from "vitest";
import type { Decided } from "../../lib/decision/decide-access.ts";
import { REFUSALS, type RefusalCode, refuse } from "../../lib/errors.ts";
import { AuditLog, type Surface } from "../../lib/log/audit.ts";
import { createLogger, formatRecord } from "../../lib/log/logger.ts";
import { directive, embedded, Metrics } from "../../lib/log/metrics.ts";
import type { TokenTrail, VerifiedIdentity } from "../../lib/token/token-verifier.ts";
import { ManualClock } from "../support/manual-clock.ts";

const PREFIX = "/podgate/prod";
const DECISION = directive(
  [
    ["prefix", "outcome"],
    ["function", "outcome"],
    ["function", "outcome", "code"],
  ],
  { Decisions: "Count" },
);
const STORE_CALLS = directive([["prefix"]], { StoreCalls: "Count" });

/** What the log may meet in a name or a path: also what it has to escape, cut or replace. */
const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom('"', "\\", "\u007f", "é\u2028", "x".repeat(300), `ey${"JhbGciOi".repeat(4)}.${"a".repeat(20)}.b`),
);
const clean = fc.stringMatching(/^[a-z0-9/:.-]{0,40}$/);

interface Call {
  readonly decided: Decided;
  readonly surface: Surface;
  readonly storeCalls: number;
  readonly milliseconds: number;
}

/** Calls of a few callers by a few surfaces, so that what is kept of one is met by the next. */
function calls(text: fc.Arbitrary<string>): fc.Arbitrary<readonly Call[]> {
  const maybe = fc.option(text, { nil: undefined });
  const identity = fc.record({
    principal: text,
    subject: text,
    issuer: text,
    keyId: text,
    pod: fc.option(fc.record({ name: text, uid: text }), { nil: undefined }),
    audience: text,
    issuedAt: fc.nat(),
    expiresAt: fc.double({ noNaN: true, noDefaultInfinity: true }),
    tokenId: maybe,
  });
  const document = fc.record({ name: text, version: fc.nat() });
  const either = fc.constantFrom("one", "two");
  const surface = fc.oneof(
    fc.record({ function: text, apiId: maybe, stage: maybe }, { requiredKeys: ["function"] }),
    // Some that differ in one part alone.
    fc.record({ function: either, apiId: either, stage: either }),
  );
  const pools = fc.record({
    identities: fc.array(identity, { minLength: 1, maxLength: 3 }),
    documents: fc.array(document, { minLength: 1, maxLength: 3 }),
    surfaces: fc.array(surface, { minLength: 1, maxLength: 3 }),
    accessed: fc.array(text, { minLength: 1, maxLength: 2 }),
  });
  return pools.chain(({ identities, documents, surfaces, accessed }) => {
    const refusal = fc
      .record({
        code: fc.constantFrom(...(Object.keys(REFUSALS) as RefusalCode[])),
        detail: text,
        text,
        more: fc.nat(3),
      })
      .map(({ code, detail, text, more }) =>
        refuse(code, detail, {
          ...(more % 2 === 1 && { compared: { actual: text, expected: detail } }),
          ...(more > 1 && { rule: text }),
        }),
      );
    // Often the same as before, or the same but for a member.
    const part = fc.constantFrom(...accessed);
    const access = fc.record({ service: part, method: part, path: part });
    const decision = fc.oneof(
      text.map((rule) => ({ effect: "allow", rule }) as const),
      refusal,
    );
    return fc.array(
      fc
        .record({
          id: fc.uuid(),
          decision,
          access: fc.option(access, { nil: undefined }),
          identity: fc.option(fc.constantFrom(...identities), { nil: undefined }),
          unverified: fc.record({ issuer: text, keyId: text, principal: text }, { requiredKeys: [] }),
          comesAgain: fc.boolean(),
          documents: fc.subarray(documents),
          surface: fc.constantFrom(...surfaces),
          storeCalls: fc.nat(1),
          milliseconds: fc.nat(90_000),
        })
        .map(
          ({
            id,
            decision,
            access,
            identity,
            unverified,
            comesAgain,
            documents,
            surface,
            storeCalls,
            milliseconds,
          }) => {
            const verified = identity as VerifiedIdentity | undefined;
            const trail: TokenTrail =
              verified === undefined
                ? { ...unverified, documents }
                : {
                    issuer: verified.issuer,
                    keyId: verified.keyId,
                    principal: verified.principal,
                    subject: verified.subject,
                    ...(comesAgain && { comesAgain }),
                    documents,
                  };
            const outcome = decision.effect === "refuse" ? decision : (verified as VerifiedIdentity);
            const decided = { id, startedAt: 0, decision, outcome, trail, access, identity: verified } as Decided;
            return { decided, surface, storeCalls, milliseconds };
          },
        ),
      { minLength: 1, maxLength: 6 },
    );
  });
}

/** Each line that an environment writes for the calls, and the record that it stands for. */
function written(asked: readonly Call[]): { line: string; record: Record<string, unknown> }[] {
  const lines: string[] = [];
  const clock = new ManualClock(1_795_000_000.987);
  const metrics = new Metrics(PREFIX);
  metrics.embed([], 0);
  const audit = new AuditLog(
    createLogger("error", (line) => lines.push(line)),
    clock,
    metrics,
  );
  return asked.map(({ decided, surface, storeCalls, milliseconds }, index) => {
    const startedAt = clock.now();
    clock.advance(milliseconds / 1000);
    if (storeCalls > 0) metrics.count("StoreCalls");
    audit.record({ ...decided, startedAt }, surface);
    return { line: lines[index] ?? "", record: recordOf({ ...decided, startedAt }, surface, storeCalls, clock.now()) };
  });
}

/** The record as docs/audit.md describes it, in one literal. */
function recordOf(
  { id, startedAt, decision, access, trail, identity }: Decided,
  surface: Surface,
  storeCalls: number,
  now: number,
): Record<string, unknown> {
  const refusal = decision.effect === "refuse" ? decision : undefined;
  return {
    type: "decision",
    decisionId: id,
    time: new Date(startedAt * 1000).toISOString(),
    durationMs: Math.round((now - startedAt) * 1e6) / 1e3,
    function: surface.function,
    apiId: surface.apiId,
    stage: surface.stage,
    outcome: decision.effect,
    code: refusal?.code ?? "ALLOWED",
    step: refusal?.step,
    status: refusal?.status,
    detail: refusal?.detail,
    compared: refusal?.compared,
    rule: decision.rule,
    access,
    principal: trail.principal,
    subject: trail.subject,
    pod: identity?.pod?.name,
    audience: identity?.audience,
    issuer: trail.issuer,
    keyId: trail.keyId,
    tokenId: identity?.tokenId,
    issuedAt: identity?.issuedAt,
    expiresAt: identity?.expiresAt,
    documents: trail.documents,
    prefix: PREFIX,
    ...embedded(now, storeCalls > 0 ? [DECISION, STORE_CALLS] : [DECISION]),
    ...(storeCalls > 0 && { StoreCalls: storeCalls }),
    Decisions: 1,
  };
}

test("the line that is put together is JSON.stringify of the record, byte for byte", () => {
  fc.assert(
    fc.property(calls(clean), (asked) => {
      for (const { line, record } of written(asked)) expect(line).toBe(JSON.stringify(record));
    }),
  );
});

test("whatever stands in names and paths, it is the line that the whole record gives: escaped, cut, without tokens", () => {
  fc.assert(
    fc.property(calls(hostile), (asked) => {
      for (const { line, record } of written(asked)) expect(line).toBe(formatRecord(record));
    }),
  );
});
