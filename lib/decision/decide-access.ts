import { randomUUID } from "node:crypto";
import { type Awaitable, ahead, whenThere } from "../awaitable.ts";
import type { Clock } from "../clock.ts";
import type { DocumentVersion } from "../document.ts";
import { isRefusal, type Refusal, refuse } from "../errors.ts";
import { type Decision, decide } from "../permission/decide.ts";
import type { Access } from "../permission/permission.ts";
import type { PermissionSet, PermissionSource } from "../permission/permission-set.ts";
import { isAdmitted } from "../permission/principal-pattern.ts";
import type { Receiver } from "../permission/receiver.ts";
import type { TokenTrail, TokenVerifier, VerifiedIdentity } from "../token/token-verifier.ts";

export interface DecisionDeps {
  readonly verifier: TokenVerifier;
  readonly permissions: PermissionSource;
  readonly clock: Clock;
}

/** A request to be decided, whatever it came as. */
export interface AccessRequest {
  /** Every value of the `Authorization` header. */
  readonly authorization: readonly string[];
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** The receiver's audiences, where they are known before the receiver is: then it is found beside the permissions. */
  readonly audiences?: readonly string[];
  /** What the token must be meant for, or why nothing is allowed. */
  readonly findReceiver: () => Awaitable<FoundReceiver | Refusal>;
}

export interface FoundReceiver {
  readonly receiver: Receiver;
  readonly document?: DocumentVersion;
}

/** One decided request: what was asked, what was known, and the verdict. */
export interface Decided {
  readonly id: string;
  /** Epoch seconds at which the request came. */
  readonly startedAt: number;
  readonly decision: Decision;
  /** Who may make the call, or why it is refused. */
  readonly outcome: VerifiedIdentity | Refusal;
  readonly trail: TokenTrail;
  readonly access?: Access;
  readonly identity?: VerifiedIdentity;
  /** The caller's permissions, where they were needed to decide. */
  readonly granted?: PermissionSet;
}

/** A verified caller, or the refusal, before any permission is looked at. */
export interface Identified {
  readonly id: string;
  readonly startedAt: number;
  readonly outcome: VerifiedIdentity | Refusal;
  readonly trail: TokenTrail;
}

/** The id by which a decision is found again: in the answer, in the log, in `explain`. */
export function startDecision(clock: Clock): { readonly id: string; readonly startedAt: number } {
  return { id: randomUUID(), startedAt: clock.now() };
}

/**
 * Verifies the token, finds the permissions, decides: the first refusal is the decision. At once where all that it needs
 * is in memory. Rejects with `GatewayError` when no decision can be made.
 */
export function decideAccess(
  request: AccessRequest,
  started: { readonly id: string; readonly startedAt: number },
  { verifier, permissions }: DecisionDeps,
): Awaitable<Decided> {
  const receiverFound = once(request.findReceiver);
  const findAudiences = () =>
    request.audiences ?? whenThere(receiverFound(), (found) => (isRefusal(found) ? found : found.receiver.audiences));

  return whenThere(verifier.verify(request.authorization, findAudiences), ({ outcome: identity, trail }) => {
    if (isRefusal(identity)) return { ...started, decision: identity, outcome: identity, trail };

    const findGranted = once(() => permissions.find(identity, identity.group));
    // A receiver that is found only now is found beside the permissions, so that the store is asked once for both.
    if (request.audiences !== undefined) void ahead(findGranted());
    return whenThere(receiverFound(), (found): Awaitable<Decided> => {
      if (isRefusal(found)) return { ...started, decision: found, outcome: found, trail, identity };
      const { receiver, document } = found;
      if (document !== undefined) trail.documents.push(document);
      const access: Access = { service: receiver.service, method: request.method, path: request.path };
      if (receiver.principals !== undefined && !isAdmitted(identity, receiver.principals)) {
        const decision = refuse("PRINCIPAL_NOT_ADMITTED", "the receiver's `principals` do not name this principal", {
          compared: { actual: identity.principal, expected: receiver.principals.join(", ") },
        });
        return { ...started, decision, outcome: decision, trail, access, identity };
      }

      return whenThere(findGranted(), (granted) => {
        for (const { document } of granted.documents) trail.documents.push(document);
        const decision = decide(granted, access);
        const outcome = isRefusal(decision) ? decision : identity;
        return { ...started, decision, outcome, trail, access, identity, granted };
      });
    });
  });
}

function once<T>(ask: () => Awaitable<T>): () => Awaitable<T> {
  let asked: Awaitable<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}
