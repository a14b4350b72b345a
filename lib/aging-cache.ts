import type { Awaitable } from "./awaitable.ts";
import type { Clock } from "./clock.ts";
import { GatewayError } from "./errors.ts";
import { ownCopy } from "./json.ts";
import { createLru } from "./lru.ts";

export interface AgingCacheOptions<Value> {
  /**
   * Reads a value anew. A thrown `GatewayError` is kept as the value, but for `PARAMETERS_UNAVAILABLE` and
   * `LOOKUP_LIMITED`: those, and errors of any other class, leave a stale value in service.
   */
  readonly read: (key: string) => Promise<Value>;
  /** Seconds from a read until the value is read again, at most; jitter makes it up to a tenth less. */
  readonly maxAgeSeconds: number;
  /** Seconds beyond `maxAgeSeconds` that a value serves on while it cannot be read. */
  readonly maxStaleSeconds: number;
  /** Values kept at most; the least recently used goes first. */
  readonly capacity: number;
  readonly clock: Clock;
  readonly holdoff: Holdoff;
  /** Told when a stale value serves because it could not be read again. */
  readonly onStale: (error: unknown) => void;
}

/**
 * The moment before which a store that failed (`PARAMETERS_UNAVAILABLE`) is not asked again for what a stale value can
 * answer. Caches that read one store share one: a request that needs three documents must not wait for the same outage
 * three times.
 */
export interface Holdoff {
  /** Epoch seconds. */
  until: number;
}

interface Entry<Value> {
  readonly value: Value | GatewayError;
  /** When reading began; epoch seconds, as the other times. */
  readonly readAt: number;
  readonly freshUntil: number;
  readonly staleUntil: number;
  /** No read before this moment after one that failed for a reason which says nothing of the store. */
  retryAt: number;
}

/** After a failed read stale values serve for this long before the next try. */
const RETRY_SECONDS = 2;

/**
 * A read takes less: a second, and before it another for a slot of the look-up budget. One that was begun longer ago was left
 * behind when Lambda froze the environment: it fails, or brings what was true then.
 */
const LONGEST_READ_SECONDS = 5;

/**
 * Values with a documented age, compared with the clock at use: a timer cannot be relied on while Lambda freezes the
 * process. One read at a time for a key; a value that may not be served any longer is never served.
 */
export class AgingCache<Value> {
  readonly #options: AgingCacheOptions<Value>;
  readonly #entries;
  readonly #reading = new Map<string, { readonly begunAt: number; readonly value: Promise<Value> }>();

  constructor(options: AgingCacheOptions<Value>) {
    this.#options = options;
    this.#entries = createLru<string, Entry<Value>>(options.capacity);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value: at once where it is fresh, else read. Rejects with what reading throws when nothing may serve instead. */
  get(key: string): Awaitable<Value> {
    const { clock, holdoff } = this.#options;
    const entry = this.#entries.get(key);
    const now = clock.now();
    if (entry === undefined) return this.reread(key);
    const nextReadAt = Math.min(entry.staleUntil, Math.max(entry.freshUntil, entry.retryAt, holdoff.until));
    return now < nextReadAt ? unwrap(entry.value) : this.#renew(key, entry);
  }

  async #renew(key: string, entry: Entry<Value>): Promise<Value> {
    const { clock, holdoff, onStale } = this.#options;
    try {
      return await this.reread(key);
    } catch (error) {
      const failedAt = clock.now();
      if (isAboutValue(error) || failedAt >= entry.staleUntil) throw error;
      // Only what the store itself fails with holds for every value: a caller can use up the look-up budget, and a
      // defect may be one document's, and neither may keep others from being read.
      if (isOutage(error)) holdoff.until = failedAt + RETRY_SECONDS;
      else entry.retryAt = failedAt + RETRY_SECONDS;
      onStale(error);
      return unwrap(entry.value);
    }
  }

  /** Whether a value is kept, fresh or stale. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Hands a value over to another cache; its age goes along. What the other one read later stays there. */
  moveTo(other: AgingCache<Value>, key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    const kept = other.#entries.peek(key);
    if (kept === undefined || kept.readAt <= entry.readAt) other.#entries.set(key, entry);
  }

  /** @param readAt - when reading began: what was changed since then may not be in the value */
  #keep(key: string, value: Value | GatewayError, readAt: number): void {
    const { maxAgeSeconds, maxStaleSeconds } = this.#options;
    if ((this.#entries.peek(key)?.readAt ?? readAt) > readAt) return;
    // Environments that started together drift apart, so that they do not ask the store in step.
    const age = maxAgeSeconds * (1 - Math.random() / 10);
    this.#entries.set(key, {
      value,
      readAt,
      freshUntil: readAt + age,
      staleUntil: readAt + maxAgeSeconds + maxStaleSeconds,
      retryAt: 0,
    });
  }

  /** Reads the value whatever its age; calls that come meanwhile wait for the same read. */
  reread(key: string): Promise<Value> {
    const begunAt = this.#options.clock.now();
    const running = this.#reading.get(key);
    if (running !== undefined && begunAt < running.begunAt + LONGEST_READ_SECONDS) return running.value;
    const reading = {
      begunAt,
      value: this.#read(key, begunAt).finally(() => {
        if (this.#reading.get(key) === reading) this.#reading.delete(key);
      }),
    };
    this.#reading.set(key, reading);
    return reading.value;
  }

  async #read(asked: string, readAt: number): Promise<Value> {
    // What is read holds the key too, in the names of documents.
    const key = ownCopy(asked);
    try {
      const value = await this.#options.read(key);
      this.#keep(key, value, readAt);
      return value;
    } catch (error) {
      if (isAboutValue(error)) this.#keep(key, error, readAt);
      throw error;
    }
  }
}

/** Says what is wrong with the value itself. An outage, or a defect of ours, says nothing about it. */
function isAboutValue(error: unknown): error is GatewayError {
  return error instanceof GatewayError && !isOutage(error) && error.code !== "LOOKUP_LIMITED";
}

function isOutage(error: unknown): boolean {
  return error instanceof GatewayError && error.code === "PARAMETERS_UNAVAILABLE";
}

function unwrap<Value>(value: Value | GatewayError): Awaitable<Value> {
  return value instanceof GatewayError ? Promise.reject(value) : value;
}
