import { type Clock, systemClock } from "../../lib/clock.ts";
import { GatewayError } from "../../lib/errors.ts";
import { keySource } from "../../lib/issuer/discovery.ts";
import type { FetchJson } from "../../lib/issuer/fetch-json.ts";
import { fetchKeySet } from "../../lib/issuer/key-fetch.ts";
import type { KeySet } from "../../lib/issuer/key-set.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { createFetchJson } from "../../lib/net/fetch-json.ts";

/** What an issuer answered, and what the functions make of it. */
export interface Observation {
  readonly outcome: KeySet | GatewayError;
  /** The discovery document as it came, where one did. */
  readonly discovery?: unknown;
  /** The key set as it came. */
  readonly keySet?: unknown;
  /** How far the issuer's clock is ahead of this one, by the `Date` of its answers. */
  readonly aheadSeconds?: number;
}

/** Asks an issuer for its keys by the functions' own code, in their own time, and looks over its shoulder. */
export async function observeIssuer(
  issuer: TrustedIssuer,
  allowLoopbackHttp: boolean,
  clock: Clock = systemClock,
): Promise<Observation> {
  const seen: { discovery?: unknown; keySet?: unknown; aheadSeconds?: number } = {};
  const fetchJson = createFetchJson({
    allowLoopbackHttp,
    onDate: (date) => {
      const there = Date.parse(date ?? "") / 1000;
      if (Number.isFinite(there)) seen.aheadSeconds = there - Math.floor(clock.now());
    },
  });
  const watched: FetchJson = async (url, options) => {
    const document = await fetchJson(url, options);
    const isDiscovery = issuer.jwksURL === undefined && url === keySource(issuer);
    seen[isDiscovery ? "discovery" : "keySet"] = document;
    return document;
  };
  try {
    const outcome = await fetchKeySet(issuer, watched, clock);
    return { ...seen, outcome };
  } catch (error) {
    if (error instanceof GatewayError) return { ...seen, outcome: error };
    throw error;
  }
}
