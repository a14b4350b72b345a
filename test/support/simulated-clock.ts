import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock for work that waits for nothing but time: as soon as all of it waits, the time is that of the first to wake. */
export class SimulatedClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();

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
      const sleeper = { until: this.#now + Math.max(0, seconds), wake: resolve };
      this.#sleepers.add(sleeper);
      const onAbort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Lets the work run to its end. */
  async run<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const whole = work.finally(() => {
      ended = true;
    });
    // What it rejects with is handed on below.
    whole.catch(() => undefined);
    while (!ended) {
      await nextTurn();
      await nextTurn();
      if (!ended) this.#wakeNext();
    }
    return whole;
  }

  #wakeNext(): void {
    if (this.#sleepers.size === 0) return;
    const until = Math.min(...[...this.#sleepers].map((sleeper) => sleeper.until));
    this.#now = Math.max(this.#now, until);
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > until) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
