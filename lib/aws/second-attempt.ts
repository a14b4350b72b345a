import type { SSMClientConfig } from "@aws-sdk/client-ssm";

type RetryStrategy = Extract<
  NonNullable<SSMClientConfig["retryStrategy"]>,
  { readonly refreshRetryTokenForRetry: unknown }
>;

/** Longest pause before the second attempt, with full jitter. */
const PAUSE_MS: Readonly<Record<string, number>> = {
  /** SSM counts by the second, so a little later is another chance. */
  THROTTLING: 300,
  /** A broken or silent connection, a 5xx: the next one goes another way. */
  TRANSIENT: 50,
};

/**
 * One more attempt after throttling and after what may pass, none after a refusal. The SDK's own strategy pauses for up
 * to a second after throttling, which is all the time there is.
 */
export const secondAttempt: RetryStrategy = {
  acquireInitialRetryToken: async () => attempt(0, 0),
  refreshRetryTokenForRetry: async (previous, { errorType }) => {
    const pause = PAUSE_MS[errorType];
    // The SDK reports the fault itself then, not this.
    if (pause === undefined || previous.getRetryCount() > 0) throw new Error("no further attempt");
    return attempt(1, Math.random() * pause);
  },
  recordSuccess: () => {},
};

function attempt(retries: number, pauseMs: number) {
  return { getRetryCount: () => retries, getRetryDelay: () => pauseMs };
}
