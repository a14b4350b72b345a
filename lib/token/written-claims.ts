import type { TokenClaims } from "./token-claims.ts";

/** `iss` of tokens from Secrets of type `kubernetes.io/service-account-token` (kubernetes pkg/serviceaccount/legacy.go). */
export const LEGACY_ISSUER = "kubernetes/serviceaccount";

/** A text of printable ASCII in which nothing is escaped: what stands between its quotes is what it says. */
const CHARACTERS = "[ !#-\\[\\]-~]*";
const TEXT = `"${CHARACTERS}"`;
const UID = '"([A-Za-z0-9-]+)"';
const SECONDS = "(0|[1-9][0-9]*)";
/** As in `lib/names.ts`, and written so that each character can be read in one way only. Counting is left out: it costs more here. */
const LABEL = '"([a-z0-9]+(?:-+[a-z0-9]+)*)"';
const SUBDOMAIN = '"([a-z0-9]+(?:(?:-+|\\.)[a-z0-9]+)*)"';

/**
 * Claims as kube-apiserver writes them (kubernetes pkg/serviceaccount/claims.go): Go sorts the members of a map, so each has
 * one place, and none can stand there twice. `sub` is what the `kubernetes.io` claim says, and no mark of a token that nobody
 * may use has a place. No loop takes the character that ends it, so the time is the text's length.
 */
const CLAIMS = new RegExp(
  `^\\{"aud":\\[(${TEXT}(?:,${TEXT})*)\\],"exp":${SECONDS},"iat":${SECONDS},"iss":(?!"${LEGACY_ISSUER}")"(${CHARACTERS})",(?:"jti":"(${CHARACTERS})",)?` +
    `"kubernetes\\.io":\\{"namespace":${LABEL},(?:"node":\\{"name":${SUBDOMAIN}(?:,"uid":${UID})?\\},)?` +
    `(?:"pod":\\{"name":${SUBDOMAIN},"uid":${UID}\\},)?` +
    `"serviceaccount":\\{"name":${SUBDOMAIN},"uid":${UID}\\}\\},"nbf":${SECONDS},` +
    '"sub":"(system:serviceaccount:\\6:\\11)"\\}$',
);

/**
 * Reads claims that stand there letter by letter as kube-apiserver writes them and break no rule that `readClaims` has: it
 * reads the same from the same text as JSON. All other claims are left to it, whatever is wrong with them.
 *
 * @param json - a character for each byte; whatever is not ASCII is left to `readClaims` too
 * @returns `undefined` where claims are written in another way; the texts are pieces of `json`
 */
export function readWrittenClaims(json: string): TokenClaims | undefined {
  const found = CLAIMS.exec(json) as Groups | null;
  if (found === null) return undefined;
  const [, aud, , , iss, jti, namespace, node, nodeUid, pod, podUid, serviceAccount, uid, , sub] = found;
  const [exp, iat, nbf] = [Number(found[2]), Number(found[3]), Number(found[13])];
  const isUnusual =
    namespace.length > 63 ||
    isLong(serviceAccount) ||
    isLong(uid) ||
    isLong(pod) ||
    isLong(podUid) ||
    isLong(node) ||
    isLong(nodeUid) ||
    !Number.isFinite(exp + iat + nbf);
  if (isUnusual) return undefined;
  return {
    iss,
    // A quote stands nowhere but at the ends of a text.
    aud: aud.slice(1, -1).split('","'),
    exp,
    iat,
    nbf,
    jti,
    sub,
    namespace,
    serviceAccount,
    pod: pod ? { name: pod, uid: podUid } : undefined,
    node: node ? { name: node, uid: nodeUid } : undefined,
  };
}

type Groups = readonly [
  whole: string,
  aud: string,
  exp: string,
  iat: string,
  iss: string,
  jti: string | undefined,
  namespace: string,
  node: string | undefined,
  nodeUid: string | undefined,
  pod: string | undefined,
  podUid: string | undefined,
  serviceAccount: string,
  uid: string,
  nbf: string,
  sub: string,
];

/** A uid of no more is always right, and a name too. */
function isLong(text = ""): boolean {
  return text.length > 128;
}
