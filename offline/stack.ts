import { readFile } from "node:fs/promises";
import type { Cluster } from "./cluster/cluster.ts";
import type { ClusterOptions } from "./cluster/cluster-options.ts";
import { startClusters } from "./cluster/clusters.ts";
import type { Companion, RunningCompanion } from "./companion.ts";
import { startParameterStore } from "./parameter-store/parameter-store.ts";
import { readSeed, type Seed } from "./parameter-store/seed.ts";
import type { Ports } from "./ports.ts";
import { StartedParts } from "./started-parts.ts";

/** What runs beside the gateway. Disposing ends it all, connections included. */
export interface OfflineStack extends AsyncDisposable {
  /** In front of every parameter's name. */
  readonly prefix: string;
  readonly clusters: readonly Cluster[];
  readonly storeUrl: string;
  /** The first API of the seed, for which somebody may want a token; none where it has none. */
  readonly receiver: TokenReceiver | undefined;
  readonly companion: RunningCompanion | undefined;
}

/** What a token is meant for. */
export interface TokenReceiver {
  readonly service: string;
  readonly audience: string;
}

interface StackParts {
  readonly ports: Ports;
  readonly clusters: readonly ClusterOptions[];
  /** @default none: the store is empty, and its prefix `DEFAULT_PREFIX` */
  readonly seedFile?: string;
  readonly companion?: Companion;
}

/** Of the parameters, where no seed says one. */
const DEFAULT_PREFIX = "/podgate/offline";

/**
 * Starts clusters, the companion, and the parameter store with what the seed file says, in which `${clusters}` is the URL of
 * the clusters: the issuer of one without a shape is this, a slash and its name. See `variablesOf` for the others. If one of
 * them cannot start, none is left.
 */
export async function startStack({ ports, clusters: wanted, seedFile, companion }: StackParts): Promise<OfflineStack> {
  await using starting = new StartedParts();
  const started = starting.use(await startClusters({ port: ports.cluster, clusters: wanted }));
  const clusters = wanted.map(({ name }) => started.cluster(name));
  const beside = companion === undefined ? undefined : starting.use(await companion.start(ports));
  const variables = { clusters: started.url, ...variablesOf(clusters), ...beside?.variables };
  const seed = seedFile === undefined ? undefined : readSeed(await textOf(seedFile), variables, seedFile);
  const store = starting.use(await startParameterStore({ port: ports.store, parameters: seed?.parameters ?? [] }));
  const running = starting.move();
  return {
    prefix: seed?.prefix ?? DEFAULT_PREFIX,
    clusters,
    storeUrl: store.url,
    receiver: seed && receiverOf(seed),
    companion: beside,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** What the functions make of a document is theirs to say: here one that is none is passed over. */
function receiverOf({ prefix, parameters }: Seed): TokenReceiver | undefined {
  for (const { name, value, type } of parameters) {
    if (!name.startsWith(`${prefix}/apis/`) || type !== "String") continue;
    const { service, audiences } = JSON.parse(value) as { service?: unknown; audiences?: unknown };
    const audience: unknown = Array.isArray(audiences) ? audiences[0] : undefined;
    if (typeof service === "string" && typeof audience === "string") return { service, audience };
  }
  return undefined;
}

/** For `${issuer.<name>}` and `${keys.<name>}` in the seed file, and of a private cluster `${certificateAuthority.<name>}`. */
function variablesOf(clusters: readonly Cluster[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    clusters.flatMap(({ name, issuer, keysUrl, certificateAuthority }) => [
      [`issuer.${name}`, issuer],
      [`keys.${name}`, keysUrl],
      ...(certificateAuthority === undefined ? [] : [[`certificateAuthority.${name}`, certificateAuthority]]),
    ]),
  );
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new Error(`the seed file ${file} cannot be read`, { cause });
  }
}
