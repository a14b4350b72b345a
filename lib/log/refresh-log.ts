import type { Clock } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import type { RefreshRound, SnapshotProblem } from "../issuer/refresh-snapshots.ts";
import type { Logger } from "./logger.ts";
import { type Directive, directive, embedded } from "./metrics.ts";

const BY_PREFIX = [["prefix"]];

const ROUND = {
  RefreshRounds: "Count",
  Issuers: "Count",
  SnapshotsWritten: "Count",
  SnapshotsNotReached: "Count",
} as const;

/** What `refresh-keys` tells: a line for each problem, and one for each round; each counts itself, whatever the log level. */
export class RefreshLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #prefix: string;

  constructor(logger: Logger, clock: Clock, prefix: string) {
    this.#logger = logger;
    this.#clock = clock;
    this.#prefix = prefix;
  }

  readonly problem = ({ kind, ...problem }: SnapshotProblem): void => {
    this.#write({ level: "error", type: "snapshot", what: kind, ...problem, [kind]: 1 }, [
      directive(BY_PREFIX, { [kind]: "Count" }),
    ]);
  };

  /** Without this line for a quarter of an hour an alarm goes off: the rounds have stopped. */
  round({ issuers, written, unchanged, failed, notReached, oldestAgeSeconds }: RefreshRound, startedAt: number): void {
    const age = oldestAgeSeconds === undefined ? {} : { SnapshotAge: Math.round(oldestAgeSeconds) };
    this.#write(
      {
        level: "info",
        type: "refresh",
        outcome: "done",
        durationMs: Math.round((this.#clock.now() - startedAt) * 1000),
        unchanged,
        failed,
        RefreshRounds: 1,
        Issuers: issuers,
        SnapshotsWritten: written,
        SnapshotsNotReached: notReached,
        ...age,
      },
      [directive(BY_PREFIX, { ...ROUND, ...("SnapshotAge" in age && { SnapshotAge: "Seconds" }) })],
    );
  }

  /** A round that could not be made. */
  failure(error: unknown): void {
    const known = error instanceof GatewayError;
    this.#write(
      {
        level: "error",
        type: "refresh",
        outcome: "error",
        code: known ? error.code : "INTERNAL",
        // The message of an unknown error may quote anything.
        detail: known ? error.message : `unexpected ${error instanceof Error ? error.name : typeof error}`,
        RefreshFailures: 1,
      },
      [directive(BY_PREFIX, { RefreshFailures: "Count" })],
    );
  }

  #write(record: Readonly<Record<string, unknown>>, directives: readonly Directive[]): void {
    const now = this.#clock.now();
    const time = new Date(now * 1000).toISOString();
    this.#logger.always({ ...record, time, prefix: this.#prefix, ...embedded(now, directives) });
  }
}
