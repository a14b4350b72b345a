import type { KeySet, VerificationKey } from "./key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

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
  return JSON.stringify({ issuer: issuer.url, fetchedAt: Math.floor(fetchedAt), source: "discovered", keys: listed });
}

/** What became of a key set: the same keys under the same names, others too, or none of them left. */
export type KeySetChange = "same" | "changed" | "replaced";

export function compareKeySets(before: KeySet, after: KeySet): KeySetChange {
  const [known, current] = [usableKeys(before), usableKeys(after)];
  const materials = new Set(known.map(({ fingerprint }) => fingerprint));
  if (!current.some(({ fingerprint }) => materials.has(fingerprint))) return "replaced";
  const named = new Set(known.map(nameAndMaterial));
  return known.length === current.length && current.every((key) => named.has(nameAndMaterial(key)))
    ? "same"
    : "changed";
}

function nameAndMaterial({ keyId, fingerprint }: VerificationKey): string {
  return `${fingerprint} ${keyId}`;
}

function usableKeys(keys: KeySet): VerificationKey[] {
  return [...keys.values()].flatMap((key) => ("unfit" in key ? [] : [key]));
}
