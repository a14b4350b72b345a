import { formatMembers, type LogRecord } from "./logger.ts";

/** What is counted beside decisions, a value for all functions of a deployment. The texts are CloudWatch's units. */
const UNITS = {
  /** Execution environments that have made their first decision. */
  ColdStarts: "Count",
  /** Calls of `GetParameters`, without the SDK's own second attempts. */
  StoreCalls: "Count",
  StoreFailures: "Count",
  /** Requests to issuers; with snapshots there are none. */
  IssuerRequests: "Count",
  IssuerFailures: "Count",
  StaleDocumentsServed: "Count",
  StaleKeysServed: "Count",
  IdentitySourcesIncomplete: "Count",
  /** Age of the oldest key set by which a token was judged since the last line that says so. */
  KeySetAge: "Seconds",
} as const;

export type MetricName = Exclude<keyof typeof UNITS, "KeySetAge">;

/** Members of a record by whose texts CloudWatch keeps a metric apart. None has a value that a caller can choose. */
export type Dimensions = readonly (readonly string[])[];

/** A metric that a record counts, in CloudWatch's embedded metric format ("Embedded metric format specification"). */
export interface Directive {
  readonly Namespace: "podgate";
  readonly Dimensions: Dimensions;
  readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
}

export function directive(dimensions: Dimensions, units: Readonly<Record<string, string>>): Directive {
  const metrics = Object.entries(units).map(([Name, Unit]) => ({ Name, Unit }));
  return { Namespace: "podgate", Dimensions: dimensions, Metrics: metrics };
}

/** The member by which CloudWatch finds what a record counts. @param now - epoch seconds */
export function embedded(now: number, directives: readonly Directive[]): LogRecord {
  return { _aws: { Timestamp: Math.floor(now * 1000), CloudWatchMetrics: directives } };
}

/** A prefix holds no quote, so the first one is the time. */
const QUIET_TIMESTAMP = '"Timestamp":0';

/**
 * What happened since the last record: it is counted by the next one, so that a request costs one line. Lambda answers one
 * request at a time, so the next record is mostly that of the same request.
 */
export class Metrics {
  /** The parameter prefix: one for all functions that share documents, and another for each stage. */
  readonly #prefix: string;
  readonly #counts = new Map<MetricName, number>([["ColdStarts", 1]]);
  #keySetAge = -1;
  /** The members of the last record that counted nothing besides, around its time. */
  #quiet: { readonly own: readonly Directive[]; readonly before: string; readonly after: string } | undefined;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  readonly count = (name: MetricName): void => {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  };

  /** Told with every line that counts anything: so about once in the age of a document, and not once in a decision. */
  readonly noteKeySetAge = (seconds: number): void => {
    if (seconds > this.#keySetAge) this.#keySetAge = seconds;
  };

  /** The same as `formatMembers` gives them. Between two readings of a document nothing is counted and only the time is new. */
  embedMembers(own: readonly Directive[], now: number): string {
    if (this.#counts.size > 0) return formatMembers(this.embed(own, now));
    if (this.#quiet?.own !== own) {
      const [before = "", after = ""] = formatMembers(this.embed(own, 0)).split(QUIET_TIMESTAMP);
      this.#quiet = { own, before: before + QUIET_TIMESTAMP.slice(0, -1), after };
    }
    return this.#quiet.before + Math.floor(now * 1000) + this.#quiet.after;
  }

  /** The members of a record that has `own` directives: those, and everything counted since the last one. */
  embed(own: readonly Directive[], now: number): LogRecord {
    if (this.#counts.size === 0) return { prefix: this.#prefix, ...embedded(now, own) };
    const values: Record<string, number> = Object.fromEntries(this.#counts);
    if (this.#keySetAge >= 0) values["KeySetAge"] = Math.round(this.#keySetAge);
    this.#counts.clear();
    this.#keySetAge = -1;
    const units = Object.fromEntries(Object.entries(UNITS).filter(([name]) => name in values));
    return { prefix: this.#prefix, ...embedded(now, [...own, directive([["prefix"]], units)]), ...values };
  }
}

/** `ask`, each call of which is counted by one name, and each that rejects by the other too. */
export function counted<Arguments extends unknown[], Answer>(
  ask: (...given: Arguments) => Promise<Answer>,
  metrics: Metrics,
  asked: MetricName,
  failed: MetricName,
): (...given: Arguments) => Promise<Answer> {
  return (...given) => {
    metrics.count(asked);
    return ask(...given).catch((error: unknown) => {
      metrics.count(failed);
      throw error;
    });
  };
}
