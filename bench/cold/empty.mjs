// What no bundle can change: Node itself, and a function that says yes.
export const handler = async () => ({
  principalId: "anybody",
  policyDocument: {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "execute-api:Invoke", Resource: ["*"] }],
  },
});
