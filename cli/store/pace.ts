import type { Clock } from "../../lib/clock.ts";

/** Lets calls begin at most so many times a second, evenly: SSM counts for the whole account. */
export class Pace {
  readonly #seconds: number;
  readonly #clock: Clock;
  #nextAt = 0;

  constructor(perSecond: number, clock: Clock) {
    this.#seconds = 1 / perSecond;
    this.#clock = clock;
  }

  /** Resolves when the next call may begin. */
  async turn(): Promise<void> {
    const now = this.#clock.now();
    const startsAt = Math.max(now, this.#nextAt);
    this.#nextAt = startsAt + this.#seconds;
    if (startsAt > now) await this.#clock.wait(startsAt - now);
  }
}
