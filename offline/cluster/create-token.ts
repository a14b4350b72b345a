import { badRequest, conflict, invalidTokenRequest, notFound } from "./api-status.ts";
import { type Binding, boundClaims, headerOf, type Ref, signCompact } from "./claims.ts";
import type { KeyRing } from "./key-ring.ts";
import { exists, isLabel, nodeOfPod, type ObjectKind, objectUid } from "./objects.ts";
import { type BoundObjectRef, TOKEN_REQUEST_API_VERSION, type TokenRequest } from "./token-request.ts";

/** What a pod-bound token says of the node: name and uid, the name alone (Node object gone), or nothing (before 1.29). */
export const POD_NODES = ["full", "name-only", "none"] as const;
export type PodNode = (typeof POD_NODES)[number];

/** The part of an API server that issues tokens. */
export interface TokenAuthority {
  readonly cluster: string;
  readonly issuer: string;
  /** The API server's own: of a token that asks for none. */
  readonly audiences: readonly string[];
  /** Whether tokens have a `jti`. */
  readonly jti: boolean;
  readonly keys: KeyRing;
  /** Epoch seconds; fractions are cut off. */
  readonly clock: () => number;
  readonly podNode: PodNode;
  /** As `--service-account-max-token-expiration`: longer requests are shortened. */
  readonly maxExpirationSeconds?: number;
  /** How long an extended token lives. */
  readonly extendedExpirationSeconds: number;
}

interface CreatedToken {
  /** The TokenRequest with what was defaulted and with its status: the body of the 201. */
  readonly tokenRequest: {
    readonly kind: "TokenRequest";
    readonly apiVersion: string;
    readonly metadata: {
      readonly name: string;
      readonly namespace: string;
      readonly uid: string;
      readonly creationTimestamp: string;
    };
    readonly spec: {
      readonly audiences: readonly string[];
      readonly expirationSeconds: number;
      readonly boundObjectRef: BoundObjectRef | null;
    };
    readonly status: { readonly token: string; readonly expirationTimestamp: string };
  };
  /** For a `Warning` header. */
  readonly warning?: string;
}

const DEFAULT_EXPIRATION_SECONDS = 3600;
const MIN_EXPIRATION_SECONDS = 600;
const MAX_EXPIRATION_SECONDS = 2 ** 32;
/** What the API server's own admission asks for: the sign that a token may be extended (claims.go). */
export const EXTENDABLE_EXPIRATION_SECONDS = 3607;

/**
 * Issues a token for a service account. The order of the checks is that of kubernetes
 * pkg/registry/core/serviceaccount/storage/token.go, so that a request with two faults is refused for the same one.
 * @throws ApiStatus 400, 404, 409 or 422
 */
export function createToken(
  request: TokenRequest,
  at: { readonly namespace: string; readonly name: string },
  authority: TokenAuthority,
): CreatedToken {
  const { namespace, name } = at;
  const { cluster, issuer, jti } = authority;
  const { metadata, spec } = request;
  if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
    // The request handler's check, before the service account's own.
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  // Admission's (NamespaceLifecycle).
  if (!isLabel(namespace)) throw notFound("namespaces", namespace);
  if (metadata.name !== undefined && metadata.name !== name) {
    throw invalidTokenRequest(name, "metadata.name", metadata.name, "must match the service account name if specified");
  }

  const account = { cluster, namespace, kind: "ServiceAccount", name } as const;
  if (!exists(account)) throw notFound("serviceaccounts", name);
  const uid = objectUid(account);
  if (metadata.uid !== undefined && metadata.uid !== uid) {
    const why = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`;
    throw conflict("authentication.k8s.io", "TokenRequest", name, why);
  }

  const requested = spec.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS;
  checkExpiration(requested);
  const binding = spec.boundObjectRef === undefined ? {} : bind(spec.boundObjectRef, namespace, authority);

  const cap = authority.maxExpirationSeconds ?? requested;
  const expirationSeconds = Math.min(requested, cap);
  const audiences = spec.audiences?.length ? spec.audiences : authority.audiences;
  const extended =
    binding.pod !== undefined &&
    expirationSeconds === EXTENDABLE_EXPIRATION_SECONDS &&
    audiences.every((audience) => authority.audiences.includes(audience));

  const issuedAt = Math.floor(authority.clock());
  const claims = boundClaims({
    issuer,
    namespace,
    serviceAccount: { name, uid },
    binding,
    audiences,
    issuedAt,
    jti,
    lifetimeSeconds: extended ? authority.extendedExpirationSeconds : expirationSeconds,
    ...(extended ? { warnAfterSeconds: expirationSeconds } : {}),
  });
  const key = authority.keys.signing;
  return {
    tokenRequest: {
      kind: "TokenRequest",
      apiVersion: TOKEN_REQUEST_API_VERSION,
      metadata: { name, namespace, uid, creationTimestamp: timestamp(issuedAt) },
      spec: { audiences, expirationSeconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: {
        token: signCompact(headerOf(key), claims, key),
        // Of an extended token too: what was asked for, not when it really ends.
        expirationTimestamp: timestamp(issuedAt + expirationSeconds),
      },
    },
    ...(expirationSeconds < requested
      ? { warning: `requested expiration of ${requested} seconds shortened to ${expirationSeconds} seconds` }
      : {}),
  };
}

/** Bounds are inclusive (kubernetes pkg/apis/authentication/validation/validation.go). */
function checkExpiration(seconds: number): void {
  if (!Number.isInteger(seconds)) throw badRequest("spec.expirationSeconds is not a whole number");
  const why =
    seconds < MIN_EXPIRATION_SECONDS
      ? "may not specify a duration less than 10 minutes"
      : seconds > MAX_EXPIRATION_SECONDS
        ? "may not specify a duration larger than 2^32 seconds"
        : undefined;
  if (why !== undefined) throw invalidTokenRequest("", "spec.expirationSeconds", seconds, why);
}

const RESOURCES = { Pod: "pods", Secret: "secrets", Node: "nodes" } as const;

/**
 * What a reference binds a token to. Only the group of `apiVersion` is looked at, as kube-apiserver does.
 * @throws ApiStatus 400 for a kind that cannot be bound to, 404 for a name that cannot exist, 409 for another uid
 */
export function bind(
  ref: BoundObjectRef,
  namespace: string,
  { cluster, podNode }: Pick<TokenAuthority, "cluster" | "podNode">,
): Binding {
  const { kind = "", name = "" } = ref;
  const { group, version } = groupVersion(ref.apiVersion ?? "");
  if (group !== "" || !isBindable(kind)) {
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  }
  if (name === "") throw badRequest("Name parameter required.");

  const object = { cluster, namespace: kind === "Node" ? "" : namespace, kind, name };
  if (!exists(object)) throw notFound(RESOURCES[kind], name);
  const uid = objectUid(object);
  if (ref.uid !== undefined && ref.uid !== uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict("", kind, name, why);
  }

  if (kind === "Secret") return { secret: { name, uid } };
  if (kind === "Node") return { node: { name, uid } };
  const node = nodeRef(cluster, uid, podNode);
  return { pod: { name, uid }, ...(node === undefined ? {} : { node }) };
}

function isBindable(kind: string): kind is keyof typeof RESOURCES {
  return Object.hasOwn(RESOURCES, kind);
}

function groupVersion(apiVersion: string): { group: string; version: string } {
  const [first = "", second, ...rest] = apiVersion.split("/");
  // Kubernetes gives up on a second slash and keeps neither part.
  if (rest.length > 0) return { group: "", version: "" };
  return second === undefined ? { group: "", version: first } : { group: first, version: second };
}

function nodeRef(cluster: string, podUid: string, podNode: PodNode): Ref | undefined {
  if (podNode === "none") return undefined;
  const name = nodeOfPod(cluster, podUid);
  const kind: ObjectKind = "Node";
  return podNode === "name-only" ? { name } : { name, uid: objectUid({ cluster, namespace: "", kind, name }) };
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
function timestamp(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
