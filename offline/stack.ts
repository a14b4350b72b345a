import { readFile } from "node:fs/promises";
import { startClusters } from "./cluster/clusters.ts";
import type { Companion, RunningCompanion } from "./companion.ts";
import { startParameterStore } from "./parameter-store/parameter-store.ts";
import { readSeed } from "./parameter-store/seed.ts";
import type { Ports } from "./ports.ts";
import { StartedParts } from "./started-parts.ts";

/** What runs beside the gateway. Disposing ends it all, connections included. */
export interface OfflineStack extends AsyncDisposable {
  /** In front of every parameter's name. */
  readonly prefix: string;
  readonly clustersUrl: string;
  readonly storeUrl: string;
  readonly companion: RunningCompanion | undefined;
}

interface StackParts {
  readonly ports: Ports;
  /** @default none: the store is empty, and its prefix `DEFAULT_PREFIX` */
  readonly seedFile?: string;
  readonly companion?: Companion;
}

/** Of the parameters, where no seed says one. */
const DEFAULT_PREFIX = "/podgate/offline";

/**
 * Starts the clusters `dev` (RS256) and `staging` (ES256), the companion, and the parameter store with what the seed file
 * says, in which `${clusters}` is the URL of the clusters: the issuer of one is this, a slash and its name. If one of them
 * cannot start, none is left.
 */
export async function startStack({ ports, seedFile, companion }: StackParts): Promise<OfflineStack> {
  await using starting = new StartedParts();
  const clusters = starting.use(
    await startClusters({
      port: ports.cluster,
      clusters: [
        { name: "dev", algorithm: "RS256" },
        { name: "staging", algorithm: "ES256" },
      ],
    }),
  );
  const beside = companion === undefined ? undefined : starting.use(await companion.start(ports));
  const variables = { clusters: clusters.url, ...beside?.variables };
  const seed = seedFile === undefined ? undefined : readSeed(await textOf(seedFile), variables, seedFile);
  const store = starting.use(await startParameterStore({ port: ports.store, parameters: seed?.parameters ?? [] }));
  const running = starting.move();
  return {
    prefix: seed?.prefix ?? DEFAULT_PREFIX,
    clustersUrl: clusters.url,
    storeUrl: store.url,
    companion: beside,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new Error(`the seed file ${file} cannot be read`, { cause });
  }
}
