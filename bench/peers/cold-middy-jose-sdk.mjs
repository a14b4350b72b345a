// An authorizer as the documentation of middy, jose and the AWS SDK shows it: keys from the issuer, permissions from SSM.
import { GetParametersCommand, SSMClient } from "@aws-sdk/client-ssm";
import middy from "@middy/core";
import { createRemoteJWKSet, jwtVerify } from "jose";

const { ISSUER, AUDIENCE, PARAMETER_PREFIX } = process.env;
const keys = createRemoteJWKSet(new URL(`${ISSUER}/openid/v1/jwks`));
const ssm = new SSMClient({});

const verifyToken = {
  before: async ({ event, context }) => {
    const token = event.headers.Authorization.slice("Bearer ".length);
    context.claims = (await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE })).payload;
  },
};

export const handler = middy()
  .use(verifyToken)
  .handler(async (event, { claims }) => {
    const [, , namespace, name] = claims.sub.split(":");
    const wanted = `${PARAMETER_PREFIX}/permissions/dev/${namespace}/${name}`;
    const { Parameters } = await ssm.send(new GetParametersCommand({ Names: [wanted] }));
    const { allow } = JSON.parse(Parameters[0].Value);
    const stage = event.methodArn.split("/").slice(0, 2).join("/");
    const resources = allow.flatMap(({ methods, paths }) =>
      methods.flatMap((method) => paths.map((path) => `${stage}/${method}${path}`)),
    );
    return {
      principalId: `${namespace}/${name}`,
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: resources }],
      },
    };
  });
