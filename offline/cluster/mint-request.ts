import * as v from "valibot";
import { closed } from "./control-body.ts";
import type { BoundObjectRef } from "./token-request.ts";

/** What a TokenRequest says, without its envelope. */
export interface MintRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** @default the API server's own audience, which is the issuer URL */
  readonly audiences?: readonly string[];
  /** 600 to 2^32. @default 3600 */
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: BoundObjectRef;
}

const text = v.string("is not a string");

/** What a TokenRequest checks by the types of its members; bounds are the TokenRequest API's. */
export const MintRequestSchema = closed({
  namespace: text,
  serviceAccount: text,
  audiences: v.optional(v.array(text, "is not a list")),
  expirationSeconds: v.optional(v.number("is not a number")),
  boundObjectRef: v.optional(
    closed({
      kind: v.optional(text),
      apiVersion: v.optional(text),
      name: v.optional(text),
      uid: v.optional(text),
    }),
  ),
} satisfies Record<keyof MintRequest, v.GenericSchema>);
