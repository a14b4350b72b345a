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

function read(entry: DocumentEntry): StoreDocument {
  return { ...entry, parsed: parseEntry(entry, NAMES) };
}
