import {
  type ParameterStore,
  type ParameterStoreOptions,
  startParameterStore,
} from "../../offline/parameter-store/parameter-store.ts";
import { REGION } from "../support/built-function.ts";
import { type Ended, podgate, type RunningPodgate, type RunOptions, startPodgate } from "../support/podgate.ts";

export const PREFIX = "/podgate/test";

/** A parameter store, and `podgate` that knows it by the AWS settings of its environment. */
export interface StoreWorld extends AsyncDisposable {
  readonly store: ParameterStore;
  /** @param name - without the prefix */
  put(name: string, document: object | string): void;
  /** Every document and secret by its name without the prefix, as text. */
  texts(): Readonly<Record<string, string>>;
  version(name: string): number | undefined;
  /** Names of the writes so far, without the prefix, in order. */
  writes(): readonly string[];
  run(inputs: readonly string[], options?: RunOptions): Promise<Ended>;
  /** For commands that have no pace. */
  runPlain(inputs: readonly string[], options?: RunOptions): Promise<Ended>;
  start(inputs: readonly string[], options?: RunOptions): RunningPodgate;
}

/** Faster than any test needs: the pace is not what most of them are about. */
const NO_PACE = ["--rate", "1000"];

export async function startStoreWorld(
  documents: Readonly<Record<string, object | string>> = {},
  options: Pick<ParameterStoreOptions, "clock"> = {},
): Promise<StoreWorld> {
  const store = await startParameterStore(options);
  const names = new Set<string>();
  const full = (name: string) => `${PREFIX}/${name}`;
  const put: StoreWorld["put"] = (name, document) => {
    names.add(full(name));
    store.put(full(name), document);
  };
  for (const [name, document] of Object.entries(documents)) put(name, document);
  const env = {
    PODGATE_PARAMETER_PREFIX: PREFIX,
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: "offline",
    AWS_SECRET_ACCESS_KEY: "offline",
  };
  const withEnv = (options: RunOptions = {}) => ({ ...options, env: { ...env, ...options.env } });
  return {
    store,
    put,
    texts: () => {
      for (const { names: asked } of store.calls) for (const name of asked) names.add(name);
      const found = [...names].sort().flatMap((name) => {
        const text = name.startsWith(`${PREFIX}/`) ? store.get(name)?.value : undefined;
        return text === undefined ? [] : [[name.slice(PREFIX.length + 1), text] as const];
      });
      return Object.fromEntries(found);
    },
    version: (name) => store.get(full(name))?.version,
    writes: () =>
      store.calls
        .filter(({ operation }) => operation === "PutParameter" || operation === "DeleteParameter")
        .map(({ names: [name = ""] }) => name.slice(PREFIX.length + 1)),
    run: (inputs, options) => podgate([...inputs, ...NO_PACE], withEnv(options)),
    runPlain: (inputs, options) => podgate(inputs, withEnv(options)),
    start: (inputs, options) => startPodgate([...inputs, ...NO_PACE], withEnv(options)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
