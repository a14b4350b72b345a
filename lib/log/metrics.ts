import type { Clock } from "../clock.ts";
import type { Logger } from "./logger.ts";

/** Metrics by name. None has a dimension that a caller can choose. */
export type MetricName = "IdentitySourcesIncomplete";

/** Counts in CloudWatch's embedded metric format: one line of log is one data point ("Embedded metric format specification"). */
export class Metrics {
  readonly #logger: Logger;
  readonly #clock: Clock;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  count(name: MetricName): void {
    this.#logger.always({
      _aws: {
        Timestamp: Math.floor(this.#clock.now() * 1000),
        CloudWatchMetrics: [{ Namespace: "podgate", Dimensions: [[]], Metrics: [{ Name: name, Unit: "Count" }] }],
      },
      [name]: 1,
    });
  }
}
