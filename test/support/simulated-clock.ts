import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../lib/clock.ts";

interface Sleeper {
  readonly until: number;
  /** None where the wait was given up: such a one holds on to nothing. */
  wake: (() => void) | undefined;
}

/** A clock for work that waits for nothing but time: as soon as all of it waits, the time is that of the first to wake. */
export class SimulatedClock implements Clock {
  #now: number;
  /** A binary heap: who wakes first is first. */
  readonly #sleepers: Sleeper[] = [];

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
      const onAbort = () => {
        sleeper.wake = undefined;
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const sleeper: Sleeper = { until: this.#now + Math.max(0, seconds), wake };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#push(sleeper);
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

  /** Wakes the first, and all who wake at the same moment. */
  #wakeNext(): void {
    let woken: Sleeper | undefined;
    for (let first = this.#sleepers[0]; first !== undefined; first = this.#sleepers[0]) {
      const { wake } = first;
      if (woken !== undefined && wake !== undefined && first.until > woken.until) return;
      this.#pop();
      if (wake === undefined) continue;
      woken ??= first;
      this.#now = Math.max(this.#now, first.until);
      wake();
    }
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#sleepers;
    let index = heap.push(sleeper) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (untilOf(heap[parent]) <= sleeper.until) break;
      heap[index] = heap[parent] as Sleeper;
      index = parent;
    }
    heap[index] = sleeper;
  }

  #pop(): void {
    const heap = this.#sleepers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = untilOf(heap[left + 1]) < untilOf(heap[left]) ? left + 1 : left;
      if (untilOf(heap[child]) >= last.until) break;
      heap[index] = heap[child] as Sleeper;
      index = child;
    }
    heap[index] = last;
  }
}

function untilOf(sleeper: Sleeper | undefined): number {
  return sleeper?.until ?? Number.POSITIVE_INFINITY;
}
