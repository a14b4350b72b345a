import { isParameterPrefix } from "../../lib/config.ts";
import { PORTS } from "../../offline/ports.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { StoreFlags } from "../flags.ts";
import { quote } from "../wording.ts";
import type { DocumentStore } from "./document-store.ts";

/** What names in a folder begin with where no prefix is given: only the functions' code sees it. */
const FOLDER_PREFIX = "/podgate/folder";

/** The seed of `npm start` (offline/seed.yaml). */
const OFFLINE_PREFIX = "/podgate/offline";

/** Opens the store that the flags and the environment name. Throws `CliError` where they name none, or two. */
export async function openStore(flags: StoreFlags, { env, output }: Context): Promise<DocumentStore> {
  givenPrefix(flags, env);
  if (flags.from !== undefined) {
    if (flags.offline || flags.prefix !== undefined) {
      throw new CliError(EXIT.USAGE, "--from is one store and --prefix or --offline another: give one of them");
    }
    const { openFolder } = await import("./folder-store.ts");
    return openFolder(flags.from, FOLDER_PREFIX);
  }
  const prefix = prefixOf(flags, env);
  const { openSsm } = await import("./ssm-store.ts");
  return openSsm({
    prefix,
    rate: flags.rate,
    endpoint: flags.offline ? offlineEndpointOf(env) : undefined,
    onProgress: (documents) => output.progress(`reading ${prefix}: ${documents} documents`),
  });
}

/** The prefix of the store in SSM that the flags and the environment name. Throws `CliError` where they name none. */
export function prefixOf(flags: Pick<StoreFlags, "prefix" | "offline">, env: Context["env"]): string {
  const prefix = givenPrefix(flags, env) ?? (flags.offline ? OFFLINE_PREFIX : undefined);
  if (prefix !== undefined) return prefix;
  throw new CliError(
    EXIT.USAGE,
    "no store is given: --from <folder> for files, --prefix or PODGATE_PARAMETER_PREFIX for SSM, --offline for npm start",
  );
}

/** With `--offline` by the flag alone: what a shell has set is about a store in AWS. */
function givenPrefix(
  { prefix, offline }: Pick<StoreFlags, "prefix" | "offline">,
  env: Context["env"],
): string | undefined {
  const given = prefix ?? (offline ? undefined : env["PODGATE_PARAMETER_PREFIX"]);
  if (given === undefined || isParameterPrefix(given)) return given;
  throw new CliError(EXIT.USAGE, `the prefix is ${quote(given)}: expected a name such as /podgate/prod`);
}

/** Of the parameter store of `npm start`. */
export function offlineEndpointOf(env: Context["env"]): string {
  const { variable, port } = PORTS.store;
  return `http://127.0.0.1:${env[variable] ?? port}`;
}
