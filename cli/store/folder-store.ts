import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { isJsonObject } from "../../lib/json.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { DOCUMENT_KINDS, type DocumentEntry, type DocumentStore, kindOf } from "./document-store.ts";
import { YamlFile } from "./yaml-file.ts";

/** Stands where SSM has the version of a parameter: a file has none. */
const FILE_VERSION = 1;

interface PlacedEntry extends DocumentEntry {
  readonly file: YamlFile;
}

/**
 * The documents of a folder: every `.yaml` and `.yml` file below it is a mapping from names, as in the store and without
 * prefix, to documents. Which file holds which document is up to those who review it. Throws `CliError` with file and
 * line for what cannot be read, a name that is given twice, and secrets.
 *
 * @param prefix - put before the names, so that the functions' code finds them
 */
export async function openFolder(folder: string, prefix: string): Promise<DocumentStore> {
  const entries = new Map<string, PlacedEntry>();
  for (const path of await yamlFilesIn(folder)) {
    for (const entry of readFolderFile(new YamlFile(path, await readFile(path, "utf8")), prefix)) {
      const known = entries.get(entry.stored.name);
      if (known !== undefined) {
        const here = entry.file.locate([entry.name]);
        throw new CliError(EXIT.INPUT, `${here}: ${entry.name} is given already at ${known.file.locate([entry.name])}`);
      }
      entries.set(entry.stored.name, entry);
    }
  }
  return {
    title: `folder ${folder}`,
    prefix,
    names: new ParameterNames(prefix),
    hasVersions: false,
    read: async (names) =>
      new Map(
        names.flatMap((name) => {
          const entry = entries.get(name);
          return entry === undefined ? [] : [[name, entry.stored]];
        }),
      ),
    list: async (kinds) => {
      const wanted = [...entries.values()].filter(({ kind }) => kinds.includes(kind));
      return wanted.sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    locate: (fullName, path = []) => {
      const entry = entries.get(fullName);
      return entry === undefined ? fullName : entry.file.locate([entry.name, ...path]);
    },
  };
}

/** The documents of one file. */
function readFolderFile(file: YamlFile, prefix: string): PlacedEntry[] {
  if (file.isEmpty) return [];
  const members = file.members("names to documents, such as `permissions/dev/payments/billing:`");
  const json = file.toJson();
  return members.map((name) => {
    const kind = kindOf(name);
    if (kind === undefined) throw new CliError(EXIT.INPUT, `${file.locate([name])}: ${misplaced(name)}`);
    const value = isJsonObject(json) ? json[name] : undefined;
    const stored = {
      name: `${prefix}/${name}`,
      version: FILE_VERSION,
      revision: file.file,
      text: JSON.stringify(value ?? null),
    };
    return { name, kind, stored, file };
  });
}

function misplaced(name: string): string {
  if (name.startsWith("secrets/")) {
    return "secrets are never in files; store them with `podgate secret set`, and take this one out of the file's history";
  }
  return `${JSON.stringify(name.slice(0, 128))} is no document's name: it begins with none of ${DOCUMENT_KINDS.map((kind) => `${kind}/`).join(", ")}`;
}

/** Sorted. What a folder's links lead to is read too: a file that is passed over would be a document that `--prune` deletes. */
export async function yamlFilesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const { name } = entry;
      const path = join(folder, name);
      const isYaml = /\.ya?ml$/i.test(name);
      if (name.startsWith(".") || name === "node_modules") continue;
      if (entry.isSymbolicLink()) {
        const target = await stat(path).catch(() => undefined);
        if (target === undefined) throw new CliError(EXIT.INPUT, `${path} is a link that leads nowhere`);
        if (target.isDirectory())
          throw new CliError(EXIT.INPUT, `${path} is a link to a folder, which is not followed`);
        if (isYaml && target.isFile()) found.push(path);
      } else if (entry.isDirectory()) found.push(...(await yamlFilesIn(path)));
      else if (isYaml && entry.isFile()) found.push(path);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(EXIT.INPUT, `--from ${folder} cannot be read as a folder (${code})`);
  }
  return found.sort();
}
