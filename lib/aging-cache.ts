import { createLRU } from "lru.min";
import type { Clock } from "./clock.ts";
import { GatewayError } from "./errors.ts";

export interface AgingCacheOptions<Value> {
  /** Reads a value anew. A thrown `PARAMETERS_UNAVAILABLE` leaves a stale value in service; other errors are kept as the value. */
  readonly read: (key: string) => Promise<Value>;
  /** Seconds from a read until the value is read again, at most; jitter makes it up to a tenth less. */
  readonly maxAgeSeconds: number;
  /** Seconds beyond `maxAgeSeconds` that a value serves on while it cannot be read. */
  readonly maxStaleSeconds: number;
  /** Values kept at most; the least recently used goes first. */
  readonly capacity: number;
  readonly clock: Clock;
}

interface Entry<Value> {
  readonly value: Value | GatewayError;
  readonly freshUntil: number;
  readonly staleUntil: number;
  /** No read before this moment after a failed one, so that an outage is not asked about by every request. */
  retryAt: number;
}

/** After a failed read the stale value serves for this long before the next try. */
const RETRY_SECONDS = 2;

/**
 * Values with a documented age, compared with the clock at use: a timer cannot be relied on while Lambda freezes the
 * process. One read at a time for a key; a value that may not be served any longer is never served.
 */
export class AgingCache<Value> {
  readonly #options: AgingCacheOptions<Value>;
  readonly #entries;
  readonly #reading = new Map<string, Promise<Value>>();

  constructor(options: AgingCacheOptions<Value>) {
    this.#options = options;
    this.#entries = createLRU<string, Entry<Value>>({ max: options.capacity });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, read if it is absent or too old. Throws what reading throws when nothing may serve instead. */
  async get(key: string): Promise<Value> {
    const entry = this.#entries.get(key);
    const now = this.#options.clock.now();
    if (entry === undefined) return this.reread(key);
    if (now < entry.freshUntil || (now < entry.retryAt && now < entry.staleUntil)) return unwrap(entry.value);
    try {
      return await this.reread(key);
    } catch (error) {
      const failedAt = this.#options.clock.now();
      if (!isOutage(error) || failedAt >= entry.staleUntil) throw error;
      entry.retryAt = failedAt + RETRY_SECONDS;
      return unwrap(entry.value);
    }
  }

  /** Whether a value is kept, fresh or stale. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Hands a value over to another cache; its age goes along. */
  moveTo(other: AgingCache<Value>, key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    other.#entries.set(key, entry);
  }

  #keep(key: string, value: Value | GatewayError): void {
    const { maxAgeSeconds, maxStaleSeconds, clock } = this.#options;
    const now = clock.now();
    // Environments that started together drift apart, so that they do not ask the store in step.
    const age = maxAgeSeconds * (1 - Math.random() / 10);
    this.#entries.set(key, {
      value,
      freshUntil: now + age,
      staleUntil: now + maxAgeSeconds + maxStaleSeconds,
      retryAt: 0,
    });
  }

  /** Reads the value whatever its age; calls that come meanwhile wait for the same read. */
  reread(key: string): Promise<Value> {
    const running = this.#reading.get(key);
    if (running !== undefined) return running;
    const reading = this.#read(key).finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  async #read(key: string): Promise<Value> {
    try {
      const value = await this.#options.read(key);
      this.#keep(key, value);
      return value;
    } catch (error) {
      if (error instanceof GatewayError && !isOutage(error)) this.#keep(key, error);
      throw error;
    }
  }
}

/** An outage says nothing about the value; every other error is what the value is. */
function isOutage(error: unknown): boolean {
  return !(error instanceof GatewayError) || error.code === "PARAMETERS_UNAVAILABLE" || error.code === "LOOKUP_LIMITED";
}

function unwrap<Value>(value: Value | GatewayError): Value {
  if (value instanceof GatewayError) throw value;
  return value;
}
