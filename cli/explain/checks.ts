import type { RefusalCode, Step } from "../../lib/errors.ts";
import { ALGORITHMS } from "../../lib/issuer/algorithm.ts";
import { METHODS } from "../../lib/permission/permission.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { CLAIM_RULES } from "../../lib/token/claim-rules.ts";
import type { Facts } from "./facts.ts";

/** One check of a decision: what it asks, and the codes by which it refuses. */
export interface Check {
  readonly step: Step;
  readonly asks: string;
  readonly codes: readonly RefusalCode[];
  /** What was held against what, where it held. */
  compared(facts: Facts, granted: PermissionSet | undefined): string | undefined;
}

/**
 * Every check, in the order in which the functions make them, which is that of `REFUSALS`: a test holds the two together.
 * So the code of a refusal says which checks passed before it and which nobody came to.
 */
export const CHECKS: readonly Check[] = [
  {
    step: "transport",
    asks: "one Authorization header with one bearer token",
    codes: ["TOKEN_MISSING", "AUTHORIZATION_REPEATED", "AUTHORIZATION_MALFORMED", "TOKEN_TOO_LARGE"],
    compared: ({ bearer }) => bearer && `${bearer.reveal().length} of at most 8192 bytes`,
  },
  {
    step: "shape",
    asks: "a signed JWT in strict encoding",
    codes: ["TOKEN_MALFORMED"],
    compared: ({ token }) => token && "three parts of base64url, JSON objects, no member twice",
  },
  {
    step: "shape",
    asks: "`alg` is one that kube-apiserver signs with",
    codes: ["TOKEN_ALGORITHM"],
    compared: ({ token }) => token && `${token.algorithm}, of ${ALGORITHMS.join(", ")}`,
  },
  {
    step: "shape",
    asks: "`typ` is absent or JWT, nothing in the header brings a key or changes how it is read",
    codes: ["TOKEN_TYPE", "TOKEN_KEY_EMBEDDED", "TOKEN_HEADER_UNSUPPORTED"],
    compared: () => undefined,
  },
  {
    step: "shape",
    asks: "a projected token, not one from a Secret and not the API server's own",
    codes: ["TOKEN_LEGACY", "TOKEN_EXTENDED"],
    compared: () => undefined,
  },
  {
    step: "shape",
    asks: "`kid` names the key",
    codes: ["TOKEN_KEY_ID"],
    compared: ({ token }) => token?.keyId,
  },
  {
    step: "issuer",
    asks: "`iss` is a well-formed issuer URL",
    codes: ["ISSUER_MALFORMED"],
    compared: ({ token }) => (typeof token?.issuer === "string" ? token.issuer : undefined),
  },
  {
    step: "issuer",
    asks: "an issuer document is stored for it",
    codes: ["ISSUER_UNKNOWN", "ISSUER_DOCUMENT_MISMATCH"],
    compared: ({ record }) => record && `cluster ${record.issuer.cluster}${groupOf(record.issuer.group)}`,
  },
  {
    step: "issuer",
    asks: "the issuer is not disabled",
    codes: ["ISSUER_DISABLED"],
    compared: () => undefined,
  },
  {
    step: "issuer",
    asks: "the issuer allows the algorithm",
    codes: ["TOKEN_ALGORITHM_NOT_ALLOWED"],
    compared: ({ token, record }) => token && record && `${token.algorithm}, of ${record.issuer.algorithms.join(", ")}`,
  },
  {
    step: "key",
    asks: "the issuer's key set has the key",
    codes: ["KEY_UNKNOWN"],
    compared: ({ token, record }) => token && record && `${token.keyId}, ${keysOf(record.issuer.keys)}`,
  },
  {
    step: "key",
    asks: "the key is strong enough and for this algorithm",
    codes: ["KEY_UNFIT"],
    compared: ({ key }) => (key !== undefined && "algorithm" in key ? key.algorithm : undefined),
  },
  {
    step: "signature",
    asks: "the key made the signature",
    codes: ["SIGNATURE_INVALID"],
    compared: () => undefined,
  },
  {
    step: "claims",
    asks: "the claims are a service account's, and say so twice",
    codes: ["TOKEN_CLAIM_INVALID", "SUBJECT_INVALID", "KUBERNETES_CLAIM_INVALID"],
    compared: ({ claims }) => claims?.sub,
  },
  {
    step: "receiver",
    asks: "the API is registered",
    codes: ["API_UNKNOWN", "API_FOREIGN"],
    compared: ({ receiver, through }) => receiver && `${through}, service ${receiver.service}`,
  },
  claimCheck("TOKEN_AUDIENCE_MISMATCH", "`aud` has one of the receiver's audiences"),
  claimCheck("TOKEN_EXPIRED", "`exp` is not over"),
  claimCheck("TOKEN_NOT_YET_VALID", "`nbf` and `iat` are not ahead"),
  claimCheck("TOKEN_LIFETIME_TOO_LONG", "`exp - iat` is within the issuer's bound"),
  claimCheck("TOKEN_REVOKED", "`iat` is not before the issuer's `notBefore`", ({ record }) =>
    record?.issuer.notBefore === undefined ? "the issuer document has none" : undefined,
  ),
  claimCheck(
    "TOKEN_NOT_POD_BOUND",
    "the token is bound to a pod, where the issuer requires it",
    ({ claims, record }) =>
      record?.issuer.requireBoundPod ? `pod ${claims?.pod?.name}` : "the issuer document does not require it",
  ),
  {
    step: "permissions",
    asks: "the service has a document",
    codes: ["SERVICE_UNKNOWN"],
    compared: ({ receiver, through }) => receiver && `${through}`,
  },
  {
    step: "permissions",
    asks: "`principals` of what is called admit the caller",
    codes: ["PRINCIPAL_NOT_ADMITTED"],
    compared: ({ receiver }) => receiver && (receiver.principals?.join(", ") ?? "everybody"),
  },
  {
    step: "decision",
    asks: "the method is one that a permission can name",
    codes: ["METHOD_UNKNOWN"],
    compared: ({ method }) => `${method}, of ${METHODS.join(", ")}`,
  },
  {
    step: "decision",
    asks: "the path reads as one path everywhere",
    codes: ["PATH_AMBIGUOUS"],
    compared: ({ path }) => path,
  },
  {
    step: "decision",
    asks: "no deny covers the call",
    codes: ["ACCESS_DENIED"],
    compared: (_facts, granted) => granted && `${countOf(granted, "deny")} looked at`,
  },
  {
    step: "decision",
    asks: "an allow covers the call",
    codes: ["ACCESS_NOT_ALLOWED"],
    compared: (_facts, granted) => granted && `${countOf(granted, "allow")} looked at`,
  },
];

/**
 * A rule about claims: the functions' own words for what they compare.
 *
 * @param instead - words of its own for a rule that held without comparing; `undefined` where it compared
 */
function claimCheck(code: RefusalCode, asks: string, instead?: (facts: Facts) => string | undefined): Check {
  const rules = CLAIM_RULES.filter((rule) => rule.code === code);
  return {
    step: "validity",
    asks,
    codes: [code],
    compared: (facts) => {
      const { claims, record, receiver, now, clockSkewSeconds } = facts;
      if (claims === undefined || record === undefined || receiver === undefined) return undefined;
      const context = { issuer: record.issuer, audiences: receiver.audiences, now, clockSkewSeconds };
      const told = instead?.(facts);
      if (told !== undefined) return told;
      return rules
        .map((rule) => rule.compare(claims, context))
        .filter(({ actual }) => actual !== "nbf undefined")
        .map(({ actual, expected }) => `${actual}; expected ${expected}`)
        .join("; ");
    },
  };
}

function countOf({ documents }: PermissionSet, effect: "allow" | "deny"): string {
  const rules = documents.reduce((count, document) => count + document[effect].length, 0);
  return `${rules} ${rules === 1 ? "rule" : "rules"} in ${documents.length} ${documents.length === 1 ? "document" : "documents"}`;
}

function groupOf(group: string | undefined): string {
  return group === undefined ? "" : `, group ${group}`;
}

function keysOf(keys: "static" | "discovered"): string {
  return keys === "static" ? "of the static set in the store" : "as the issuer publishes it";
}
