import type { PermissionDocument } from "../../lib/permission/permission-set.ts";
import { type DocumentPair, documentIn, type Side } from "./document-pair.ts";
import { coversAll, type RuleText } from "./grants.ts";
import { levelsAbove } from "./levels.ts";
import { allowedByBoth, type PermissionRules, permissionForms } from "./permission-forms.ts";
import type { Step } from "./step.ts";

const NO_RULES: PermissionRules = { allow: [], deny: [] };

/** Within `widen`: what is newly allowed, then denies that end. */
const RANK_OF_ALLOWS = 2;
const RANK_OF_ENDING_DENIES = 3;
const RANK_ELSEWHERE = 4;

/** The writes of permission documents: of most one, of one that loses and gains two, of one whose rules move up or down one more. */
export function permissionSteps(
  changed: readonly DocumentPair[],
  documents: ReadonlyMap<string, DocumentPair>,
  groupOf: (cluster: string) => string | undefined,
): Step[] {
  const between = new Map<string, readonly RuleText[]>();
  const allowedBetween = (pair: DocumentPair): readonly RuleText[] => {
    const known = between.get(pair.name) ?? allowedByBoth(rulesOf(pair.before).allow, rulesOf(pair.after).allow);
    between.set(pair.name, known);
    return known;
  };
  return changed.flatMap((pair) => {
    if (pair.kind !== "permissions") return [];
    const above = levelsAbove(pair.name, groupOf).flatMap((name) => documents.get(name) ?? []);
    return stepsOf(pair, {
      before: above.flatMap(({ before }) => rulesOf(before).allow),
      between: above.flatMap(allowedBetween),
      after: above.flatMap(({ after }) => rulesOf(after).allow),
    });
  });
}

function stepsOf(
  { name, before, after }: DocumentPair,
  above: { readonly [when in "before" | "between" | "after"]: readonly RuleText[] },
): Step[] {
  const end = rulesOf(after);
  // One that cannot be read lets nobody pass whom it reaches, so that its end is a widening, whatever it said.
  if (before?.unreadable !== undefined) {
    return [{ phase: "widen", name, text: after?.text, isLast: true, rank: RANK_OF_ENDING_DENIES }];
  }
  let now = rulesOf(before);
  let text = before?.text;
  const steps: Step[] = [];
  for (const [phase, form] of permissionForms({ before: now, after: end, above })) {
    if (isSame(form, now)) continue;
    const rank =
      phase !== "widen" ? RANK_ELSEWHERE : coversAll(form.deny, now.deny) ? RANK_OF_ALLOWS : RANK_OF_ENDING_DENIES;
    now = form;
    text = isSame(form, end) ? after?.text : textOf(form);
    steps.push({ phase, name, text, isLast: false, rank });
  }
  // Rules that say the same in another way, or a document without any.
  if (text !== after?.text)
    steps.push({ phase: "widen", name, text: after?.text, isLast: false, rank: RANK_OF_ALLOWS });
  return steps.map((step, index) => ({ ...step, isLast: index === steps.length - 1 }));
}

function rulesOf(side: Side | undefined): PermissionRules {
  const document = documentIn(side, "permissions");
  return document === undefined ? NO_RULES : withoutOrigins(document);
}

function withoutOrigins({ allow, deny }: PermissionDocument): PermissionRules {
  const plain = ({ service, methods, paths }: RuleText): RuleText => ({ service, methods, paths });
  return { allow: allow.map(plain), deny: deny.map(plain) };
}

function isSame(one: PermissionRules, other: PermissionRules): boolean {
  return textOf(one) === textOf(other);
}

function textOf({ allow, deny }: PermissionRules): string {
  return JSON.stringify({
    ...(allow.length === 0 ? {} : { allow }),
    ...(deny.length === 0 ? {} : { deny }),
  });
}
