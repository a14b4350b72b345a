import * as v from "valibot";
import { closed, seconds, wholeNumber } from "./control-body.ts";

/** What can be made to fail. */
export type Target = "discovery" | "keys" | "tokenRequests";

const MEGABYTE = 1_000_000;

/** How often the fault happens before it is gone. Without it: until it is cleared. */
const times = v.exactOptional(wholeNumber(1, 1_000_000));
/** Size of the body as read, after decompression. */
const bytes = v.exactOptional(wholeNumber(1, 200 * MEGABYTE));

/** Faults of every answer. The order is that of the messages. */
const COMMON = [
  /** An error answer with a Kubernetes `Status` as its body. */
  closed({ kind: v.literal("status"), status: wholeNumber(400, 599), times }),
  /** The right answer, late. */
  closed({ kind: v.literal("slow"), delaySeconds: seconds, times }),
  /** Never any answer. */
  closed({ kind: v.literal("hang"), times }),
  /** 200 with a web page. */
  closed({ kind: v.literal("html"), times }),
  /** The first half of the answer. */
  closed({ kind: v.literal("truncated"), times }),
  /** 302, of a TokenRequest 307; by default to an address that gives the right answer, so that following it is noticed. */
  closed({ kind: v.literal("redirect"), location: v.exactOptional(v.string("is not a string")), times }),
  /** The right answer with a long member more. @default 10 MB */
  closed({ kind: v.literal("huge"), bytes, times }),
  /** The same, as some kilobytes of gzip. @default 10 MB */
  closed({ kind: v.literal("gzip-bomb"), bytes, times }),
  /** The connection ends with a TCP reset. */
  closed({ kind: v.literal("reset"), times }),
  /** The right answer, one byte at an interval. @default 1 second */
  closed({ kind: v.literal("slow-loris"), intervalSeconds: v.exactOptional(seconds), times }),
  /** Any body. @default 200, application/json */
  closed({
    kind: v.literal("body"),
    body: v.string("is not a string"),
    status: v.exactOptional(wholeNumber(200, 599)),
    contentType: v.exactOptional(v.string("is not a string")),
    times,
  }),
] as const;

const DISCOVERY = [
  /** @default the issuer of another cluster */
  closed({ kind: v.literal("wrong-issuer"), issuer: v.exactOptional(v.string("is not a string")), times }),
  /** @default a host that does not exist (RFC 2606) */
  closed({ kind: v.literal("foreign-jwks-uri"), url: v.exactOptional(v.string("is not a string")), times }),
] as const;

const KEYS = [
  closed({ kind: v.literal("empty-keys"), times }),
  /** Another key under a `kid` that is there already. */
  closed({ kind: v.literal("duplicate-kid"), times }),
  /** A key with the member `d`. What is in it is no key of the cluster. */
  closed({ kind: v.literal("private-member"), times }),
] as const;

export const DiscoveryFaultSchema = v.variant("kind", [...COMMON, ...DISCOVERY]);
export const KeysFaultSchema = v.variant("kind", [...COMMON, ...KEYS]);
const TokenRequestFaultSchema = v.variant("kind", [...COMMON]);
export type DiscoveryFault = v.InferOutput<typeof DiscoveryFaultSchema>;
export type KeysFault = v.InferOutput<typeof KeysFaultSchema>;
type TokenRequestFault = v.InferOutput<typeof TokenRequestFaultSchema>;
export type Fault = DiscoveryFault | KeysFault | TokenRequestFault;
export interface FaultOf {
  readonly discovery: DiscoveryFault;
  readonly keys: KeysFault;
  readonly tokenRequests: TokenRequestFault;
}

/** The body of `PUT /<cluster>/_faults`: all faults there are from now on. */
export const FaultsSchema = closed({
  discovery: v.exactOptional(DiscoveryFaultSchema),
  keys: v.exactOptional(KeysFaultSchema),
  tokenRequests: v.exactOptional(TokenRequestFaultSchema),
});

/** The faults of one cluster that are due. */
export class FaultBoard {
  readonly #due = new Map<Target, { readonly fault: Fault; left: number }>();

  set(target: Target, fault: Fault): void {
    this.#due.set(target, { fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** @param target - without it, all */
  clear(target?: Target): void {
    if (target === undefined) this.#due.clear();
    else this.#due.delete(target);
  }

  /** The fault for this request, if there is one; it is then one time less due. */
  take(target: Target): Fault | undefined {
    const due = this.#due.get(target);
    if (due === undefined) return undefined;
    due.left -= 1;
    if (due.left === 0) this.#due.delete(target);
    return due.fault;
  }

  /** As `PUT` takes it; `times` is what is left. */
  toJSON(): unknown {
    return Object.fromEntries(
      [...this.#due].map(([target, { fault, left }]) => [
        target,
        Number.isFinite(left) ? { ...fault, times: left } : fault,
      ]),
    );
  }
}
