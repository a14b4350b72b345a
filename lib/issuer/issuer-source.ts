import type { IssuerUrl } from "./issuer-url.ts";
import type { StoredKeySet } from "./stored-key-set.ts";
import type { TrustedIssuer } from "./trusted-issuer.ts";

/** What the store holds about one issuer. */
export interface IssuerRecord {
  readonly issuer: TrustedIssuer;
  readonly keySet?: StoredKeySet | undefined;
}

/** Where issuer documents come from. */
export interface IssuerSource {
  /**
   * The documents of an issuer, or `undefined` where it is not registered.
   * Throws `PARAMETERS_UNAVAILABLE`, `DOCUMENT_INVALID`, `DOCUMENT_TOO_NEW`.
   */
  read(url: IssuerUrl): Promise<IssuerRecord | undefined>;
}
