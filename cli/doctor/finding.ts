/** What doctor has to say about one thing: what, where, what to do. */
export interface Finding {
  /** `error`: calls are refused or no decision can be made, now or soon. `warning`: worth a look. `ok`: looked at, and well. */
  readonly severity: "ok" | "warning" | "error";
  /** What was looked at. Stable, for programs. */
  readonly check: Check;
  /** An issuer's URL, `<file>:<line>`, or a parameter. */
  readonly where: string;
  readonly text: string;
}

export type Check =
  | "document"
  | "cluster"
  | "registered"
  | "reachable"
  | "jwks-uri"
  | "clock"
  | "key-set"
  | "key"
  | "snapshot"
  | "token";
