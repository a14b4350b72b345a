/**
 * What kube-apiserver signs with: RS256 for RSA keys, ES256, ES384 and ES512 by curve
 * (kubernetes pkg/serviceaccount/jwt.go, `signerFromRSAPrivateKey` and `signerFromECDSAPrivateKey`).
 */
export const ALGORITHMS = ["RS256", "ES256", "ES384", "ES512"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export function isAlgorithm(value: unknown): value is Algorithm {
  return (ALGORITHMS as readonly unknown[]).includes(value);
}
