import type { SSMClientConfig } from "@aws-sdk/client-ssm";
import { THROTTLED_PAUSE_MS, TRANSIENT_PAUSE_MS } from "./ssm-call.ts";

type RetryStrategy = Extract<
  NonNullable<SSMClientConfig["retryStrategy"]>,
  { readonly refreshRetryTokenForRetry: unknown }
>;

const PAUSE_MS: Readonly<Record<string, number>> = { THROTTLING: THROTTLED_PAUSE_MS, TRANSIENT: TRANSIENT_PAUSE_MS };

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
