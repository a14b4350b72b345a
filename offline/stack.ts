import { readFile } from "node:fs/promises";
import { startClusters } from "./cluster/clusters.ts";
import { startParameterStore } from "./parameter-store/parameter-store.ts";
import { readSeed } from "./parameter-store/seed.ts";
import type { Ports } from "./ports.ts";
import { startSampleService } from "./sample/service.ts";

/** What runs beside the gateway. Disposing ends it all, connections included. */
export interface OfflineStack extends AsyncDisposable {
  /** `http://127.0.0.1:4100`; the issuer of a cluster is this, a slash and its name. */
  readonly clustersUrl: string;
  readonly storeUrl: string;
  readonly serviceUrl: string;
  /** What `AWS_ENDPOINT_URL_STS` is set to: a part of the sample service. */
  readonly stsUrl: string;
}

/**
 * Starts the clusters `dev` (RS256) and `staging` (ES256), the sample service, and the parameter store with what the seed
 * file says, in which `${clusters}` and `${service}` are the URLs of the two. If one of them cannot start, none is left.
 */
export async function startStack(ports: Ports, seedFile: string): Promise<OfflineStack> {
  await using starting = new AsyncDisposableStack();
  const clusters = starting.use(
    await startClusters({
      port: ports.cluster,
      clusters: [
        { name: "dev", algorithm: "RS256" },
        { name: "staging", algorithm: "ES256" },
      ],
    }),
  );
  const service = starting.use(await startSampleService({ port: ports.service }));
  const variables = { clusters: clusters.url, service: service.url };
  const parameters = readSeed(await readFile(seedFile, "utf8"), variables, seedFile);
  const store = starting.use(await startParameterStore({ port: ports.store, parameters }));
  const running = starting.move();
  return {
    clustersUrl: clusters.url,
    storeUrl: store.url,
    serviceUrl: service.url,
    stsUrl: service.stsUrl,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
