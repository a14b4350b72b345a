import { isRefusal, type Refusal } from "../../lib/errors.ts";
import { IssuerDirectory } from "../../lib/issuer/issuer-directory.ts";
import type { IssuerRecord } from "../../lib/issuer/issuer-source.ts";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import { TokenVerifier, type VerifiedIdentity } from "../../lib/token/token-verifier.ts";
import type { Cluster } from "../../offline/cluster/cluster.ts";
import type { ClusterOptions } from "../../offline/cluster/cluster-options.ts";
import { startClusters } from "../../offline/cluster/clusters.ts";
import { type Algorithm, generateSigningKey } from "../../offline/cluster/signing-key.ts";
import { issuerWith, START, storedWith } from "../issuer/support.ts";
import { ManualClock } from "../support/manual-clock.ts";

export const AUDIENCE = "https://api.example.com";
export const ACCOUNT = { namespace: "payments", serviceAccount: "checkout", audiences: [AUDIENCE] };

export interface Stack extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly cluster: Cluster;
  readonly other: Cluster;
  readonly verifier: TokenVerifier;
  /** What the store has, by issuer. */
  readonly stored: Map<string, IssuerRecord>;
  /** What the store was asked for. */
  readonly reads: string[];
  /** What issuers were asked for. */
  readonly fetches: string[];
  register(cluster: Cluster, members?: Readonly<Record<string, unknown>>): void;
  /** A snapshot of the cluster's keys as they are now, beside its document. */
  registerWithKeys(cluster: Cluster, members?: Readonly<Record<string, unknown>>): void;
  token(cluster?: Cluster): Promise<string>;
  verify(token: string, audiences?: readonly string[] | Refusal): Promise<VerifiedIdentity | Refusal>;
  /** Refusal code, or "verified". */
  outcome(token: string, audiences?: readonly string[] | Refusal): Promise<string>;
}

/** Two clusters over HTTP on loopback, a store in memory, and a verifier between them; all with one clock. */
export async function startStack({
  algorithm = "ES256",
  clockSkewSeconds = 30,
  ...more
}: Partial<ClusterOptions> & { algorithm?: Algorithm; clockSkewSeconds?: number } = {}): Promise<Stack> {
  const clock = new ManualClock(START);
  const clusters = await startClusters({
    clusters: [
      { ...more, name: "dev", key: await generateSigningKey(algorithm) },
      { name: "other", algorithm: "ES256" },
    ],
    clock: () => clock.now(),
  });
  const stored = new Map<string, IssuerRecord>();
  const reads: string[] = [];
  const fetches: string[] = [];
  const fetchJson = createFetchJson({ allowLoopbackHttp: true, connectSeconds: 10, totalSeconds: 10 });
  const issuers = new IssuerDirectory({
    source: {
      read: async (url) => {
        reads.push(url);
        return stored.get(url);
      },
    },
    fetchJson: (url, options) => {
      fetches.push(url);
      return fetchJson(url, options);
    },
    clock,
    allowLoopbackHttp: true,
    documentsMaxAgeSeconds: 60,
    documentsMaxStaleSeconds: 300,
    keysMaxAgeSeconds: 300,
    keysMaxStaleSeconds: 7200,
    holdoff: { until: 0 },
    onStale: () => {},
    onStaleKeys: () => {},
    onKeysUsed: () => {},
  });
  const verifier = new TokenVerifier({ issuers, clock, clockSkewSeconds });
  const verify: Stack["verify"] = async (token, audiences = [AUDIENCE]) => {
    const { outcome } = await verifier.verify([`Bearer ${token}`], async () => audiences);
    return outcome;
  };
  const stack: Stack = {
    clock,
    cluster: clusters.cluster("dev"),
    other: clusters.cluster("other"),
    verifier,
    stored,
    reads,
    fetches,
    register({ issuer, name }, members) {
      stored.set(issuer, { issuer: issuerWith({ url: issuer, cluster: name, ...members }) });
    },
    registerWithKeys({ issuer, name, keys }, members) {
      stored.set(issuer, {
        issuer: issuerWith({ url: issuer, cluster: name, ...members }),
        keySet: storedWith([...keys], { issuer, fetchedAt: clock.now() }),
      });
    },
    token: async (cluster = stack.cluster) => (await cluster.mint(ACCOUNT)).token,
    verify,
    outcome: async (token, audiences) => {
      const outcome = await verify(token, audiences);
      return isRefusal(outcome) ? outcome.code : "verified";
    },
    [Symbol.asyncDispose]: () => clusters[Symbol.asyncDispose](),
  };
  stack.register(stack.cluster);
  stack.register(stack.other);
  return stack;
}
