import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  AUDIENCE,
  allowedPath,
  CONTEXT,
  MemoryStore,
  makeCluster,
  makePrivateKey,
  mint,
  NAMESPACE,
  restEvent,
  rules,
  startApp,
  startVerifier,
} from "../fixture.ts";
import type { Effort } from "../measure.ts";
import { type Section, table } from "../report.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

async function heapBytes(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    collectGarbage();
    // What a finished promise or timer holds goes with its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

interface Row {
  readonly what: string;
  readonly count: number;
  readonly bound: string;
  /** Fills what is bounded; gives back what holds it, so that it is alive when it is measured. */
  readonly fill: (count: number) => Promise<unknown>;
}

/** What stays in the heap of one environment after it has met so many. Far fewer in the quick variant. */
export async function memorySection({ share }: Effort): Promise<Section> {
  const rows = [];
  for (const row of ROWS) {
    const count = Math.ceil(row.count * share);
    const bytes = await bytesOf(row, count);
    rows.push([row.what, count.toLocaleString("en"), row.bound, bytes / 1e6, Math.round(bytes / count)]);
  }
  return { markdown: table(["", "met", "kept at most", "MB", "bytes for each met"], rows), goals: [] };
}

/** A function of its own, so that nothing of a row is held when the next one is measured. */
async function bytesOf({ fill }: Row, count: number): Promise<number> {
  // Once before, so that code and shapes are not counted.
  await fill(2);
  const before = await heapBytes();
  const held = await fill(count);
  const bytes = (await heapBytes()) - before;
  keepAlive(held);
  return bytes;
}

function keepAlive(held: unknown): void {
  if (held === undefined) throw new Error("nothing was held");
}

const material = makePrivateKey("ES256");

const ROWS: readonly Row[] = [
  {
    what: "tokens verified",
    count: 20_000,
    bound: "1,000",
    fill: async (count) => {
      const cluster = makeCluster("prod", "ES256", material);
      const store = new MemoryStore();
      store.register(cluster);
      const verifier = startVerifier(store);
      const audiences = [AUDIENCE];
      for (let index = 0; index < count; index++) await verifier.verify([`Bearer ${mint(cluster)}`], () => audiences);
      return verifier;
    },
  },
  {
    what: "issuers, a key each (store included)",
    count: 1000,
    bound: "1,024",
    fill: async (count) => {
      const store = new MemoryStore();
      const clusters = Array.from({ length: count }, (_, index) => makeCluster(`prod-${index}`, "ES256", material));
      for (const cluster of clusters) store.register(cluster);
      const verifier = startVerifier(store);
      for (const cluster of clusters) await verifier.verify([`Bearer ${mint(cluster)}`], () => [AUDIENCE]);
      return [verifier, store];
    },
  },
  {
    what: "principals without permissions",
    count: 100_000,
    bound: "4,096",
    fill: (count) => meet(count, false),
  },
  {
    what: "principals with 20 rules of their own",
    count: 10_000,
    bound: "4,096",
    fill: (count) => meet(count, true),
  },
  {
    what: "principals with 20 rules, answered with a policy",
    count: 2000,
    bound: "1,024 policies",
    fill: async (count) => {
      const cluster = makeCluster("prod", "ES256", material);
      const store = new RulesForAll();
      store.register(cluster);
      store.putApi();
      const app = startApp(store);
      for (let index = 0; index < count; index++) {
        await app.authorize(restEvent(mint(cluster, `account-${index}`), allowedPath(20)), CONTEXT);
      }
      return app;
    },
  },
];

async function meet(count: number, withRules: boolean): Promise<unknown> {
  const { permissions } = startApp(withRules ? new RulesForAll() : new MemoryStore());
  for (let index = 0; index < count; index++) {
    const principal = { cluster: "prod", namespace: NAMESPACE, serviceAccount: `account-${index}` };
    await permissions.find(principal, undefined);
  }
  return permissions;
}

/** A store that has the same rules for every account, and keeps none of them: what stays is the environment's. */
class RulesForAll extends MemoryStore {
  readonly #text = JSON.stringify({ allow: rules(20) });

  override async find(names: readonly string[]): ReturnType<MemoryStore["find"]> {
    const stored = await super.find(names);
    const own = names.find((name) => name.includes("/account-"));
    if (own === undefined) return stored;
    return new Map([...stored, [own, { name: own, version: 1, revision: "1@0", text: `${this.#text} ` }]]);
  }
}
