import type { Cluster } from "../../offline/cluster/cluster.ts";
import type { ClusterOptions } from "../../offline/cluster/cluster-options.ts";
import { type Clusters, startClusters } from "../../offline/cluster/clusters.ts";
import type { ForgeRequest } from "../../offline/cluster/forge.ts";
import type { MintRequest } from "../../offline/cluster/mint-request.ts";
import { generateSigningKey, type SigningKey } from "../../offline/cluster/signing-key.ts";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { type ParameterStore, startParameterStore } from "../../offline/parameter-store/parameter-store.ts";
import { builtModule, REGION, type RunningFunction, startFunction } from "./built-function.ts";

export const PREFIX = "/podgate/test";
/** Audience of the API `orders`, behind all three kinds of API Gateway. */
export const ORDERS = "orders.example.com";
/** Audience of the gateway's own functions. */
export const GATEWAY = "https://gateway.example.com";

export interface WorldOptions {
  /** Beside `dev` (RS256) and `staging` (ES256): clusters with the key of `staging`, whose documents are the test's. */
  readonly moreClusters?: readonly string[];
  /** Epoch seconds, for clusters and store. @default the system's clock */
  readonly clock?: () => number;
}

/** Clusters, a parameter store with documents about them, and functions that know both. */
export interface World extends AsyncDisposable {
  readonly store: ParameterStore;
  readonly clusters: Clusters;
  cluster(name: string): Cluster;
  /** Stores a document. @param name - without the prefix */
  put(name: string, document: object): void;
  remove(name: string): void;
  /** Stores the issuer document of a cluster. */
  register(cluster: string, members?: object): void;
  /** A projected token: by default of the pod billing-0 of payments/billing, for `orders`. */
  mint(cluster: string, request?: Partial<MintRequest>): Promise<string>;
  /** A token that no cluster issues, for the same pod. */
  forge(cluster: string, request?: Partial<ForgeRequest>): Promise<string>;
  readonly env: Readonly<Record<string, string>>;
  /** Starts a function of `dist` in this world. It ends with the world, or before. */
  start(name: string, env?: Readonly<Record<string, string>>): Promise<RunningFunction>;
  /** The same for a module of the test's own. */
  startModule(module: URL, env?: Readonly<Record<string, string>>): Promise<RunningFunction>;
}

/** RSA keys take their time: those of a test file are made once. */
let keysInFile: Promise<readonly [dev: SigningKey, staging: SigningKey]> | undefined;

const POD_OF_BILLING = {
  namespace: "payments",
  serviceAccount: "billing",
  audiences: [ORDERS],
  boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "billing-0" },
};

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  keysInFile ??= Promise.all([generateSigningKey("RS256"), generateSigningKey("ES256")]);
  const [devKey, stagingKey] = await keysInFile;
  const { moreClusters = [], clock = () => Date.now() / 1000 } = options;
  await using starting = new AsyncDisposableStack();
  const named: ClusterOptions[] = [{ name: "dev", key: devKey }];
  for (const name of ["staging", ...moreClusters]) named.push({ name, key: stagingKey });
  const clusters = starting.use(await startClusters({ clusters: named, clock }));
  const store = starting.use(await startParameterStore({ clock }));
  const running = starting.move();

  const env = {
    PODGATE_PARAMETER_PREFIX: PREFIX,
    PODGATE_ALLOW_LOOPBACK_HTTP: "1",
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: "offline",
    AWS_SECRET_ACCESS_KEY: "offline",
  };
  const world: World = {
    store,
    clusters,
    cluster: (name) => clusters.cluster(name),
    put: (name, document) => void store.put(`${PREFIX}/${name}`, document),
    remove: (name) => void store.delete(`${PREFIX}/${name}`),
    register: (cluster, members = {}) => {
      const { issuer } = clusters.cluster(cluster);
      world.put(`issuers/${issuerName(issuer)}`, { url: issuer, cluster, ...members });
    },
    mint: async (cluster, request) => {
      return (await clusters.cluster(cluster).mint({ ...POD_OF_BILLING, ...request })).token;
    },
    forge: async (cluster, request) => {
      const { namespace, serviceAccount } = POD_OF_BILLING;
      const usual = request?.family === "legacy" ? { namespace, serviceAccount } : POD_OF_BILLING;
      return (await clusters.cluster(cluster).forge({ ...usual, ...request })).token;
    },
    env,
    start: (name, more) => world.startModule(builtModule(name), { ...audiencesOf(name), ...more }),
    startModule: async (module, more = {}) => running.use(await startFunction(module, { env: { ...env, ...more } })),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
  seed(world);
  return world;
}

/** The authorizer has no audience of its own. */
function audiencesOf(name: string): Record<string, string> {
  return name === "authorizer" ? {} : { PODGATE_AUDIENCES: GATEWAY };
}

/** Both clusters in the group `all`, the API `orders` three times, and what the pods of payments/billing may do. */
function seed({ put, register }: World): void {
  register("dev", { group: "all" });
  register("staging", { group: "all" });
  for (const apiId of ["offlinerest", "offlinehttp", "offlinews"]) {
    put(`apis/${apiId}`, { service: "orders", audiences: [ORDERS] });
  }
  put("permissions/_group.all/_all", { allow: [{ service: "orders", methods: ["GET"], paths: ["/v1/status"] }] });
  put("permissions/dev/payments/billing", {
    allow: [
      { service: "orders", methods: ["GET", "DELETE"], paths: ["/v1/*"] },
      { service: "orders", methods: ["POST"], paths: ["/v1/orders"] },
      { service: "orders", methods: ["CONNECT"], paths: ["/"] },
    ],
    deny: [{ service: "orders", methods: ["DELETE"], paths: ["*"] }],
  });
  put("permissions/staging/payments/billing", {
    allow: [{ service: "orders", methods: ["GET", "DELETE"], paths: ["/v2/*"] }],
  });
}
