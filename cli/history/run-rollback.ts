import { applyPlan } from "../apply/run-apply.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, TargetFlags, WriteFlags } from "../flags.ts";
import { listAll, openTarget } from "../plan/open-both.ts";
import { planChanges } from "../plan/plan.ts";
import type { DocumentEntry, DocumentStore } from "../store/document-store.ts";
import { parseEntry, type StoreDocument } from "../store/parsed-document.ts";
import type { ParameterVersion } from "../store/ssm-history.ts";
import { entryOf, openHistory, readVersions } from "./run-history.ts";

export type RollbackFlags = TargetFlags &
  WriteFlags &
  JsonFlag & {
    readonly toVersion?: number;
    /** Epoch seconds. */
    readonly at?: number;
  };

/** Writes earlier versions anew, by the same safe order as `apply`. */
export async function runRollback(context: Context, flags: RollbackFlags, name?: string): Promise<ExitCode> {
  const { at, toVersion } = flags;
  if ((name === undefined) === (at === undefined) || (at !== undefined && toVersion !== undefined)) {
    throw new CliError(
      EXIT.USAGE,
      "say either which document goes back (its name, and --to-version where it is not the version before), or --at which time all of them go back to",
    );
  }
  const store = await openTarget(flags, context);
  const entries = await listAll(store);
  const earlier =
    name === undefined
      ? await versionsAt(context, flags, { store, entries, at: at ?? 0 })
      : new Map([[name, await versionOf(context, flags, { store, name })]]);
  const wanted = [...earlier].map(([changed, version]) => readableAt(store, changed, version));
  const snapshot = wanted.find((document) => isSnapshot(document));
  // Keys that the issuer has taken back would be good again.
  if (snapshot !== undefined) {
    throw refreshKeysOwn(`${snapshot.name} would be`);
  }
  const plan = planChanges(entries, wanted, { names: store.names, prune: false });
  // Only what goes back is of interest; everything else is "in no file" here.
  const exitCode = await applyPlan(context, flags, { plan: { ...plan, kept: [] }, store });
  if (exitCode === EXIT.OK && plan.steps.length > 0) {
    context.output.note(
      "The files still say otherwise: take the change back there too, or the next apply brings it again.",
    );
  }
  return exitCode;
}

/** @param what - the parameter, and "is" or "would be" */
function refreshKeysOwn(what: string): CliError {
  return new CliError(
    EXIT.INPUT,
    `${what} a set of keys that were discovered, which is refresh-keys' own: it writes what the issuer publishes now; nothing was written`,
  );
}

async function versionOf(
  context: Context,
  flags: RollbackFlags,
  { store, name }: { readonly store: DocumentStore; readonly name: string },
): Promise<ParameterVersion> {
  const versions = await readVersions(context, flags, { store, name });
  const oldest = versions[0]?.version;
  const found =
    flags.toVersion === undefined
      ? versions.slice(0, -1).findLast(({ isBetween }) => !isBetween)
      : versions.find(({ version }) => version === flags.toVersion);
  if (found !== undefined) return found;
  const latest = versions.at(-1);
  if (latest !== undefined && isSnapshot(entryOf(store, name, latest))) throw refreshKeysOwn(`${name} is`);
  throw new CliError(
    EXIT.INPUT,
    flags.toVersion === undefined
      ? `${name} has no version before that SSM still has; to take it away, delete it from the files and \`podgate apply --prune\``
      : `${name} has no version ${flags.toVersion}: SSM has ${oldest} to ${latest?.version}, the last hundred of a parameter`,
  );
}

/** What each document that was written since then was at that time. */
async function versionsAt(
  context: Context,
  flags: RollbackFlags,
  {
    store,
    entries,
    at,
  }: { readonly store: DocumentStore; readonly entries: readonly DocumentEntry[]; readonly at: number },
): Promise<ReadonlyMap<string, ParameterVersion>> {
  const history = openHistory(flags, { env: context.env, store });
  const found = new Map<string, ParameterVersion>();
  const since = entries.filter((entry) => writtenAt(entry) > at && !isSnapshot(entry));
  for (const [index, { name }] of since.entries()) {
    const versions = await history.read(name);
    const then = versions.findLast((version) => version.writtenAt <= at && !version.isBetween);
    if (then !== undefined && isSnapshot(entryOf(store, name, then))) {
      context.output.note(
        `${name} was a set of keys that were discovered then; it is left alone: refresh-keys keeps it`,
      );
    } else if (then !== undefined) found.set(name, then);
    else if ((versions[0]?.version ?? 1) > 1) {
      throw new CliError(
        EXIT.INPUT,
        `${name} was written more than a hundred times since then, and SSM has its last hundred versions only; nothing was written`,
      );
    } else {
      context.output.note(
        `${name} did not exist then, or was deleted since and made anew; it is left alone: to take it away, delete it from the files and \`podgate apply --prune\``,
      );
    }
    context.output.progress(`reading versions: ${index + 1} of ${since.length}`);
  }
  context.output.note("What was deleted since then SSM does not know any more: it comes back from the files alone.");
  return found;
}

/** The listing has the date in the revision: `<version>@<milliseconds>`. */
function writtenAt({ stored }: DocumentEntry): number {
  return Number(stored.revision.split("@")[1]) / 1000;
}

function isSnapshot({ kind, stored }: DocumentEntry): boolean {
  return kind === "keys" && /"source"\s*:\s*"discovered"/.test(stored.text);
}

/** Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`: no way back to what no function can read. */
function readableAt(store: DocumentStore, name: string, version: ParameterVersion): StoreDocument {
  const entry = entryOf(store, name, version);
  return { ...entry, parsed: parseEntry(entry, store.names) };
}
