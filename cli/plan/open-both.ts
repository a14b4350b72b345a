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
  const mistakes = [
    ...problems.map(({ location, text }) => `${location}: ${text}`),
    ...documents
      .filter(({ parsed }) => parsed.kind === "keys" && parsed.value.source !== "static")
      .map(({ stored }) => `${store.locate(stored.name, ["source"])}: ${NOT_STATIC}`),
  ];
  if (mistakes.length === 0) return documents;
  for (const mistake of mistakes) context.output.note(mistake);
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  throw new CliError(EXIT.INPUT, `${folder} has ${count}; nothing was written`);
}

const NOT_STATIC =
  'a set of keys that were discovered is refresh-keys\' own, which replaces it: take it out, or keep it as it is by "static", and by `keys: static` of its issuer';

export function listAll(store: DocumentStore): Promise<readonly DocumentEntry[]> {
  return store.list(DOCUMENT_KINDS);
}
