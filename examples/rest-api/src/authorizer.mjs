import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const AUDIENCE = "orders.example.com";
/** What each service account may call, by method and path below the stage. */
const ALLOWED = {
  "system:serviceaccount:payments:billing": ["GET/v1/*", "POST/v1/orders"],
  "system:serviceaccount:shop:web": ["GET/v1/status"],
};

/** Faults of the cluster and not of the token: nobody is let in, and nobody is told that the token is bad. */
const UNDECIDED = new Set(["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"]);

const keySets = new Map();

function keysOf(issuer) {
  const keys = keySets.get(issuer) ?? createRemoteJWKSet(new URL(`${issuer}/openid/v1/jwks`));
  keySets.set(issuer, keys);
  return keys;
}

/**
 * A TOKEN authorizer. The policy names everything that the caller may call and not the one call that was asked about:
 * API Gateway keeps it under the token and uses it for the other calls too.
 */
export async function handler({ authorizationToken, methodArn }) {
  const issuer = process.env.ISSUER;
  let subject;
  try {
    const token = authorizationToken.slice("Bearer ".length);
    const { payload } = await jwtVerify(token, keysOf(issuer), { issuer, audience: AUDIENCE, requiredClaims: ["exp"] });
    subject = payload.sub;
  } catch (error) {
    if (error instanceof errors.JOSEError && !UNDECIDED.has(error.code)) throw new Error("Unauthorized"); // exactly: 401
    throw error; // 500
  }
  const stage = methodArn.split("/", 2).join("/");
  const resources = (ALLOWED[subject] ?? []).map((call) => `${stage}/${call}`);
  const statement =
    resources.length > 0
      ? { Action: "execute-api:Invoke", Effect: "Allow", Resource: resources }
      : { Action: "execute-api:Invoke", Effect: "Deny", Resource: `${stage}/*` };
  return {
    principalId: subject,
    policyDocument: { Version: "2012-10-17", Statement: [statement] },
    context: { subject },
  };
}
