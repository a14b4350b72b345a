import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, TargetFlags } from "../flags.ts";
import { type DocumentPair, readStored } from "../plan/document-pair.ts";
import { openTarget } from "../plan/open-both.ts";
import { describePair } from "../plan/report.ts";
import { type DocumentEntry, type DocumentStore, kindOf } from "../store/document-store.ts";
import { offlineEndpointOf } from "../store/open-store.ts";
import { type ParameterVersion, SsmHistory } from "../store/ssm-history.ts";

export type HistoryFlags = TargetFlags & JsonFlag;

export async function runHistory(context: Context, flags: HistoryFlags, name: string): Promise<ExitCode> {
  const { output } = context;
  const store = await openTarget(flags, context);
  const versions = await readVersions(context, flags, { store, name });
  const told = versions
    .map(({ version, writtenAt, writtenBy, isBetween }, index) => ({
      version,
      writtenAt: new Date(writtenAt * 1000).toISOString(),
      writtenBy,
      isBetween,
      lines: index === 0 && version > 1 ? ["the oldest version that SSM has"] : changeOf(store, name, versions, index),
    }))
    .reverse();
  output.result({ name, versions: told }, flags.json, () =>
    told
      .map(({ version, writtenAt, writtenBy, isBetween, lines }) =>
        [
          `${output.style("bold", `version ${version}`)}  ${writtenAt}  ${writtenBy}${isBetween ? "  (a form in between of an apply)" : ""}`,
          ...lines.map((line) => `    ${line}`),
        ].join("\n"),
      )
      .join("\n\n"),
  );
  return EXIT.OK;
}

/** Every version that SSM has, the oldest first. Throws `CliError` where it has none, and says what then can be done. */
export async function readVersions(
  { env }: Context,
  flags: TargetFlags,
  { store, name }: { readonly store: DocumentStore; readonly name: string },
): Promise<readonly ParameterVersion[]> {
  checkName(name);
  const history = openHistory(flags, { env, store });
  const versions = await history.read(name);
  if (versions.length > 0) return versions;
  throw new CliError(
    EXIT.INPUT,
    `${name} is not in the store, and SSM keeps no version of a deleted parameter: a deletion is undone from the files, with \`podgate apply\``,
  );
}

export function openHistory(
  { rate, offline }: TargetFlags,
  { env, store }: { readonly env: Context["env"]; readonly store: DocumentStore },
): SsmHistory {
  return new SsmHistory({ prefix: store.prefix, rate, endpoint: offline ? offlineEndpointOf(env) : undefined });
}

/** A secret's versions are never read. */
function checkName(name: string): void {
  if (kindOf(name) !== undefined && /^[A-Za-z0-9_./-]+$/.test(name) && !name.includes("//")) return;
  throw new CliError(
    EXIT.USAGE,
    name.startsWith("secrets/")
      ? "versions of secrets are never read; `podgate secret list` has their dates"
      : "expected a document's name without the prefix, such as permissions/dev/payments/billing",
  );
}

/** A version as if it were what the store has. */
export function entryOf(
  store: DocumentStore,
  name: string,
  { version, text }: Pick<ParameterVersion, "version" | "text">,
): DocumentEntry {
  const kind = kindOf(name);
  if (kind === undefined) throw new TypeError(`${name} is no document`);
  return { name, kind, stored: { name: `${store.prefix}/${name}`, version, text, revision: `${version}` } };
}

/** What this version changed, by itself: what other documents said at the time is not known. */
function changeOf(store: DocumentStore, name: string, versions: readonly ParameterVersion[], index: number): string[] {
  const side = (version: ParameterVersion | undefined) =>
    version && readStored(entryOf(store, name, version), store.names);
  const kind = kindOf(name);
  if (kind === undefined) return [];
  const pair: DocumentPair = { name, kind, before: side(versions[index - 1]), after: side(versions[index]) };
  if (pair.after?.unreadable !== undefined) return ["no function can read it, so nobody gets in by it"];
  return [...describePair(pair, new Map([[name, pair]]), () => undefined).lines];
}
