import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { CompactSign } from "jose";
import type { Algorithm } from "../../lib/issuer/algorithm.ts";

const GENERATE = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ES384: () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ES512: () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
} as const satisfies Record<Algorithm, () => { publicKey: KeyObject; privateKey: KeyObject }>;

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** An RSA key takes its time to be made, and one of each kind does. */
const made = new Map<Algorithm, KeyPair>();

function pairFor(algorithm: Algorithm): KeyPair {
  const pair = made.get(algorithm) ?? GENERATE[algorithm]();
  made.set(algorithm, pair);
  return pair;
}

/**
 * A key that stands in for an issuer's where no signature can be or has to be checked. It lives as long as the command and
 * is known to its own decider alone, so nothing that it signs is good anywhere.
 */
export class StandInKey {
  readonly algorithm: Algorithm;
  readonly keyId: string;
  readonly #pair: KeyPair;

  constructor(algorithm: Algorithm, keyId: string = randomUUID()) {
    this.algorithm = algorithm;
    this.keyId = keyId;
    this.#pair = pairFor(algorithm);
  }

  /** As a member of a key set document. */
  get jwk(): object {
    const { kty, crv, x, y, n, e } = this.#pair.publicKey.export({ format: "jwk" });
    return { kid: this.keyId, kty, alg: this.algorithm, use: "sig", crv, x, y, n, e };
  }

  sign(claims: object): Promise<string> {
    return new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: this.algorithm, kid: this.keyId, typ: "JWT" })
      .sign(this.#pair.privateKey);
  }
}
