import type { Output } from "../output.ts";
import type { DocumentPair } from "./document-pair.ts";
import { describeDocumentChange } from "./document-words.ts";
import { groupsOf } from "./levels.ts";
import { type AccessChange, accessChanges, describeAccessChange } from "./permission-words.ts";
import type { Plan } from "./plan.ts";

type Action = "create" | "change" | "delete";

interface ReportedChange {
  readonly name: string;
  readonly action: Action;
  /** Of permissions. */
  readonly access: readonly AccessChange[];
  /** In words, a line each. */
  readonly lines: readonly string[];
}

/** A plan as people read it, and as `--json` gives it. */
export interface Report {
  readonly changes: readonly ReportedChange[];
  readonly writes: number;
  readonly kept: readonly string[];
  readonly obstacles: readonly string[];
}

export function reportOf(plan: Plan): Report {
  const groupOf = groupsOf(plan.documents.values());
  const changes = plan.changed.map((pair) => describePair(pair, plan.documents, groupOf));
  const { steps, kept, obstacles } = plan;
  return { changes, writes: steps.length, kept, obstacles };
}

/** One document's change in words. */
export function describePair(
  pair: DocumentPair,
  documents: ReadonlyMap<string, DocumentPair>,
  groupOf: (cluster: string) => string | undefined,
): ReportedChange {
  const { name, kind, before, after } = pair;
  const access = kind === "permissions" ? accessChanges(pair, documents, groupOf) : [];
  const words = [
    ...(before?.unreadable === undefined
      ? []
      : ["no function can read what is stored, so nobody gets in by it: that ends"]),
    ...access.map(describeAccessChange),
    ...describeDocumentChange(pair),
  ];
  const lines = words.length > 0 ? words : ["says the same in another way: nobody gains or loses anything"];
  return { name, action: actionOf({ before, after }), access, lines };
}

function actionOf({ before, after }: Pick<DocumentPair, "before" | "after">): Action {
  return before === undefined ? "create" : after === undefined ? "delete" : "change";
}

const SIGNS: Readonly<Record<Action, { readonly sign: string; readonly colour: "green" | "yellow" | "red" }>> = {
  create: { sign: "+", colour: "green" },
  change: { sign: "~", colour: "yellow" },
  delete: { sign: "-", colour: "red" },
};

/** At most so many names of a list are read by anybody. */
const NAMES_SHOWN = 10;

export function reportText({ changes, writes, kept, obstacles }: Report, output: Output): string {
  const count = (action: Action) => changes.filter((change) => change.action === action).length;
  const more = kept.length > NAMES_SHOWN ? `, and ${kept.length - NAMES_SHOWN} more` : "";
  return [
    ...changes.flatMap(({ name, action, lines }) => {
      const { sign, colour } = SIGNS[action];
      return [output.style(colour, `${sign} ${name}`), ...lines.map((line) => `    ${line}`), ""];
    }),
    ...obstacles.map((obstacle) => `${output.style("red", "cannot be applied")}: ${obstacle}`),
    ...(kept.length === 0
      ? []
      : [`In no file, and left alone (--prune deletes them): ${kept.slice(0, NAMES_SHOWN).join(", ")}${more}`]),
    changes.length === 0
      ? "No changes: there is nothing to write."
      : `Plan: ${count("create")} to create, ${count("change")} to change, ${count("delete")} to delete, in ${writes} ${writes === 1 ? "write" : "writes"}.`,
  ].join("\n");
}
