import { GatewayError, isRefusal } from "../../lib/errors.ts";
import { formatPrincipal, type Principal } from "../../lib/names.ts";
import { type Access, METHODS } from "../../lib/permission/permission.ts";
import type { PermissionIndex } from "../access/permission-index.ts";
import type { Asked } from "../decide/caller.ts";
import type { Question } from "../decide/question.ts";
import { type DocumentStore, kindOf } from "../store/document-store.ts";
import { sizeProblem } from "../store/parameter-size.ts";
import { applyChanges, type Change, type WrittenRule } from "./change.ts";
import { coveringDenies, letInBy, narrowDeny } from "./narrow-deny.ts";

/** Asks the same question of the store as it would be with these changes. */
export type AskAgain = (changed: Awaited<ReturnType<typeof applyChanges>>) => Promise<Asked>;

/** What would turn the verdict; `complete` where it was tried and does. */
export interface SmallestChange {
  readonly changes: readonly Change[];
  readonly complete: boolean;
  /** What is left where the changes do not do it: a code, or a document that they make too large for `apply`. */
  readonly remaining?: string;
}

export interface ChangeDeps {
  readonly question: Question;
  readonly store: DocumentStore;
  /** All permissions: of SSM that is a long listing, so it is asked for where it matters. */
  readonly index: () => Promise<PermissionIndex>;
  readonly askAgain: AskAgain;
  /** What stands in the way of an allow that the rules would give with these changes, in words. */
  readonly answerProblem?: (changed: Parameters<AskAgain>[0]) => Promise<string | undefined>;
}

/** Admission, every deny that covers the call, one allow: nobody needs more steps. */
const MAX_STEPS = 12;

/**
 * The smallest change of the store that allows the call: what stands in the way is taken away piece by piece, and after
 * each piece the functions' own chain is asked again, so that nothing is proposed that does not do it. At most one rule is
 * added, to the caller's own document; denies are narrowed in the order in which they are found.
 */
export async function smallestChange(asked: Asked, deps: ChangeDeps): Promise<SmallestChange> {
  const changes: Change[] = [];
  let current = asked;
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const { decision } = current.decided;
    if (!isRefusal(decision)) {
      const remaining = changes.length === 0 ? undefined : await obstacleTo(changes, deps);
      return { changes, complete: remaining === undefined, ...(remaining !== undefined && { remaining }) };
    }
    const next = await changesFor(current, deps, changes);
    if (next.length === 0) return { changes, complete: false, remaining: decision.code };
    changes.push(...next);
    try {
      current = await deps.askAgain(await applyChanges(changes, deps.store));
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== "POLICY_TOO_LARGE") throw error;
      return { changes, complete: false, remaining: `${error.code}: ${error.message}` };
    }
  }
  return { changes, complete: false, remaining: "too many denies" };
}

/** What else stands in the way where the rules would allow the call. */
async function obstacleTo(
  changes: readonly Change[],
  { store, answerProblem }: ChangeDeps,
): Promise<string | undefined> {
  const changed = await applyChanges(changes, store);
  for (const [fullName, { text }] of changed) {
    const name = fullName.slice(store.prefix.length + 1);
    const problem = sizeProblem(kindOf(name), text);
    if (problem !== undefined) return `that ${name} then ${problem}`;
  }
  const problem = await answerProblem?.(changed);
  return problem && `that ${problem}`;
}

/** What takes away the reason of this refusal; nothing where a change of documents does not, or should not. */
async function changesFor(
  { decided, decider }: Asked,
  { question, store, index }: ChangeDeps,
  before: readonly Change[],
): Promise<readonly Change[]> {
  const { decision, identity, access, granted } = decided;
  if (!isRefusal(decision) || identity === undefined || access === undefined) return [];
  const own = ownDocument(identity);
  switch (decision.code) {
    case "PRINCIPAL_NOT_ADMITTED": {
      if (before.some(({ kind }) => kind === "admit")) return [];
      const path = await question.principalsPath(decider);
      return [{ kind: "admit", document: question.document, path, principal: identity.principal }];
    }
    case "ACCESS_DENIED": {
      if (granted === undefined || before.some(({ kind }) => kind === "narrow-deny")) return [];
      const changes: Change[] = [];
      const covering = coveringDenies(granted, access);
      const together = new Map(covering.map(({ rule }) => [rule.origin, narrowDeny(rule, access)]));
      for (const { document: fullName, index: at, rule } of covering) {
        const document = fullName.slice(store.prefix.length + 1);
        const left = together.get(rule.origin)?.left;
        // Nobody else has this document, so that the others need not be read.
        const everybody = document === own ? [] : letInBy(rule.origin, together, await index());
        changes.push({
          kind: "narrow-deny",
          document,
          index: at,
          rule: { service: rule.service, methods: rule.methods, paths: rule.paths },
          ...(left !== undefined && { left }),
          letsIn: everybody.filter(({ principal }) => principal !== identity.principal),
        });
      }
      return changes;
    }
    case "ACCESS_NOT_ALLOWED":
      if (before.some(({ kind }) => kind === "add-rule")) return [];
      return [{ kind: "add-rule", document: own, rule: ruleFor(access) }];
    default:
      return [];
  }
}

/** The document of the account alone, so that nobody else is allowed anything. */
function ownDocument(principal: Principal): string {
  return `permissions/${formatPrincipal(principal)}`;
}

/** A rule for this one call. What a pattern cannot hold is written `?`. */
export function ruleFor({ service, method, path }: Access): WrittenRule {
  const pattern = [...path]
    .map((character) => (/^[ -~]$/.test(character) && !/[*$]/.test(character) ? character : "?"))
    .join("");
  return { service, methods: METHODS.filter((each) => each === method), paths: [pattern] };
}
