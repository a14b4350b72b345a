import { FetchFailure } from "../issuer/fetch-json.ts";

export interface BudgetLimits {
  /** Seconds until the connection stands: name, TCP and TLS together. A larger value costs retries. @default 1 */
  readonly connectSeconds?: number | undefined;
  /** Seconds for one attempt, from the name to the last byte of the body. At least `connectSeconds`. @default 1.5 */
  readonly totalSeconds?: number | undefined;
}

/** Two attempts of 1.5 s at most: whoever calls ends the whole (2.5 s for keys, so that a cold function answers in 3 s). */
export const BUDGET_DEFAULTS = {
  connectSeconds: 1,
  totalSeconds: 1.5,
} as const satisfies Required<BudgetLimits>;

/** The time of one attempt. Disposing of it stops its timers. */
export interface Budget extends Disposable {
  /** Aborted when the time is over or the caller gave up; its reason is the `FetchFailure` to reject with. */
  readonly signal: AbortSignal;
  /** The connection stands: from here on only the total counts. */
  connected(): void;
}

/**
 * Starts the clock of an attempt. The failure of all three limits is `timed-out`; the reason of the caller's signal
 * is its `cause`.
 *
 * @param label - where the attempt goes, for the failure's text
 */
export function startBudget(label: string, limits: BudgetLimits, caller: AbortSignal | undefined): Budget {
  const connectSeconds = limits.connectSeconds ?? BUDGET_DEFAULTS.connectSeconds;
  const totalSeconds = limits.totalSeconds ?? BUDGET_DEFAULTS.totalSeconds;
  const controller = new AbortController();
  const end = (outcome: string, options?: ErrorOptions) =>
    controller.abort(new FetchFailure("timed-out", `${label}: ${outcome}`, options));

  const onCallerAbort = () => end("given up by the caller", { cause: caller?.reason });
  if (caller?.aborted) onCallerAbort();
  caller?.addEventListener("abort", onCallerAbort, { once: true });
  const connect = setTimeout(() => end(`no connection within ${connectSeconds} s`), connectSeconds * 1000);
  const total = setTimeout(() => end(`no whole answer within ${totalSeconds} s`), totalSeconds * 1000);

  return {
    signal: controller.signal,
    connected: () => clearTimeout(connect),
    [Symbol.dispose]() {
      clearTimeout(connect);
      clearTimeout(total);
      caller?.removeEventListener("abort", onCallerAbort);
    },
  };
}

/** What `work` gives, unless the signal is aborted first. The work itself goes on unheard. */
export function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const giveUp = () => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    // One signal may be that of a thousand works.
    const forget = () => signal.removeEventListener("abort", giveUp);
    work().then(resolve, reject).finally(forget);
  });
}
