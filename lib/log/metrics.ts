import type { Clock } from "../clock.ts";
import type { Logger, LogRecord } from "./logger.ts";

/** Metrics by name. None has a dimension that a caller can choose. */
export type MetricName = "IdentitySourcesIncomplete" | "StaleDocumentsServed" | "StaleKeysServed";

/** Counts in CloudWatch's embedded metric format: one line of log is one data point ("Embedded metric format specification"). */
export class Metrics {
  readonly #logger: Logger;
  readonly #clock: Clock;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  count(name: MetricName): void {
    this.#logger.always(countOf(name, [[]], this.#clock.now()));
  }
}

/**
 * The members that make a record count one, besides what it says.
 *
 * @param dimensions - lists of members of the record, whose texts CloudWatch counts apart
 * @param now - epoch seconds
 */
export function countOf(name: string, dimensions: readonly (readonly string[])[], now: number): LogRecord {
  return {
    _aws: {
      Timestamp: Math.floor(now * 1000),
      CloudWatchMetrics: [{ Namespace: "podgate", Dimensions: dimensions, Metrics: [{ Name: name, Unit: "Count" }] }],
    },
    [name]: 1,
  };
}
