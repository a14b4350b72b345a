import { matchesWildcard } from "../../lib/permission/wildcard.ts";
import type { Caller } from "./caller.ts";

/**
 * Whom of a caller's label a list of principals admits, as labels: the caller itself, or what the patterns leave of all
 * those that it stands for. Empty where nobody.
 */
export function admitted({ principal, named, label }: Caller, principals?: readonly string[]): readonly string[] {
  if (principals === undefined) return [label];
  // Names that patterns give are callers of their own, so whoever stands for the rest is admitted by wildcards alone.
  const admits = (pattern: string, name: string, isName: boolean) =>
    isName ? matchesWildcard(pattern, name) : pattern.includes("*");
  const labels = principals.flatMap((pattern) => {
    const [cluster = "", namespace = "", serviceAccount = ""] = pattern.split("/");
    const fits =
      matchesWildcard(cluster, principal.cluster) &&
      admits(namespace, principal.namespace, named.namespace) &&
      admits(serviceAccount, principal.serviceAccount, named.serviceAccount);
    if (!fits) return [];
    const shown = [
      principal.cluster,
      named.namespace ? principal.namespace : namespace,
      named.serviceAccount ? principal.serviceAccount : serviceAccount,
    ];
    return [shown.join("/")];
  });
  return [...new Set(labels)];
}
