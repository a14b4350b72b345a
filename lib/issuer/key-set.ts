import { createPublicKey, hash, type JsonWebKey, type KeyObject } from "node:crypto";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { Algorithm } from "./algorithm.ts";

/** A public key of one issuer, bound to one algorithm by the key itself and never by a token. */
export interface VerificationKey {
  readonly keyId: string;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
  /** SHA-256 of the key's material: the very same key, not only the same `kid`. */
  readonly fingerprint: string;
}

/** A key that is in the set and may not be used, and why. */
export interface UnfitKey {
  readonly keyId: string;
  readonly unfit: string;
}

/** The keys of one issuer by `kid`. Two sets of one issuer are never merged: a removed key must go. */
export type KeySet = ReadonlyMap<string, VerificationKey | UnfitKey>;

/** Largest key set measured on a managed cluster has 4 keys; API Gateway's own JWT authorizer reads 150,000 bytes. */
export const MAX_KEY_SET_BYTES = 150_000;
const MAX_KEYS = 64;

/** RFC 7518 §6.3.2 and §6.4.1: members of private and symmetric keys. */
const SECRET_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** A map, so that a curve named `constructor` is as unknown as any other. */
const CURVE_ALGORITHMS: ReadonlyMap<unknown, Algorithm> = new Map([
  ["P-256", "ES256"],
  ["P-384", "ES384"],
  ["P-521", "ES512"],
]);

/**
 * Reads a JWK Set (RFC 7517 §5). A set with a private or symmetric key, with one `kid` twice, with more than 64 keys or
 * without any usable one is refused whole; a single key that cannot be used stays in the set with the reason.
 *
 * @returns the set, or what is wrong with it in words for a log
 */
export function readKeySet(document: unknown): KeySet | string {
  const listed = isJsonObject(document) ? document["keys"] : undefined;
  if (!Array.isArray(listed)) return "it has no list `keys`";
  if (listed.length > MAX_KEYS) return `it has ${listed.length} keys, more than ${MAX_KEYS}`;
  const keys = new Map<string, VerificationKey | UnfitKey>();
  for (const jwk of listed) {
    if (!isJsonObject(jwk)) return "a key is not a JSON object";
    if (jwk["kty"] === "oct" || SECRET_MEMBERS.some((member) => member in jwk)) {
      return "it holds a private or symmetric key";
    }
    const keyId = jwk["kid"];
    // A key without `kid` can never be chosen: every token names one.
    if (typeof keyId !== "string" || keyId === "") continue;
    if (keys.has(keyId)) return "it has two keys with one `kid`";
    keys.set(keyId, readKey(keyId, jwk));
  }
  const usable = [...keys.values()].some((key) => !("unfit" in key));
  return usable ? keys : "it has no usable key";
}

function readKey(keyId: string, jwk: JsonObject): VerificationKey | UnfitKey {
  const { kty, crv, n, e, x, y, use, key_ops: operations } = jwk;
  if (use !== undefined && use !== "sig") return { keyId, unfit: "its `use` is not sig" };
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    return { keyId, unfit: "its `key_ops` do not include verify" };
  }
  const material = (kty === "RSA" ? { kty, n, e } : { kty, crv, x, y }) as JsonWebKey;
  const algorithm = kty === "RSA" ? "RS256" : kty === "EC" ? CURVE_ALGORITHMS.get(crv) : undefined;
  if (algorithm === undefined) return { keyId, unfit: "its type is none of RSA, P-256, P-384 and P-521" };
  if (jwk["alg"] !== undefined && jwk["alg"] !== algorithm) {
    return { keyId, unfit: `its \`alg\` is not ${algorithm}, which its type calls for` };
  }
  let key: KeyObject;
  try {
    key = createPublicKey({ key: material, format: "jwk" });
  } catch {
    return { keyId, unfit: "it is no valid public key" };
  }
  const weakness = key.asymmetricKeyType === "rsa" ? rsaWeakness(key) : undefined;
  if (weakness !== undefined) return { keyId, unfit: weakness };
  return { keyId, algorithm, key, fingerprint: hash("sha256", JSON.stringify(material), "base64url") };
}

/** NIST SP 800-131A allows 2,048 bits and more; a small or even exponent is a mistake or a trap (FIPS 186-5 §A.1.1). */
function rsaWeakness(key: KeyObject): string | undefined {
  const modulusLength = key.asymmetricKeyDetails?.modulusLength;
  const publicExponent = key.asymmetricKeyDetails?.publicExponent;
  if (modulusLength === undefined || modulusLength < 2048 || modulusLength > 8192) {
    return `its modulus has ${modulusLength} bits; 2,048 to 8,192 are accepted`;
  }
  if (publicExponent === undefined || publicExponent < 65_537n || publicExponent % 2n === 0n) {
    return "its public exponent is even or below 65,537";
  }
  return undefined;
}
