import { describe, expect, test } from "vitest";
import type { AuthorizerKind } from "../../lib/gateway/authorizer-event.ts";
import { granting, type PlainRule } from "../permission/documents.ts";
import {
  answerOf,
  api,
  decidedOn,
  identityOf,
  policyAnswer,
  READ,
  refusedBy,
  requestOf,
  started,
  verdict,
} from "./answering.ts";

describe("each kind of API Gateway is told in its own way", () => {
  const allowed = (kind: AuthorizerKind) => {
    const websocket = kind === "websocket";
    const rule: PlainRule = websocket ? { ...READ, methods: ["CONNECT"], paths: ["/"] } : READ;
    const request = requestOf(kind, websocket ? "$connect" : "GET/v1/x");
    return { decided: decidedOn(granting({ allow: [rule] }), request), request };
  };

  test.for(["rest", "http-1.0", "websocket"] as const)("%s: a policy", (kind) => {
    const { decided, request } = allowed(kind);
    const answer = policyAnswer(decided, request);
    expect(Object.keys(answer)).toEqual(["principalId", "policyDocument", "context"]);
    expect(answer.principalId).toBe("prod-seoul/payments/billing");
    expect(verdict(answer, kind === "websocket" ? "$connect" : "GET/v1/other")).toBe("allow");
  });

  test("http-2.0: yes or no, if the document does not say otherwise", () => {
    const { decided, request } = allowed("http-2.0");
    const { answer } = answerOf(decided, request, api());
    expect(answer).toMatchObject({ isAuthorized: true, context: { principal: "prod-seoul/payments/billing" } });
    expect(Object.keys(answer)).toEqual(["isAuthorized", "context"]);

    const other = requestOf("http-2.0", "GET/v2/x");
    const { answer: refused } = answerOf(decidedOn(granting({ allow: [READ] }), other), other, api());
    expect(refused).toMatchObject({ isAuthorized: false, context: { principal: "prod-seoul/payments/billing" } });
  });

  test('http-2.0 with "answers": "policy": a policy', () => {
    const { decided, request } = allowed("http-2.0");
    expect(verdict(policyAnswer(decided, request, { answers: "policy" }), "GET/v1/other")).toBe("allow");
  });

  test("http-2.0 without a document: no", () => {
    const { answer } = answerOf(refusedBy("API_UNKNOWN"), requestOf("http-2.0", "GET/x"), undefined);
    expect(answer).toEqual({ isAuthorized: false, context: { decisionId: started.id } });
  });

  test.for(["rest", "websocket"] as const)("%s: a bad token is thrown", (kind) => {
    const request = requestOf(kind, "GET/v1/x");
    expect(answerOf(refusedBy("SIGNATURE_INVALID"), request, undefined).answer).toBe("Unauthorized");
    expect(answerOf(refusedBy("TOKEN_EXPIRED"), request, api()).answer).toBe("Unauthorized");
  });

  test.for([
    ["http-1.0", {}],
    ["http-2.0", { answers: "policy" }],
  ] as const)("%s: a bad token is a denied one, and nobody's", ([kind, members]) => {
    const answer = policyAnswer(refusedBy("SIGNATURE_INVALID"), requestOf(kind, "GET/v1/x"), members);
    expect(answer).toMatchObject({ principalId: "unverified", context: { decisionId: started.id } });
    expect(Object.keys(answer.context)).toEqual(["decisionId"]);
    expect(verdict(answer, "GET/v1/x")).toBe("explicit-deny");
    expect(verdict(answer, "POST/v2/y")).toBe("explicit-deny");
  });

  test("who is not admitted is denied everything, by name", () => {
    const identity = identityOf();
    const decided = refusedBy("PRINCIPAL_NOT_ADMITTED", {
      identity,
      access: { service: "orders", method: "GET", path: "/v1/x" },
      trail: { principal: identity.principal, documents: [] },
    });
    const answer = policyAnswer(decided, requestOf("rest", "GET/v1/x"));
    expect(answer.principalId).toBe(identity.principal);
    expect(verdict(answer, "GET/v1/x")).toBe("explicit-deny");
    expect(verdict(answer, "GET/anything")).toBe("explicit-deny");
  });

  test("a refused call is denied beside all that is allowed, so a kept answer is right for the next one", () => {
    const request = requestOf("rest", "GET/v2/x");
    const answer = policyAnswer(decidedOn(granting({ allow: [READ] }), request), request);
    expect(verdict(answer, "GET/v2/x")).toBe("explicit-deny");
    expect(verdict(answer, "GET/v1/x")).toBe("allow");
  });
});

describe("the context names the caller, in scalars (S31)", () => {
  const request = requestOf("rest", "GET/v1/x");
  const granted = granting({ allow: [READ] });

  test("of a pod", () => {
    const identity = identityOf({
      pod: { name: "billing-0", uid: "u" },
      keyId: "secret-key",
      tokenId: "jti",
      issuer: "https://i",
    });
    expect(policyAnswer(decidedOn(granted, request, identity), request).context).toEqual({
      principal: "prod-seoul/payments/billing",
      cluster: "prod-seoul",
      namespace: "payments",
      serviceAccount: "billing",
      subject: "system:serviceaccount:payments:billing",
      pod: "billing-0",
      audience: "orders.example.com",
      expiresAt: 1_795_003_600,
      decisionId: started.id,
    });
  });

  test("without a pod there is no `pod`", () => {
    expect(policyAnswer(decidedOn(granted, request), request).context).not.toHaveProperty("pod");
  });

  test("the longest names that Kubernetes and audiences allow are at most 1 KB each, and fit", () => {
    const identity = identityOf({
      namespace: "n".repeat(63),
      serviceAccount: "s".repeat(253),
      pod: { name: "p".repeat(253), uid: "u" },
      audience: "a".repeat(1024),
    });
    const { context } = policyAnswer(decidedOn(granted, request, identity), request);
    for (const value of Object.values(context)) {
      expect(["string", "number"]).toContain(typeof value);
      expect(Buffer.byteLength(String(value))).toBeLessThanOrEqual(1024);
    }
  });

  test.for([
    { length: 256, hashed: false },
    { length: 257, hashed: true },
  ])("a principal of $length characters is hashed: $hashed", ({ length, hashed }) => {
    const identity = identityOf({ serviceAccount: "s".repeat(length - "prod-seoul/payments/".length) });
    expect(identity.principal).toHaveLength(length);
    const { principalId } = policyAnswer(decidedOn(granted, request, identity), request);
    if (hashed) expect(principalId).toMatch(/^sha256:[0-9a-f]{64}$/);
    else expect(principalId).toBe(identity.principal);
  });
});
