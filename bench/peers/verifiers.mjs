import { JwtVerifier } from "aws-jwt-verify";
import { createVerifier } from "fast-jwt";
import { createLocalJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import jwksRsa from "jwks-rsa";

/**
 * What people use instead, each as its documentation shows it, with its key set in memory.
 *
 * @param {{ issuer: string, audience: string, jwks: { keys: object[] }, pem: string, algorithm: string }} known
 */
export function verifiers({ issuer, audience, jwks, pem, algorithm }) {
  const aws = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/openid/v1/jwks` });
  aws.cacheJwks(jwks);

  const fast = { key: pem, algorithms: [algorithm], allowedIss: issuer, allowedAud: audience };
  const fastVerify = createVerifier(fast);
  const fastCached = createVerifier({ ...fast, cache: true, cacheTTL: 600_000 });

  const keySet = createLocalJWKSet(jwks);
  const josed = { issuer, audience, algorithms: [algorithm] };

  const client = jwksRsa({ jwksUri: `${issuer}/openid/v1/jwks`, cache: true, fetcher: async () => jwks });
  const findKey = (header, done) => client.getSigningKey(header.kid, (error, key) => done(error, key?.getPublicKey()));
  const checks = { issuer, audience, algorithms: [algorithm] };

  return {
    /** @param {string} token */
    awsJwtVerify: (token) => aws.verifySync(token),
    /** @param {string} token */
    fastJwt: (token) => fastVerify(token),
    /** @param {string} token */
    fastJwtCached: (token) => fastCached(token),
    /** @param {string} token */
    jose: async (token) => (await jwtVerify(token, keySet, josed)).payload,
    /** @param {string} token */
    jsonwebtoken: (token) =>
      new Promise((resolve, reject) => {
        jsonwebtoken.verify(token, findKey, checks, (error, claims) => (error ? reject(error) : resolve(claims)));
      }),
  };
}
