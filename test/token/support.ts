import { isRefusal } from "../../lib/errors.ts";
import type { JsonObject } from "../../lib/json.ts";
import { parseJson } from "../../lib/json.ts";
import { BearerToken } from "../../lib/token/bearer-token.ts";
import { readShape } from "../../lib/token/unverified-token.ts";

export const base64url = (text: string | Uint8Array) => Buffer.from(text).toString("base64url");

/** What a JWS part holds: text as it is, anything else as JSON. */
const part = (content: unknown) => base64url(typeof content === "string" ? content : JSON.stringify(content));

export const HEADER = { alg: "RS256", kid: "k1" };

/** A compact JWS whose signature is none. */
export function unsigned(header: unknown = HEADER, claims: unknown = claimsWith(), signature = "c2ln"): string {
  return `${part(header)}.${part(claims)}.${signature}`;
}

/** Refusal code, or "read". */
export function shapeOf(token: string): string {
  const shape = readShape(new BearerToken(token));
  return isRefusal(shape) ? shape.code : "read";
}

/** The claims of a pod-bound token as kube-apiserver writes them, with some of them changed. */
export function claimsWith(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    aud: ["https://api.example.com"],
    exp: 1_795_003_600,
    iat: 1_795_000_000,
    iss: "https://oidc.example.com/id/A",
    jti: "6b0b5b5e-0c52-4a8c-a4a8-2f6a5b6f3f77",
    "kubernetes.io": kubernetesWith(),
    nbf: 1_795_000_000,
    sub: "system:serviceaccount:payments:checkout",
    ...changes,
  };
}

export function kubernetesWith(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    namespace: "payments",
    node: { name: "node-1", uid: "0a1b2c3d-0000-4000-8000-000000000001" },
    pod: { name: "checkout-7d9", uid: "0a1b2c3d-0000-4000-8000-000000000002" },
    serviceaccount: { name: "checkout", uid: "0a1b2c3d-0000-4000-8000-000000000003" },
    ...changes,
  };
}

/** A JSON object as tokens are read: without a prototype. */
export function asRead(value: unknown): JsonObject {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return parseJson(text) as JsonObject;
}
