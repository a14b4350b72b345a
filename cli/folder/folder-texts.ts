import { stat } from "node:fs/promises";
import type { Context } from "../context.ts";
import { DOCUMENT_KINDS } from "../store/document-store.ts";
import { openStore } from "../store/open-store.ts";

/** What a folder holds, by name, whether a function can read it or not; nothing where there is no such folder. */
export async function folderTexts(folder: string, context: Context): Promise<ReadonlyMap<string, string>> {
  const isThere = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) return new Map();
  const store = await openStore({ from: folder, offline: false, rate: 1 }, { ...context, env: {} });
  return new Map((await store.list(DOCUMENT_KINDS)).map(({ name, stored }) => [name, stored.text]));
}
