import type { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { DocumentEntry } from "../store/document-store.ts";
import type { StoreDocument } from "../store/parsed-document.ts";
import { quote } from "../wording.ts";
import { type DocumentPair, documentIn, isSameText, readStored, type Side } from "./document-pair.ts";
import { documentSteps, mixedMoves } from "./document-steps.ts";
import { groupsOf } from "./levels.ts";
import { permissionSteps } from "./permission-steps.ts";
import { inOrder, type Step, sizeObstacles } from "./step.ts";

/** What leads from a store to the files. */
export interface Plan {
  /** What differs, by name. */
  readonly changed: readonly DocumentPair[];
  /** In the order in which they are to be written. */
  readonly steps: readonly Step[];
  /** Names of stored documents that no file has and that stay, because nobody asked to prune them. */
  readonly kept: readonly string[];
  /** Why this plan cannot be applied at once, a line each with what to do. */
  readonly obstacles: readonly string[];
  /** Every document of both sides but snapshots of key sets, by name. */
  readonly documents: ReadonlyMap<string, DocumentPair>;
}

export interface PlanOptions {
  /** Of the store. */
  readonly names: ParameterNames;
  /** Whether stored documents that no file has are deleted. */
  readonly prune: boolean;
  /** The document, or the documents below it, that are planned; all else stays as it is stored. @default all */
  readonly only?: string | undefined;
}

/**
 * Compares every document of a store with every document of the files. Pure. Key sets that `refresh-keys` keeps are none
 * of its business. Throws `DOCUMENT_TOO_NEW` for a stored document that this release predates, `CliError` where `only`
 * names nothing that is on either side.
 */
export function planChanges(
  stored: readonly DocumentEntry[],
  wanted: readonly StoreDocument[],
  { names, prune, only }: PlanOptions,
): Plan {
  const entries = new Map<string, { readonly entry: DocumentEntry; before?: Side; after?: Side }>();
  for (const entry of stored) entries.set(entry.name, { entry, before: readStored(entry, names) });
  for (const document of wanted) {
    const { name, stored: file, parsed } = document;
    entries.set(name, { entry: document, ...entries.get(name), after: { text: file.text, parsed } });
  }
  const pairs = [...entries.values()]
    .map(({ entry: { name, kind }, before, after }): DocumentPair => ({ name, kind, before, after }))
    .filter((pair) => !isSnapshot(pair))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const isPlanned = ({ name }: DocumentPair) => only === undefined || name === only || name.startsWith(`${only}/`);
  if (only !== undefined && !pairs.some(isPlanned)) {
    throw new CliError(
      EXIT.USAGE,
      `--only ${quote(only)} is no document, and none is below it, in the files or in the store: expected a name such as permissions/dev`,
    );
  }
  const stays = (pair: DocumentPair) => !isPlanned(pair) || (pair.after === undefined && !prune);
  const kept = pairs.filter((pair) => isPlanned(pair) && stays(pair)).map(({ name }) => name);
  const documents = new Map(
    pairs
      .map((pair) => (stays(pair) ? { ...pair, after: pair.before } : pair))
      .filter(({ before, after }) => before !== undefined || after !== undefined)
      .map((pair) => [pair.name, pair]),
  );

  const changed = [...documents.values()].filter(({ before, after }) => !isSameText(before?.text, after?.text));
  const steps = inOrder([
    ...documentSteps(changed, documents),
    ...permissionSteps(changed, documents, groupsOf(documents.values())),
  ]);
  const obstacles = [...mixedMoves(changed), ...sizeObstacles(steps), ...typeObstacles(changed)];
  return { changed, steps, kept, obstacles, documents };
}

/** SSM has no write that changes a parameter's type. */
function typeObstacles(changed: readonly DocumentPair[]): string[] {
  return changed
    .filter(({ before, after }) => before?.isEncrypted && after !== undefined)
    .map(
      ({ name }) =>
        `${name} is stored as a SecureString, which no function decrypts as a document and no write changes: delete the parameter (aws ssm delete-parameter), then apply`,
    );
}

/** Kept by `refresh-keys`, which writes it anew. */
function isSnapshot({ before, after }: DocumentPair): boolean {
  return after === undefined && documentIn(before, "keys")?.source === "discovered";
}
