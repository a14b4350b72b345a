import type { PermissionScope } from "../store/parsed-document.ts";

/**
 * The names, without prefix, of the documents that apply to everybody to whom one with this scope applies: the broader ones
 * of its cluster or group, those of the cluster's group, and that for everybody.
 *
 * @param groupOf - of a cluster, where it has one
 */
export function appliesAlong(
  scope: PermissionScope,
  groupOf: (cluster: string) => string | undefined,
): readonly string[] {
  const { cluster, namespace, serviceAccount } = scope;
  if (cluster === undefined && scope.group === undefined) return [];
  const group = scope.group ?? (cluster === undefined ? undefined : groupOf(cluster));
  const owners = [...(cluster === undefined ? [] : [cluster]), ...(group === undefined ? [] : [`_group.${group}`])];
  const own = nameOf(owners[0] ?? "", namespace, serviceAccount);
  const names = owners.flatMap((owner) => [
    nameOf(owner, namespace, serviceAccount),
    ...(serviceAccount === undefined ? [] : [nameOf(owner, namespace, undefined)]),
    ...(namespace === undefined ? [] : [nameOf(owner, undefined, undefined)]),
  ]);
  return [...names.filter((name) => name !== own), "permissions/_all"];
}

function nameOf(owner: string, namespace: string | undefined, serviceAccount: string | undefined): string {
  if (namespace === undefined) return `permissions/${owner}/_all`;
  return `permissions/${owner}/${namespace}/${serviceAccount ?? "_all"}`;
}
