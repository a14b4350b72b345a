/** Time, as what is cached or waited for here sees it. Tests give one of their own. */
export interface GatewayClock {
  /** Seconds since the epoch, with a fraction. */
  now(): number;
  /** Resolves after `seconds`; rejects when the signal is aborted first. */
  wait(seconds: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: GatewayClock = {
  now: () => Date.now() / 1000,
  wait: (seconds, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, seconds * 1000);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};
