import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { TargetFlags } from "../flags.ts";
import { DOCUMENT_KINDS, type DocumentEntry, type DocumentStore } from "../store/document-store.ts";
import { openStore } from "../store/open-store.ts";
import { readContents, type StoreDocument } from "../store/parsed-document.ts";

/** The store in SSM that the flags and the environment name. */
export function openTarget({ offline, rate, prefix }: TargetFlags, context: Context): Promise<DocumentStore> {
  return openStore({ offline, rate, ...(prefix !== undefined && { prefix }) }, context);
}

/** Every document of the folder. Throws `CliError` with file, line and what is allowed where one cannot be used. */
export async function readFolder(folder: string, context: Context): Promise<readonly StoreDocument[]> {
  const store = await openStore({ from: folder, offline: false, rate: 1 }, { ...context, env: {} });
  const { documents, problems } = await readContents(store, DOCUMENT_KINDS);
  if (documents.length + problems.length === 0) {
    throw new CliError(
      EXIT.INPUT,
      `${folder} holds no document; \`podgate init\` makes some, \`podgate pull\` takes those of a store`,
    );
  }
  if (problems.length === 0) return documents;
  for (const { location, text } of problems) context.output.note(`${location}: ${text}`);
  throw new CliError(EXIT.INPUT, `${folder} has ${problems.length} mistakes; nothing was written`);
}

export function listAll(store: DocumentStore): Promise<readonly DocumentEntry[]> {
  return store.list(DOCUMENT_KINDS);
}
