import { type Clock, within } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import { discoveryUrl } from "./discovery.ts";
import type { FetchJson } from "./fetch-json.ts";
import type { IssuerRecord } from "./issuer-source.ts";
import { fetchKeySet } from "./key-fetch.ts";
import type { KeySet, UnfitKey, VerificationKey } from "./key-set.ts";
import { belongsTo } from "./stored-key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

export interface IssuerKeysOptions {
  readonly fetchJson: FetchJson;
  readonly clock: Clock;
  /** Seconds after which keys fetched from the issuer are fetched again. A larger value delays the end of a removed key. */
  readonly maxAgeSeconds: number;
  /** Seconds for which fetched keys serve at most while they cannot be fetched again. */
  readonly maxStaleSeconds: number;
  /** Reads the issuer's documents anew, whatever their age. */
  readonly reread: () => Promise<IssuerRecord | undefined>;
}

/** Keys in hand, and the moment at which the issuer published them. */
interface DatedKeySet {
  readonly keys: KeySet;
  readonly fetchedAt: number;
  readonly fetchedHere: boolean;
}

/** Seconds between look-ups for an unknown `kid`, whether the last one worked or not. */
const UNKNOWN_KEY_COOLDOWN_SECONDS = 10;

/** While an aged set can serve, a request waits this long for a fresh one and no longer. */
const REFRESH_PATIENCE_SECONDS = 0.5;

const SHORTEST_BACKOFF_SECONDS = 0.1;
const LONGEST_BACKOFF_SECONDS = 10;

/**
 * The keys of one issuer in one environment. They come from the store where it has them, else from the issuer, and
 * are replaced whole. Nothing here knows another issuer, so an issuer's bad hour stays its own.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #fetched: DatedKeySet | undefined;
  #fetchedFrom = "";
  #fetching: Promise<void> | undefined;
  #looking: Promise<IssuerRecord | undefined> | undefined;
  #nextLookAt = 0;
  #failures = 0;
  #retryAt = 0;
  #lastError: GatewayError | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /**
   * The key named `keyId`, or `undefined` where the issuer has no such key.
   * Throws `ISSUER_UNREACHABLE`, `DISCOVERY_INVALID`, `KEY_SET_INVALID` or `KEY_SET_MISSING` when there are no keys to judge by.
   */
  async find(record: IssuerRecord, keyId: string): Promise<VerificationKey | UnfitKey | undefined> {
    const set = await this.#current(record);
    const key = set.keys.get(keyId);
    if (key !== undefined) return key;
    const latest = await this.#lookForNewKeys(record);
    return latest?.keys.get(keyId);
  }

  async #current(record: IssuerRecord): Promise<DatedKeySet> {
    this.#forgetOtherSource(record.issuer);
    const inHand = this.#newest(record);
    if (record.issuer.keys === "static") {
      if (inHand !== undefined) return inHand;
      throw new GatewayError(
        "KEY_SET_MISSING",
        `issuer ${record.issuer.url} has static keys, and no key set of this issuer with "source": "static" is stored; put it there`,
      );
    }
    if (inHand !== undefined && (!inHand.fetchedHere || !this.#isAged(inHand))) return inHand;
    const refresh = this.#fetch(record);
    if (inHand === undefined) {
      await refresh;
    } else {
      await within(refresh, REFRESH_PATIENCE_SECONDS, this.#options.clock);
    }
    const set = this.#newest(record);
    if (set !== undefined) return set;
    throw this.#unavailable(record);
  }

  /** Of the stored and the fetched set, whichever was published last and may still serve. */
  #newest(record: IssuerRecord): DatedKeySet | undefined {
    const { clock, maxStaleSeconds } = this.#options;
    const now = clock.now();
    const { issuer, keySet } = record;
    const isStatic = issuer.keys === "static";
    const stored: DatedKeySet | undefined =
      keySet !== undefined && belongsTo(keySet, issuer, now) && (isStatic || now - keySet.fetchedAt < maxStaleSeconds)
        ? { keys: keySet.keys, fetchedAt: keySet.fetchedAt, fetchedHere: false }
        : undefined;
    const fetched =
      !isStatic && this.#fetched !== undefined && now - this.#fetched.fetchedAt < maxStaleSeconds
        ? this.#fetched
        : undefined;
    if (stored === undefined || fetched === undefined) return stored ?? fetched;
    return stored.fetchedAt >= fetched.fetchedAt ? stored : fetched;
  }

  /** Keys that were fetched where the issuer document no longer points are nobody's. */
  #forgetOtherSource(issuer: TrustedIssuer): void {
    const source = issuer.jwksURL ?? discoveryUrl(issuer);
    if (this.#fetchedFrom === source) return;
    this.#fetchedFrom = source;
    this.#fetched = undefined;
    this.#retryAt = 0;
  }

  #isAged({ fetchedAt }: DatedKeySet): boolean {
    return this.#options.clock.now() - fetchedAt >= this.#options.maxAgeSeconds;
  }

  /**
   * A token names a key that is not there: perhaps the issuer has a new one. Looks in the store, then asks the issuer,
   * at most once in 10 s and one look at a time; who comes meanwhile with an unknown key shares that look.
   */
  async #lookForNewKeys(record: IssuerRecord): Promise<DatedKeySet | undefined> {
    const now = this.#options.clock.now();
    if (this.#looking === undefined) {
      if (now < this.#nextLookAt) return undefined;
      this.#nextLookAt = now + UNKNOWN_KEY_COOLDOWN_SECONDS;
      this.#looking = this.#look(record).finally(() => {
        this.#looking = undefined;
      });
    }
    const latest = await this.#looking;
    return latest === undefined ? undefined : this.#newest(latest);
  }

  async #look(record: IssuerRecord): Promise<IssuerRecord | undefined> {
    try {
      const before = this.#newest(record);
      const latest = await this.#options.reread();
      if (latest === undefined || latest.issuer.keys === "static") return latest;
      if (this.#newest(latest)?.fetchedAt === before?.fetchedAt) await this.#fetch(latest);
      return latest;
    } catch {
      // Keys are in hand, and this one is not among them: the outage is reported by whoever has no keys at all.
      return record;
    }
  }

  /** One fetch at a time; after a failure none before the backoff ends. Never rejects. */
  #fetch(record: IssuerRecord): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#options.clock.now() < this.#retryAt) return Promise.resolve();
    this.#fetching = this.#fetchNow(record).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchNow({ issuer }: IssuerRecord): Promise<void> {
    const { fetchJson, clock } = this.#options;
    try {
      const keys = await fetchKeySet(issuer, fetchJson, clock);
      this.#fetched = { keys, fetchedAt: clock.now(), fetchedHere: true };
      // What was just fetched need not be looked for again.
      this.#nextLookAt = this.#fetched.fetchedAt + UNKNOWN_KEY_COOLDOWN_SECONDS;
      this.#failures = 0;
      this.#retryAt = 0;
      this.#lastError = undefined;
    } catch (error) {
      this.#failures += 1;
      this.#retryAt = clock.now() + backoffSeconds(this.#failures);
      this.#lastError =
        error instanceof GatewayError
          ? error
          : new GatewayError("ISSUER_UNREACHABLE", `no keys from issuer ${issuer.url}`, { cause: error });
    }
  }

  #unavailable({ issuer }: IssuerRecord): GatewayError {
    return this.#lastError ?? new GatewayError("ISSUER_UNREACHABLE", `no keys from issuer ${issuer.url} yet`);
  }
}

/** Full jitter, so that environments which failed together do not come back together. */
function backoffSeconds(failures: number): number {
  const ceiling = Math.min(LONGEST_BACKOFF_SECONDS, SHORTEST_BACKOFF_SECONDS * 2 ** failures);
  return SHORTEST_BACKOFF_SECONDS + Math.random() * (ceiling - SHORTEST_BACKOFF_SECONDS);
}
