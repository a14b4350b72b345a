import { asRules, coversAll, coversGrant, type Grant, grantsOf, partOf, type RuleText } from "./grants.ts";
import type { Phase } from "./phase.ts";

export interface PermissionRules {
  readonly allow: readonly RuleText[];
  readonly deny: readonly RuleText[];
}

/** A permission document as it is and as it shall be; nothing stored is no rules. */
export interface PermissionChange {
  readonly before: PermissionRules;
  readonly after: PermissionRules;
  /** What the documents of the levels above allow, all together: as it is, in the middle of the plan, as it shall be. */
  readonly above: {
    readonly before: readonly RuleText[];
    readonly between: readonly RuleText[];
    readonly after: readonly RuleText[];
  };
}

/** What both say. Two patterns that merely overlap have no such part: it is left out, and comes back with `widen`. */
export function allowedByBoth(before: readonly RuleText[], after: readonly RuleText[]): readonly RuleText[] {
  if (coversAll(after, before)) return before;
  if (coversAll(before, after)) return after;
  const kept = partOf(before, (grant) => coversGrant(after, grant));
  return [...kept, ...partOf(after, (grant) => coversGrant(before, grant) && !coversGrant(kept, grant))];
}

function deniedByEither(before: readonly RuleText[], after: readonly RuleText[]): readonly RuleText[] {
  if (coversAll(before, after)) return before;
  if (coversAll(after, before)) return after;
  return [...before, ...partOf(after, (grant) => !coversGrant(before, grant))];
}

/**
 * The forms that one document goes through. At every moment each document of the plan allows no more than before, or
 * each allows no more than after; so do all of them together, and so does every mixture that an end in between leaves.
 *
 * - `prepare` adds what moves down from a level above: its callers have it already.
 * - `narrow` leaves what both allow and denies what either denies.
 * - `widen` is how it shall be, but for what moved up to a level above, which is dropped last, by `tidy`.
 */
export function permissionForms({ before, after, above }: PermissionChange): ReadonlyMap<Phase, PermissionRules> {
  const movedDown = grantsOf(after.allow).filter(
    (grant) => !coversGrant(before.allow, grant) && moves(grant, above.before, above.between),
  );
  const movedUp = grantsOf(before.allow).filter(
    (grant) => !coversGrant(after.allow, grant) && moves(grant, above.after, above.between),
  );
  const down = asRules(movedDown);
  const up = asRules(movedUp);
  const asWritten = (allow: readonly RuleText[]) => spelledLike(allow, [before.allow, after.allow]);
  const between = allowedByBoth(before.allow, after.allow);
  return new Map<Phase, PermissionRules>([
    ["prepare", { allow: asWritten([...before.allow, ...down]), deny: before.deny }],
    ["narrow", { allow: asWritten([...between, ...down, ...up]), deny: deniedByEither(before.deny, after.deny) }],
    ["widen", { allow: asWritten([...after.allow, ...up]), deny: after.deny }],
    ["tidy", after],
  ]);
}

/** What a level above has at one end, and loses or does not have yet in the middle. */
function moves(grant: Grant, atOneEnd: readonly RuleText[], between: readonly RuleText[]): boolean {
  return coversGrant(atOneEnd, grant) && !coversGrant(between, grant);
}

/** One of the spellings where it says the same: a form that says nothing new is not written. */
function spelledLike(rules: readonly RuleText[], spellings: readonly (readonly RuleText[])[]): readonly RuleText[] {
  return spellings.find((spelling) => coversAll(spelling, rules) && coversAll(rules, spelling)) ?? rules;
}
