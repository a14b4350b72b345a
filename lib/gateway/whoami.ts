import type { Rule } from "../permission/permission.ts";
import type { PermissionSet } from "../permission/permission-set.ts";
import type { VerifiedIdentity } from "../token/token-verifier.ts";

/** What `GET /whoami` answers: who the caller is, and the rules that apply to it. */
export function describeCaller(identity: VerifiedIdentity, granted: PermissionSet) {
  const { principal, cluster, namespace, serviceAccount, subject, pod, audience, expiresAt } = identity;
  return {
    principal,
    cluster,
    namespace,
    serviceAccount,
    subject,
    pod: pod?.name ?? null,
    audience,
    expiresAt,
    permissions: {
      allow: granted.documents.flatMap(({ allow }) => allow.map(withoutOrigin)),
      deny: granted.documents.flatMap(({ deny }) => deny.map(withoutOrigin)),
    },
  };
}

/** Where a rule is written is the operators' business. */
function withoutOrigin({ service, methods, paths }: Rule) {
  return { service, methods, paths };
}
