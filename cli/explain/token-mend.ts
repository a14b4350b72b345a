import type { RefusalCode } from "../../lib/errors.ts";
import type { Facts } from "./facts.ts";

/** What to mend about a token: the claim at fault, and the field of the pod's projected volume that makes it. */
export interface TokenMend {
  readonly claim: string;
  /** Of `volumes[].projected.sources[].serviceAccountToken`, where one of its fields makes the claim. */
  readonly field?: "audience" | "expirationSeconds";
  readonly value?: string | number;
  readonly advice: string;
}

const MOUNT = "mount a projected volume (serviceAccountToken with audience and expirationSeconds) and send that token";

/** What mends a token that was refused for this; `undefined` where the token is not at fault. */
export function tokenMend(code: RefusalCode, { receiver, record }: Facts): TokenMend | undefined {
  switch (code) {
    case "TOKEN_AUDIENCE_MISMATCH": {
      const [audience] = receiver?.audiences ?? [];
      return {
        claim: "aud",
        field: "audience",
        ...(audience !== undefined && { value: audience }),
        advice:
          "set the volume's audience to the receiver's; kubelet writes a new token at once when the pod is replaced",
      };
    }
    case "TOKEN_LIFETIME_TOO_LONG": {
      const most = record?.issuer.maxTokenLifetimeSeconds;
      return {
        claim: "exp",
        field: "expirationSeconds",
        ...(most !== undefined && { value: Math.min(most, 3600) }),
        advice: "lower the volume's expirationSeconds",
      };
    }
    case "TOKEN_EXPIRED":
      return {
        claim: "exp",
        advice:
          "read the token file again for every call: kubelet replaces it when 80 % of its life, or 24 hours, are over",
      };
    case "TOKEN_NOT_YET_VALID":
      return { claim: "nbf, iat", advice: "compare the clocks of the cluster's API server and of AWS" };
    case "TOKEN_REVOKED":
      return {
        claim: "iat",
        advice: "replace the pod, so that it gets a token issued after the issuer document's notBefore",
      };
    case "TOKEN_NOT_POD_BOUND":
      return { claim: "kubernetes.io", advice: `a token of kubectl create token is bound to no pod; ${MOUNT}` };
    case "TOKEN_LEGACY":
      return { claim: "iss", advice: `a token from a Secret has no expiry and no audience; ${MOUNT}` };
    case "TOKEN_EXTENDED":
      return {
        claim: "kubernetes.io",
        advice: `the file under /var/run/secrets/kubernetes.io is for the API server; ${MOUNT}`,
      };
    default:
      return undefined;
  }
}
