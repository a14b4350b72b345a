import { inspect } from "node:util";
import { expect } from "vitest";
import { createCallService } from "../../../lib/net/call-service.ts";
import { type OutgoingRequest, ServiceFailure } from "../../../lib/service/outgoing.ts";
import type { VerifiedIdentity } from "../../../lib/token/token-verifier.ts";

/** Who calls; a new object, as the verifier makes one for each request. */
export function callerOf(more: Partial<VerifiedIdentity> = {}): VerifiedIdentity {
  const { cluster = "dev", namespace = "payments", serviceAccount = "checkout" } = more;
  return {
    issuer: "https://oidc.example.com/dev",
    subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
    principal: `${cluster}/${namespace}/${serviceAccount}`,
    cluster,
    namespace,
    serviceAccount,
    audience: "https://gateway.example.com",
    expiresAt: 1_795_003_600,
    issuedAt: 1_795_000_000,
    keyId: "1",
    ...more,
  } as VerifiedIdentity;
}

export function requestOf(more: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return { method: "GET", url: "https://api.example.com/v1", headers: [], body: Buffer.alloc(0), ...more };
}

/** What is sent under this name. */
export function valuesOf({ headers }: OutgoingRequest, name: string): readonly string[] {
  return headers.filter(([each]) => each === name).map(([, value]) => value);
}

/** What a promise rejects with, after a look that none of these texts is anywhere in it. */
export async function failureOf(promise: Promise<unknown>, ...canaries: readonly string[]): Promise<ServiceFailure> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    const whole = inspect(error, { depth: 20, showHidden: true, maxStringLength: null });
    for (const canary of canaries) expect(whole).not.toContain(canary);
    return error;
  }
  throw new Error("nothing failed");
}

/** Calls as a function offline makes them, which may reach loopback. */
export const callLoopback = createCallService({ allowLoopbackHttp: true });
