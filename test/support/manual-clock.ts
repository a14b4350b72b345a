import type { Clock } from "../../lib/clock.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that moves when a test says so. `wait` resolves once the time has been moved far enough. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  /** @param now - epoch seconds */
  constructor(now = 1_795_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  wait(seconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper = { until: this.#now + seconds, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Moves the time on and wakes who waited for it. */
  advance(seconds: number): void {
    this.#now += seconds;
    const due = this.#sleepers.filter(({ until }) => until <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now);
    for (const { wake } of due) wake();
  }

  /** How many calls of `wait` are open. */
  get waiting(): number {
    return this.#sleepers.length;
  }
}

/** A clock that stands still. */
export function fixedClock(now: number): Clock {
  return new ManualClock(now);
}
