import { isRefusal } from "../../lib/errors.ts";
import type { KeySet } from "../../lib/issuer/key-set.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { readBearerToken } from "../../lib/token/bearer-token.ts";
import { isSignedBy } from "../../lib/token/signature.ts";
import { readShape, type UnverifiedToken } from "../../lib/token/unverified-token.ts";
import { shapeOf } from "../issuer/issuer-shape.ts";
import { printable } from "../printable.ts";
import type { Finding } from "./finding.ts";

/** A token whose key is looked for, or why it names none. */
export function readTokenOfFile(text: string): UnverifiedToken | Finding {
  const bearer = readBearerToken([`Bearer ${text}`]);
  const token = isRefusal(bearer) ? bearer : readShape(bearer);
  return isRefusal(token) ? finding("error", "the token", `${token.code}: ${token.detail}`) : token;
}

/** Whether the key that signed a token is one that the functions have of its issuer. */
export function tokenFindings(token: UnverifiedToken, issuer: TrustedIssuer, keys: KeySet, source: string): Finding[] {
  const kid = printable(token.keyId, 128);
  const key = keys.get(token.keyId);
  const where = issuer.url;
  if (key === undefined) {
    const known = [...keys.keys()].map((name) => printable(name, 64)).join(", ");
    return [
      finding(
        "error",
        where,
        `KEY_UNKNOWN: the token's key ${kid} is not in ${source}, which has ${known}${keyAdvice(issuer)}`,
      ),
    ];
  }
  if ("unfit" in key)
    return [finding("error", where, `KEY_UNFIT: the token's key ${kid} cannot be used: ${key.unfit}`)];
  if (!issuer.algorithms.includes(token.algorithm)) {
    return [
      finding(
        "error",
        where,
        `TOKEN_ALGORITHM_NOT_ALLOWED: the token is signed with ${token.algorithm}, which the issuer document does not allow`,
      ),
    ];
  }
  if (!isSignedBy(token, key)) {
    return [
      finding(
        "error",
        where,
        `SIGNATURE_INVALID: key ${kid} of ${source} did not sign the token: another cluster with the same issuer, or a forgery`,
      ),
    ];
  }
  return [finding("ok", where, `the token is signed by key ${kid} of ${source}`)];
}

function keyAdvice(issuer: TrustedIssuer): string {
  const { title, isShared } = shapeOf(issuer.url);
  if (title === "EKS") {
    const not = "the keys at the API server's own /openid/v1/jwks (`kubectl get --raw`) are others";
    return issuer.keys === "static"
      ? `. EKS signs with the keys at ${issuer.url}/keys and rotates them about once a week; ${not}, so keep no static keys of it`
      : `. EKS signs with the keys at ${issuer.url}/keys; ${not}. Is the token of another cluster, or older than the rotation?`;
  }
  if (isShared) return ": many clusters have this issuer, and these keys are another one's, or older than a rotation";
  return ": a token of another cluster, or older than a rotation of the keys";
}

function finding(severity: Finding["severity"], where: string, text: string): Finding {
  return { severity, check: "token", where, text };
}
