import { Coverage } from "../pattern/coverage.ts";
import { type DocumentPair, documentIn } from "./document-pair.ts";
import type { Grant, RuleText } from "./grants.ts";

type When = "before" | "after";

/** Finds denies that take something of a grant from some of those whom a document reaches, on whatever level. */
export class PartialDenials {
  readonly #documents: ReadonlyMap<string, DocumentPair>;
  readonly #coverage = new Coverage();
  #groups: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  #denying: readonly DocumentPair[] | undefined;

  constructor(documents: ReadonlyMap<string, DocumentPair>) {
    this.#documents = documents;
  }

  /** Names of the documents; `unknown` where one of them cannot be read, so that nothing is decided. */
  of(own: DocumentPair, grant: Grant, whens: readonly When[]): readonly string[] | "unknown" {
    this.#denying ??= [...this.#documents.values()].filter(isRestraint);
    const others = this.#denying.filter(({ name }) => name !== own.name && this.#shareCallers(own.name, name));
    const sides = [own, ...others].map((pair) => ({ pair, found: whens.map((when) => pair[when]) }));
    if (sides.some(({ found }) => found.some((side) => side?.unreadable !== undefined))) return "unknown";
    const rule = { service: grant.service, methods: [grant.method], paths: [grant.path] };
    return sides
      .filter(({ found }) =>
        found.some((side) => documentIn(side, "permissions")?.deny.some((deny) => this.#meets(rule, deny))),
      )
      .map(({ pair }) => pair.name);
  }

  /** Patterns that are too tangled to tell are taken to meet. */
  #meets(rule: RuleText, deny: RuleText): boolean {
    try {
      return this.#coverage.meets(rule, deny);
    } catch (error) {
      if (error instanceof RangeError) return true;
      throw error;
    }
  }

  /** Whether two permission documents reach one caller. */
  #shareCallers(one: string, other: string): boolean {
    const [scope = "", ...rest] = one.split("/").slice(1);
    const [otherScope = "", ...otherRest] = other.split("/").slice(1);
    const meet = [0, 1].every((at) => {
      const [part, otherPart] = [rest[at] ?? "_all", otherRest[at] ?? "_all"];
      return part === "_all" || otherPart === "_all" || part === otherPart;
    });
    if (!meet) return false;
    if (scope === "_all" || otherScope === "_all" || scope === otherScope) return true;
    return this.#isIn(scope, otherScope) || this.#isIn(otherScope, scope);
  }

  /** Whether some issuer of the cluster names the group, on either side. */
  #isIn(cluster: string, group: string): boolean {
    this.#groups ??= groupsIn(this.#documents.values());
    return this.#groups.get(cluster)?.has(group) ?? false;
  }
}

function isRestraint({ kind, before, after }: DocumentPair): boolean {
  if (kind !== "permissions") return false;
  return [before, after].some(
    (side) => side?.unreadable !== undefined || (documentIn(side, "permissions")?.deny.length ?? 0) > 0,
  );
}

function groupsIn(documents: Iterable<DocumentPair>): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, Set<string>>();
  for (const pair of documents) {
    for (const issuer of [documentIn(pair.before, "issuers"), documentIn(pair.after, "issuers")]) {
      if (issuer?.group === undefined) continue;
      const known = groups.get(issuer.cluster) ?? new Set();
      groups.set(issuer.cluster, known.add(`_group.${issuer.group}`));
    }
  }
  return groups;
}
