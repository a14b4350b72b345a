import type { Clock } from "../clock.ts";
import type { Decided, Identified } from "../decision/decide-access.ts";
import type { DocumentVersion } from "../document.ts";
import { type ForwardFailureCode, GatewayError, isRefusal } from "../errors.ts";
import type { TokenTrail, VerifiedIdentity } from "../token/token-verifier.ts";
import { formatMembers, formatRecord, type Logger } from "./logger.ts";
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
  readonly #callerOf = formattedOnce((identity: VerifiedIdentity) => formatMembers(describeCaller(identity, identity)));
  readonly #documentOf = formattedOnce((document: DocumentVersion) => formatRecord({ ...document }));
  /** Of the surface that was asked last: most functions have one. */
  #surface: { readonly of: Surface; readonly members: string } | undefined;

  constructor(logger: Logger, clock: Clock, metrics: Metrics) {
    this.#logger = logger;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** Every warm call pays for this line: what is the same in many is written once and put together. */
  record({ id, startedAt, decision, access, trail, identity }: Decided, surface: Surface): void {
    const now = this.#clock.now();
    const { rule } = decision;
    const verdict = isRefusal(decision)
      ? { outcome: decision.effect, ...describeRefusal(decision), access }
      : { outcome: decision.effect, code: "ALLOWED", rule, access };
    // What the trail says of a verified caller is in the identity too.
    const caller = identity === undefined ? formatMembers(describeCaller(trail)) : this.#callerOf(identity);
    const documents = trail.documents.map(this.#documentOf).join();
    this.#logger.alwaysLine(
      // The id and the times are ours and hold nothing to be cleaned.
      `{"type":"decision","decisionId":"${id}","time":"${timeOf(startedAt)}","durationMs":${millisecondsFrom(startedAt, now)},` +
        `${this.#surfaceOf(surface)}${formatMembers(verdict)}${caller}"documents":[${documents}],` +
        `${this.#metrics.embedMembers(DECISION, now)}"Decisions":1}`,
    );
  }

  /** A caller that was identified and nothing more was asked: `whoami`, `service: false`. */
  recordIdentified(identified: Identified, surface: Surface): void {
    const { outcome } = identified;
    const refused = isRefusal(outcome);
    this.#write(identified, surface, {
      ...(refused ? { outcome: "refuse", ...describeRefusal(outcome) } : { outcome: "identified", code: "IDENTIFIED" }),
      ...describeCaller(identified.trail, refused ? undefined : outcome),
      documents: identified.trail.documents,
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
      time: timeOf(started.startedAt),
      durationMs: millisecondsFrom(started.startedAt, now),
      ...surface,
      ...("code" in call ? { level: "error", outcome: "failed" } : { outcome: "answered" }),
      ...call,
      ...this.#metrics.embed("code" in call ? CALL_FAILED : CALL_ANSWERED, now),
      ServiceCalls: 1,
    });
  }

  #surfaceOf(surface: Surface): string {
    const { function: name, apiId, stage } = surface;
    const last = this.#surface;
    if (last?.of.function === name && last.of.apiId === apiId && last.of.stage === stage) return last.members;
    const members = formatMembers({ function: name, apiId, stage });
    this.#surface = { of: surface, members };
    return members;
  }

  #write(started: { id: string; startedAt: number }, surface: Surface, record: Record<string, unknown>): void {
    const now = this.#clock.now();
    this.#logger.always({
      type: "decision",
      decisionId: started.id,
      time: timeOf(started.startedAt),
      durationMs: millisecondsFrom(started.startedAt, now),
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

function describeCaller(
  { principal, subject, issuer, keyId }: Pick<TokenTrail, "principal" | "subject" | "issuer" | "keyId">,
  identity?: VerifiedIdentity,
) {
  return {
    principal,
    subject,
    pod: identity?.pod?.name,
    audience: identity?.audience,
    issuer,
    keyId,
    tokenId: identity?.tokenId,
    issuedAt: identity?.issuedAt,
    expiresAt: identity?.expiresAt,
  };
}

/** @param startedAt - epoch seconds */
function timeOf(startedAt: number): string {
  return new Date(startedAt * 1000).toISOString();
}

function millisecondsFrom(startedAt: number, now: number): number {
  return Math.round((now - startedAt) * 1e6) / 1e3;
}

/** Formats what comes again and again once, and keeps the text as long as that is in memory. */
function formattedOnce<Of extends object>(format: (of: Of) => string): (of: Of) => string {
  const texts = new WeakMap<Of, string>();
  return (of) => {
    const known = texts.get(of);
    if (known !== undefined) return known;
    const text = format(of);
    texts.set(of, text);
    return text;
  };
}
