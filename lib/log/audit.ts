import type { Clock } from "../clock.ts";
import type { Decided, Identified } from "../decision/decide-access.ts";
import type { DocumentVersion } from "../document.ts";
import { type ForwardFailureCode, GatewayError, isRefusal, type Refusal } from "../errors.ts";
import { createLru } from "../lru.ts";
import type { Allow } from "../permission/decide.ts";
import type { Access } from "../permission/permission.ts";
import type { TokenTrail, VerifiedIdentity } from "../token/token-verifier.ts";
import { formatMembers, formatRecord, type Logger, type LogRecord } from "./logger.ts";
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

/** Rules whose lines are kept: one for each caller whose permissions are (lib/aws/document-sources.ts). */
const RULES = 4096;

/**
 * One record for each decision, and for each request that could not be decided. Its members are documented in
 * docs/audit.md and are part of the contract. Never token text; who called is named only after the signature held.
 */
export class AuditLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #verified = formattedOnce(describeVerified);
  readonly #document = formattedOnce(({ name, version }: DocumentVersion) => formatRecord({ name, version }));
  readonly #allowed = createLru<string, string>(RULES);
  /** Most functions have one. */
  readonly #surface = formattedLast<LogRecord>(formatMembers);
  /** Callers ask again and again for the same. */
  readonly #access = formattedLast((access: Access) => formatMembers({ access }));
  /** The second that was told last, up to its point: calls come many in one. */
  #second = { epoch: Number.NaN, text: "" };

  constructor(logger: Logger, clock: Clock, metrics: Metrics) {
    this.#logger = logger;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  record(decided: Decided, surface: Surface): void {
    const { decision, access, trail, identity } = decided;
    const verdict = isRefusal(decision)
      ? formatMembers(describeRefusal(decision, access))
      : this.#describeAllow(decision) + (access ? this.#access(access) : "");
    this.#write(decided, surface, verdict + this.#describeCaller(trail, identity));
  }

  /** A caller that was identified and nothing more was asked: `whoami`, `service: false`. */
  recordIdentified(identified: Identified, surface: Surface): void {
    const { outcome, trail } = identified;
    const [verdict, identity] = isRefusal(outcome)
      ? [describeRefusal(outcome)]
      : [{ outcome: "identified", code: "IDENTIFIED" }, outcome];
    this.#write(identified, surface, formatMembers(verdict) + this.#describeCaller(trail, identity));
  }

  /** A request that was not decided either way. */
  recordFailure(error: unknown, started: { id: string; startedAt: number }, surface: Surface): void {
    const known = error instanceof GatewayError;
    const verdict = {
      level: "error",
      outcome: "error",
      code: known ? error.code : "INTERNAL",
      // The message of an unknown error may quote anything; its class is all that is safe to tell.
      detail: known ? error.message : `unexpected ${error instanceof Error ? error.name : typeof error}`,
    };
    this.#write(started, surface, formatMembers(verdict));
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

  /** Every warm call pays for this line, so what is the same in many calls is formatted once. Id and times are our own. */
  #write({ id, startedAt }: { id: string; startedAt: number }, surface: Surface, members: string): void {
    const { function: name, apiId, stage } = surface;
    const now = this.#clock.now();
    this.#logger.alwaysLine(
      `{"type":"decision","decisionId":"${id}","time":"${this.#timeOf(startedAt)}",` +
        `"durationMs":${millisecondsFrom(startedAt, now)},${this.#surface({ function: name, apiId, stage })}${members}` +
        `${this.#metrics.embedMembers(DECISION, now)}"Decisions":1}`,
    );
  }

  /** As `toISOString` writes it. */
  #timeOf(epochSeconds: number): string {
    const milliseconds = Math.trunc(epochSeconds * 1000);
    const epoch = Math.floor(milliseconds / 1000);
    if (epoch !== this.#second.epoch) this.#second = { epoch, text: timeOf(epoch).slice(0, -"000Z".length) };
    return `${this.#second.text}${String(milliseconds - epoch * 1000).padStart(3, "0")}Z`;
  }

  #describeAllow({ effect, rule }: Allow): string {
    let members = this.#allowed.get(rule);
    if (members === undefined) {
      members = formatMembers({ outcome: effect, code: "ALLOWED", rule });
      this.#allowed.set(rule, members);
    }
    return members;
  }

  #describeCaller(trail: TokenTrail, identity: VerifiedIdentity | undefined): string {
    // What the trail says of a verified caller, the identity says too. What nobody asks for again is not worth keeping.
    const describe = trail.comesAgain ? this.#verified : describeVerified;
    const caller = identity === undefined ? formatMembers(callerOf(trail)) : describe(identity);
    let documents = "";
    for (const document of trail.documents) documents += (documents && ",") + this.#document(document);
    return `${caller}"documents":[${documents}],`;
  }
}

function describeRefusal({ effect, code, step, status, detail, compared, rule }: Refusal, access?: Access) {
  return { outcome: effect, code, step, status, detail, compared, rule, access };
}

function describeVerified(identity: VerifiedIdentity): string {
  return formatMembers(callerOf(identity, identity));
}

function callerOf({ principal, subject, issuer, keyId }: Omit<TokenTrail, "documents">, identity?: VerifiedIdentity) {
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

function timeOf(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
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

/** Formats what is the same as the last time once. All that it is given have the same members. */
function formattedLast<Of extends object>(format: (of: Of) => string): (of: Of) => string {
  let last: Of | undefined;
  let text = "";
  return (of) => {
    for (const member in of) {
      if (of[member] === last?.[member]) continue;
      last = of;
      text = format(of);
      break;
    }
    return text;
  };
}
