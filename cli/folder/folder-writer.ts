import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import { isJsonObject } from "../../lib/json.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { yamlFilesIn } from "../store/folder-store.ts";
import { replaceFile } from "./replace-file.ts";

/** A document that a file shall hold; `undefined` takes it out. */
export interface FileChange {
  /** As in the store, without the prefix. */
  readonly name: string;
  readonly text: string | undefined;
}

/** By this line editors with `yaml-language-server` complete and check a file (schemas/access.schema.json, its `$id`). */
const SCHEMA_COMMENT = " yaml-language-server: $schema=https://unpkg.com/podgate/schemas/access.schema.json";

/** Longest line of a rule before it is folded. */
const LINE_WIDTH = 120;

/**
 * Puts documents into the files of a folder: into the file that has them, its comments kept, else into the file that
 * their name leads to. Documents that nobody names stay as they are; a new file begins with its schema. @returns the files that were written
 */
export async function writeToFolder(folder: string, changes: readonly FileChange[]): Promise<readonly string[]> {
  const files = new Map<string, Document>();
  const fileOf = new Map<string, string>();
  for (const path of await existingFiles(folder)) {
    const document = parseDocument(await readFile(path, "utf8"), { version: "1.2" });
    files.set(path, document);
    if (!isMap(document.contents)) continue;
    for (const { key } of document.contents.items) if (isScalar(key)) fileOf.set(String(key.value), path);
  }

  const touched = new Set<string>();
  for (const { name, text } of changes) {
    const path = fileOf.get(name) ?? join(folder, defaultFileOf(name));
    let document = files.get(path);
    if (document === undefined || document.contents === null) {
      const isNew = document === undefined;
      document = parseDocument("{}", { version: "1.2" });
      (document.contents as YAMLMap).flow = false;
      if (isNew) document.commentBefore = SCHEMA_COMMENT;
      files.set(path, document);
    }
    if (text === undefined) document.delete(name);
    else document.set(name, changedNode(document, document.get(name, true), JSON.parse(text)));
    touched.add(path);
  }
  // Before the first is written: one that cannot be said in YAML stops all of them.
  const texts = [...touched].map((path) => [path, textOf(path, files.get(path))] as const);
  for (const [path, text] of texts) {
    if (text === undefined) await rm(path, { force: true });
    else await replaceFile(path, text);
  }
  return [...touched].sort();
}

/** None where there is no such folder yet. */
async function existingFiles(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  return yamlFilesIn(folder);
}

/** The node that is there as far as it says the same, with its comments; what an anchor shares is written anew. */
function changedNode(document: Document, before: unknown, value: unknown): unknown {
  return isNode(before) && !hasAnchors(before) ? merged(document, before, value) : nodeOf(document, value);
}

function merged(document: Document, before: unknown, value: unknown): unknown {
  if (isNode(before) && isDeepStrictEqual(before.toJS(document), value)) return before;
  if (isMap(before) && isJsonObject(value)) {
    const gone = before.items
      .map(({ key }) => key)
      .filter((key) => !isScalar(key) || !Object.hasOwn(value, String(key.value)));
    for (const key of gone) before.delete(key);
    for (const [member, inner] of Object.entries(value)) {
      const there = before.get(member, true);
      before.set(member, there === undefined ? nodeOf(document, inner, true) : merged(document, there, inner));
    }
    return before;
  }
  if (isSeq(before) && Array.isArray(value)) {
    const left = before.items.filter(isNode);
    before.items = value.map((item: unknown) => {
      const at = left.findIndex((node) => isDeepStrictEqual(node.toJS(document), item));
      return at < 0 ? nodeOf(document, item, true) : left.splice(at, 1)[0];
    });
    return before;
  }
  return nodeOf(document, value, true);
}

function hasAnchors(node: Node): boolean {
  let found = false;
  visit(node, {
    Node: (_key, each) => {
      found ||= isAlias(each) || each.anchor !== undefined;
    },
  });
  return found;
}

/** A rule, a receiver's stage, a credential: what holds no map is written on one line, where it fits. */
function nodeOf(document: Document, value: unknown, isInner = false): unknown {
  const node = document.createNode(value);
  visit(node, {
    Map: (_key, map, path) => {
      if ((isInner || path.length > 0) && map.items.every(({ value: item }) => !isMap(item))) map.flow = fits(map);
    },
    Seq: (_key, seq) => {
      if (seq.items.every(isScalar)) seq.flow = fits(seq);
    },
  });
  return node;
}

function fits(node: { toJSON(): unknown }): boolean {
  return JSON.stringify(node.toJSON()).length < LINE_WIDTH - 10;
}

/** `undefined` where no document is left in the file. */
function textOf(path: string, document: Document | undefined): string | undefined {
  if (document === undefined) return undefined;
  if (isMap(document.contents) && document.contents.items.length === 0) return undefined;
  try {
    for (const item of isMap(document.contents) ? document.contents.items.slice(1) : []) {
      if (isScalar(item.key) && item.key.spaceBefore === undefined) item.key.spaceBefore = true;
    }
    return document.toString({ lineWidth: LINE_WIDTH, flowCollectionPadding: true });
  } catch {
    throw new CliError(
      EXIT.INPUT,
      `${path} shares parts of a document by an anchor that is in the way: write it out there first`,
    );
  }
}

/** A file for each namespace, so that each has its own reviewers. */
function defaultFileOf(name: string): string {
  const parts = name.split("/");
  if (parts[0] !== "permissions") return `${parts[0]}.yaml`;
  return `${parts.slice(0, Math.min(parts.length - 1, 3)).join("/")}.yaml`;
}
