import type { Clock } from "../clock.ts";
import type { Decided, Identified } from "../decision/decide-access.ts";
import { type ForwardFailureCode, GatewayError, isRefusal } from "../errors.ts";
import type { TokenTrail, VerifiedIdentity } from "../token/token-verifier.ts";
import type { Logger } from "./logger.ts";
import { directive, type Metrics } from "./metrics.ts";

/** Where a request came in: an API and stage of API Gateway, or the function that answered it. */
export interface Surface {
  readonly function: string;
  readonly apiId?: string | undefined;
  readonly stage?: string | undefined;
}

/**
 * What a record counts. Outcomes and codes are short lists of ours, so a caller cannot make a metric. `prefix` is what all
 * functions of a deployment share, so one alarm watches them all.
 */
const DECISION = [
  directive(
    [
      ["prefix", "outcome"],
      ["function", "outcome"],
      ["function", "outcome", "code"],
    ],
    { Decisions: "Count" },
  ),
];
const CALL_ANSWERED = [directive([["prefix", "outcome"]], { ServiceCalls: "Count" })];
const CALL_FAILED = [
  directive(
    [
      ["prefix", "outcome"],
      ["prefix", "outcome", "code"],
    ],
    { ServiceCalls: "Count" },
  ),
];

/**
 * One record for each decision, and for each request that could not be decided. Its members are documented in
 * docs/audit.md and are part of the contract. Never token text; who called is named only after the signature held.
 */
export class AuditLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #metrics: Metrics;

  constructor(logger: Logger, clock: Clock, metrics: Metrics) {
    this.#logger = logger;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** One literal, not parts put together: every warm call pays for it, and an object of one shape is written in half the time. */
  record(decided: Decided, surface: Surface): void {
    const { decision, access, trail, identity } = decided;
    const refusal = isRefusal(decision) ? decision : undefined;
    const now = this.#clock.now();
    this.#logger.always({
      type: "decision",
      decisionId: decided.id,
      time: new Date(decided.startedAt * 1000).toISOString(),
      durationMs: Math.round((now - decided.startedAt) * 1e6) / 1e3,
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
      ...this.#metrics.embed(DECISION, now),
      Decisions: 1,
    });
  }

  /** A caller that was identified and nothing more was asked: `whoami`, `service: false`. */
  recordIdentified(identified: Identified, surface: Surface): void {
    const { outcome } = identified;
    const refused = isRefusal(outcome);
    this.#write(identified, surface, {
      ...(refused ? { outcome: "refuse", ...describeRefusal(outcome) } : { outcome: "identified", code: "IDENTIFIED" }),
      ...describeCaller(identified.trail, refused ? undefined : outcome),
    });
  }

  /** A request that was not decided either way. */
  recordFailure(error: unknown, started: { id: string; startedAt: number }, surface: Surface): void {
    const known = error instanceof GatewayError;
    this.#write(started, surface, {
      level: "error",
      outcome: "error",
      code: known ? error.code : "INTERNAL",
      // The message of an unknown error may quote anything; its class is all that is safe to tell.
      detail: known ? error.message : `unexpected ${error instanceof Error ? error.name : typeof error}`,
    });
  }

  /** What became of an allowed call to a service: its status, or why it was not made. A record beside the decision's. */
  recordCall(
    started: { id: string; startedAt: number },
    surface: Surface,
    call: { service: string; status: number } | { code: ForwardFailureCode; detail: string },
  ): void {
    const now = this.#clock.now();
    this.#logger.always({
      type: "call",
      decisionId: started.id,
      time: new Date(started.startedAt * 1000).toISOString(),
      durationMs: Math.round((now - started.startedAt) * 1e6) / 1e3,
      ...surface,
      ...("code" in call ? { level: "error", outcome: "failed" } : { outcome: "answered" }),
      ...call,
      ...this.#metrics.embed("code" in call ? CALL_FAILED : CALL_ANSWERED, now),
      ServiceCalls: 1,
    });
  }

  #write(started: { id: string; startedAt: number }, surface: Surface, record: Record<string, unknown>): void {
    const now = this.#clock.now();
    this.#logger.always({
      type: "decision",
      decisionId: started.id,
      time: new Date(started.startedAt * 1000).toISOString(),
      durationMs: Math.round((now - started.startedAt) * 1e6) / 1e3,
      ...surface,
      ...record,
      ...this.#metrics.embed(DECISION, now),
      Decisions: 1,
    });
  }
}

function describeRefusal(refusal: {
  code: string;
  step: string;
  status: number;
  detail: string;
  compared?: unknown;
  rule?: string;
}) {
  const { code, step, status, detail, compared, rule } = refusal;
  return { code, step, status, detail, compared, rule };
}

function describeCaller(trail: TokenTrail, identity: VerifiedIdentity | undefined) {
  return {
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
  };
}
