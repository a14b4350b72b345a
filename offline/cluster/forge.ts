import * as v from "valibot";
import { badRequest, notFound } from "./api-status.ts";
import { boundClaims, type Claims, headerOf, legacyClaims, signCompact } from "./claims.ts";
import { closed, jsonObject, oneOf, wholeNumber } from "./control-body.ts";
import { bind, EXTENDABLE_EXPIRATION_SECONDS, POD_NODES, type TokenAuthority } from "./create-token.ts";
import { exists, objectUid } from "./objects.ts";
import { generateSigningKey, type SigningKey } from "./signing-key.ts";
import type { BoundObjectRef } from "./token-request.ts";

const FAMILIES = ["projected", "pod", "secret", "node", "extended", "legacy", "expired", "not-yet-valid"] as const;
type Family = (typeof FAMILIES)[number];

const HOUR = 3600;
const CENTURY = 100 * 365 * 24 * HOUR;

/**
 * A token that no API server would issue, or not now: the body of `POST /<cluster>/_tokens`.
 *
 * `family` gives the shape and the times; every other member changes that. `boundObjectRef` binds as in a TokenRequest,
 * and has a usual name for the families `pod`, `secret`, `node` and `extended`. `jti: false` is a token from before 1.29.
 * `claims` and `header` are JSON merge patches (RFC 7396): objects are merged, `null` removes a member.
 * `signedBy: "foreign"` names the key of the cluster in the header and signs with another one, which nobody published.
 */
export const ForgeRequestSchema = closed({
  family: v.exactOptional(oneOf(FAMILIES)),
  namespace: v.string("is not a string"),
  serviceAccount: v.string("is not a string"),
  audiences: v.exactOptional(v.array(v.string("is not a string"), "is not a list")),
  boundObjectRef: v.exactOptional(
    closed({
      kind: v.string("is not a string"),
      name: v.string("is not a string"),
      apiVersion: v.exactOptional(v.string("is not a string")),
      uid: v.exactOptional(v.string("is not a string")),
    }),
  ),
  podNode: v.exactOptional(oneOf(POD_NODES)),
  jti: v.exactOptional(v.boolean("is not true or false")),
  ttlSeconds: v.exactOptional(wholeNumber(-CENTURY, CENTURY)),
  /** Moves `iat`, and with it `nbf` and `exp`, away from now. */
  iatOffsetSeconds: v.exactOptional(wholeNumber(-CENTURY, CENTURY)),
  claims: v.exactOptional(jsonObject),
  header: v.exactOptional(jsonObject),
  signedBy: v.exactOptional(oneOf(["current", "foreign"])),
});
export type ForgeRequest = v.InferOutput<typeof ForgeRequestSchema>;

export interface ForgedToken {
  readonly token: string;
  readonly header: Claims;
  readonly claims: Claims;
}

/** @throws ApiStatus as for a TokenRequest; 400 for a legacy token with what legacy tokens do not have */
export async function forgeToken(request: ForgeRequest, authority: TokenAuthority): Promise<ForgedToken> {
  const claims = mergePatch(claimsOf(request, authority), request.claims);
  const key = authority.keys.signing;
  const header = mergePatch(headerOf(key), request.header);
  const signer: SigningKey = request.signedBy === "foreign" ? await generateSigningKey(key.algorithm) : key;
  return { token: signCompact(header, claims, signer), header, claims };
}

function claimsOf(request: ForgeRequest, authority: TokenAuthority): Claims {
  const { family = "projected", namespace, serviceAccount: name } = request;
  const account = { cluster: authority.cluster, namespace, kind: "ServiceAccount", name } as const;
  if (!exists(account)) throw notFound("serviceaccounts", name);
  const serviceAccount = { name, uid: objectUid(account) };
  if (family === "legacy") {
    refuseInLegacy(request);
    return legacyClaims(namespace, serviceAccount, `${name}-token-${serviceAccount.uid.slice(0, 5)}`);
  }

  const { lifetimeSeconds, offsetSeconds } = timesOf(family, authority);
  const ref = request.boundObjectRef ?? usualBinding(family, name, authority.cluster);
  const podNode = request.podNode ?? authority.podNode;
  return boundClaims({
    issuer: authority.issuer,
    namespace,
    serviceAccount,
    binding: ref === undefined ? {} : bind(ref, namespace, { cluster: authority.cluster, podNode }),
    audiences: request.audiences ?? authority.audiences,
    jti: request.jti ?? authority.jti,
    issuedAt: Math.floor(authority.clock()) + (request.iatOffsetSeconds ?? offsetSeconds),
    lifetimeSeconds: request.ttlSeconds ?? lifetimeSeconds,
    ...(family === "extended" ? { warnAfterSeconds: EXTENDABLE_EXPIRATION_SECONDS } : {}),
  });
}

/** What a token of the family is bound to where the request says nothing. */
function usualBinding(family: Family, account: string, cluster: string): BoundObjectRef | undefined {
  switch (family) {
    // Only pod-bound tokens are ever extended.
    case "pod":
    case "extended":
      return { kind: "Pod", name: `${account}-0` };
    case "secret":
      return { kind: "Secret", name: `${account}-key` };
    case "node":
      return { kind: "Node", name: `${cluster}-node-1` };
    default:
      return undefined;
  }
}

function timesOf(
  family: Exclude<Family, "legacy">,
  { extendedExpirationSeconds }: TokenAuthority,
): { lifetimeSeconds: number; offsetSeconds: number } {
  switch (family) {
    case "projected":
    case "pod":
    case "secret":
    case "node":
      return { lifetimeSeconds: HOUR, offsetSeconds: 0 };
    case "extended":
      return { lifetimeSeconds: extendedExpirationSeconds, offsetSeconds: 0 };
    case "expired":
      return { lifetimeSeconds: HOUR, offsetSeconds: -2 * HOUR };
    case "not-yet-valid":
      return { lifetimeSeconds: HOUR, offsetSeconds: HOUR };
  }
}

function refuseInLegacy(request: ForgeRequest): void {
  for (const member of ["audiences", "boundObjectRef", "podNode", "jti", "ttlSeconds", "iatOffsetSeconds"] as const) {
    if (request[member] !== undefined) throw badRequest(`${member}: a legacy token has none; use claims to add one`);
  }
}

/** RFC 7396. `Object.fromEntries` keeps a member named `__proto__` an ordinary one. */
function mergePatch(target: Claims, patch: Claims = {}): Claims {
  const merged = new Map<string, unknown>(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else if (jsonObjectGuard(value)) {
      const before = merged.get(name);
      merged.set(name, mergePatch(jsonObjectGuard(before) ? before : {}, value));
    } else merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

function jsonObjectGuard(value: unknown): value is Claims {
  return v.is(jsonObject, value);
}
