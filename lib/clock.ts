/** Time, as everything that decides sees it. Tests give one of their own. */
export interface Clock {
  /** Seconds since the epoch, with a fraction. */
  now(): number;
  /** Resolves after `seconds`; rejects with the signal's reason when that is aborted first. */
  wait(seconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now() / 1000,
  wait: (seconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, seconds * 1000);
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};

/** `promise`, or `undefined` where it takes longer than `seconds`. The promise itself goes on. */
export async function within<T>(promise: Promise<T>, seconds: number, clock: Clock): Promise<T | undefined> {
  const done = new AbortController();
  const tooLate = clock.wait(seconds, done.signal).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    done.abort();
  }
}

/** A signal that is aborted after `seconds`. Disposing of it ends the wait. */
export function deadline(seconds: number, clock: Clock): { readonly signal: AbortSignal } & Disposable {
  const tooLate = new AbortController();
  const done = new AbortController();
  clock.wait(seconds, done.signal).then(
    () => tooLate.abort(),
    () => undefined,
  );
  return { signal: tooLate.signal, [Symbol.dispose]: () => done.abort() };
}
