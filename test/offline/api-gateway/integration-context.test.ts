import { expect, test } from "vitest";
import { credentialsOf } from "../../../offline/api-gateway/integration-context.ts";

/** What serverless-offline does with the context of a REST API. */
const delivered = (credentials: ReturnType<typeof credentialsOf>) =>
  structuredClone(
    Object.assign(credentials.context, {
      claims: { sub: "unverified" },
      principalId: credentials.principalId ?? "made-up",
      scopes: undefined,
    }),
  );

test("context and principal arrive, and nothing that serverless-offline adds", () => {
  const credentials = credentialsOf({ outcome: "allow", principalId: "p", context: { a: "1" } });
  expect(delivered(credentials)).toStrictEqual({ a: "1", principalId: "p" });
  expect(credentials.authorizer).toEqual({ a: "1", principalId: "p" });
});

test("without a principal there is none", () => {
  expect(delivered(credentialsOf({ outcome: "allow", context: { a: [1] } }))).toStrictEqual({ a: [1] });
});

test("what the authorizer itself calls claims stays", () => {
  const credentials = credentialsOf({ outcome: "allow", principalId: "p", context: { claims: "mine" } });
  expect(delivered(credentials)).toStrictEqual({ claims: "mine", principalId: "p" });
});

test("the key of a usage plan is handed on", () => {
  expect(credentialsOf({ outcome: "allow", context: {}, principalId: "p", usageIdentifierKey: "k" })).toMatchObject({
    usageIdentifierKey: "k",
  });
});
