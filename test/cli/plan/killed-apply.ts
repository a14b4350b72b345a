import { waitsOf } from "../../../cli/apply/settling.ts";
import { type Plan, planChanges } from "../../../cli/plan/plan.ts";
import { type DocumentEntry, kindOf } from "../../../cli/store/document-store.ts";
import { parseEntry, type StoreDocument } from "../../../cli/store/parsed-document.ts";
import { ParameterNames } from "../../../lib/aws/parameter-names.ts";

/** Documents by name below the prefix, as JSON text. */
export type Texts = ReadonlyMap<string, string>;

/** Every state in which an apply that ends early leaves the store, the one before and the one after included. */
export function statesOf(before: Texts, { steps }: Pick<Plan, "steps">): Texts[] {
  const states: Texts[] = [before];
  let now = before;
  for (const { name, text } of steps) {
    const next = new Map(now);
    if (text === undefined) next.delete(name);
    else next.set(name, text);
    now = next;
    states.push(now);
  }
  return states;
}

/** Documents that a function keeps as one, so that they are of one moment (docs/caches.md). */
const KEPT_TOGETHER = [/^(?:issuers|keys)\//, /^apis\//, /^services\//, /^permissions\//];

/**
 * What a function may have in memory during an apply: it has read each sort of document at another moment, none of them
 * before the wait that came last.
 *
 * @param moments - which wait, then one moment for each sort; any numbers
 */
export function viewOf(states: readonly Texts[], { steps }: Pick<Plan, "steps">, moments: readonly number[]): Texts {
  const bounds = [0, ...waitsOf(steps), states.length - 1];
  const [wait = 0, ...ofSorts] = moments;
  const since = wait % (bounds.length - 1);
  const [from = 0, to = 0] = bounds.slice(since, since + 2);
  return new Map(
    KEPT_TOGETHER.flatMap((sort, index) => {
      const state = states[from + ((ofSorts[index] ?? 0) % (to - from + 1))];
      return [...(state ?? [])].filter(([name]) => sort.test(name));
    }),
  );
}

export function planOf(before: Texts, after: Texts, prune = true): Plan {
  return planChanges(entriesOf(before), entriesOf(after).map(read), { names: NAMES, prune });
}

const PREFIX = "/podgate/test";
const NAMES = new ParameterNames(PREFIX);

function entriesOf(texts: Texts): DocumentEntry[] {
  return [...texts].map(([name, text]) => {
    const kind = kindOf(name);
    if (kind === undefined) throw new TypeError(`${name} is no document`);
    return { name, kind, stored: { name: `${PREFIX}/${name}`, version: 1, revision: "1", text } };
  });
}

/** By name and text: small worlds are made of few documents. */
const documents = new Map<string, StoreDocument>();

function read(entry: DocumentEntry): StoreDocument {
  const key = `${entry.name} ${entry.stored.text}`;
  const document = documents.get(key) ?? { ...entry, parsed: parseEntry(entry, NAMES) };
  documents.set(key, document);
  return document;
}
