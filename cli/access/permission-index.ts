import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import type { PermissionDocument, PermissionSet } from "../../lib/permission/permission-set.ts";
import type { Receiver } from "../../lib/permission/receiver.ts";
import { matchesWildcard } from "../../lib/permission/wildcard.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { DocumentStore } from "../store/document-store.ts";
import type { PermissionScope, StoreContents } from "../store/parsed-document.ts";
import { admitted } from "./admission.ts";
import type { Caller } from "./caller.ts";

/** All permissions of a store, by whom they are for. */
export class PermissionIndex {
  readonly #store: DocumentStore;
  readonly #byName = new Map<string, PermissionDocument>();
  readonly #issuers: readonly TrustedIssuer[];
  readonly #scopes: readonly PermissionScope[];
  readonly #receivers: readonly Receiver[];
  readonly #unreadable: ReadonlySet<string>;
  #callers: readonly Caller[] | undefined;

  constructor(store: DocumentStore, { documents, problems }: StoreContents) {
    this.#store = store;
    this.#unreadable = new Set(problems.map(({ name }) => `${store.prefix}/${name}`));
    const receivers: Receiver[] = [];
    const issuers: TrustedIssuer[] = [];
    const scopes: PermissionScope[] = [];
    for (const { stored, parsed } of documents) {
      if (parsed.kind === "issuers") issuers.push(parsed.value);
      if (parsed.kind === "permissions") {
        this.#byName.set(stored.name, parsed.value);
        scopes.push(parsed.scope);
      }
      if (parsed.kind === "services") {
        receivers.push({ service: parsed.service, audiences: [], principals: parsed.value.principals });
      }
      if (parsed.kind === "apis") receivers.push(parsed.value.receiver, ...parsed.value.stages.values());
    }
    this.#issuers = issuers;
    this.#scopes = scopes;
    this.#receivers = receivers;
  }

  /** The issuer that vouches for a cluster: one that is in use, where there are several. Throws `CliError` for none. */
  issuerOf(cluster: string): TrustedIssuer {
    const [issuer] = this.issuersInUse(cluster);
    if (issuer !== undefined) return issuer;
    const disabled = this.#issuers.find((each) => each.cluster === cluster);
    if (disabled !== undefined) return disabled;
    const known = [...new Set(this.#issuers.map((each) => each.cluster))].sort().slice(0, 20).join(", ");
    throw new CliError(
      EXIT.INPUT,
      `no issuer document is about the cluster ${cluster}; ${known === "" ? "the store has none" : `known are ${known}`}`,
    );
  }

  /** Several while one takes over from another: their groups, and so what their accounts may, can differ. */
  issuersInUse(cluster: string): readonly TrustedIssuer[] {
    return this.#issuers.filter((issuer) => issuer.cluster === cluster && !issuer.disabled);
  }

  /** The documents that apply to a caller, in the order in which the functions look at them. */
  grantedTo({ principal, issuer }: Pick<Caller, "principal" | "issuer">): PermissionSet {
    const names = this.#store.names.permissions(principal, issuer.group);
    return { documents: names.flatMap((name) => this.#byName.get(name) ?? []) };
  }

  /** Whether a document that applies to a caller cannot be read, so that the functions decide nothing about it. */
  isUndecided({ principal, issuer }: Pick<Caller, "principal" | "issuer">): boolean {
    return this.#store.names.permissions(principal, issuer.group).some((name) => this.#unreadable.has(name));
  }

  /** Whom of a caller's label some receiver of the service admits, as labels. All of it, where nobody knows a receiver. */
  admittedTo(caller: Caller, service: string): readonly string[] {
    const receivers = this.#receivers.filter((receiver) => receiver.service === service);
    if (receivers.length === 0) return [caller.label];
    return [...new Set(receivers.flatMap(({ principals }) => admitted(caller, principals)))];
  }

  /**
   * Everybody whom the documents tell apart, in order; of two issuers of a cluster with other groups, by each of them. Those
   * of disabled issuers call nothing.
   */
  callers(): readonly Caller[] {
    this.#callers ??= this.#everybody();
    return this.#callers;
  }

  #everybody(): readonly Caller[] {
    const inUse = this.#issuers.filter(({ disabled }) => !disabled);
    const alike = new Map(inUse.map((issuer) => [`${issuer.cluster}/${issuer.group ?? ""}`, issuer]));
    return [...alike].sort(([one], [other]) => (one < other ? -1 : 1)).flatMap(([, issuer]) => this.#callersOf(issuer));
  }

  #callersOf(issuer: TrustedIssuer): Caller[] {
    const { cluster } = issuer;
    // Of all issuers of the cluster, so that a label stands for the same accounts whichever vouches for them.
    const groups = new Set(this.issuersInUse(cluster).map(({ group }) => group));
    const namespaces = new Map<string, Set<string>>();
    /** Names of accounts that documents give for every namespace. */
    const everywhere = new Set<string>();
    const note = (namespace: string | undefined, serviceAccount: string | undefined) => {
      const accounts = namespace === undefined ? everywhere : (namespaces.get(namespace) ?? new Set());
      if (namespace !== undefined) namespaces.set(namespace, accounts);
      if (serviceAccount !== undefined) accounts.add(serviceAccount);
    };
    for (const { namespace, serviceAccount, ...scope } of this.#scopes) {
      const applies = scope.cluster === cluster || (scope.group !== undefined && groups.has(scope.group));
      if (applies && namespace !== undefined) note(namespace, serviceAccount);
    }
    for (const pattern of this.#receivers.flatMap(({ principals = [] }) => principals)) {
      const [clusters = "", namespace = "", serviceAccount = ""] = pattern.split("/");
      if (matchesWildcard(clusters, cluster)) note(literal(namespace), literal(serviceAccount));
    }
    const callersIn = (namespace: string | undefined, accounts: ReadonlySet<string>): Caller[] => {
      const callerFor = (serviceAccount: string | undefined): Caller => ({
        principal: {
          cluster,
          namespace: namespace ?? otherName(namespaces),
          serviceAccount: serviceAccount ?? otherName(accounts),
        },
        issuer,
        label: `${cluster}/${namespace ?? "*"}/${serviceAccount ?? "*"}`,
        named: { namespace: namespace !== undefined, serviceAccount: serviceAccount !== undefined },
      });
      return [...[...accounts].sort().map(callerFor), callerFor(undefined)];
    };
    return [
      ...[...namespaces]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .flatMap(([namespace, accounts]) => callersIn(namespace, new Set([...accounts, ...everywhere]))),
      ...callersIn(undefined, everywhere),
    ];
  }
}

/** A name that none of these is. */
function otherName(taken: { has(name: string): boolean }): string {
  let name = "other";
  while (taken.has(name)) name += "-x";
  return name;
}

/** A part of a pattern that names one thing. */
function literal(part: string): string | undefined {
  return part.includes("*") ? undefined : part;
}
