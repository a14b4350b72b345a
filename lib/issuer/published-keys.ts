import type { Clock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import { discoveryUrl } from "./discovery.ts";
import type { FetchJson } from "./fetch-json.ts";
import { fetchKeySet } from "./key-fetch.ts";
import type { KeySet } from "./key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

/** Keys in hand, and the moment (epoch seconds) at which the issuer published them. */
export interface DatedKeySet {
  readonly keys: KeySet;
  readonly fetchedAt: number;
}

const SHORTEST_BACKOFF_SECONDS = 0.1;
const LONGEST_BACKOFF_SECONDS = 10;

/** Where the keys of an issuer are published, as its document says. */
export function keySource(issuer: TrustedIssuer): string {
  return issuer.jwksURL ?? discoveryUrl(issuer);
}

/**
 * What one source published, as fetched by this environment. Another source is another object, so that a fetch which
 * was under way when the issuer document changed can no longer bring keys into service.
 */
export class PublishedKeys {
  readonly source: string;
  readonly #fetchJson: FetchJson;
  readonly #clock: Clock;
  #latest: DatedKeySet | undefined;
  #fetching: Promise<DatedKeySet | GatewayError> | undefined;
  #failures = 0;
  #failed: { readonly error: GatewayError; readonly retryAt: number } | undefined;

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
   */
  refresh(issuer: TrustedIssuer): Promise<DatedKeySet | GatewayError> {
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#failed !== undefined && this.#clock.now() < this.#failed.retryAt) {
      return Promise.resolve(this.#failed.error);
    }
    this.#fetching = this.#fetch(issuer).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(issuer: TrustedIssuer): Promise<DatedKeySet | GatewayError> {
    try {
      const keys = await fetchKeySet(issuer, this.#fetchJson, this.#clock);
      this.#latest = { keys, fetchedAt: this.#clock.now() };
      this.#failures = 0;
      this.#failed = undefined;
      return this.#latest;
    } catch (cause) {
      const error =
        cause instanceof GatewayError
          ? cause
          : new GatewayError("ISSUER_UNREACHABLE", `no keys from issuer ${issuer.url}`, { cause });
      this.#failures += 1;
      this.#failed = { error, retryAt: this.#clock.now() + backoffSeconds(this.#failures) };
      return error;
    }
  }
}

/** Full jitter, so that environments which failed together do not come back together. */
function backoffSeconds(failures: number): number {
  const ceiling = Math.min(LONGEST_BACKOFF_SECONDS, SHORTEST_BACKOFF_SECONDS * 2 ** failures);
  return SHORTEST_BACKOFF_SECONDS + Math.random() * (ceiling - SHORTEST_BACKOFF_SECONDS);
}
