import { type DocumentPair, documentIn } from "./document-pair.ts";

/** Names below the prefix of the permission documents that reach every caller whom `name` reaches, nearest first. */
export function levelsAbove(name: string, groupOf: (cluster: string) => string | undefined): string[] {
  const [scope = "", namespace, account] = name.split("/").slice(1);
  if (scope === "_all") return [];
  const group = scope.startsWith("_group.") ? undefined : groupOf(scope);
  return [
    ...(group === undefined ? [scope] : [scope, `_group.${group}`]).flatMap((each) =>
      levelsOf(each, namespace, account),
    ),
    "permissions/_all",
  ].filter((above) => above !== name);
}

function levelsOf(scope: string, namespace: string | undefined, account: string | undefined): string[] {
  const levels = [`permissions/${scope}/_all`];
  if (namespace === undefined || namespace === "_all") return levels;
  levels.unshift(`permissions/${scope}/${namespace}/_all`);
  if (account !== undefined && account !== "_all") levels.unshift(`permissions/${scope}/${namespace}/${account}`);
  return levels;
}

/** Whom a permission document reaches, in words. */
export function audienceOf(name: string): string {
  const [scope = "", namespace, account] = name.split("/").slice(1);
  if (scope === "_all") return "everybody";
  const place = scope.startsWith("_group.") ? `group ${scope.slice("_group.".length)}` : `cluster ${scope}`;
  if (namespace === undefined || namespace === "_all") return `everybody in ${place}`;
  if (account === undefined || account === "_all") return `everybody in namespace ${namespace} of ${place}`;
  return `${namespace}/${account} in ${place}`;
}

/** Broad levels first: 0 everybody, then cluster or group, namespace, service account. */
export function depthOf(name: string): number {
  return name.split("/").filter((part) => part !== "_all").length;
}

/**
 * The group whose documents reach every caller of a cluster, before, after and in between: the one that all its issuers
 * name on both sides.
 */
export function groupsOf(documents: Iterable<DocumentPair>): (cluster: string) => string | undefined {
  const groups = new Map<string, string | undefined>();
  for (const pair of documents) {
    for (const issuer of [documentIn(pair.before, "issuers"), documentIn(pair.after, "issuers")]) {
      if (issuer === undefined) continue;
      const { cluster, group } = issuer;
      groups.set(cluster, groups.has(cluster) && groups.get(cluster) !== group ? undefined : group);
    }
  }
  return (cluster) => groups.get(cluster);
}
