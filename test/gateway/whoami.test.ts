import { expect, test } from "vitest";
import { describeCaller } from "../../lib/gateway/whoami.ts";
import type { VerifiedIdentity } from "../../lib/token/token-verifier.ts";
import { granting, type PlainRule } from "../permission/documents.ts";

const RULE: PlainRule = { service: "orders", methods: ["GET"], paths: ["/v1/*"] };
const CALLER = {
  principal: "dev/payments/billing",
  cluster: "dev",
  namespace: "payments",
  serviceAccount: "billing",
  subject: "system:serviceaccount:payments:billing",
  audience: "https://gateway.example.com",
  expiresAt: 1_795_003_600,
};
const IDENTITY = {
  ...CALLER,
  issuer: "https://i",
  keyId: "k",
  tokenId: "j",
  issuedAt: 1,
} as unknown as VerifiedIdentity;

test("a caller is told who it is and what it may call, of all documents, and not where that is written", () => {
  const deny: PlainRule = { ...RULE, service: "*" };
  expect(describeCaller(IDENTITY, granting({ allow: [RULE] }, {}, { allow: [RULE], deny: [deny] }))).toEqual({
    ...CALLER,
    pod: null,
    permissions: { allow: [RULE, RULE], deny: [deny] },
  });
});

test("a caller without permissions is told so, with its pod", () => {
  const identity = { ...IDENTITY, pod: { name: "billing-0", uid: "u" } };
  expect(describeCaller(identity, granting())).toMatchObject({
    pod: "billing-0",
    permissions: { allow: [], deny: [] },
  });
});
