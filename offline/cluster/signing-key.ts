import { createHash, createPublicKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";

/** What kube-apiserver signs with: RS256 for an RSA key, the others by curve (pkg/serviceaccount/jwt.go). */
export const ALGORITHMS = ["RS256", "ES256", "ES384", "ES512"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" } as const;
const DIGESTS = { RS256: "sha256", ES256: "sha256", ES384: "sha384", ES512: "sha512" } as const;
/** The names OpenSSL has for the curves. */
const ALGORITHM_OF_CURVE: Readonly<Record<string, Algorithm>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

/** A public key as kube-apiserver serves it: these members, in this order. */
export interface PublicJwk {
  readonly use: "sig";
  readonly kty: string;
  readonly kid: string;
  readonly crv?: string;
  readonly alg: Algorithm;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

export interface SigningKey {
  readonly algorithm: Algorithm;
  readonly kid: string;
  readonly jwk: PublicJwk;
  /** The third part of a JWS over `input`, which is `<header>.<payload>` (RFC 7515 §5.1). */
  sign(input: string): string;
}

/** How a key is named: base64url(SHA-256(SubjectPublicKeyInfo DER)), as kube-apiserver does it, or 40 hexadecimal digits, as EKS has them. */
export type KidForm = "thumbprint" | "hex";

/** @throws Error for a key that kube-apiserver could not sign with */
export function signingKey(privateKey: KeyObject, form: KidForm = "thumbprint"): SigningKey {
  const algorithm = algorithmOf(privateKey);
  const publicKey = createPublicKey(privateKey);
  const spki = publicKey.export({ type: "spki", format: "der" });
  // Of what EKS takes them nobody says; these are 40 digits, and another key has others.
  const kid =
    form === "hex"
      ? createHash("sha1").update(spki).digest("hex")
      : createHash("sha256").update(spki).digest("base64url");
  const { kty = "", crv, x, y, n, e } = publicKey.export({ format: "jwk" });
  return {
    algorithm,
    kid,
    jwk: {
      use: "sig",
      kty,
      kid,
      ...(crv === undefined ? {} : { crv }),
      alg: algorithm,
      ...(x === undefined || y === undefined ? {} : { x, y }),
      ...(n === undefined || e === undefined ? {} : { n, e }),
    },
    // JWS wants r and s side by side (RFC 7518 §3.4), not OpenSSL's DER; RSA ignores the setting.
    sign: (input) =>
      sign(DIGESTS[algorithm], Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString(
        "base64url",
      ),
  };
}

/** A new key: RSA of 2,048 bits or one on the algorithm's curve. RSA takes some 100 ms, off the event loop. */
export async function generateSigningKey(algorithm: Algorithm, form?: KidForm): Promise<SigningKey> {
  const generate = promisify(generateKeyPair);
  const { privateKey } =
    algorithm === "RS256"
      ? await generate("rsa", { modulusLength: 2048 })
      : await generate("ec", { namedCurve: CURVES[algorithm] });
  return signingKey(privateKey, form);
}

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === "rsa") return "RS256";
  const algorithm = ALGORITHM_OF_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (algorithm === undefined) throw new Error("a signing key is RSA, or EC on P-256, P-384 or P-521");
  return algorithm;
}
