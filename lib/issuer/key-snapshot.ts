import { keySource } from "./discovery.ts";
import type { KeySet, VerificationKey } from "./key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

/**
 * A snapshot is written anew once it is 900 s old, by a schedule of 300 s, and is read 60 s late at most. One that is older
 * than that and a margin says that the schedule has stopped, and then the issuer is asked as if there were none.
 */
export const SNAPSHOT_MAX_AGE_SECONDS = 1500;

/**
 * The document `keys/<issuer>` of fetched keys: what `parseStoredKeySet` reads, nothing of the issuer's but the material of
 * keys that can be used. A key that was refused for its `use` or `key_ops` must not come back without them.
 *
 * @param fetchedAt - epoch seconds at which the issuer was asked
 */
export function snapshotText(issuer: TrustedIssuer, keys: KeySet, fetchedAt: number): string {
  const listed = usableKeys(keys).map(({ keyId, algorithm, key }) => ({
    kid: keyId,
    alg: algorithm,
    use: "sig",
    ...key.export({ format: "jwk" }),
  }));
  return JSON.stringify({
    issuer: issuer.url,
    fetchedAt: Math.floor(fetchedAt),
    source: "discovered",
    from: keySource(issuer),
    keys: listed,
  });
}

/** What became of a key set: the same keys under the same names, others too, or none of them left. */
export type KeySetChange = "same" | "changed" | "replaced";

export function compareKeySets(before: KeySet, after: KeySet): KeySetChange {
  const known = usableKeys(before);
  if (!usableKeys(after).some((key) => known.some((other) => isSameKey(key, other)))) return "replaced";
  return haveSameKeys(before, after) ? "same" : "changed";
}

/** Whether two sets have the same usable keys under the same names. */
export function haveSameKeys(one: KeySet, other: KeySet): boolean {
  const [keys, others] = [usableKeys(one), usableKeys(other)];
  const isThere = (key: VerificationKey) => others.some((each) => each.keyId === key.keyId && isSameKey(each, key));
  return keys.length === others.length && keys.every(isThere);
}

/** The numbers themselves and not their spelling: some issuers write a zero in front, which a snapshot leaves out. */
function isSameKey({ key }: VerificationKey, other: VerificationKey): boolean {
  return key.equals(other.key);
}

function usableKeys(keys: KeySet): VerificationKey[] {
  return [...keys.values()].flatMap((key) => ("unfit" in key ? [] : [key]));
}
