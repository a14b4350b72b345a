import middy from "@middy/core";

/**
 * An authorizer around each verifier, and behind it what the plain handler has.
 *
 * @param {ReturnType<import("./verifiers.mjs").verifiers>} verifiers
 * @param {{ answer(arn: string, claims: object, keyId: string, startedAt: number): object }} answers
 */
export function handlers(verifiers, answers) {
  const around = (verify) => async (event) => {
    const startedAt = Date.now();
    const token = event.headers.Authorization.slice("Bearer ".length);
    const claims = await verify(token);
    return answers.answer(event.methodArn, claims, keyIdOf(token), startedAt);
  };
  const verifyToken = {
    before: async ({ event, context }) => {
      const token = event.headers.Authorization.slice("Bearer ".length);
      context.keyId = keyIdOf(token);
      context.claims = await verifiers.jose(token);
    },
  };
  const middied = middy()
    .use(verifyToken)
    .handler((event, { claims, keyId }) => answers.answer(event.methodArn, claims, keyId, Date.now()));
  return {
    awsJwtVerify: around(verifiers.awsJwtVerify),
    jsonwebtoken: around(verifiers.jsonwebtoken),
    fastJwtCached: around(verifiers.fastJwtCached),
    middyJose: (event) => middied(event, { getRemainingTimeInMillis: () => 3000 }),
  };
}

function keyIdOf(token) {
  return JSON.parse(Buffer.from(token.slice(0, token.indexOf(".")), "base64url").toString()).kid;
}
