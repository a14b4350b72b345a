import { generateKeyPairSync } from "node:crypto";
import type { Context } from "aws-lambda";
import { type App, createApp } from "../../lib/app.ts";
import { createSsm } from "../../lib/aws/ssm.ts";
import { createSsmReader } from "../../lib/aws/ssm-parameters.ts";
import type { Cluster } from "../../offline/cluster/cluster.ts";
import { startClusters } from "../../offline/cluster/clusters.ts";
import { signingKey } from "../../offline/cluster/signing-key.ts";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { type ParameterStore, startParameterStore } from "../../offline/parameter-store/parameter-store.ts";
import { ManualClock } from "../support/manual-clock.ts";

export const AUDIENCE = "orders.example.com";
export const PREFIX = "/podgate/test";

/** A line of log, as far as tests look into it. */
export interface LogLine {
  readonly [member: string]: unknown;
  readonly outcome?: string;
  readonly code?: string;
  readonly decisionId?: string;
}

/** A gateway in this process, with a cluster and a parameter store on loopback and a clock that the test moves. */
export interface StartedGateway extends AsyncDisposable {
  readonly app: App;
  readonly clock: ManualClock;
  readonly cluster: Cluster;
  readonly store: ParameterStore;
  /** Stores a document. @param name - without the prefix */
  put(name: string, document: object | string): void;
  /** `Bearer` and a token of payments/billing in the cluster `dev`, bound to the pod billing-0. */
  bearer(audience?: string, serviceAccount?: string): Promise<string>;
  /** Lines of log so far. */
  lines(): readonly LogLine[];
  /** Reads of the store wait from now on until the returned function is called. */
  holdReads(): () => void;
}

export async function startGateway(): Promise<StartedGateway> {
  const clock = new ManualClock();
  const now = () => clock.now();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await using starting = new AsyncDisposableStack();
  const clusters = starting.use(
    await startClusters({ clusters: [{ name: "dev", key: signingKey(privateKey) }], clock: now }),
  );
  const store = starting.use(await startParameterStore({ clock: now }));
  const running = starting.move();
  // Where the SDK itself looks; a test file has a process of its own.
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "offline",
    AWS_SECRET_ACCESS_KEY: "offline",
  });

  const written: string[] = [];
  let held = Promise.resolve();
  const read = createSsmReader(createSsm(process.env).call);
  const app = createApp(
    {
      needsAudiences: false,
      env: { PODGATE_PARAMETER_PREFIX: PREFIX, PODGATE_ALLOW_LOOPBACK_HTTP: "1" },
    },
    {
      clock,
      writeLine: (line) => void written.push(line),
      readParameters: (names) => held.then(() => read(names)),
    },
  );
  const cluster = clusters.cluster("dev");
  const put: StartedGateway["put"] = (name, document) => void store.put(`${PREFIX}/${name}`, document);
  put(`issuers/${issuerName(cluster.issuer)}`, { url: cluster.issuer, cluster: "dev" });
  return {
    app,
    clock,
    cluster,
    store,
    put,
    bearer: async (audience = AUDIENCE, serviceAccount = "billing") => {
      const pod = { kind: "Pod", name: "billing-0" };
      const request = { namespace: "payments", serviceAccount, audiences: [audience], boundObjectRef: pod };
      return `Bearer ${(await cluster.mint(request)).token}`;
    },
    lines: () => written.map((line): LogLine => JSON.parse(line)),
    holdReads: () => {
      const gate = Promise.withResolvers<void>();
      held = gate.promise;
      return gate.resolve;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** What Lambda tells of a call, as far as it is looked at. */
export function lambdaContext(members: Partial<Context> = {}): Context {
  return {
    functionName: "podgate-authorizer",
    invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:podgate-authorizer",
    getRemainingTimeInMillis: () => 10_000,
    ...members,
  } as Context;
}

/** Turns of the event loop until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    if (turn > 10_000) throw new Error("it did not come to that");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
