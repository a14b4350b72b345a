/** What a document lets pass, after a change beside before: `other` is neither less nor more. */
export type Relation = "same" | "narrower" | "wider" | "other";

/** The relation of a whole whose parts have these: all parts must let a call pass. */
export function combine(relations: readonly Relation[]): Relation {
  const changed = new Set(relations.filter((relation) => relation !== "same"));
  if (changed.size === 0) return "same";
  const [only] = changed;
  return changed.size === 1 && only !== undefined ? only : "other";
}

/** Of a thing that lets nothing pass where it is absent. */
export function ofPresence<T>(
  before: T | undefined,
  after: T | undefined,
  compare: (before: T, after: T) => Relation,
): Relation {
  if (before === undefined) return after === undefined ? "same" : "wider";
  return after === undefined ? "narrower" : compare(before, after);
}

/** Of a part for which there is no less and no more. */
export function ofIdentity(before: unknown, after: unknown): Relation {
  return before === after ? "same" : "other";
}

/** Of lists any of whose members lets a call pass. */
export function ofAlternatives<T>(
  before: readonly T[],
  after: readonly T[],
  includes: (wide: T, narrow: T) => boolean,
): Relation {
  const within = (narrow: readonly T[], wide: readonly T[]) =>
    narrow.every((one) => wide.some((other) => includes(other, one)));
  const less = within(after, before);
  const more = within(before, after);
  if (less && more) return "same";
  return less ? "narrower" : more ? "wider" : "other";
}

/** Of a number of which more lets more pass. */
export function ofAmount(before: number, after: number): Relation {
  return before === after ? "same" : after > before ? "wider" : "narrower";
}
