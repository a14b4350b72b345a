import { type DocumentEntry, type DocumentStore, kindOf } from "../../cli/store/document-store.ts";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import type { StoredDocument } from "../../lib/document.ts";

const PREFIX = "/podgate/test";

/** A store in memory, for what is asked too often for files. @param documents - by their names without the prefix */
export function memoryStore(documents: Readonly<Record<string, object>>): DocumentStore {
  const stored = new Map<string, StoredDocument>(
    Object.entries(documents).map(([name, document]) => {
      const fullName = `${PREFIX}/${name}`;
      const text = JSON.stringify(document);
      return [fullName, { name: fullName, version: 1, revision: text, text }];
    }),
  );
  const entries = [...stored.values()].map((document): DocumentEntry => {
    const name = document.name.slice(PREFIX.length + 1);
    const kind = kindOf(name);
    if (kind === undefined) throw new Error(`${name} is no document's name`);
    return { name, kind, stored: document };
  });
  return {
    title: "memory",
    prefix: PREFIX,
    names: new ParameterNames(PREFIX),
    hasVersions: false,
    read: async (names) =>
      new Map(names.flatMap((name) => (stored.has(name) ? [[name, stored.get(name)]] : [])) as never),
    list: async (kinds) => entries.filter(({ kind }) => kinds.includes(kind)),
    locate: (fullName) => fullName,
  };
}
