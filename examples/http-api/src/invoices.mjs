/** Says who calls: what podgate's authorizer tells of the caller. */
export async function handler({ rawPath, requestContext }) {
  const { principal, namespace, serviceAccount } = requestContext.authorizer.lambda;
  return { statusCode: 200, body: JSON.stringify({ rawPath, principal, namespace, serviceAccount }) };
}
