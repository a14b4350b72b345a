import type { Cluster } from "../cluster/cluster.ts";
import type { ForgeRequest } from "../cluster/forge.ts";
import type { MintRequest } from "../cluster/mint-request.ts";

/**
 * What a token is to say. With members of a TokenRequest alone, the cluster's TokenRequest API issues it, with the limits
 * of Kubernetes. With any other member the cluster makes what no API server would: see `ForgeRequest`.
 */
export interface TokenWish extends Partial<MintRequest>, Partial<Omit<ForgeRequest, keyof MintRequest>> {
  /** One audience, in place of `audiences`. */
  readonly audience?: string;
}

/** Kubernetes' own defaults of a pod that says nothing. */
const ACCOUNT = { namespace: "default", serviceAccount: "default" } as const;

const OF_TOKEN_REQUEST: ReadonlySet<string> = new Set([
  "namespace",
  "serviceAccount",
  "audiences",
  "expirationSeconds",
  "boundObjectRef",
] satisfies (keyof MintRequest)[]);

/**
 * Gets a service account token from a cluster.
 *
 * @param cluster - a started one, or the URL of its API server, as of a cluster that `osls offline` runs:
 * `http://127.0.0.1:4100/dev`
 * @param wish - @default a token of `default/default` for the API server itself, for an hour
 * @returns the JWT in compact form
 * @throws TypeError where the arguments are not these; Error with the cluster's message where it refuses, or does not answer
 */
export async function mintToken(cluster: string | URL | Cluster, wish: TokenWish = {}): Promise<string> {
  const { audience, ...rest } = wish;
  if (audience !== undefined && rest.audiences !== undefined) {
    throw new TypeError("no token: audience and audiences are both given, and say the same");
  }
  const request = { ...ACCOUNT, ...(audience !== undefined && { audiences: [audience] }), ...defined(rest) };
  const asIssued = Object.keys(request).every((name) => OF_TOKEN_REQUEST.has(name));
  if (typeof cluster === "string" || cluster instanceof URL) {
    const url = String(cluster).replace(/\/$/, "");
    return asIssued ? askToIssue(url, request) : askToForge(url, forgeRequestOf(request));
  }
  if (typeof cluster?.mint !== "function") {
    const promised = cluster instanceof Promise ? " and not the promise of one: await startCluster()" : "";
    throw new TypeError(`no token: the first argument is a started cluster or its URL${promised}`);
  }
  try {
    const { token } = await (asIssued ? cluster.mint(request) : cluster.forge(forgeRequestOf(request)));
    return token;
  } catch (cause) {
    throw new Error(`no token: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function forgeRequestOf({ expirationSeconds, ...rest }: MintRequest): ForgeRequest {
  // The cluster checks it, member by member.
  return { ...(expirationSeconds !== undefined && { ttlSeconds: expirationSeconds }), ...rest } as ForgeRequest;
}

async function askToIssue(url: string, { namespace, serviceAccount, ...spec }: MintRequest): Promise<string> {
  const [inPath, name] = [namespace, serviceAccount].map(encodeURIComponent);
  const path = `/api/v1/namespaces/${inPath}/serviceaccounts/${name}/token`;
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  const { status } = (await post(`${url}${path}`, body)) as { status: { token: string } };
  return status.token;
}

async function askToForge(url: string, request: ForgeRequest): Promise<string> {
  const { token } = (await post(`${url}/_tokens`, request)) as { token: string };
  return token;
}

async function post(url: string, body: object): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  let response: Response;
  try {
    response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  } catch (cause) {
    throw new Error(`no token: nothing answers at ${url}`, { cause });
  }
  const text = await response.text();
  if (!response.ok) throw new Error(`no token: ${url} answers ${response.status}: ${messageOf(text)}`);
  return JSON.parse(text);
}

/** Of a Kubernetes `Status`; any other answer as it is. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === "string" ? message : text;
  } catch {
    return text;
  }
}

function defined<T extends object>(wish: T): T {
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) as T;
}
