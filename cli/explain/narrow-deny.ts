import { type Access, METHODS, type Rule } from "../../lib/permission/permission.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { matchesWildcard } from "../../lib/permission/wildcard.ts";
import type { Caller } from "../access/caller.ts";
import type { PermissionIndex } from "../access/permission-index.ts";
import { type Covering, methodsOf } from "../pattern/coverage.ts";
import { covers } from "../pattern/covers.ts";
import { findPath, type PathQuestion } from "../pattern/find-path.ts";
import type { LetIn, WrittenRule } from "./change.ts";

/** A deny with less in it, and what it gives free. */
export interface Narrowed {
  /** Absent where nothing is left. */
  readonly left?: WrittenRule;
  /** What was denied by the rule and no longer is. */
  readonly free: WrittenRule;
}

/**
 * The least that has to go from a deny for it not to cover the access, without a further rule: its method, or else the
 * paths that match. Where it has one method and all its paths match, the whole of it.
 */
export function narrowDeny(rule: Rule, { method, path }: Access): Narrowed {
  const { service, paths } = rule;
  const methods: readonly string[] = rule.methods.includes("*") ? METHODS : rule.methods;
  const otherMethods = methods.filter((each) => each !== method);
  if (otherMethods.length > 0) {
    return { left: { service, methods: otherMethods, paths }, free: { service, methods: [method], paths } };
  }
  const matching = paths.filter((pattern) => matchesWildcard(pattern, path));
  const otherPaths = paths.filter((pattern) => !matching.includes(pattern));
  const free = { service, methods, paths: matching };
  return otherPaths.length > 0 ? { left: { service, methods, paths: otherPaths }, free } : { free };
}

/**
 * Whom a deny holds back from what is to be free: everybody who is allowed some of it and held back by nothing else, with
 * the shortest such call.
 *
 * @param origin - of the deny
 * @param together - all denies that become narrower with it, by their origins: one that stands behind another holds nobody
 */
export function letInBy(
  origin: string,
  together: ReadonlyMap<string, Narrowed>,
  index: PermissionIndex,
): readonly LetIn[] {
  const found = new Map<string, LetIn>();
  for (const caller of index.callers()) {
    const granted = index.grantedTo(caller);
    const denies = granted.documents.flatMap(({ deny }) => deny);
    const free = denies.some((rule) => rule.origin === origin) ? together.get(origin)?.free : undefined;
    if (free === undefined) continue;
    const remaining = denies.flatMap((rule): readonly Covering[] => {
      const narrowed = together.get(rule.origin);
      if (narrowed === undefined) return [rule];
      return narrowed.left === undefined ? [] : [narrowed.left];
    });
    for (const [principal, example] of freedFor(caller, granted, { free, remaining }, index)) {
      found.set(principal, { principal, example });
    }
  }
  return [...found.values()];
}

/** Those of a caller's label who are let in, with the first call that is found for each. */
function freedFor(
  caller: Caller,
  granted: PermissionSet,
  { free, remaining }: { readonly free: WrittenRule; readonly remaining: readonly Covering[] },
  index: PermissionIndex,
): ReadonlyMap<string, string> {
  const freed = new Map<string, string>();
  for (const allow of granted.documents.flatMap((document) => document.allow)) {
    const labels = index.admittedTo(caller, allow.service).filter((label) => !freed.has(label));
    const example = labels.length === 0 ? undefined : firstFreed(allow, free, remaining);
    if (example !== undefined) for (const label of labels) freed.set(label, example);
  }
  return freed;
}

function firstFreed(allow: Rule, free: WrittenRule, remaining: readonly Covering[]): string | undefined {
  if (free.service !== "*" && free.service !== allow.service) return undefined;
  const denies = remaining.filter(({ service }) => service === "*" || service === allow.service);
  for (const method of free.methods.filter((each) => methodsOf(allow).includes(each))) {
    const none = denies.filter((deny) => methodsOf(deny).includes(method)).flatMap(({ paths }) => paths);
    for (const all of free.paths.flatMap((freed) => allow.paths.map((allowed) => [freed, allowed]))) {
      const path = findOrAssume({ all, none });
      if (path !== undefined) return `${method} ${path} on ${allow.service}`;
    }
  }
  return undefined;
}

/** Every deny that covers the access, with where it stands. */
export function coveringDenies(
  granted: PermissionSet,
  access: Access,
): readonly { document: string; index: number; rule: Rule }[] {
  return granted.documents.flatMap(({ deny, document }) =>
    deny.flatMap((rule, index) => (covers(rule, access) ? [{ document: document.name, index, rule }] : [])),
  );
}

/** Where it cannot be told, somebody may be let in: better said once too often. */
function findOrAssume(question: PathQuestion): string | undefined {
  try {
    return findPath(question);
  } catch (error) {
    if (error instanceof RangeError) return question.all[0];
    throw error;
  }
}
