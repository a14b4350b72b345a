import { createDecider } from "../../lib/app.ts";
import type { ReadParameters } from "../../lib/aws/parameter-reader.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import type { Environment } from "../../lib/config.ts";
import type { StoredDocument } from "../../lib/document.ts";
import type { DocumentStore } from "../store/document-store.ts";

/** What decides about calls, over a store: the functions' own chain. */
export type Decider = ReturnType<typeof createDecider>;

export interface DeciderSettings {
  readonly env: Environment;
  /** Plain http to issuers on this machine, as offline. */
  readonly allowLoopbackHttp: boolean;
  /** Epoch seconds at which to decide. @default now, as it goes on */
  readonly at?: number | undefined;
}

/** Settings of the functions that change a verdict; the others are about caches and logs. */
const SETTINGS = ["PODGATE_CLOCK_SKEW_SECONDS", "PODGATE_ALLOW_LOOPBACK_HTTP"];

/**
 * @param replaced - documents that stand in place of the store's, by their full names
 * Throws `ConfigError` for settings in the environment that no function would start with.
 */
export function createStoreDecider(
  store: DocumentStore,
  settings: DeciderSettings,
  replaced: ReadonlyMap<string, StoredDocument> = new Map(),
): Decider {
  const { env, allowLoopbackHttp, at } = settings;
  const given = SETTINGS.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return createDecider(
    {
      needsAudiences: false,
      env: {
        ...Object.fromEntries(given),
        ...(allowLoopbackHttp && { PODGATE_ALLOW_LOOPBACK_HTTP: "1" }),
        PODGATE_PARAMETER_PREFIX: store.prefix,
      },
    },
    { clock: clockAt(at), readParameters: readWith(store, replaced), writeLine: () => undefined },
  );
}

/** The store's documents, and those that stand in their place. */
function readWith(store: DocumentStore, replaced: ReadonlyMap<string, StoredDocument>): ReadParameters {
  return async (names) => {
    const others = names.filter((name) => !replaced.has(name));
    const found = new Map(others.length === 0 ? [] : await store.read(others));
    for (const name of names) {
      const document = replaced.get(name);
      if (document !== undefined) found.set(name, document);
    }
    return found;
  };
}

function clockAt(at: number | undefined): Clock {
  return at === undefined ? systemClock : { now: () => at, wait: systemClock.wait };
}
