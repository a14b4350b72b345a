import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { StartedParts } from "../started-parts.ts";
import { deliver, json } from "./answer.ts";
import { internalError } from "./api-status.ts";
import { type Cluster, type ClusterPlace, OfflineCluster } from "./cluster.ts";
import { type ClusterOptions, ClustersOptionsSchema, checkOptions } from "./cluster-options.ts";
import { KEYS_PATH } from "./discovery.ts";
import { issuerOfShape, kidForm } from "./issuer-shape.ts";
import { answerRequest } from "./routes.ts";
import { generateSigningKey } from "./signing-key.ts";
import type { TlsIdentity } from "./tls.ts";

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
 * `/version` and the TokenRequest API, and calls to control them (see `control`). A cluster of the shape `private` is reached over TLS,
 * on ports of its own.
 * @throws TypeError for options that make no clusters; Error when the port is taken
 */
export async function startClusters(options: ClustersOptions): Promise<Clusters> {
  checkOptions(ClustersOptionsSchema, options, "startClusters");
  const { port = 0, clusters: wanted, clock = () => Date.now() / 1000 } = options;
  const keys = await Promise.all(
    wanted.map(({ key, algorithm = "RS256", shape }) => key ?? generateSigningKey(algorithm, kidForm(shape))),
  );

  await using starting = new StartedParts();
  const clusters = new Map<string, OfflineCluster>();
  const listen = async (at: number, identity?: TlsIdentity): Promise<number> => {
    const listener: RequestListener = (request, response) => void handle(request, response, clusters);
    const server = identity === undefined ? createServer(listener) : createTlsServer(identity, listener);
    return starting.use(await listening(server, at)).port;
  };
  const tls = wanted.some(({ shape }) => shape === "private") ? await listenWithTls(listen) : undefined;
  // Last: who waits for this port finds every cluster there.
  const url = `http://127.0.0.1:${await listen(port)}`;
  for (const [index, options] of wanted.entries()) {
    const key = keys[index];
    if (key !== undefined) {
      clusters.set(options.name, new OfflineCluster(placeOf(options, url, tls), key, clock, options));
    }
  }
  const running = starting.move();

  return {
    url,
    cluster(name) {
      const cluster = clusters.get(name);
      if (cluster === undefined) throw new Error(`no cluster ${name}; there are ${[...clusters.keys()].join(", ")}`);
      return cluster;
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

interface TlsPlace {
  /** Where private clusters are. */
  readonly url: string;
  /** Where their key sets are: another host and port. */
  readonly keysUrl: string;
  readonly certificateAuthority: string;
}

async function listenWithTls(listen: (port: number, tls: TlsIdentity) => Promise<number>): Promise<TlsPlace> {
  const { createTlsIdentity } = await import("./tls.ts");
  const identity = createTlsIdentity();
  const { certificateAuthority } = identity;
  const [api, keys] = [await listen(0, identity), await listen(0, identity)];
  return { url: `https://127.0.0.1:${api}`, keysUrl: `https://localhost:${keys}`, certificateAuthority };
}

function placeOf({ name, shape }: ClusterOptions, url: string, tls: TlsPlace | undefined): ClusterPlace {
  const controlUrl = `${url}/${name}`;
  const kept = { keysPath: KEYS_PATH, kid: kidForm(shape), controlUrl };
  if (shape === "private" && tls !== undefined) {
    const server = `${tls.url}/${name}`;
    const keysUrl = `${tls.keysUrl}/${name}${KEYS_PATH}`;
    const { certificateAuthority } = tls;
    return { ...kept, issuer: server, server, jwksUri: keysUrl, keysUrl, isFound: false, certificateAuthority };
  }
  const server = controlUrl;
  if (shape === undefined || shape === "private") {
    const keysUrl = `${server}${KEYS_PATH}`;
    return { ...kept, issuer: server, server, jwksUri: keysUrl, keysUrl, isFound: true };
  }
  const issuer = issuerOfShape(shape, name);
  return { ...kept, ...issuer, server, keysUrl: `${server}${issuer.keysPath}`, isFound: false };
}

/** On 127.0.0.1. Disposing ends every connection at once. */
async function listening(server: Server, port: number): Promise<AsyncDisposable & { readonly port: number }> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
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
