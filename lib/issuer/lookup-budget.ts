import type { Clock } from "../clock.ts";

/** Look-ups of issuers that nobody has verified yet, a second and environment. SSM answers 40 a second for an account. */
const PER_SECOND = 10;
const PATIENCE_SECONDS = 1;

/** Who waits costs memory; beyond this a slot within a second is out of reach anyway. */
const MAX_WAITING = 1000;

interface Waiting {
  readonly until: number;
  readonly resolve: (given: boolean) => void;
}

/**
 * Bounds what unverified callers can make the store do. Slots go to those who wait in random order, so that a flood
 * cannot keep everybody else out by being first.
 */
export class LookupBudget {
  readonly #clock: Clock;
  #slots = PER_SECOND;
  #refilledAt: number;
  #waiting: Waiting[] = [];
  #serving = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#refilledAt = clock.now();
  }

  /** Whether a slot was given, at once or within a second. */
  take(): Promise<boolean> {
    this.#refill();
    if (this.#waiting.length === 0 && this.#slots >= 1) {
      this.#slots -= 1;
      return Promise.resolve(true);
    }
    if (this.#waiting.length >= MAX_WAITING) return Promise.resolve(false);
    const given = new Promise<boolean>((resolve) => {
      this.#waiting.push({ until: this.#clock.now() + PATIENCE_SECONDS, resolve });
    });
    if (!this.#serving) void this.#serve();
    return given;
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    while (this.#waiting.length > 0) {
      await this.#clock.wait(1 / PER_SECOND);
      this.#refill();
      const now = this.#clock.now();
      const tooLate = this.#waiting.filter(({ until }) => until <= now);
      this.#waiting = this.#waiting.filter(({ until }) => until > now);
      for (const { resolve } of tooLate) resolve(false);
      while (this.#slots >= 1 && this.#waiting.length > 0) {
        this.#slots -= 1;
        const [chosen] = this.#waiting.splice(Math.floor(Math.random() * this.#waiting.length), 1);
        chosen?.resolve(true);
      }
    }
    this.#serving = false;
  }

  #refill(): void {
    const now = this.#clock.now();
    // A clock that is set back takes no slots away.
    const passed = Math.max(0, now - this.#refilledAt);
    this.#slots = Math.min(PER_SECOND, this.#slots + passed * PER_SECOND);
    this.#refilledAt = now;
  }
}
