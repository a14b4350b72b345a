import { randomUUID } from "node:crypto";
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
  /** What the token must be meant for, or why this API allows nothing. */
  readonly findReceiver: () => Promise<FoundReceiver | Refusal>;
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
 * Verifies the token, finds the permissions, decides: the first refusal is the decision.
 * Throws `GatewayError` when no decision can be made.
 */
export async function decideAccess(
  request: AccessRequest,
  started: { readonly id: string; readonly startedAt: number },
  { verifier, permissions }: DecisionDeps,
): Promise<Decided> {
  const receiverFound = once(request.findReceiver);
  const { outcome: identity, trail } = await verifier.verify(request.authorization, async () => {
    const found = await receiverFound();
    return isRefusal(found) ? found : found.receiver.audiences;
  });
  const found = isRefusal(identity) ? identity : await receiverFound();
  // The verifier refuses what has no receiver, so either both are refusals here or none is.
  if (isRefusal(found) || isRefusal(identity)) {
    const decision = found as Refusal;
    return { ...started, decision, outcome: decision, trail };
  }
  const { receiver, document } = found;
  if (document !== undefined) trail.documents.push(document);
  const access: Access = { service: receiver.service, method: request.method, path: request.path };
  if (receiver.principals !== undefined && !isAdmitted(identity, receiver.principals)) {
    const decision = refuse("PRINCIPAL_NOT_ADMITTED", "the receiver's `principals` do not name this principal", {
      compared: { actual: identity.principal, expected: receiver.principals.join(", ") },
    });
    return { ...started, decision, outcome: decision, trail, access, identity };
  }

  const granted = await permissions.find(identity, identity.group);
  trail.documents.push(...granted.documents.map(({ document }) => document));
  const decision = decide(granted, access);
  const outcome = isRefusal(decision) ? decision : identity;
  return { ...started, decision, outcome, trail, access, identity, granted };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}
