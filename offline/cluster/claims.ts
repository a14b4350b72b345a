import { randomUUID } from "node:crypto";
import { goJson } from "./go-json.ts";
import type { SigningKey } from "./signing-key.ts";

export interface Ref {
  readonly name: string;
  /** Missing for the node of a pod when the Node object is gone. */
  readonly uid?: string;
}

/** At most one binding: a pod (with its node, where that is known), a secret or a node. */
export interface Binding {
  readonly pod?: Ref;
  readonly secret?: Ref;
  readonly node?: Ref;
}

interface ClaimsInput {
  readonly issuer: string;
  readonly namespace: string;
  readonly serviceAccount: Ref;
  readonly binding: Binding;
  readonly audiences: readonly string[];
  /** Whole epoch seconds. */
  readonly issuedAt: number;
  readonly lifetimeSeconds: number;
  /** Seconds after `issuedAt`; only in an extended token. */
  readonly warnAfterSeconds?: number;
  /** Whether the token has an id, which it has since 1.29. @default true */
  readonly jti?: boolean;
}

export type Claims = Readonly<Record<string, unknown>>;

/** The claims of a bound token (kubernetes pkg/serviceaccount/claims.go). */
export function boundClaims(input: ClaimsInput): Claims {
  const { binding, issuedAt, namespace, serviceAccount, warnAfterSeconds } = input;
  return {
    aud: input.audiences,
    exp: issuedAt + input.lifetimeSeconds,
    iat: issuedAt,
    iss: input.issuer,
    ...((input.jti ?? true) ? { jti: randomUUID() } : {}),
    "kubernetes.io": {
      namespace,
      ...binding,
      serviceaccount: serviceAccount,
      ...(warnAfterSeconds === undefined ? {} : { warnafter: issuedAt + warnAfterSeconds }),
    },
    nbf: issuedAt,
    sub: subject(namespace, serviceAccount.name),
  };
}

/** The issuer of legacy tokens, the same in every cluster (kubernetes pkg/serviceaccount/legacy.go). */
const LEGACY_ISSUER = "kubernetes/serviceaccount";

/** The claims of a token out of a Secret of type kubernetes.io/service-account-token: flat, for anyone, for ever. */
export function legacyClaims(namespace: string, serviceAccount: Required<Ref>, secretName: string): Claims {
  return {
    iss: LEGACY_ISSUER,
    "kubernetes.io/serviceaccount/namespace": namespace,
    "kubernetes.io/serviceaccount/secret.name": secretName,
    "kubernetes.io/serviceaccount/service-account.name": serviceAccount.name,
    "kubernetes.io/serviceaccount/service-account.uid": serviceAccount.uid,
    sub: subject(namespace, serviceAccount.name),
  };
}

function subject(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** The protected header of every token of kube-apiserver: `alg`, `kid` and no `typ`. */
export function headerOf(key: SigningKey): Claims {
  return { alg: key.algorithm, kid: key.kid };
}

/** JWS compact form (RFC 7515 §3.1). Whatever the header says, `key` signs. */
export function signCompact(header: Claims, claims: Claims, key: SigningKey): string {
  const input = [header, claims].map((part) => Buffer.from(inMapOrder(part)).toString("base64url")).join(".");
  return `${input}.${key.sign(input)}`;
}

/** JSON with the members of each object in code unit order: kube-apiserver serialises Go maps, which sort their keys. */
function inMapOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inMapOrder).join(",")}]`;
  if (typeof value !== "object" || value === null) return goJson(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${goJson(name)}:${inMapOrder(member)}`).join(",")}}`;
}
