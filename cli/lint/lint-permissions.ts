import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import type { Rule } from "../../lib/permission/permission.ts";
import { Coverage, type Covering, methodsOf } from "../pattern/coverage.ts";
import type { DocumentStore } from "../store/document-store.ts";
import type { StoreDocument } from "../store/parsed-document.ts";
import { splitOrigin } from "../store/rule-origin.ts";
import { appliesAlong } from "./applies-along.ts";
import { type Finding, findingAt } from "./finding.ts";

type PermissionStoreDocument = StoreDocument & { readonly parsed: { readonly kind: "permissions" } };

/** Rules that do nothing, or not what they seem to. */
export function lintPermissions(documents: readonly StoreDocument[], store: DocumentStore): readonly Finding[] {
  return new PermissionLint(documents, store).findings();
}

class PermissionLint {
  readonly #store: DocumentStore;
  readonly #permissions: ReadonlyMap<string, PermissionStoreDocument>;
  readonly #groups: ReadonlyMap<string, string | undefined>;
  readonly #services: ReadonlySet<string>;
  readonly #coverage = new Coverage();
  /** Denies that were reported already: one of many allows above is enough. */
  readonly #boundaries = new Set<string>();

  constructor(documents: readonly StoreDocument[], store: DocumentStore) {
    this.#store = store;
    this.#permissions = new Map(documents.filter(isPermission).map((document) => [document.name, document]));
    const issuers = documents.flatMap(({ parsed }) => (parsed.kind === "issuers" ? [parsed.value] : []));
    this.#groups = groupsOf(issuers.filter(({ disabled }) => !disabled));
    this.#services = new Set(
      documents.flatMap(({ parsed }) => {
        if (parsed.kind === "services") return [parsed.service];
        if (parsed.kind !== "apis") return [];
        return [parsed.value.receiver, ...parsed.value.stages.values()].map(({ service }) => service);
      }),
    );
  }

  findings(): readonly Finding[] {
    return [...this.#permissions.values()].flatMap((document) => {
      const { allow, deny } = document.parsed.value;
      return [
        ...allow.flatMap((rule, index) => this.#lintAllow(document, rule, index)),
        ...deny.flatMap((rule, index) => this.#lintEither(document, rule, ["deny", index])),
      ];
    });
  }

  #lintAllow(document: PermissionStoreDocument, rule: Rule, index: number): Finding[] {
    const either = this.#lintEither(document, rule, ["allow", index]);
    if (either.some((finding) => finding.rule === "path-never-matches")) return either;
    const along = this.#along(document);
    const denies = [...document.parsed.value.deny, ...along.flatMap(({ parsed }) => parsed.value.deny)];
    const { beaten, by } = this.#coverage.beatenBy(rule, denies);
    const names = by.map(({ origin }) => this.#short(origin)).join(", ");
    if (beaten === "all") {
      const text = `nothing of this allow is left: ${names} takes all of it back`;
      const finding = findingAt(this.#store, document, ["allow", index], {
        severity: "error",
        rule: "allow-beaten",
        text,
      });
      return [...either, finding];
    }
    return [
      ...either,
      ...this.#lintShadow(document, rule, index, along),
      ...by.flatMap((deny) => this.#lintBoundary(rule, deny)),
    ];
  }

  /** What is wrong with an allow and with a deny alike. */
  #lintEither(document: PermissionStoreDocument, rule: Rule, path: readonly [string, number]): Finding[] {
    const findings: Finding[] = [];
    if (rule.service !== "*" && !this.#services.has(rule.service)) {
      const text = `no document in apis/ or services/ is about the service ${rule.service}: the rule covers no call, but of a function with requirePodToken that is this service`;
      findings.push(
        findingAt(this.#store, document, [...path, "service"], { severity: "warning", rule: "service-unknown", text }),
      );
    }
    const never = rule.paths.flatMap((pattern, at) => {
      const why = this.#whyNever(rule, pattern);
      if (why === undefined) return [];
      const text = `${pattern} matches no path that a call can have: ${why}`;
      return [
        findingAt(this.#store, document, [...path, "paths", at], {
          severity: "error",
          rule: "path-never-matches",
          text,
        }),
      ];
    });
    return [...findings, ...never];
  }

  #whyNever(rule: Rule, pattern: string): string | undefined {
    if (this.#find({ all: [pattern], none: [] }) === undefined) {
      return "a path with \\, ;, ?, # or % is refused before any rule is looked at";
    }
    const isConnect = rule.methods.length === 1 && rule.methods[0] === "CONNECT";
    if (isConnect && this.#find({ all: [pattern, "/"], none: [] }) === undefined) {
      return "CONNECT is a WebSocket's $connect, whose path is /";
    }
    return undefined;
  }

  #lintShadow(
    document: PermissionStoreDocument,
    rule: Rule,
    index: number,
    along: readonly PermissionStoreDocument[],
  ): Finding[] {
    const own = document.parsed.value.allow;
    const others = [
      // Of two that cover the same, the first stays.
      ...own.filter((other, at) => at !== index && !(at > index && this.#isCovered(other, [rule]))),
      ...along.flatMap(({ parsed }) => parsed.value.allow),
    ];
    const covering = others.filter(({ service }) => service === rule.service);
    if (!this.#isCovered(rule, covering)) return [];
    const alone = covering.find((other) => this.#isCovered(rule, [other]));
    const by = alone === undefined ? "other rules together" : this.#short(alone.origin);
    const text = `the rule adds nothing: ${by} allows all of it already`;
    return [findingAt(this.#store, document, ["allow", index], { severity: "warning", rule: "rule-shadowed", text })];
  }

  /** A deny of paths below those of an allow. One of whole methods is none: nobody can spell a method otherwise. */
  #lintBoundary(allow: Rule, deny: Rule): Finding[] {
    if (this.#boundaries.has(deny.origin)) return [];
    const shared = methodsOf(deny).filter((method) => methodsOf(allow).includes(method));
    const narrows = allow.paths.some((path) =>
      deny.paths.some(
        (pattern) =>
          this.#find({ all: [path, pattern], none: [] }) !== undefined &&
          this.#find({ all: [path], none: [pattern] }) !== undefined,
      ),
    );
    if (shared.length === 0 || !narrows) return [];
    this.#boundaries.add(deny.origin);
    const { document: fullName, index } = splitOrigin(deny.origin);
    const document = this.#permissions.get(fullName.slice(this.#store.prefix.length + 1));
    if (document === undefined) return [];
    const text =
      `this deny lies below ${this.#short(allow.origin)} and is no boundary: an API that folds case or slashes takes another ` +
      "spelling for the same path; allow only what is meant instead";
    return [findingAt(this.#store, document, ["deny", index], { severity: "warning", rule: "deny-below-allow", text })];
  }

  #along({ parsed }: PermissionStoreDocument): readonly PermissionStoreDocument[] {
    return appliesAlong(parsed.scope, (cluster) => this.#groups.get(cluster)).flatMap(
      (name) => this.#permissions.get(name) ?? [],
    );
  }

  #short(origin: string): string {
    return origin.slice(this.#store.prefix.length + 1);
  }

  /** Where it cannot be told, nothing is claimed. */
  #isCovered(rule: Covering, others: readonly Covering[]): boolean {
    try {
      return this.#coverage.isCovered(rule, others);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  #find(question: Parameters<Coverage["findPath"]>[0]): string | undefined {
    try {
      return this.#coverage.findPath(question);
    } catch (error) {
      if (error instanceof RangeError) return question.all[0];
      throw error;
    }
  }
}

/** By cluster; of one that has issuers of several groups none, as no group's documents reach all of its callers. */
function groupsOf(issuers: readonly TrustedIssuer[]): ReadonlyMap<string, string | undefined> {
  const groups = new Map<string, string | undefined>();
  for (const { cluster, group } of issuers) {
    groups.set(cluster, groups.has(cluster) && groups.get(cluster) !== group ? undefined : group);
  }
  return groups;
}

function isPermission(document: StoreDocument): document is PermissionStoreDocument {
  return document.parsed.kind === "permissions";
}
