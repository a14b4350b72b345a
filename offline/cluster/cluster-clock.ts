import * as v from "valibot";
import { closed, wholeNumber } from "./control-body.ts";

/** Year 9999: what RFC 3339 can still write, and `iat` with it. */
const LAST_SECOND = 253_402_300_799;

/**
 * The body of `PUT /<cluster>/_clock`. `time`: the clock stands at these epoch seconds. `offsetSeconds`: it goes on,
 * that far from the system's clock.
 */
export const ClockSettingSchema = v.union(
  [closed({ time: wholeNumber(0, LAST_SECOND) }), closed({ offsetSeconds: wholeNumber(-LAST_SECOND, LAST_SECOND) })],
  `is neither {"time": whole epoch seconds} nor {"offsetSeconds": whole seconds}`,
);
export type ClockSetting = v.InferOutput<typeof ClockSettingSchema>;

/** The clock of one cluster: it rules `iat`, and with it `nbf`, `exp` and `warnafter`. */
export class ClusterClock {
  readonly #system: () => number;
  #setting: ClockSetting | undefined;

  /** @param system - epoch seconds, fractions included */
  constructor(system: () => number) {
    this.#system = system;
  }

  now(): number {
    const setting = this.#setting;
    if (setting === undefined) return this.#system();
    return "time" in setting ? setting.time : this.#system() + setting.offsetSeconds;
  }

  /** @param setting - without it, the system's clock again */
  set(setting?: ClockSetting): void {
    this.#setting = setting;
  }

  /** What `GET /<cluster>/_clock` answers: the time, and the setting where there is one. */
  toJSON(): unknown {
    return { now: Math.floor(this.now()), ...this.#setting };
  }
}
