import type { Decided } from "../../lib/decision/decide-access.ts";
import { isRefusal, type RefusalCode, refuse } from "../../lib/errors.ts";
import { type AuthorizerAnswer, authorizerAnswer } from "../../lib/gateway/authorizer-answer.ts";
import {
  type AuthorizerKind,
  type AuthorizerRequest,
  readAuthorizerEvent,
} from "../../lib/gateway/authorizer-event.ts";
import { Policies } from "../../lib/gateway/policies.ts";
import { decide } from "../../lib/permission/decide.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { parseRegisteredApi, type RegisteredApi } from "../../lib/permission/receiver.ts";
import type { VerifiedIdentity } from "../../lib/token/token-verifier.ts";
import { evaluatePolicy } from "../../offline/api-gateway/policy-evaluation.ts";
import { granting, type PlainRule, stored } from "../permission/documents.ts";

export const STAGE = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev";
export const READ: PlainRule = { service: "orders", methods: ["GET"], paths: ["/v1/*"] };

export function api(members: object = {}) {
  return parseRegisteredApi(stored({ service: "orders", audiences: ["orders.example.com"], ...members }));
}

/** The request as it is read from an event that asks about this operation (`GET/v1/x`). */
export function requestOf(kind: AuthorizerKind, operation: string): AuthorizerRequest {
  const arn = `${STAGE}/${operation}`;
  const events = {
    rest: { type: "TOKEN", methodArn: arn },
    "http-1.0": { version: "1.0", type: "REQUEST", methodArn: arn },
    "http-2.0": { version: "2.0", type: "REQUEST", routeArn: arn },
    websocket: { type: "REQUEST", methodArn: arn, requestContext: { eventType: "CONNECT" } },
  } as const satisfies Record<AuthorizerKind, object>;
  return readAuthorizerEvent(events[kind]);
}

/** Only the verifier makes identities; how they are answered does not depend on how they were verified. */
export function identityOf({
  namespace = "payments",
  serviceAccount = "billing",
  ...more
}: Partial<VerifiedIdentity> = {}) {
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

export const started = { id: "00000000-0000-4000-8000-000000000000", startedAt: 1_795_000_000 };

export function decidedOn(granted: PermissionSet, request: AuthorizerRequest, identity = identityOf()): Decided {
  const access = { service: "orders", method: request.method, path: request.path };
  const decision = decide(granted, access);
  const outcome = isRefusal(decision) ? decision : identity;
  const trail = { principal: identity.principal, documents: [] };
  return { ...started, decision, outcome, trail, access, identity, granted };
}

/** Refused before permissions were looked at. */
export function refusedBy(code: RefusalCode, known: Partial<Decided> = {}): Decided {
  const decision = refuse(code, "a detail that no caller reads");
  return { ...started, decision, outcome: decision, trail: { documents: [] }, ...known };
}

export type PolicyAnswer = Extract<AuthorizerAnswer, { policyDocument: unknown }>;

/** The answer of an authorizer that has answered nobody before. */
export function answerOf(
  decided: Decided,
  request: AuthorizerRequest,
  registered: RegisteredApi | undefined,
  policies = new Policies(),
) {
  return authorizerAnswer(decided, request, registered, policies);
}

export function policyAnswer(decided: Decided, request: AuthorizerRequest, members: object = {}): PolicyAnswer {
  const { answer } = answerOf(decided, request, api(members));
  if (typeof answer === "string" || !("policyDocument" in answer)) throw new Error("no policy was answered");
  return answer;
}

export function verdict(answer: PolicyAnswer, operation: string): string {
  return evaluatePolicy(
    JSON.parse(JSON.stringify(answer.policyDocument)),
    "execute-api:Invoke",
    `${STAGE}/${operation}`,
  ).verdict;
}

/** Permissions which make the whole answer exactly this large, with the asked call among them. */
export function grantedForAnswerOf(bytes: number, request: AuthorizerRequest): PermissionSet {
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

export function sizeOf(answer: object): number {
  return Buffer.byteLength(JSON.stringify(answer));
}
