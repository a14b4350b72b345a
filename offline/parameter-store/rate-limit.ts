/**
 * A token bucket: lets `perSecond` calls through at once when full, and fills up evenly. So SSM behaves, whose default is 40
 * reads a second for an account and region together, and 3 of PutParameter.
 */
export class RateLimit {
  readonly #perSecond: number;
  readonly #clock: () => number;
  #tokens: number;
  #countedAt: number;

  /** @param clock - epoch seconds */
  constructor(perSecond: number, clock: () => number) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#tokens = perSecond;
    this.#countedAt = clock();
  }

  /** @returns whether one more call may pass now */
  take(): boolean {
    const now = this.#clock();
    const elapsed = Math.max(0, now - this.#countedAt);
    this.#tokens = Math.min(this.#perSecond, this.#tokens + elapsed * this.#perSecond);
    this.#countedAt = now;
    // Epoch seconds carry a rounding error of some 10^-7 s, which must not cost a call.
    if (this.#tokens < 1 - 1e-3) return false;
    this.#tokens = Math.max(0, this.#tokens - 1);
    return true;
  }
}
