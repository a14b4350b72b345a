/** An authorizer in the style that the runtime nodejs24.x does not run any more. */
export function handler(_event, _context, callback) {
  const statement = { Effect: "Allow", Action: "execute-api:Invoke", Resource: "*" };
  callback(null, { principalId: "caller", policyDocument: { Version: "2012-10-17", Statement: [statement] } });
}
