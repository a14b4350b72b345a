import type { StoredDocument } from "../../lib/document.ts";
import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import type { DocumentPath, DocumentStore } from "../store/document-store.ts";

/** A rule as it is written in a document. */
export interface WrittenRule {
  readonly service: string;
  readonly methods: readonly string[];
  readonly paths: readonly string[];
}

/** Somebody whom a change lets in besides the caller, and one call that it would be allowed. */
export interface LetIn {
  /** `dev/payments/billing`; `*` for every account that has no document of its own. */
  readonly principal: string;
  readonly example: string;
}

/** A change of the store that brings a verdict nearer to an allow. */
export type Change =
  | { readonly kind: "add-rule"; readonly document: string; readonly rule: WrittenRule }
  | {
      readonly kind: "admit";
      readonly document: string;
      /** Leads to the list of principals. */
      readonly path: DocumentPath;
      readonly principal: string;
    }
  | {
      readonly kind: "narrow-deny";
      readonly document: string;
      readonly index: number;
      readonly rule: WrittenRule;
      /** What is left of it; absent where the deny has to go. */
      readonly left?: WrittenRule;
      /** Whom this lets in as well. */
      readonly letsIn: readonly LetIn[];
    };

/** The documents with these changes made, by their full names. */
export async function applyChanges(
  changes: readonly Change[],
  store: DocumentStore,
): Promise<ReadonlyMap<string, StoredDocument>> {
  const changed = new Map<string, StoredDocument>();
  for (const change of changes) {
    const name = `${store.prefix}/${change.document}`;
    const before = changed.get(name) ?? (await readOne(store, name));
    const value: unknown = before === undefined ? {} : JSON.parse(before.text);
    const text = JSON.stringify(edit(isJsonObject(value) ? value : {}, change));
    changed.set(name, { name, version: (before?.version ?? 0) + 1, revision: `changed: ${text}`, text });
  }
  // Those denies that are gone were held in place by what is left of them until here.
  return new Map([...changed].map(([name, document]) => [name, { ...document, text: withoutGone(document.text) }]));
}

async function readOne(store: DocumentStore, fullName: string): Promise<StoredDocument | undefined> {
  const name = fullName as Parameters<DocumentStore["read"]>[0][number];
  return (await store.read([name])).get(fullName);
}

/** Stands in the place of a deny that is gone, so that the others keep their indexes. */
const GONE = null;

function edit(document: JsonObject, change: Change): JsonObject {
  switch (change.kind) {
    case "add-rule":
      return { ...document, allow: [...listIn(document, "allow"), change.rule] };
    case "admit":
      return editAt(document, change.path, (list) => [...(Array.isArray(list) ? list : []), change.principal]);
    case "narrow-deny":
      return {
        ...document,
        deny: listIn(document, "deny").map((rule, index) => (index === change.index ? (change.left ?? GONE) : rule)),
      };
  }
}

function editAt(document: JsonObject, [step, ...rest]: DocumentPath, change: (value: unknown) => unknown): JsonObject {
  const member = String(step);
  const value = document[member];
  if (rest.length === 0) return { ...document, [member]: change(value) };
  return { ...document, [member]: editAt(isJsonObject(value) ? value : {}, rest, change) };
}

function listIn(document: JsonObject, member: string): readonly unknown[] {
  const list = document[member];
  return Array.isArray(list) ? list : [];
}

function withoutGone(text: string): string {
  const document: JsonObject = JSON.parse(text);
  if (document["deny"] === undefined) return text;
  return JSON.stringify({ ...document, deny: listIn(document, "deny").filter((rule) => rule !== GONE) });
}
