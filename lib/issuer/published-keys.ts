import type { Clock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import type { FetchJson } from "./fetch-json.ts";
import { fetchKeySet, KEY_FETCH_SECONDS } from "./key-fetch.ts";
import type { KeySet } from "./key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

/** Keys in hand, and the moment (epoch seconds) at which the issuer was asked for them. */
export interface DatedKeySet {
  readonly keys: KeySet;
  readonly fetchedAt: number;
}

type Outcome = DatedKeySet | GatewayError;

const SHORTEST_BACKOFF_SECONDS = 0.1;
const LONGEST_BACKOFF_SECONDS = 10;

/**
 * What one source published, as fetched by this environment. Another source is another object, so that a fetch which
 * was under way when the issuer document changed can no longer bring keys into service.
 */
export class PublishedKeys {
  readonly source: string;
  readonly #fetchJson: FetchJson;
  readonly #clock: Clock;
  #latest: DatedKeySet | undefined;
  #fetching: { readonly begunAt: number; readonly outcome: Promise<Outcome> } | undefined;
  #failures = 0;
  #failed: { readonly error: GatewayError; readonly begunAt: number; readonly retryAt: number } | undefined;

  constructor(source: string, fetchJson: FetchJson, clock: Clock) {
    this.source = source;
    this.#fetchJson = fetchJson;
    this.#clock = clock;
  }

  /** The last set that was good. A failed fetch leaves it. */
  get latest(): DatedKeySet | undefined {
    return this.#latest;
  }

  /**
   * Fetches, one fetch at a time; after a failure not before the backoff ends. Never rejects: the error is a value,
   * because most callers have keys to go on with.
   *
   * A fetch that has had its time and is still there was frozen with the environment. It is not waited for.
   *
   * @param since - epoch seconds: neither waits for a fetch that was begun before, nor for the backoff after one
   */
  refresh(issuer: TrustedIssuer, since = 0): Promise<Outcome> {
    const now = this.#clock.now();
    const running = this.#fetching;
    if (running !== undefined && running.begunAt >= since && now < running.begunAt + KEY_FETCH_SECONDS) {
      return running.outcome;
    }
    const failed = this.#failed;
    if (failed !== undefined && failed.begunAt >= since && now < failed.retryAt) return Promise.resolve(failed.error);
    const outcome: Promise<Outcome> = this.#fetch(issuer, now).then((ended) => {
      // Another fetch has taken the place of one that was left behind: what it brings is what counts.
      if (this.#fetching?.outcome === outcome) this.#note(ended, now);
      return ended;
    });
    this.#fetching = { begunAt: now, outcome };
    return outcome;
  }

  async #fetch(issuer: TrustedIssuer, begunAt: number): Promise<Outcome> {
    try {
      const keys = await fetchKeySet(issuer, this.#fetchJson, this.#clock);
      // What the issuer changed after it was asked may not be in its answer.
      return { keys, fetchedAt: begunAt };
    } catch (cause) {
      if (cause instanceof GatewayError) return cause;
      return new GatewayError("ISSUER_UNREACHABLE", `no keys from issuer ${issuer.url}`, { cause });
    }
  }

  #note(ended: Outcome, begunAt: number): void {
    this.#fetching = undefined;
    if (ended instanceof GatewayError) {
      this.#failures += 1;
      // Time in which the environment was frozen is part of the pause.
      const endedAt = Math.min(this.#clock.now(), begunAt + KEY_FETCH_SECONDS);
      this.#failed = { error: ended, begunAt, retryAt: endedAt + backoffSeconds(this.#failures) };
      return;
    }
    this.#latest = ended;
    this.#failures = 0;
    this.#failed = undefined;
  }
}

/** Full jitter, so that environments which failed together do not come back together. */
function backoffSeconds(failures: number): number {
  const ceiling = Math.min(LONGEST_BACKOFF_SECONDS, SHORTEST_BACKOFF_SECONDS * 2 ** failures);
  return SHORTEST_BACKOFF_SECONDS + Math.random() * (ceiling - SHORTEST_BACKOFF_SECONDS);
}
