import { AgingCache, type AgingCacheOptions, type Holdoff } from "../aging-cache.ts";
import { type Awaitable, whenThere } from "../awaitable.ts";
import type { Clock } from "../clock.ts";
import { GatewayError, isRefusal, type Refusal, refuse } from "../errors.ts";
import { createLru } from "../lru.ts";
import type { FetchJson } from "./fetch-json.ts";
import { IssuerKeys, type IssuerKeysOptions } from "./issuer-keys.ts";
import type { IssuerRecord, IssuerSource } from "./issuer-source.ts";
import { type IssuerUrl, parseIssuerUrl } from "./issuer-url.ts";
import type { UnfitKey, VerificationKey } from "./key-set.ts";
import { LookupBudget } from "./lookup-budget.ts";

export interface IssuerDirectoryOptions {
  readonly source: IssuerSource;
  readonly fetchJson: FetchJson;
  readonly clock: Clock;
  readonly allowLoopbackHttp: boolean;
  readonly documentsMaxAgeSeconds: number;
  readonly documentsMaxStaleSeconds: number;
  readonly keysMaxAgeSeconds: number;
  readonly keysMaxStaleSeconds: number;
  readonly holdoff: Holdoff;
  /** See `AgingCacheOptions` and `IssuerKeysOptions`. */
  readonly onStale: AgingCacheOptions<unknown>["onStale"];
  readonly onStaleKeys: IssuerKeysOptions["onStaleKeys"];
  readonly onKeysUsed: IssuerKeysOptions["onKeysUsed"];
}

/** Issuers in memory, of each sort. A thousand registered issuers stay; a flood of invented ones pushes out its own kind. */
const CAPACITY = 1024;

/** The issuers that this environment has met, and their keys. */
export class IssuerDirectory {
  readonly #options: IssuerDirectoryOptions;
  /** Issuers of which a token has been verified here. */
  readonly #known: AgingCache<IssuerRecord | undefined>;
  /** Every other issuer that a token has named, registered or not. */
  readonly #strangers: AgingCache<IssuerRecord | undefined>;
  readonly #keys = createLru<string, IssuerKeys>(CAPACITY);

  constructor(options: IssuerDirectoryOptions) {
    this.#options = options;
    const { source, clock } = options;
    const budget = new LookupBudget(clock);
    const aging = {
      maxAgeSeconds: options.documentsMaxAgeSeconds,
      maxStaleSeconds: options.documentsMaxStaleSeconds,
      capacity: CAPACITY,
      clock,
      holdoff: options.holdoff,
      onStale: options.onStale,
    };
    this.#known = new AgingCache({ ...aging, read: (url) => source.read(url as IssuerUrl) });
    this.#strangers = new AgingCache({
      ...aging,
      read: async (url) => {
        if (await budget.take()) return source.read(url as IssuerUrl);
        throw new GatewayError(
          "LOOKUP_LIMITED",
          "too many tokens of issuers that were never verified here; throttle the API, or check `identityValidationExpression` and WAF rules",
        );
      },
    });
  }

  /** Reads the unverified `iss` as what it may be: a look-up key. Nothing is asked about one that is malformed. */
  readUrl(iss: unknown): IssuerUrl | Refusal {
    // What is kept was read before.
    if (typeof iss === "string" && this.#known.has(iss)) return iss as IssuerUrl;
    return (
      parseIssuerUrl(iss, this.#options.allowLoopbackHttp) ??
      refuse("ISSUER_MALFORMED", "the token's `iss` is not an issuer URL `https://host/path`")
    );
  }

  /**
   * The registered issuer with exactly this URL.
   * Throws `LOOKUP_LIMITED`, `PARAMETERS_UNAVAILABLE`, `DOCUMENT_INVALID`, `DOCUMENT_TOO_NEW`.
   */
  find(url: IssuerUrl): Awaitable<IssuerRecord | Refusal> {
    return whenThere(this.#cacheOf(url).get(url), (record) => judge(url, record));
  }

  /** A key of this issuer and of no other. Errors: see `IssuerKeys.find`. */
  findKey(record: IssuerRecord, keyId: string): Awaitable<VerificationKey | UnfitKey | undefined> {
    const { url } = record.issuer;
    let keys = this.#keys.get(url);
    if (keys === undefined) {
      const { fetchJson, clock, keysMaxAgeSeconds, keysMaxStaleSeconds, onStaleKeys, onKeysUsed } = this.#options;
      keys = new IssuerKeys({
        fetchJson,
        clock,
        maxAgeSeconds: keysMaxAgeSeconds,
        maxStaleSeconds: keysMaxStaleSeconds,
        onStaleKeys,
        onKeysUsed,
        reread: async () => {
          const latest = judge(url, await this.#cacheOf(url).reread(url));
          return isRefusal(latest) ? undefined : latest;
        },
      });
      this.#keys.set(url, keys);
    }
    return keys.find(record, keyId);
  }

  /** A token of this issuer was verified: from now on its look-ups are outside the budget. */
  markVerified({ issuer }: IssuerRecord): void {
    this.#strangers.moveTo(this.#known, issuer.url);
  }

  #cacheOf(url: string): AgingCache<IssuerRecord | undefined> {
    return this.#known.has(url) ? this.#known : this.#strangers;
  }
}

/** Whether what the store has under an issuer's name is that issuer, and in use. */
function judge(url: string, record: IssuerRecord | undefined): IssuerRecord | Refusal {
  if (record === undefined) {
    return refuse(
      "ISSUER_UNKNOWN",
      "no issuer document is stored for the token's `iss`; register the cluster if it is yours",
    );
  }
  const { issuer } = record;
  if (issuer.url !== url) {
    return refuse(
      "ISSUER_DOCUMENT_MISMATCH",
      `parameter ${issuer.document.name} holds the document of another issuer; store it under its own name`,
      { compared: { actual: issuer.url, expected: url } },
    );
  }
  if (issuer.disabled) {
    return refuse("ISSUER_DISABLED", `the issuer of cluster ${issuer.cluster} is disabled in ${issuer.document.name}`);
  }
  return record;
}
