import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { ServiceFailure } from "../outgoing.ts";

/** A credential's parameter as it was read. */
export interface StoredSecret {
  /** Full name of the parameter, for logs. */
  readonly parameter: string;
  readonly text: string;
}

/** Reads `secrets/<service>/<name>`, decrypted. Rejects with `ServiceFailure` (`SECRET_UNAVAILABLE`). */
export type ReadSecret = (service: string, name: string) => Promise<StoredSecret>;

/** A value that was just read, and how long it may be used. */
export interface FreshSecret {
  readonly value: string;
  /** Seconds since the reading began. */
  readonly maxAgeSeconds: number;
}

/** Seconds that a secret of the store is used before it is read again (S42). */
const STORED_MAX_AGE_SECONDS = 300;

/** Seconds between readings that a refused call causes, whether the last one worked or not (R21). */
const RENEWAL_COOLDOWN_SECONDS = 30;

interface Kept {
  readonly value: string;
  /** Counts the values that were different from the one before. */
  readonly version: number;
  /** Epoch seconds. */
  readonly freshUntil: number;
}

/**
 * One secret in one environment: in memory only, let go at the first use after its age, never served past it. One reading
 * at a time. What reading throws is thrown to everyone who waits for it, and the next use reads again.
 */
export class Secret {
  readonly #read: () => Promise<FreshSecret>;
  readonly #clock: Clock;
  #kept: Kept | undefined;
  #reading: Promise<Kept> | undefined;
  #nextRenewalAt = Number.NEGATIVE_INFINITY;
  /** Of the last value, which itself may be gone by the time the next one is held against it. */
  #digest = Buffer.alloc(32);
  #version = 0;
  readonly #used = new WeakMap<object, number>();

  constructor(read: () => Promise<FreshSecret>, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  /** @param user - what stands for one call, so that `renew` knows which value that call was made with */
  async use(user: object): Promise<string> {
    const { value, version } = this.#fresh() ?? (await this.#reread());
    this.#used.set(user, version);
    return value;
  }

  /**
   * The call was refused with what `use` gave for it. Tells whether there is another value now. A reading that fails is no
   * other value: the caller then has the service's own refusal, which is the better answer.
   */
  async renew(user: object): Promise<boolean> {
    const used = this.#used.get(user);
    if (used === undefined) return false;
    const current = this.#fresh();
    if (current !== undefined && current.version !== used) return true;
    if (this.#reading === undefined) {
      const now = this.#clock.now();
      if (now < this.#nextRenewalAt) return false;
      this.#nextRenewalAt = now + RENEWAL_COOLDOWN_SECONDS;
    }
    const latest = await this.#reread().catch((error: unknown) => {
      if (error instanceof ServiceFailure) return undefined;
      throw error;
    });
    return latest !== undefined && latest.version !== used;
  }

  #fresh(): Kept | undefined {
    if (this.#kept !== undefined && this.#clock.now() >= this.#kept.freshUntil) this.#kept = undefined;
    return this.#kept;
  }

  #reread(): Promise<Kept> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<Kept> {
    const startedAt = this.#clock.now();
    const { value, maxAgeSeconds } = await this.#read();
    const digest = createHash("sha256").update(value).digest();
    if (this.#version === 0 || !timingSafeEqual(digest, this.#digest)) this.#version += 1;
    this.#digest = digest;
    this.#kept = { value, version: this.#version, freshUntil: startedAt + maxAgeSeconds };
    return this.#kept;
  }
}

/** What a kind of credential cannot hold, in words that follow "parameter <name> "; `undefined` where it can. */
export type FindFault = (text: string) => string | undefined;

export interface SecretPlace {
  readonly service: string;
  readonly name: string;
  readonly findFault?: FindFault | undefined;
}

/** A secret of the store. One newline at its end is an editor's and is dropped; CR, LF or NUL in it is an error (S37). */
export function storedSecret({ service, name, findFault }: SecretPlace, read: ReadSecret, clock: Clock): Secret {
  return new Secret(async () => {
    const { parameter, text } = await read(service, name);
    const value = text.endsWith("\n") ? text.slice(0, -1) : text;
    const fault = findUnusable(value) ?? findFault?.(value);
    if (fault !== undefined) throw new ServiceFailure("SECRET_UNAVAILABLE", `parameter ${parameter} ${fault}`);
    return { value, maxAgeSeconds: STORED_MAX_AGE_SECONDS };
  }, clock);
}

function findUnusable(value: string): string | undefined {
  if (value === "") return "is empty";
  if (/[\r\n\0]/.test(value)) return "holds CR, LF or NUL, which no credential can; store it as one line";
  return undefined;
}
