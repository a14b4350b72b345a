import { describe, expect, test } from "vitest";
import type { Decided } from "../../lib/decision/decide-access.ts";
import { isRefusal, type RefusalCode, refuse } from "../../lib/errors.ts";
import { type AuthorizerAnswer, authorizerAnswer } from "../../lib/gateway/authorizer-answer.ts";
import type { AuthorizerKind, AuthorizerRequest } from "../../lib/gateway/authorizer-event.ts";
import { parseExecuteApiArn } from "../../lib/gateway/execute-api-arn.ts";
import { decide } from "../../lib/permission/decide.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { parseRegisteredApi } from "../../lib/permission/receiver.ts";
import type { VerifiedIdentity } from "../../lib/token/token-verifier.ts";
import { evaluatePolicy } from "../../offline/api-gateway/policy-evaluation.ts";
import { faultOf, granting, type PlainRule, stored } from "../permission/documents.ts";

const STAGE = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev";
const READ: PlainRule = { service: "orders", methods: ["GET"], paths: ["/v1/*"] };

function api(members: object = {}) {
  return parseRegisteredApi(stored({ service: "orders", audiences: ["orders.example.com"], ...members }));
}

function requestOf(kind: AuthorizerKind, operation: string): AuthorizerRequest {
  const arn = parseExecuteApiArn(`${STAGE}/${operation}`);
  const slash = operation.indexOf("/");
  const access =
    kind === "websocket"
      ? { method: "CONNECT", path: "/" }
      : { method: operation.slice(0, slash), path: operation.slice(slash) };
  return { kind, arn, authorization: [], ...access, identitySourcesIncomplete: false };
}

/** Only the verifier makes identities; how they are answered does not depend on how they were verified. */
function identityOf({ namespace = "payments", serviceAccount = "billing", ...more }: Partial<VerifiedIdentity> = {}) {
  const cluster = "prod-seoul";
  return {
    cluster,
    namespace,
    serviceAccount,
    principal: `${cluster}/${namespace}/${serviceAccount}`,
    subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
    audience: "orders.example.com",
    expiresAt: 1_795_003_600,
    ...more,
  } as VerifiedIdentity;
}

const started = { id: "00000000-0000-4000-8000-000000000000", startedAt: 1_795_000_000 };

function decidedOn(granted: PermissionSet, request: AuthorizerRequest, identity = identityOf()): Decided {
  const access = { service: "orders", method: request.method, path: request.path };
  const decision = decide(granted, access);
  const outcome = isRefusal(decision) ? decision : identity;
  const trail = { principal: identity.principal, documents: [] };
  return { ...started, decision, outcome, trail, access, identity, granted };
}

/** Refused before permissions were looked at. */
function refusedBy(code: RefusalCode, known: Partial<Decided> = {}): Decided {
  const decision = refuse(code, "a detail that no caller reads");
  return { ...started, decision, outcome: decision, trail: { documents: [] }, ...known };
}

type PolicyAnswer = Extract<AuthorizerAnswer, { policyDocument: unknown }>;

function policyAnswer(decided: Decided, request: AuthorizerRequest, members: object = {}): PolicyAnswer {
  const { answer } = authorizerAnswer(decided, request, api(members));
  if (typeof answer === "string" || !("policyDocument" in answer)) throw new Error("no policy was answered");
  return answer;
}

function verdict(answer: PolicyAnswer, operation: string): string {
  return evaluatePolicy(
    JSON.parse(JSON.stringify(answer.policyDocument)),
    "execute-api:Invoke",
    `${STAGE}/${operation}`,
  ).verdict;
}

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
    const { answer } = authorizerAnswer(decided, request, api());
    expect(answer).toMatchObject({ isAuthorized: true, context: { principal: "prod-seoul/payments/billing" } });
    expect(Object.keys(answer)).toEqual(["isAuthorized", "context"]);

    const other = requestOf("http-2.0", "GET/v2/x");
    const { answer: refused } = authorizerAnswer(decidedOn(granting({ allow: [READ] }), other), other, api());
    expect(refused).toMatchObject({ isAuthorized: false, context: { principal: "prod-seoul/payments/billing" } });
  });

  test('http-2.0 with "answers": "policy": a policy', () => {
    const { decided, request } = allowed("http-2.0");
    expect(verdict(policyAnswer(decided, request, { answers: "policy" }), "GET/v1/other")).toBe("allow");
  });

  test("http-2.0 without a document: no", () => {
    const { answer } = authorizerAnswer(refusedBy("API_UNKNOWN"), requestOf("http-2.0", "GET/x"), undefined);
    expect(answer).toEqual({ isAuthorized: false, context: { decisionId: started.id } });
  });

  test.for(["rest", "websocket"] as const)("%s: a bad token is thrown", (kind) => {
    const request = requestOf(kind, "GET/v1/x");
    expect(authorizerAnswer(refusedBy("SIGNATURE_INVALID"), request, undefined).answer).toBe("Unauthorized");
    expect(authorizerAnswer(refusedBy("TOKEN_EXPIRED"), request, api()).answer).toBe("Unauthorized");
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

/** Permissions which make the whole answer exactly this large, with the asked call among them. */
function grantedForAnswerOf(bytes: number, request: AuthorizerRequest): PermissionSet {
  const paths = Array.from({ length: 60 }, (_, index) => `/filler/${index}/`.padEnd(40, "x"));
  const grant = (last: string) => granting({ allow: [READ, { ...READ, paths: [...paths, last] }] });
  const base = sizeOf(policyAnswer(decidedOn(grant("/"), request), request));
  let missing = bytes - base;
  // A resource has 512 characters at most, so what is missing is spread over several.
  for (let index = 0; missing > 0 && index < paths.length; index++) {
    const part = Math.min(missing, 300);
    paths[index] = `${paths[index]}${"y".repeat(part)}`;
    missing -= part;
  }
  return grant("/");
}

function sizeOf(answer: object): number {
  return Buffer.byteLength(JSON.stringify(answer));
}

describe("an answer has at most 8,192 bytes, a resource at most 512 characters (API Gateway, Quotas)", () => {
  const request = requestOf("rest", "GET/v1/x");

  test("8,192 bytes fit", () => {
    const answer = policyAnswer(decidedOn(grantedForAnswerOf(8192, request), request), request);
    expect(sizeOf(answer)).toBe(8192);
    expect(verdict(answer, "GET/v1/x")).toBe("allow");
  });

  test("8,193 bytes are no decision where the answer may be kept", () => {
    const decided = decidedOn(grantedForAnswerOf(8193, request), request);
    const { code, detail } = faultOf(() => authorizerAnswer(decided, request, api()));
    expect(code).toBe("POLICY_TOO_LARGE");
    expect(detail).toContain("prod-seoul/payments/billing");
    expect(detail).toContain("abc123");
  });

  test('8,193 bytes are the asked call alone with "cached": false', () => {
    const granted = grantedForAnswerOf(8193, request);
    const answer = policyAnswer(decidedOn(granted, request), request, { cached: false });
    expect(answer.policyDocument.Statement).toEqual([
      { Effect: "Allow", Action: "execute-api:Invoke", Resource: [`${STAGE}/GET/v1/x`] },
    ]);

    const refused = requestOf("rest", "GET/v2/x");
    const denied = policyAnswer(decidedOn(granted, refused), refused, { cached: false });
    expect(denied.policyDocument.Statement).toEqual([
      { Effect: "Deny", Action: "execute-api:Invoke", Resource: [`${STAGE}/GET/v2/x`] },
    ]);
  });

  test('what fits is the whole policy with "cached": false too', () => {
    const answer = policyAnswer(decidedOn(grantedForAnswerOf(8192, request), request), request, { cached: false });
    expect(verdict(answer, "GET/v1/other")).toBe("allow");
  });

  test.for([
    { characters: 512, fits: true },
    { characters: 513, fits: false },
  ])("a resource of $characters characters fits: $fits", ({ characters, fits }) => {
    const path = "/".padEnd(characters - `${STAGE}/GET`.length, "x");
    const decided = decidedOn(granting({ allow: [READ, { ...READ, paths: [path] }] }), request);
    if (fits) expect(verdict(policyAnswer(decided, request), `GET${path}`)).toBe("allow");
    else expect(faultOf(() => authorizerAnswer(decided, request, api())).code).toBe("POLICY_TOO_LARGE");
  });

  test.for([
    { character: "e", fits: true },
    { character: "é", fits: false },
  ])("bytes are counted, not characters: 200 of $character fit: $fits", ({ character, fits }) => {
    const refused = requestOf("http-1.0", `GET/v2/${character.repeat(200)}`);
    const decided = decidedOn(grantedForAnswerOf(8192 - 450, request), refused);
    if (fits) expect(sizeOf(policyAnswer(decided, refused))).toBeGreaterThan(8192 - 200);
    else expect(faultOf(() => authorizerAnswer(decided, refused, api())).code).toBe("POLICY_TOO_LARGE");
  });
});

describe("an allowed call that cannot be named is refused where it would have to stand alone (S29)", () => {
  test.for(["GET/v1/*", "GET/v1/\u0024{x}", `GET/v1/${"x".repeat(600)}`])("%s", (operation) => {
    const request = requestOf("rest", operation);
    const granted = grantedForAnswerOf(8193, requestOf("rest", "GET/v1/x"));
    const before = decidedOn(granted, request);
    expect(before.decision.effect).toBe("allow");

    const { answer, decided } = authorizerAnswer(before, request, api({ cached: false }));
    expect(decided).toMatchObject({ decision: { code: "ACCESS_NOT_ALLOWED" }, outcome: { effect: "refuse" } });
    expect(verdict(answer as PolicyAnswer, operation)).toBe("explicit-deny");
    expect(answer).toMatchObject({ policyDocument: { Statement: [{ Effect: "Deny" }] } });
  });

  test("with the whole policy it is what the rules say", () => {
    const request = requestOf("rest", "GET/v1/*");
    const answer = policyAnswer(decidedOn(granting({ allow: [READ] }), request), request);
    expect(verdict(answer, "GET/v1/*")).toBe("allow");
    expect(answer.policyDocument.Statement.flatMap(({ Resource }) => Resource)).toEqual([`${STAGE}/GET/v1/*`]);
  });
});
