import type { StartClusterOptions, StartedCluster } from "../cluster/start-cluster.ts";

/**
 * Starts one cluster on 127.0.0.1: discovery, key set and TokenRequest API of a kube-apiserver, and calls that make it fail
 * or sign what none would. Without options it is named `dev`, has a new RSA key and a port that the system chooses.
 */
export async function startCluster(options?: StartClusterOptions): Promise<StartedCluster> {
  const cluster = await import("../cluster/start-cluster.ts");
  return cluster.startCluster(options);
}
