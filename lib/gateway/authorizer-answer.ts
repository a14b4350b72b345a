import { hash } from "node:crypto";
import type { Decided } from "../decision/decide-access.ts";
import { GatewayError, isRefusal, refuse } from "../errors.ts";
import type { RegisteredApi } from "../permission/receiver.ts";
import type { AuthorizerRequest } from "./authorizer-event.ts";
import type { BuiltPolicy, Policies } from "./policies.ts";
import {
  type AskedCall,
  askedCallOnly,
  denyEverything,
  denyingAsked,
  isAllowedAsSent,
  isNameable,
  MAX_ANSWER_BYTES,
  MAX_DENIAL_BYTES,
  MAX_RESOURCE_CHARACTERS,
  type PolicyDocument,
} from "./policy.ts";

/** Scalars only: REST APIs turn every value into a text, and refuse objects and lists. */
export type AuthorizerContext = Readonly<Record<string, string | number>>;

export type AuthorizerAnswer =
  | { readonly isAuthorized: boolean; readonly context: AuthorizerContext }
  | { readonly principalId: string; readonly policyDocument: PolicyDocument; readonly context: AuthorizerContext };

/** An authorizer that says so, in exactly this word, is answered 401 by REST and WebSocket APIs; any other throw is 500. */
export const UNAUTHORIZED = "Unauthorized";

const MAX_PRINCIPAL_ID_CHARACTERS = 256;

/**
 * An answer without its policy is smaller: Kubernetes bounds the names (381 characters a principal, 339 a subject, 253 a
 * pod), `isAudience` the audience (1,024, of which JSON makes 2,048 at most). Counted only where a policy leaves less.
 */
const LARGEST_REST_BYTES = 4096;
const POLICY_MEMBER_BYTES = '"policyDocument":,'.length;

export interface Answered {
  readonly answer: AuthorizerAnswer | typeof UNAUTHORIZED;
  /** As it was decided, or refused where an allowed call cannot be told to API Gateway. */
  readonly decided: Decided;
}

/**
 * What this kind of API Gateway expects for the decision. `"Unauthorized"` where it has to be thrown.
 * Throws `POLICY_TOO_LARGE` where the caller's permissions do not fit into an answer that may be kept.
 */
export function authorizerAnswer(
  decided: Decided,
  { kind, arn }: AuthorizerRequest,
  api: RegisteredApi | undefined,
  policies: Policies,
): Answered {
  const { decision, granted, access, identity } = decided;
  const refused = isRefusal(decision);
  const httpApi = kind === "http-1.0" || kind === "http-2.0";
  if (refused && decision.status === 401 && !httpApi) return { answer: UNAUTHORIZED, decided };

  const context = contextOf(decided);
  if (kind === "http-2.0" && api?.answers !== "policy") {
    return { answer: { isAuthorized: !refused, context }, decided };
  }
  const principalId = principalIdOf(decided.trail.principal);
  const withPolicy = (policyDocument: PolicyDocument) => ({ principalId, policyDocument, context });
  if (granted === undefined || access === undefined || identity === undefined)
    return { answer: withPolicy(denyEverything(arn)), decided };

  const asked: AskedCall = { arn, access, websocket: kind === "websocket" };
  const built = policies.whole(identity.principal, granted, asked);
  const whole = built.document;
  if (whole !== undefined && fits(built, { principalId, context })) {
    if (refused) return { answer: withPolicy(denyingAsked(whole, arn)), decided };
    if (isAllowedAsSent(granted, asked)) return { answer: withPolicy(whole), decided };
    return { answer: withPolicy(denyingAsked(whole, arn)), decided: refusedAfterAll(decided, ENCODED) };
  }
  if (api?.cached !== false) {
    throw new GatewayError(
      "POLICY_TOO_LARGE",
      `the permissions of ${decided.trail.principal} on API ${arn.apiId} do not fit API Gateway's ${MAX_ANSWER_BYTES} bytes ` +
        `or ${MAX_RESOURCE_CHARACTERS} characters a resource: write fewer or wider paths, or set the authorizer's TTL to 0 and "cached": false`,
    );
  }
  if (refused || isNameable(arn)) return { answer: withPolicy(askedCallOnly(arn, refused)), decided };
  // What a client writes into a path must not end in an error (S29), and what is not told is not allowed.
  return { answer: withPolicy(askedCallOnly(arn, true)), decided: refusedAfterAll(decided, NOT_NAMEABLE) };
}

const ENCODED =
  "a rule allows the call, but a REST API compares the path as it was sent, and in that encoding the rules do not " +
  "allow it; write * for what needs encoding";

const NOT_NAMEABLE =
  `a rule allows the call, but its ARN holds a wildcard or more than ${MAX_RESOURCE_CHARACTERS} characters ` +
  "and the caller's permissions do not fit an answer; write fewer or wider paths";

function refusedAfterAll(decided: Decided, detail: string): Decided {
  const refusal = refuse("ACCESS_NOT_ALLOWED", detail);
  return { ...decided, decision: refusal, outcome: refusal };
}

/** What the API behind and the access log learn of the caller (docs/audit.md). */
function contextOf({ id, identity }: Decided): AuthorizerContext {
  if (identity === undefined) return { decisionId: id };
  const { principal, cluster, namespace, serviceAccount, subject, pod, audience, expiresAt } = identity;
  return {
    principal,
    cluster,
    namespace,
    serviceAccount,
    subject,
    ...(pod === undefined ? {} : { pod: pod.name }),
    audience,
    expiresAt,
    decisionId: id,
  };
}

function principalIdOf(principal: string | undefined): string {
  if (principal === undefined) return "unverified";
  return principal.length <= MAX_PRINCIPAL_ID_CHARACTERS ? principal : `sha256:${hash("sha256", principal)}`;
}

/**
 * Whether there is room for the answer and for the Deny of an asked call: what fits is a matter of the permissions alone,
 * never of what a client asks, so that it can be told before anything is deployed.
 */
function fits({ bytes }: BuiltPolicy, rest: { principalId: string; context: object }): boolean {
  const room = MAX_ANSWER_BYTES - MAX_DENIAL_BYTES - bytes;
  if (room < 0) return false;
  return room >= LARGEST_REST_BYTES || Buffer.byteLength(JSON.stringify(rest)) + POLICY_MEMBER_BYTES <= room;
}
