import type { Phase } from "../plan/phase.ts";
import type { Step } from "../plan/step.ts";
import { type DocumentKind, kindOf } from "../store/document-store.ts";

/** In the first part of a plan all documents allow what they did, or less; in the last one what they shall, or less. */
const PART_OF: Readonly<Record<Phase, number>> = { prepare: 0, narrow: 0, switch: 1, widen: 2, tidy: 2 };

/** What a function reads in one call and keeps as one is of one moment (docs/caches.md). */
const READ_WITH: Readonly<Record<DocumentKind, DocumentKind>> = {
  issuers: "issuers",
  keys: "issuers",
  apis: "apis",
  services: "services",
  permissions: "permissions",
};

/**
 * Indexes of the steps before which an apply waits until no function uses a document as it was before the steps so far.
 * For a while a function may have a document that is wider than it shall be; where it reads another one anew, which is
 * wider than it was, a call would be judged by half of each.
 */
export function waitsOf(steps: readonly Pick<Step, "name" | "phase">[]): ReadonlySet<number> {
  const waits = new Set<number>();
  const unseen = new Set<DocumentKind>();
  for (const [index, step] of steps.entries()) {
    const previous = steps[index - 1];
    if (previous !== undefined && PART_OF[previous.phase] !== PART_OF[step.phase]) {
      const ahead = new Set(steps.slice(index).map(readWith));
      if ([...unseen].some((kind) => ahead.size > 1 || !ahead.has(kind))) {
        waits.add(index);
        unseen.clear();
      }
    }
    unseen.add(readWith(step));
  }
  return waits;
}

function readWith({ name }: Pick<Step, "name">): DocumentKind {
  const kind = kindOf(name);
  if (kind === undefined) throw new TypeError(`${name} is no document`);
  return READ_WITH[kind];
}
