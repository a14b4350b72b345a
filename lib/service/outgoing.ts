import type { ForwardFailureCode } from "../errors.ts";

/** A call to an external service as it will be sent. Header names are lower-case; one name may come several times. */
export interface OutgoingRequest {
  readonly method: string;
  /** Absolute; path and query encoded. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** What the service answered, whatever its status. The body is as it came: nothing is decompressed. */
export interface ServiceAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface CallLimits {
  readonly network: "public" | "private";
  /** Seconds until the connection stands. */
  readonly connectSeconds: number;
  /** Seconds until the last byte of the answer. */
  readonly totalSeconds: number;
  /** Largest body of the answer, in bytes. */
  readonly maxBytes: number;
}

/** One call, no redirect followed, nothing tried again. Rejects with `ServiceFailure`. */
export type CallService = (request: OutgoingRequest, limits: CallLimits) => Promise<ServiceAnswer>;

/** Why a call to a service, or the credential for it, failed. */
export type ServiceFailureCode = Exclude<ForwardFailureCode, "REQUEST_TOO_LARGE">;

export class ServiceFailure extends Error {
  override readonly name = "ServiceFailure";
  readonly code: ServiceFailureCode;

  /** @param detail - for logs: may name host and parameter; never holds a secret or a body */
  constructor(code: ServiceFailureCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}
