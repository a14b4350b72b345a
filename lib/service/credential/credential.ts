import type { VerifiedIdentity } from "../../token/token-verifier.ts";
import type { OutgoingRequest } from "../outgoing.ts";

/** How a call to one service is authenticated. The pod never sees what it is made of. */
export interface Credential {
  /** Lower-case names of headers that are the credential's: a caller's are dropped, and the service's do not come back. */
  readonly ownHeaders: readonly string[];
  /** The request with the credential in it. Rejects with `ServiceFailure` (`SECRET_UNAVAILABLE`, `CREDENTIAL_FAILED`). */
  apply(request: OutgoingRequest, caller: VerifiedIdentity): Promise<OutgoingRequest>;
  /**
   * The service answered 401 to what `apply` made. Reads the secret or token anew, at most once in 30 s, and tells whether it
   * is another one now, so that the call is worth repeating once.
   */
  renew(caller: VerifiedIdentity): Promise<boolean>;
}
