import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { deliver, json } from "./answer.ts";
import { internalError } from "./api-status.ts";
import { type Cluster, type ClusterOptions, OfflineCluster } from "./cluster.ts";
import { isLabel } from "./objects.ts";
import { answerRequest } from "./routes.ts";
import { generateSigningKey } from "./signing-key.ts";

export interface ClustersOptions {
  /** On 127.0.0.1. @default 0, which lets the system choose */
  readonly port?: number;
  /** At least one; each name once. */
  readonly clusters: readonly ClusterOptions[];
  /** Epoch seconds. @default the system's clock */
  readonly clock?: () => number;
}

/** Some clusters' API servers behind one port. Disposing ends every connection at once. */
export interface Clusters extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`; the issuer of a cluster is `<url>/<name>`. */
  readonly url: string;
  /** @throws Error for a name that was not among the options */
  cluster(name: string): Cluster;
}

/**
 * Starts what pods and podgate see of kube-apiserver, on loopback and without authentication: discovery, the key set,
 * `/version` and the TokenRequest API, and calls to control them (see `control`).
 * @throws Error for options that make no clusters, or when the port is taken
 */
export async function startClusters({
  port = 0,
  clusters: wanted,
  clock = () => Date.now() / 1000,
}: ClustersOptions): Promise<Clusters> {
  checkNames(wanted.map((options) => options.name));
  const keys = await Promise.all(
    wanted.map((options) => options.key ?? generateSigningKey(options.algorithm ?? "RS256")),
  );

  const clusters = new Map<string, OfflineCluster>();
  const server = createServer((request, response) => {
    void handle(request, response, clusters);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const url = `http://127.0.0.1:${address.port}`;
  for (const [index, options] of wanted.entries()) {
    const key = keys[index];
    if (key !== undefined) {
      clusters.set(options.name, new OfflineCluster(`${url}/${options.name}`, key, clock, options));
    }
  }

  return {
    url,
    cluster(name) {
      const cluster = clusters.get(name);
      if (cluster === undefined) throw new Error(`no cluster ${name}; there are ${[...clusters.keys()].join(", ")}`);
      return cluster;
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  clusters: ReadonlyMap<string, OfflineCluster>,
): Promise<void> {
  try {
    const { answer, fault } = await answerRequest(request, clusters);
    deliver(response, answer, fault);
  } catch (error) {
    // A client that went away while it sent its body; or a defect, which must not end the process.
    if (!request.complete) return;
    console.error(`offline cluster: ${error instanceof Error ? error.message : "an unknown fault"}`);
    deliver(response, json(500, internalError()));
  }
}

function checkNames(names: readonly string[]): void {
  if (names.length === 0) throw new Error("no clusters: at least one is needed");
  for (const name of names) {
    if (!isLabel(name))
      throw new Error(`${JSON.stringify(name)} is not a name of a cluster: it must be a DNS-1123 label`);
  }
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new Error(`the cluster ${repeated} is named twice`);
}
