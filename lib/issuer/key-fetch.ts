import { type Clock, deadline } from "../clock.ts";
import { GatewayError } from "../errors.ts";
import { checkDiscovery, discoveryUrl } from "./discovery.ts";
import { FetchFailure, type FetchJson, isFetchFailure } from "./fetch-json.ts";
import { type KeySet, MAX_KEY_SET_BYTES, readKeySet } from "./key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

/** A discovery document of kube-apiserver has about 400 bytes. */
const MAX_DISCOVERY_BYTES = 64 * 1024;

const ATTEMPTS = 2;

/**
 * One attempt ends after 1.5 s by itself (lib/net); two of them, with the pause between, end here. Half a second less
 * than the 3 s in which a cold function must have answered: loading its code and reading the store take their part.
 */
export const KEY_FETCH_SECONDS = 2.5;
const LONGEST_PAUSE_SECONDS = 0.1;

/**
 * Fetches the keys that an issuer publishes now. Throws `ISSUER_UNREACHABLE` (no answer, or none that says anything),
 * `DISCOVERY_INVALID` and `KEY_SET_INVALID` (an answer that must not be used). Ends within 2.5 s of the clock, also where
 * `fetchJson` does not.
 */
export async function fetchKeySet(issuer: TrustedIssuer, fetchJson: FetchJson, clock: Clock): Promise<KeySet> {
  using whole = deadline(KEY_FETCH_SECONDS, clock);
  const tooLate = new Promise<never>((_, reject) => {
    const failure = () => reject(new FetchFailure("timed-out", `no whole answer within ${KEY_FETCH_SECONDS} s`));
    whole.signal.addEventListener("abort", failure, { once: true });
  });
  for (let attempt = 1; ; attempt++) {
    try {
      return await Promise.race([tooLate, fetchOnce(issuer, fetchJson, whole.signal)]);
    } catch (error) {
      if (!isFetchFailure(error)) throw error;
      if (attempt === ATTEMPTS || !error.retryable || whole.signal.aborted) {
        throw new GatewayError("ISSUER_UNREACHABLE", `no keys from issuer ${issuer.url}: ${error.message}`, {
          cause: error,
        });
      }
      await clock.wait(Math.random() * LONGEST_PAUSE_SECONDS);
    }
  }
}

async function fetchOnce(issuer: TrustedIssuer, fetchJson: FetchJson, signal: AbortSignal): Promise<KeySet> {
  const { network, certificateAuthority } = issuer;
  const jwksUri = issuer.jwksURL ?? (await discover(issuer, fetchJson, signal));
  const document = await fetchJson(jwksUri, { maxBytes: MAX_KEY_SET_BYTES, network, certificateAuthority, signal });
  const keys = readKeySet(document);
  if (typeof keys !== "string") return keys;
  throw new GatewayError("KEY_SET_INVALID", `the key set of issuer ${issuer.url} at ${jwksUri} is refused: ${keys}`);
}

async function discover(issuer: TrustedIssuer, fetchJson: FetchJson, signal: AbortSignal): Promise<string> {
  const url = discoveryUrl(issuer);
  const { network, certificateAuthority } = issuer;
  const document = await fetchJson(url, { maxBytes: MAX_DISCOVERY_BYTES, network, certificateAuthority, signal });
  const result = checkDiscovery(document, issuer);
  if ("jwksUri" in result) return result.jwksUri;
  throw new GatewayError("DISCOVERY_INVALID", `the discovery document at ${url} is refused: ${result.fault}`);
}
