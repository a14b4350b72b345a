import { RateLimit } from "./rate-limit.ts";

/** What goes wrong, and what of the call is done. */
export const FAULT_KINDS = [
  /** 400 ThrottlingException "Rate exceeded". */
  "throttle",
  /** The same, only for what exceeds `readsPerSecond` and `writesPerSecond`. */
  "rate-limit",
  /** 500 InternalServerError. */
  "internal-error",
  /** 400 AccessDeniedException. */
  "access-denied",
  /** 400 ExpiredTokenException: temporary credentials past their time. */
  "expired-credentials",
  /** 400 UnrecognizedClientException: credentials that do not exist. */
  "unrecognized-client",
  /** 400 InvalidSignatureException "Signature expired": the caller's clock is wrong. */
  "wrong-clock",
  /** 400 InvalidKeyId, for reads that decrypt a SecureString. */
  "kms-invalid-key",
  /** Of a listing: a page without items and a token to go on. */
  "empty-page",
  /** Of a listing: the last page has a token too, which leads to the first. */
  "endless-pages",
  /** The connection is reset before anything is done. */
  "reset",
  /** Never answers. */
  "hang",
  /** Answers as ever, `delayMilliseconds` later. */
  "delay",
  /** Carries out the operation, then answers 200 with the first half of the JSON text. */
  "broken-json",
  /** Carries out the operation, then closes the connection in the middle of the body. */
  "truncate",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Strikes this operation only, for example `GetParameters`. @default every operation */
  readonly operation?: string;
  /** Strikes so many calls, then no more. At least 1. @default until cleared */
  readonly calls?: number;
  /** Of `delay`, which requires it. 0 to 600,000. */
  readonly delayMilliseconds?: number;
  /** Of `rate-limit`: calls that do not write. At least 1. @default 40 */
  readonly readsPerSecond?: number;
  /** Of `rate-limit`: PutParameter, DeleteParameter, DeleteParameters. At least 1. @default 3 */
  readonly writesPerSecond?: number;
}

interface ActiveFault {
  readonly fault: Fault;
  left: number;
  readonly reads: RateLimit;
  readonly writes: RateLimit;
}

/** The faults in force. Of several that fit a call, the first strikes. */
export class Faults {
  #active: ActiveFault[] = [];
  readonly #clock: () => number;

  /** @param clock - epoch seconds */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Replaces what was in force. */
  set(faults: readonly Fault[]): void {
    this.#active = faults.map((fault) => ({
      fault,
      left: fault.calls ?? Number.POSITIVE_INFINITY,
      reads: new RateLimit(fault.readsPerSecond ?? 40, this.#clock),
      writes: new RateLimit(fault.writesPerSecond ?? 3, this.#clock),
    }));
  }

  /** What is still in force, `calls` counted down. */
  list(): readonly Fault[] {
    return this.#active.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, calls: left } : fault));
  }

  /** The fault that strikes a call of `operation`, counted as used. That of KMS comes later, see `takeDecryption`. */
  take(operation: string, writes: boolean): Fault | undefined {
    return this.#use(operation, ({ fault, ...limits }) => {
      if (fault.kind === "rate-limit") return !(writes ? limits.writes : limits.reads).take();
      if (fault.kind === "empty-page" || fault.kind === "endless-pages") return LISTINGS.includes(operation);
      return fault.kind !== "kms-invalid-key";
    });
  }

  /** Whether KMS refuses to decrypt for a call of `operation`. */
  takeDecryption(operation: string): boolean {
    return this.#use(operation, ({ fault }) => fault.kind === "kms-invalid-key") !== undefined;
  }

  #use(operation: string, strikes: (active: ActiveFault) => boolean): Fault | undefined {
    const struck = this.#active.find(
      (active) => (active.fault.operation === undefined || active.fault.operation === operation) && strikes(active),
    );
    if (struck === undefined) return undefined;
    struck.left -= 1;
    this.#active = this.#active.filter(({ left }) => left > 0);
    return struck.fault;
  }
}

const LISTINGS: readonly string[] = ["GetParametersByPath", "DescribeParameters", "GetParameterHistory"];
