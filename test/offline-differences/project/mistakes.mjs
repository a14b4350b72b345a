/** Authorizers that work with serverless-offline alone, or seem to, and not on AWS. Each is one mistake. */

function allow(resources, more = {}) {
  const statement = { Effect: "Allow", Action: "execute-api:Invoke", Resource: resources };
  return { principalId: "caller", policyDocument: { Version: "2012-10-17", Statement: [statement] }, ...more };
}

function stageOf({ methodArn, routeArn }) {
  return (methodArn ?? routeArn).split("/").slice(0, 2).join("/");
}

/** Kept for 300 seconds, this is the policy of every call with the same token. */
export async function namesOneCall(event) {
  return allow(event.methodArn);
}

export async function throwsText() {
  throw new Error("Unauthorized: the token has expired");
}

/** Meant for `/v1/orders` and every method. */
export async function wildcardMethod(event) {
  return allow(`${stageOf(event)}/*/v1/orders`);
}

/** One ARN for each of a hundred paths. */
export async function answersTooMuch(event) {
  const stage = stageOf(event);
  return allow([
    `${stage}/GET/*`,
    ...Array.from({ length: 100 }, (_, index) => `${stage}/GET/shops/${index}/orders/*`),
  ]);
}

export async function objectInContext(event) {
  return allow(`${stageOf(event)}/GET/*`, { context: { user: { name: "billing" } } });
}
