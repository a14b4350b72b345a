import { generateKeyPairSync } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Cluster } from "../../../offline/cluster/cluster.ts";
import type { ClusterOptions } from "../../../offline/cluster/cluster-options.ts";
import { startClusters } from "../../../offline/cluster/clusters.ts";
import { type PublicJwk, signingKey } from "../../../offline/cluster/signing-key.ts";

/** 2026-11-24T00:00:00Z, and a fraction that no claim may show. */
export const NOW = 1_795_478_400.75;
export const IAT = 1_795_478_400;

export interface Started extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly issuer: string;
  /** A request below the issuer URL. A string is sent as it is, anything else as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The TokenRequest call for payments/checkout. */
  requestToken(body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** One cluster, `dev`, with a P-256 key (RSA takes its time to generate) and a clock that stands still. */
export async function startDev(options: Partial<ClusterOptions> = {}): Promise<Started> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const clusters = await startClusters({
    clusters: [{ name: "dev", key: signingKey(privateKey), ...options }],
    clock: () => NOW,
  });
  const cluster = clusters.cluster("dev");
  const call: Started["call"] = (method, path, body, headers = { "content-type": "application/json" }) =>
    fetch(`${cluster.issuer}${path}`, {
      method,
      headers,
      redirect: "manual",
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  return {
    cluster,
    issuer: cluster.issuer,
    call,
    requestToken: (body, headers) => call("POST", TOKEN_PATH, body, headers),
    [Symbol.asyncDispose]: () => clusters[Symbol.asyncDispose](),
  };
}

export const TOKEN_PATH = "/api/v1/namespaces/payments/serviceaccounts/checkout/token";

/** Header and claims as they are in the token, unverified. */
export function parts(token: string) {
  return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
}

/** What answers hold, as far as tests look into it. */
export interface Body {
  readonly [member: string]: unknown;
  readonly keys: readonly PublicJwk[];
  readonly message: string;
  readonly token: string;
  readonly status: { readonly token: string };
  readonly spec: { readonly expirationSeconds: number; readonly boundObjectRef: object | null };
}

export async function bodyOf(response: Response): Promise<Body> {
  const body: unknown = await response.json();
  return body as Body;
}

/** The text of the payload, for the order of its members. */
export function payloadText(token: string): string {
  return Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
}
