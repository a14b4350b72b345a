import { AgingCache } from "../../lib/aging-cache.ts";
import { GatewayError } from "../../lib/errors.ts";
import { ManualClock } from "./manual-clock.ts";

/** A cache over a value that a test changes, breaks and holds back. Fresh for 60 s, stale for 300 s more. */
export function startCache({ capacity = 100, clock = new ManualClock(), holdoff = { until: 0 } } = {}) {
  const source = {
    value: "first",
    fails: undefined as Error | undefined,
    held: undefined as Promise<void> | undefined,
    reads: [] as string[],
  };
  /** The reasons for which a stale value served. */
  const stale: unknown[] = [];
  const cache = new AgingCache<string>({
    read: async (key) => {
      source.reads.push(key);
      const { value, fails } = source;
      await source.held;
      if (fails !== undefined) throw fails;
      return value;
    },
    maxAgeSeconds: 60,
    maxStaleSeconds: 300,
    capacity,
    clock,
    holdoff,
    onStale: (error) => stale.push(error),
  });
  return { cache, source, clock, stale };
}

export const outage = new GatewayError("PARAMETERS_UNAVAILABLE", "the store is away");
