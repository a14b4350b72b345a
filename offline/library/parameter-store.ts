import { isRecord, unknownMember } from "../api-gateway/json.ts";
import type { ParameterStore, ParameterStoreOptions } from "../parameter-store/parameter-store.ts";

/** A seed file as an object: see `readSeed`. */
export interface Seed {
  /** In front of every name: one to three levels, as `/podgate/offline`. */
  readonly prefix: string;
  /** Issuer documents: the name `issuers/<issuer>` is made from the `url`. */
  readonly issuers?: readonly Readonly<Record<string, unknown>>[];
  /** Documents by name without the prefix, stored as JSON. */
  readonly documents?: Readonly<Record<string, object>>;
  /** Texts by name without the prefix, stored as SecureString. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface StartParameterStoreOptions extends Pick<ParameterStoreOptions, "port" | "clock"> {
  /** What it holds at the start: an object, or the text of a seed file. @default nothing */
  readonly seed?: Seed | string;
  /** What `${name}` means in the seed. @default no variable is known */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface StartedParameterStore extends ParameterStore {
  /**
   * What `new SSMClient(...)` takes.
   *
   * The credentials are made up: signatures are not looked at.
   */
  readonly clientConfig: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /**
   * What a function's environment needs so that the SDK finds the store by itself, and podgate its documents:
   * `Object.assign(process.env, store.env)` before the function is imported.
   */
  readonly env: Readonly<Record<string, string>>;
}

const REGION = "us-east-1";
const CREDENTIALS = { accessKeyId: "offline", secretAccessKey: "offline" } as const;
const DEFAULT_PREFIX = "/podgate/offline";

/**
 * Starts a parameter store that speaks SSM's wire format, on 127.0.0.1 and, unless one is given, a port that the system
 * chooses. Rejects with one line, file `seed`, for a seed that cannot be used.
 */
export async function startParameterStore(options: StartParameterStoreOptions = {}): Promise<StartedParameterStore> {
  checkOptions(options);
  const { seed, variables, ...rest } = options;
  const store = await import("../parameter-store/parameter-store.ts");
  const { prefix, parameters } = await readGiven(seed, variables);
  const started = await store.startParameterStore({ ...rest, parameters });
  return Object.assign(started, {
    clientConfig: { endpoint: started.url, region: REGION, credentials: CREDENTIALS },
    env: {
      AWS_ENDPOINT_URL_SSM: started.url,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      PODGATE_PARAMETER_PREFIX: prefix,
      PODGATE_ALLOW_LOOPBACK_HTTP: "1",
    },
  });
}

const OPTIONS = ["seed", "variables", "port", "clock"] satisfies (keyof StartParameterStoreOptions)[];

/** @throws TypeError */
function checkOptions(options: StartParameterStoreOptions): void {
  const given: unknown = options;
  if (!isRecord(given)) throw new TypeError(`startParameterStore: its options are ${OPTIONS.join(", ")}`);
  const unknown = unknownMember(given, OPTIONS);
  if (unknown !== undefined) {
    throw new TypeError(`startParameterStore: ${unknown} is unknown: expected one of ${OPTIONS.join(", ")}`);
  }
  const { port = 0 } = options;
  // A text would be the path of a socket.
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(
      `startParameterStore: port is ${JSON.stringify(port)}: expected a whole number from 0 to 65535`,
    );
  }
}

async function readGiven(seed: Seed | string | undefined, variables: Readonly<Record<string, string>> | undefined) {
  if (seed === undefined) return { prefix: DEFAULT_PREFIX, parameters: [] };
  const { readSeed } = await import("../parameter-store/seed.ts");
  // JSON is YAML.
  const text = typeof seed === "string" ? seed : JSON.stringify(seed, undefined, 2);
  return readSeed(text, variables, "seed");
}
