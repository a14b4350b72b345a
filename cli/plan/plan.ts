import {
  type DocumentPair,
  isSameText,
  kindOf,
  type NamedText,
  readStored,
  readWanted,
  type StoredText,
} from "./document-state.ts";
import { documentSteps, mixedMoves } from "./document-steps.ts";
import { groupsOf } from "./levels.ts";
import { permissionSteps } from "./permission-steps.ts";
import { inOrder, type Step, sizeObstacles } from "./step.ts";

export interface Plan {
  /** What differs between store and files, by name. */
  readonly changed: readonly DocumentPair[];
  /** In the order in which they are to be written. */
  readonly steps: readonly Step[];
  /** Names of stored documents that no file has and that stay, because nobody asked to prune them. */
  readonly kept: readonly string[];
  /** Why this plan cannot be applied at once, a line each with what to do. */
  readonly obstacles: readonly string[];
  /** Every document of both sides. */
  readonly documents: ReadonlyMap<string, DocumentPair>;
}

export interface PlanOptions {
  /** Whether stored documents that no file has are deleted. */
  readonly prune: boolean;
}

/**
 * What leads from the store to the files. Pure. Key sets that `refresh-keys` keeps are none of its business.
 *
 * @param stored - every document of the store
 * @param wanted - every document of the files, each of which the functions can read
 * Throws `DOCUMENT_TOO_NEW` for a stored document that this release predates, `DOCUMENT_INVALID` for a wanted one.
 */
export function plan(stored: readonly StoredText[], wanted: readonly NamedText[], { prune }: PlanOptions): Plan {
  const wantedByName = new Map(wanted.map((document) => [document.name, document]));
  const storedByName = new Map(stored.map((document) => [document.name, document]));
  const names = [...new Set([...storedByName.keys(), ...wantedByName.keys()])].sort();
  const kept: string[] = [];
  const documents = new Map<string, DocumentPair>();
  for (const name of names) {
    const kind = kindOf(name);
    if (kind === undefined) continue;
    const before = storedByName.get(name);
    const was = before && readStored(kind, before);
    let after = wantedByName.get(name);
    if (after === undefined && isSnapshot({ name, kind, before: was, after: undefined })) continue;
    if (after === undefined && !prune && before !== undefined) {
      kept.push(name);
      after = before;
    }
    const isKnown =
      after !== undefined && after.text === before?.text && (was?.document !== undefined || after === before);
    const is = isKnown ? was : after && readWanted(kind, after);
    documents.set(name, { name, kind, before: was, after: is });
  }

  const changed = [...documents.values()].filter(({ before, after }) => !isSameText(before?.text, after?.text));
  const groupOf = groupsOf(documents.values());
  const steps = inOrder([...documentSteps(changed, documents), ...permissionSteps(changed, documents, groupOf)]);
  return { changed, steps, kept, obstacles: [...mixedMoves(changed), ...sizeObstacles(steps)], documents };
}

/** Kept by `refresh-keys`, which writes it anew. */
function isSnapshot({ kind, before }: DocumentPair): boolean {
  if (kind !== "keys" || before?.document === undefined) return false;
  return "source" in before.document && before.document.source === "discovered";
}
