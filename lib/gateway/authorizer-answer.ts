import { hash } from "node:crypto";
import type { Decided } from "../decision/decide-access.ts";
import { GatewayError, isRefusal } from "../errors.ts";
import type { RegisteredApi } from "../permission/receiver.ts";
import type { VerifiedIdentity } from "../token/token-verifier.ts";
import type { AuthorizerRequest } from "./authorizer-event.ts";
import {
  type AskedCall,
  askedCallOnly,
  denyEverything,
  MAX_RESOURCE_CHARACTERS,
  type PolicyDocument,
  wholePolicy,
} from "./policy.ts";

/** Scalars only: REST APIs turn every value into a text, and refuse objects and lists. */
export type AuthorizerContext = Readonly<Record<string, string | number>>;

export type AuthorizerAnswer =
  | { readonly isAuthorized: boolean; readonly context: AuthorizerContext }
  | { readonly principalId: string; readonly policyDocument: PolicyDocument; readonly context: AuthorizerContext };

/** An authorizer that says so, in exactly this word, is answered 401 by REST and WebSocket APIs; any other throw is 500. */
export const UNAUTHORIZED = "Unauthorized";

/** API Gateway, "Quotas": an authorizer's whole answer. */
const MAX_ANSWER_BYTES = 8192;

const MAX_PRINCIPAL_ID_CHARACTERS = 256;

/**
 * What this kind of API Gateway expects for the decision. `"Unauthorized"` where it has to be thrown.
 * Throws `POLICY_TOO_LARGE` where the caller's permissions do not fit into an answer that may be kept.
 */
export function authorizerAnswer(
  decided: Decided,
  request: AuthorizerRequest,
  api: RegisteredApi | undefined,
): AuthorizerAnswer | typeof UNAUTHORIZED {
  const { decision, granted, access, identity } = decided;
  const refused = isRefusal(decision);
  const httpApi = request.kind === "http-1.0" || request.kind === "http-2.0";
  if (refused && decision.status === 401 && !httpApi) return UNAUTHORIZED;

  const context = contextOf(decided, identity);
  if (request.kind === "http-2.0" && (api === undefined || api.answers === "simple")) {
    return { isAuthorized: !refused, context };
  }
  const asked: AskedCall = {
    arn: request.arn,
    access: access ?? { service: "", method: request.method, path: request.path },
    websocket: request.kind === "websocket",
  };
  const withPolicy = (policyDocument: PolicyDocument) => ({
    principalId: principalIdOf(decided.trail.principal),
    policyDocument,
    context,
  });
  if (granted === undefined) return withPolicy(denyEverything(asked));

  const whole = withPolicy(wholePolicy(granted, asked, refused));
  if (fits(whole)) return whole;
  const alone = api?.cached === false ? askedCallOnly(asked, refused) : undefined;
  if (alone !== undefined) return withPolicy(alone);
  throw new GatewayError(
    "POLICY_TOO_LARGE",
    `the permissions of ${decided.trail.principal} on API ${request.arn.apiId} do not fit API Gateway's ${MAX_ANSWER_BYTES} bytes ` +
      'or 512 characters a resource: write fewer or wider paths, or set the authorizer\'s TTL to 0 and "cached": false',
  );
}

/** What the API behind and the access log learn of the caller (docs/audit.md). */
function contextOf({ id }: Decided, identity: VerifiedIdentity | undefined): AuthorizerContext {
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

function fits(answer: { readonly policyDocument: PolicyDocument }): boolean {
  const resources = answer.policyDocument.Statement.flatMap(({ Resource }) => Resource);
  return (
    resources.every((resource) => resource.length <= MAX_RESOURCE_CHARACTERS) &&
    Buffer.byteLength(JSON.stringify(answer)) <= MAX_ANSWER_BYTES
  );
}
