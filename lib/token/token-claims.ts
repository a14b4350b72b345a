import { type Refusal, refuse } from "../errors.ts";
import { isJsonObject, type JsonObject, own } from "../json.ts";
import { isDnsLabel, isDnsSubdomain } from "../names.ts";

/** An object that a token is bound to. `uid` of a node can be missing (ServiceAccountTokenPodNodeInfo). */
export interface BoundObject {
  readonly name: string;
  readonly uid?: string | undefined;
}

/** The claims of a projected token, read and typed; which values are acceptable is another question. */
export interface TokenClaims {
  readonly iss: string;
  /** Empty where `aud` is missing or of a wrong type. */
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number | undefined;
  readonly jti?: string | undefined;
  readonly sub: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod?: BoundObject | undefined;
  readonly node?: BoundObject | undefined;
}

const SUBJECT_PREFIX = "system:serviceaccount:";

/**
 * Reads the claims that kube-apiserver writes (kubernetes pkg/serviceaccount/claims.go). Refused with
 * `TOKEN_CLAIM_INVALID` (times, RFC 7519 §4.1), `SUBJECT_INVALID` and `KUBERNETES_CLAIM_INVALID`.
 */
export function readClaims(claims: JsonObject): TokenClaims | Refusal {
  const iss = own(claims, "iss");
  const exp = own(claims, "exp");
  const iat = own(claims, "iat");
  const nbf = own(claims, "nbf");
  const jti = own(claims, "jti");
  const sub = own(claims, "sub");
  if (typeof iss !== "string") return invalid("iss", "a string");
  // `1e400` is a JSON number and reads as Infinity: a token without end.
  if (!isFiniteNumber(exp)) return invalid("exp", "a finite number");
  if (!isFiniteNumber(iat)) return invalid("iat", "a finite number");
  if (nbf !== undefined && !isFiniteNumber(nbf)) return invalid("nbf", "absent or a finite number");
  const account = typeof sub === "string" ? readSubject(sub) : undefined;
  if (typeof sub !== "string" || account === undefined) {
    return refuse("SUBJECT_INVALID", "the token's `sub` is not `system:serviceaccount:<namespace>:<name>`");
  }
  const { namespace, serviceAccount } = account;
  const kubernetes = readKubernetesClaim(own(claims, "kubernetes.io"), namespace, serviceAccount);
  if (typeof kubernetes === "string") {
    return refuse("KUBERNETES_CLAIM_INVALID", `the token's \`kubernetes.io\` claim is refused: ${kubernetes}`);
  }
  return {
    iss,
    aud: readAudiences(own(claims, "aud")),
    exp,
    iat,
    nbf,
    jti: typeof jti === "string" ? jti : undefined,
    sub,
    namespace,
    serviceAccount,
    pod: kubernetes.pod,
    node: kubernetes.node,
  };
}

function readSubject(sub: string): Pick<TokenClaims, "namespace" | "serviceAccount"> | undefined {
  if (!sub.startsWith(SUBJECT_PREFIX)) return undefined;
  const colon = sub.indexOf(":", SUBJECT_PREFIX.length);
  const namespace = sub.slice(SUBJECT_PREFIX.length, colon);
  // No name holds a colon: a part more is refused with it, and without a colon this is the whole `sub`.
  const serviceAccount = sub.slice(colon + 1);
  return isDnsLabel(namespace) && isDnsSubdomain(serviceAccount) ? { namespace, serviceAccount } : undefined;
}

/** What the claim is bound to, or what is wrong with it. */
function readKubernetesClaim(
  claim: unknown,
  namespace: string,
  name: string,
): { pod?: BoundObject | undefined; node?: BoundObject | undefined } | string {
  if (!isJsonObject(claim)) return "it is missing";
  const account = own(claim, "serviceaccount");
  if (own(claim, "namespace") !== namespace || !isJsonObject(account) || own(account, "name") !== name) {
    return "it does not say the same as `sub`";
  }
  if (!isUid(own(account, "uid"))) return "its service account has no uid";
  const pod = readBoundObject(own(claim, "pod"));
  if (pod === null || (pod !== undefined && pod.uid === undefined)) return "its pod has no name and uid";
  const node = readBoundObject(own(claim, "node"));
  if (node === null) return "its node has no name";
  return { pod, node };
}

function readBoundObject(value: unknown): BoundObject | undefined | null {
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) return null;
  const name = own(value, "name");
  const uid = own(value, "uid");
  if (!isDnsSubdomain(name)) return null;
  if (uid !== undefined && !isUid(uid)) return null;
  return { name, uid };
}

/** An object's uid is a UUID in every Kubernetes since 1.0; here it is only shown, so its length is what matters. */
function isUid(value: unknown): value is string {
  return typeof value === "string" && value.length <= 128 && /^[A-Za-z0-9-]+$/.test(value);
}

/** One string or a list of strings (RFC 7519 §4.1.3); anything else is no audience at all. */
function readAudiences(aud: unknown): readonly string[] {
  const listed = Array.isArray(aud) ? aud : [aud];
  return listed.every((audience) => typeof audience === "string") ? listed : [];
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function invalid(claim: string, expected: string): Refusal {
  return refuse("TOKEN_CLAIM_INVALID", `the token's \`${claim}\` is not ${expected}`);
}
