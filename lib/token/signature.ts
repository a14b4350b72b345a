import { compactVerify, errors } from "jose";
import type { VerificationKey } from "../issuer/key-set.ts";
import type { UnverifiedToken } from "./unverified-token.ts";

/** Whether this key made the token's signature, under the algorithm that the key is bound to. The only place that asks. */
export async function isSignedBy(token: UnverifiedToken, { key, algorithm }: VerificationKey): Promise<boolean> {
  try {
    await compactVerify(token.bearer.reveal(), key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
