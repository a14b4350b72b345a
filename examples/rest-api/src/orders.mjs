/** Says who calls: what the authorizer put into `context`. */
export async function handler({ httpMethod, path, requestContext }) {
  return { statusCode: 200, body: JSON.stringify({ httpMethod, path, caller: requestContext.authorizer.subject }) };
}
