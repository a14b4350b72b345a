import { createHash } from "node:crypto";
import type { AuthorizerAnswer, NoAnswer } from "./authorizer-answer.ts";
import type { GatewayClock } from "./clock.ts";
import { type AuthorizerKind, isHttpApi, isRestApi } from "./gateway-request.ts";

/** What is kept of a call whose authorizer was asked: the answer, never the decision, and the call that it was made for. */
export interface KeptAnswer {
  readonly answer: AuthorizerAnswer | NoAnswer;
  /** ARN of that call. */
  readonly madeFor: string;
}

/** Seconds; `resultTtlInSeconds` of REST authorizers where nothing is said (API Gateway reference, CreateAuthorizer). */
const REST_DEFAULT_TTL_SECONDS = 300;

const LONGEST_TTL_SECONDS = 3600;

/** Answers kept at once. AWS says no number; this one only bounds the memory of a long offline session. */
const MAX_ENTRIES = 1000;

/** Seconds for which answers are kept where the configuration does not say it. */
export function defaultTtlSeconds(kind: AuthorizerKind): number {
  return isRestApi(kind) ? REST_DEFAULT_TTL_SECONDS : 0;
}

/** Why AWS refuses an authorizer with this time to live; `undefined` if it does not. */
export function ttlProblem(kind: AuthorizerKind, ttlSeconds: number, sources: readonly string[]): string | undefined {
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 0 || ttlSeconds > LONGEST_TTL_SECONDS) {
    return `resultTtlInSeconds is not a whole number from 0 to ${LONGEST_TTL_SECONDS}`;
  }
  if (ttlSeconds === 0) return undefined;
  if (kind === "websocket") return "a WebSocket API has no resultTtlInSeconds";
  if (sources.length > 0) return undefined;
  const set = isHttpApi(kind) ? "resultTtlInSeconds" : "resultTtlInSeconds (300 if not said)";
  return `${set} above 0 needs at least one identity source`;
}

/**
 * Answers of one authorizer at one stage, kept under the values of the identity sources in their configured order (API
 * Gateway developer guide, "Use API Gateway Lambda authorizers"; "Control access to HTTP APIs with AWS Lambda
 * authorizers"). For a TOKEN authorizer that is the value of the token's header, so one answer serves every method.
 */
export class ResultCache {
  readonly #ttlSeconds: number;
  readonly #clock: GatewayClock;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, KeptAnswer & { readonly until: number }>();

  /** @param ttlSeconds - 0: nothing is kept */
  constructor(ttlSeconds: number, clock: GatewayClock, maxEntries: number = MAX_ENTRIES) {
    this.#ttlSeconds = ttlSeconds;
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  /** At exactly its time to live an answer is gone. */
  find(identity: readonly string[]): KeptAnswer | undefined {
    const key = keyOf(identity);
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#clock.now() < entry.until) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  keep(identity: readonly string[], kept: KeptAnswer): void {
    if (this.#ttlSeconds === 0) return;
    const key = keyOf(identity);
    this.#entries.delete(key);
    this.#entries.set(key, { ...kept, until: this.#clock.now() + this.#ttlSeconds });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#maxEntries && oldest !== undefined) this.#entries.delete(oldest);
  }
}

/** A digest, because what identifies a caller is mostly a credential. */
function keyOf(identity: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(identity)).digest("base64");
}
