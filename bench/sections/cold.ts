import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../../offline/cluster/cluster.ts";
import { startClusters } from "../../offline/cluster/clusters.ts";
import { generateSigningKey } from "../../offline/cluster/signing-key.ts";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { startParameterStore } from "../../offline/parameter-store/parameter-store.ts";
import { bundleInto } from "../../test/support/bundle.ts";
import { API, AUDIENCE, allowedPath, NAMESPACE, restEvent, rules } from "../fixture.ts";
import { type Effort, type Spread, shuffled, spreadOf } from "../measure.ts";
import { format, type Goal, goalAtMost, type Section, table } from "../report.ts";

const PREFIX = "/podgate/bench";
const HERE = new URL("../", import.meta.url);
const CERTIFICATES = new URL("../../test/fixtures/tls/", import.meta.url);

interface Contender {
  readonly name: string;
  readonly module: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Start {
  readonly wallMs: number;
  readonly loadMs: number;
  readonly callMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

/**
 * From the start of a process to its first decision. Fresh processes in turns; the parameter store is on loopback behind
 * TLS, whose certificate authority every process is given in the same way. Nothing adds latency.
 */
export async function coldSection({ processes }: Effort): Promise<Section> {
  await using resources = new AsyncDisposableStack();
  const key = await generateSigningKey("RS256");
  const clusters = resources.use(
    await startClusters({ clusters: [{ name: "dev", key }], clock: () => Date.now() / 1000 }),
  );
  const cluster = clusters.cluster("dev");
  const store = resources.use(await startParameterStore());
  seed(cluster, (name, value) => void store.put(`${PREFIX}/${name}`, value));
  const tls = await startTls(store.port);
  resources.defer(() => void tls.close());
  const folder = await mkdtemp(join(tmpdir(), "podgate-bench-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));

  const { token } = await cluster.mint({
    namespace: NAMESPACE,
    serviceAccount: "billing",
    audiences: [AUDIENCE],
    boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "billing-0" },
  });
  const event = restEvent(token, allowedPath(20));
  const call = JSON.stringify({ ...event, methodArn: event.methodArn.replace("eu-central-1", "us-east-1") });
  const env = {
    // Nothing of the machine that measures: its proxies and Node options are no part of this.
    PATH: "",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
    AWS_SESSION_TOKEN: "bench",
    AWS_ENDPOINT_URL_SSM: tls.url,
    NODE_EXTRA_CA_CERTS: fileURLToPath(new URL("root.pem", CERTIFICATES)),
  };
  const podgate = { PODGATE_PARAMETER_PREFIX: PREFIX, PODGATE_ALLOW_LOOPBACK_HTTP: "1" };
  const peer = { ISSUER: cluster.issuer, AUDIENCE, PARAMETER_PREFIX: PREFIX };
  const contenders: readonly Contender[] = [
    { name: "empty function", module: fileURLToPath(new URL("cold/empty.mjs", HERE)), env },
    {
      name: "podgate's authorizer",
      module: fileURLToPath(new URL("../dist/functions/authorizer.mjs", HERE)),
      env: { ...env, ...podgate },
    },
    { name: "middy + jose + SDK", module: await bundlePeer(folder), env: { ...env, ...peer } },
  ];

  const starts = new Map(contenders.map(({ name }) => [name, [] as Start[]]));
  for (let round = 0; round < processes; round++) {
    for (const contender of shuffled(contenders)) {
      const started = await startOnce(contender, call);
      starts.get(contender.name)?.push(started);
    }
  }
  return report(contenders, starts, await sizesOf(contenders));
}

function seed(cluster: Cluster, put: (name: string, value: object) => void): void {
  const issuer = issuerName(cluster.issuer);
  put(`issuers/${issuer}`, { url: cluster.issuer, cluster: "dev" });
  put(`keys/${issuer}`, {
    issuer: cluster.issuer,
    fetchedAt: Math.floor(Date.now() / 1000),
    source: "discovered",
    keys: cluster.keys,
  });
  put(`apis/${API}`, { service: "orders", audiences: [AUDIENCE] });
  put(`permissions/dev/${NAMESPACE}/billing`, { allow: rules(20) });
}

/** Ends TLS before the store, which speaks plain HTTP. */
async function startTls(port: number): Promise<{ readonly url: string; close(): void }> {
  const [key, cert] = await Promise.all(
    ["server-key.pem", "server.pem"].map((file) => readFile(new URL(file, CERTIFICATES))),
  );
  // Without `noDelay` an answer may wait 40 ms for an acknowledgement that the other side delays.
  const server = createServer({ key, cert, ALPNProtocols: ["http/1.1"], noDelay: true }, (socket) => {
    const upstream = connect({ port, host: "127.0.0.1", noDelay: true });
    // A process that has decided ends without a word to anybody.
    socket.on("error", () => upstream.destroy());
    upstream.on("error", () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `https://127.0.0.1:${address.port}`, close: () => server.close() };
}

async function bundlePeer(folder: string): Promise<string> {
  const outfile = join(folder, "middy-jose-sdk.mjs");
  await bundleInto(outfile, new URL("peers/cold-middy-jose-sdk.mjs", HERE));
  return outfile;
}

async function startOnce({ name, module, env }: Contender, event: string): Promise<Start> {
  const before = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(new URL("cold/first-decision.mjs", HERE)), module, event], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  let wallMs = Number.NaN;
  child.stdout.on("data", (chunk) => {
    out += chunk;
    if (Number.isNaN(wallMs) && out.includes("\n@decided ")) wallMs = performance.now() - before;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  await once(child, "close");
  const figures = /^@decided (.*)$/m.exec(out)?.[1];
  const told: (Start & { allowed: boolean }) | undefined = figures === undefined ? undefined : JSON.parse(figures);
  if (told?.allowed !== true) throw new Error(`${name} did not allow the call: ${out}${err}`);
  return { ...told, wallMs };
}

async function sizesOf(contenders: readonly Contender[]): Promise<Map<string, number>> {
  return new Map(
    await Promise.all(contenders.map(async ({ name, module }) => [name, (await stat(module)).size] as const)),
  );
}

function report(
  contenders: readonly Contender[],
  starts: ReadonlyMap<string, readonly Start[]>,
  sizes: ReadonlyMap<string, number>,
): Section {
  const empty = starts.get("empty function") ?? [];
  const overEmpty = (name: string, compare: (wall: number, base: number) => number): Spread =>
    spreadOf((starts.get(name) ?? []).map(({ wallMs }, round) => compare(wallMs, empty[round]?.wallMs ?? Number.NaN)));
  const rows = contenders.map(({ name }) => {
    const own = starts.get(name) ?? [];
    const of = (figure: keyof Start) => spreadOf(own.map((start) => start[figure]));
    const wall = of("wallMs");
    const ratio = overEmpty(name, (a, b) => a / b);
    return [
      name,
      (sizes.get(name) ?? 0).toLocaleString("en"),
      wall.median,
      `${format(wall.p10)}-${format(wall.p90)}`,
      of("loadMs").median,
      of("callMs").median,
      of("cpuMs").median,
      of("rssMb").median,
      ratio.median,
      overEmpty(name, (a, b) => a - b).median,
    ];
  });
  const head = [
    "",
    "bytes",
    "wall ms",
    "p10-p90",
    "load ms",
    "first call ms",
    "CPU ms",
    "RSS MB",
    "× empty",
    "ms above",
  ];
  const ours = "podgate's authorizer";
  const goals: Goal[] = [
    goalAtMost(
      "cold start to the first decision, over an empty function",
      2.2,
      overEmpty(ours, (a, b) => a / b),
    ),
    goalAtMost("authorizer bundle, KB", 40, (sizes.get(ours) ?? 0) / 1000),
  ];
  return { markdown: `${empty.length} processes each, in turns.\n\n${table(head, rows)}`, goals };
}
