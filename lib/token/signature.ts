import { verify } from "node:crypto";
import type { Algorithm } from "../issuer/algorithm.ts";
import type { VerificationKey } from "../issuer/key-set.ts";
import { ecdsaSignatureDer } from "./ecdsa-signature-der.ts";
import type { UnverifiedToken } from "./unverified-token.ts";

/** Hash of each algorithm, and the bytes of r and of s (RFC 7518 §3.3, §3.4). */
const ALGORITHMS = {
  RS256: { hash: "sha256", coordinateBytes: undefined },
  ES256: { hash: "sha256", coordinateBytes: 32 },
  ES384: { hash: "sha384", coordinateBytes: 48 },
  ES512: { hash: "sha512", coordinateBytes: 66 },
} as const satisfies Record<Algorithm, { hash: string; coordinateBytes: number | undefined }>;

/**
 * Whether this key made the token's signature, under the algorithm that the key is bound to. The only place that asks.
 *
 * By Node's own `verify`, at once: WebCrypto, which `jose` goes through, hops through the thread pool and costs three to
 * nine times the check itself. `test/token/signature-differential.test.ts` holds the two against each other.
 */
export function isSignedBy(token: UnverifiedToken, { key, algorithm }: VerificationKey): boolean {
  if (token.algorithm !== algorithm) return false;
  const input = Buffer.from(token.signingInput, "latin1");
  const { hash, coordinateBytes } = ALGORITHMS[algorithm];
  // Of an RSA key it is PKCS #1 v1.5 where nothing else is said.
  const signature =
    coordinateBytes === undefined ? token.signature : ecdsaSignatureDer(token.signature, coordinateBytes);
  return signature !== undefined && verify(hash, input, key, signature);
}
