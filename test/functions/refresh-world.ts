import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import type { CallResult, RunningFunction } from "../support/built-function.ts";
import { type Bundle, bundleFunction } from "../support/bundle.ts";
import { PREFIX, startWorld, type World } from "../support/world.ts";

/** A line of `refresh-keys`, as far as tests look into it. */
export interface RefreshLine {
  readonly type: "refresh" | "snapshot";
  readonly what?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly issuer?: string;
  readonly parameter?: string;
  readonly detail?: string;
  readonly [member: string]: unknown;
}

/** A round, what it told, and what it asked of the store. */
export interface Round {
  readonly result: CallResult;
  /** The line of the round itself. */
  readonly told: RefreshLine;
  readonly problems: readonly RefreshLine[];
  /** Parameter names below the prefix that were written. */
  readonly written: readonly string[];
}

export interface RefreshWorld extends AsyncDisposable {
  readonly world: World;
  readonly refresh: RunningFunction;
  round(context?: { remainingMs?: number }): Promise<Round>;
  /** Moves the clock of clusters, store and function ahead. */
  ahead(seconds: number): Promise<void>;
  /** The stored key set of a cluster. */
  snapshot(cluster: string): Snapshot | undefined;
}

export interface Snapshot {
  readonly version: number;
  readonly tier: string;
  readonly characters: number;
  readonly document: {
    readonly issuer: string;
    readonly fetchedAt: number;
    readonly source: string;
    readonly keys: readonly { readonly kid: string }[];
  };
}

/** `refresh-keys` with a clock that tests move. Made once a test file. */
export function bundleShiftedRefresh(): Promise<Bundle> {
  return bundleFunction(new URL("../support/shifted-refresh.ts", import.meta.url));
}

/** @param bundle - without it the function is that of `dist`, whose clock cannot be moved */
export async function startRefreshWorld(bundle?: Bundle, moreClusters: readonly string[] = []): Promise<RefreshWorld> {
  let shift = 0;
  const world = await startWorld({ clock: () => Date.now() / 1000 + shift, moreClusters });
  const refresh = await (bundle === undefined ? world.start("refresh-keys") : world.startModule(bundle.module));
  return {
    world,
    refresh,
    async round(context = {}) {
      world.store.forgetCalls();
      const result = await refresh.call({}, { remainingMs: 280_000, ...context });
      const lines = result.lines.map((line): RefreshLine => JSON.parse(line));
      const [told, ...more] = lines.filter(({ type }) => type === "refresh");
      if (told === undefined || more.length > 0) throw new Error("a round writes one line about itself");
      const puts = world.store.calls.filter(({ operation }) => operation === "PutParameter");
      return {
        result,
        told,
        problems: lines.filter(({ type }) => type === "snapshot"),
        written: puts.flatMap(({ names }) => names).map((name) => name.slice(PREFIX.length + 1)),
      };
    },
    async ahead(seconds) {
      shift = seconds;
      await refresh.apply("setAhead", seconds);
    },
    snapshot: (cluster) => {
      const stored = world.store.get(`${PREFIX}/keys/${issuerName(world.cluster(cluster).issuer)}`);
      if (stored === undefined) return undefined;
      const { version, tier, value } = stored;
      return { version, tier, characters: value.length, document: JSON.parse(value) };
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

export function keysName({ cluster }: World, name: string): string {
  return `keys/${issuerName(cluster(name).issuer)}`;
}
