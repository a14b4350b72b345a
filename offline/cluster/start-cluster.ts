import type { Cluster } from "./cluster.ts";
import type { ClusterOptions } from "./cluster-options.ts";
import { checkOptions, StartClusterOptionsSchema } from "./cluster-options.ts";
import { startClusters } from "./clusters.ts";

export interface StartClusterOptions extends Partial<ClusterOptions> {
  /** On 127.0.0.1. @default 0, which lets the system choose */
  readonly port?: number;
}

/** A cluster that runs by itself. Disposing ends every connection at once. */
export interface StartedCluster extends Cluster, AsyncDisposable {
  /** The issuer URL: what `iss` and the discovery document say. */
  readonly url: string;
}

/**
 * Starts one cluster on loopback: what pods and verifiers see of kube-apiserver, see `startClusters`. Without options it is
 * named `dev`, has a new RSA key and a port of its own.
 * @throws TypeError for options that make no cluster; Error when the port is taken
 */
export async function startCluster(options: StartClusterOptions = {}): Promise<StartedCluster> {
  checkOptions(StartClusterOptionsSchema, options, "startCluster");
  const { port, name = "dev", ...rest } = options;
  const clusters = await startClusters({
    clusters: [{ ...rest, name }],
    ...(port === undefined ? {} : { port }),
  });
  const cluster = clusters.cluster(name);
  return {
    url: cluster.issuer,
    name,
    issuer: cluster.issuer,
    server: cluster.server,
    keysUrl: cluster.keysUrl,
    controlUrl: cluster.controlUrl,
    issuerDocument: cluster.issuerDocument,
    ...(cluster.certificateAuthority === undefined ? {} : { certificateAuthority: cluster.certificateAuthority }),
    calls: cluster.calls,
    get keys() {
      return cluster.keys;
    },
    mint: (request) => cluster.mint(request),
    forge: (request) => cluster.forge(request),
    rotate: (rotation) => cluster.rotate(rotation),
    setClock: (setting) => cluster.setClock(setting),
    fault: (target, fault) => cluster.fault(target, fault),
    clearFaults: (target) => cluster.clearFaults(target),
    [Symbol.asyncDispose]: () => clusters[Symbol.asyncDispose](),
  };
}
