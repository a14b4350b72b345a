import type { NamedText, StoredText } from "../../../cli/plan/document-state.ts";
import { type Plan, plan } from "../../../cli/plan/plan.ts";

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

export function planOf(before: Texts, after: Texts): Plan {
  return plan(stored(before), wanted(after), { prune: true });
}

function stored(texts: Texts): StoredText[] {
  return [...texts].map(([name, text]) => ({ name, text, version: 1 }));
}

function wanted(texts: Texts): NamedText[] {
  return [...texts].map(([name, text]) => ({ name, text }));
}
