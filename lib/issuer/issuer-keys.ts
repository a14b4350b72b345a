import { type Awaitable, whenThere } from "../awaitable.ts";
import { type Clock, within } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import { keySource } from "./discovery.ts";
import type { FetchJson } from "./fetch-json.ts";
import type { IssuerRecord } from "./issuer-source.ts";
import type { KeySet, UnfitKey, VerificationKey } from "./key-set.ts";
import { haveSameKeys, SNAPSHOT_MAX_AGE_SECONDS } from "./key-snapshot.ts";
import { type DatedKeySet, PublishedKeys } from "./published-keys.ts";
import { belongsTo } from "./stored-key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

export interface IssuerKeysOptions {
  readonly fetchJson: FetchJson;
  readonly clock: Clock;
  /** Seconds after which keys fetched from the issuer are fetched again. A larger value delays the end of a removed key. */
  readonly maxAgeSeconds: number;
  /** Seconds for which keys serve at most while they cannot be fetched again. */
  readonly maxStaleSeconds: number;
  /** Reads this issuer's documents anew, whatever their age; `undefined` where it may not be trusted any longer. */
  readonly reread: () => Promise<IssuerRecord | undefined>;
  /** Told when keys serve that should have been fetched again; with the reason, where it is known yet. */
  readonly onStaleKeys: (issuer: TrustedIssuer, reason: GatewayError | undefined) => void;
  /** Told the age in seconds of the keys that a token is judged by, with each token; a static set has none. */
  readonly onKeysUsed: (ageSeconds: number) => void;
}

/** Seconds between look-ups for an unknown `kid`, whether the last one worked or not. */
const UNKNOWN_KEY_COOLDOWN_SECONDS = 10;

/** While an aged set can serve, a request waits this long for a fresh one and no longer. */
const REFRESH_PATIENCE_SECONDS = 0.5;

/**
 * The keys of one issuer in one environment. They come from the store where it has them, else from the issuer, and
 * are replaced whole. Nothing here knows another issuer, so an issuer's bad hour stays its own.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #published: PublishedKeys | undefined;
  /** Whose document says where those are published. */
  #publisher: TrustedIssuer | undefined;
  #looking: Promise<KeySet | undefined> | undefined;
  #nextLookAt = 0;
  #compared: { readonly stored: KeySet; readonly fetched: KeySet; readonly areSame: boolean } | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /**
   * The key named `keyId`, or `undefined` where the issuer has no such key.
   * Rejects with `ISSUER_UNREACHABLE`, `DISCOVERY_INVALID`, `KEY_SET_INVALID` or `KEY_SET_MISSING` when there are no keys to judge by.
   */
  find(record: IssuerRecord, keyId: string): Awaitable<VerificationKey | UnfitKey | undefined> {
    const now = this.#options.clock.now();
    return whenThere(this.#current(record, now), (set) => {
      if (record.issuer.keys === "discovered") this.#options.onKeysUsed(now - set.fetchedAt);
      return set.keys.get(keyId) ?? whenThere(this.#lookForNewKeys(record, keyId), (latest) => latest?.get(keyId));
    });
  }

  #current(record: IssuerRecord, now: number): Awaitable<DatedKeySet> {
    const { issuer } = record;
    const stored = this.#stored(record, now);
    if (issuer.keys === "static") {
      if (stored !== undefined) return stored;
      return Promise.reject(
        new GatewayError(
          "KEY_SET_MISSING",
          `issuer ${issuer.url} has static keys, and no key set of this issuer with "source": "static" is stored; put it there`,
        ),
      );
    }
    const published = this.#publishedBy(issuer);
    const inHand = newer(stored, this.#fetched(published, now));
    const maxAgeSeconds = inHand === stored ? SNAPSHOT_MAX_AGE_SECONDS : this.#options.maxAgeSeconds;
    if (inHand !== undefined && now - inHand.fetchedAt < maxAgeSeconds) return inHand;
    // What was fetched for an unknown `kid` and brought nothing new: the snapshot is kept up, and need not be waited for.
    if (stored && inHand && now - stored.fetchedAt < SNAPSHOT_MAX_AGE_SECONDS) {
      if (this.#areSame(stored.keys, inHand.keys)) return stored;
    }
    return this.#refreshed(issuer, published, inHand, maxAgeSeconds);
  }

  async #refreshed(
    issuer: TrustedIssuer,
    published: PublishedKeys,
    inHand: DatedKeySet | undefined,
    maxAgeSeconds: number,
  ): Promise<DatedKeySet> {
    if (inHand === undefined) {
      const first = await published.refresh(issuer);
      if (first instanceof GatewayError) throw first;
      return first;
    }
    // A fetch that is left behind freezes with the environment and may never end: once a whole age was missed, one that
    // was begun since then is waited for, so that a removed key goes although the issuer answers slowly.
    const overdueAt = inHand.fetchedAt + 2 * maxAgeSeconds;
    const isOverdue = this.#options.clock.now() >= overdueAt;
    const fresh = await (isOverdue
      ? published.refresh(issuer, overdueAt)
      : within(published.refresh(issuer), REFRESH_PATIENCE_SECONDS, this.#options.clock));
    if (fresh !== undefined && !(fresh instanceof GatewayError)) return fresh;
    this.#options.onStaleKeys(issuer, fresh);
    return inHand;
  }

  /** What the store has, if it is this issuer's and may still serve. A static set serves as long as it is stored. */
  #stored({ issuer, keySet }: IssuerRecord, now: number): DatedKeySet | undefined {
    if (keySet === undefined || !belongsTo(keySet, issuer, now)) return undefined;
    return issuer.keys === "static" || this.#mayServe(keySet, now) ? keySet : undefined;
  }

  #fetched({ latest }: PublishedKeys, now: number): DatedKeySet | undefined {
    return latest !== undefined && this.#mayServe(latest, now) ? latest : undefined;
  }

  #mayServe({ fetchedAt }: DatedKeySet, now: number): boolean {
    return now - fetchedAt < this.#options.maxStaleSeconds;
  }

  /** Each request asks this of the same two sets, and to compare 64 keys takes longer than a signature. */
  #areSame(stored: KeySet, fetched: KeySet): boolean {
    if (this.#compared?.stored !== stored || this.#compared.fetched !== fetched) {
      this.#compared = { stored, fetched, areSame: haveSameKeys(stored, fetched) };
    }
    return this.#compared.areSame;
  }

  /** Keys that were fetched where the issuer document no longer points are nobody's. */
  #publishedBy(issuer: TrustedIssuer): PublishedKeys {
    if (this.#published !== undefined && this.#publisher === issuer) return this.#published;
    this.#publisher = issuer;
    const source = keySource(issuer);
    if (this.#published?.source !== source) {
      this.#published = new PublishedKeys(source, this.#options.fetchJson, this.#options.clock);
    }
    return this.#published;
  }

  /**
   * A token names a key that is not there: perhaps the issuer has a new one. Looks in the store, then asks the issuer,
   * at most once in 10 s and one look at a time; who comes meanwhile with an unknown key shares that look.
   */
  #lookForNewKeys(record: IssuerRecord, keyId: string): Awaitable<KeySet | undefined> {
    if (this.#looking !== undefined) return this.#looking;
    const now = this.#options.clock.now();
    // What was just fetched need not be looked for again.
    const fetchedAt = this.#published?.latest?.fetchedAt ?? 0;
    if (now < this.#nextLookAt || now < fetchedAt + UNKNOWN_KEY_COOLDOWN_SECONDS) return undefined;
    this.#nextLookAt = now + UNKNOWN_KEY_COOLDOWN_SECONDS;
    this.#looking = this.#look(record, keyId).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Never rejects: an outage is reported by whoever has no keys at all, and here there are some. */
  async #look(record: IssuerRecord, keyId: string): Promise<KeySet | undefined> {
    // A store that does not answer is no reason not to ask the issuer.
    const latest = await this.#options.reread().catch(() => record);
    if (latest === undefined) return undefined;
    const now = this.#options.clock.now();
    const stored = this.#stored(latest, now);
    if (latest.issuer.keys === "static") return stored?.keys;
    const published = this.#publishedBy(latest.issuer);
    const inHand = newer(stored, this.#fetched(published, now));
    if (inHand?.keys.has(keyId)) return inHand.keys;
    const fresh = await published.refresh(latest.issuer);
    return fresh instanceof GatewayError ? inHand?.keys : fresh.keys;
  }
}

/** Of the stored and the fetched set, whichever was published last. */
function newer(stored: DatedKeySet | undefined, fetched: DatedKeySet | undefined): DatedKeySet | undefined {
  if (stored === undefined || fetched === undefined) return stored ?? fetched;
  return stored.fetchedAt >= fetched.fetchedAt ? stored : fetched;
}
