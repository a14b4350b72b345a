import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import type { Principal } from "../../lib/names.ts";

/** Somebody who may call: a service account, or all those of whom the store knows nothing more. */
export interface Caller {
  readonly principal: Principal;
  readonly issuer: TrustedIssuer;
  /** `*` in place of a name that no document gives: every other namespace, every other account. */
  readonly label: string;
  /** Which parts of the principal are names; the others stand for all that are left. */
  readonly named: { readonly namespace: boolean; readonly serviceAccount: boolean };
}
