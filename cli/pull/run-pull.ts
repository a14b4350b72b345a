import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, TargetFlags } from "../flags.ts";
import { folderTexts } from "../folder/folder-texts.ts";
import { type FileChange, writeToFolder } from "../folder/folder-writer.ts";
import { documentIn, isSameText, readStored } from "../plan/document-pair.ts";
import { listAll, openTarget } from "../plan/open-both.ts";

export type PullFlags = TargetFlags &
  JsonFlag & {
    readonly into: string;
    readonly prune: boolean;
    readonly yes: boolean;
  };

/** Makes the files what the store says: for the first folder, and after a change that was made by hand. */
export async function runPull(context: Context, flags: PullFlags): Promise<ExitCode> {
  const { output } = context;
  const { into, json, prune } = flags;
  const inFiles = await folderTexts(into, context);
  const store = await openTarget(flags, context);

  const stored = new Map<string, string>();
  const unreadable: string[] = [];
  for (const entry of await listAll(store)) {
    const side = readStored(entry, store.names);
    if (side.unreadable !== undefined) unreadable.push(entry.name);
    else if (documentIn(side, "keys")?.source !== "discovered") stored.set(entry.name, side.text);
  }
  const changed = [...stored].filter(([name, text]) => !isSameText(text, inFiles.get(name)));
  const extra = [...inFiles.keys()].filter((name) => !stored.has(name) && !unreadable.includes(name));
  const changes: FileChange[] = [
    ...changed.map(([name, text]) => ({ name, text })),
    ...(prune ? extra.map((name) => ({ name, text: undefined })) : []),
  ];

  const overwritten = changes.filter(({ name }) => inFiles.has(name)).length;
  if (overwritten > 0 && !flags.yes) {
    const answer = await context.ask(
      `${overwritten} documents of ${into} become what the store says. Only "yes" does: `,
    );
    if (answer !== "yes")
      throw new CliError(EXIT.NO, "not confirmed (--yes where nobody can be asked); nothing was written");
  }
  const files = await writeToFolder(into, changes);
  await checkWritten(context, into, changes);

  const kept = prune ? [] : extra;
  output.result({ documents: changes.map(({ name }) => name), files, kept, unreadable }, json, () =>
    [
      files.length === 0
        ? `${into} is what the store says.`
        : `${changes.length} documents written: ${files.join(", ")}`,
      ...(kept.length === 0 ? [] : [`Not in the store, and left alone (--prune takes them out): ${kept.join(", ")}`]),
    ].join("\n"),
  );
  for (const name of unreadable)
    output.note(`${name}: no function can read what is stored, so it is in no file; see \`podgate lint\``);
  return unreadable.length > 0 ? EXIT.INPUT : EXIT.OK;
}

/** YAML has many ways to say a thing; what was written is read again before anybody relies on it. */
async function checkWritten(context: Context, folder: string, changes: readonly FileChange[]): Promise<void> {
  const now = await folderTexts(folder, context);
  const wrong = changes.find(({ name, text }) => !isSameText(text, now.get(name)));
  if (wrong === undefined) return;
  throw new CliError(EXIT.FAULT, `${wrong.name} is not in ${folder} as it was to be written: a fault of podgate`);
}
