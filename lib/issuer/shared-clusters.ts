import type { TrustedIssuer } from "./trusted-issuer.ts";

/**
 * Issuers in use that share a cluster's name, and so its permissions: a mistake, unless all but one of them are replaced by
 * another (`replaces`), as in a migration of the issuer.
 */
export function sharedClusters(issuers: readonly TrustedIssuer[]): readonly (readonly TrustedIssuer[])[] {
  const inUse = issuers.filter(({ disabled }) => !disabled);
  return [...Map.groupBy(inUse, ({ cluster }) => cluster).values()].filter((sharing) => {
    const replaced = sharing.filter((older) => sharing.some((newer) => newer !== older && replaces(newer, older)));
    // Not fewer either: two that replace each other have said nothing.
    return sharing.length - replaced.length !== 1;
  });
}

function replaces(newer: TrustedIssuer, older: TrustedIssuer): boolean {
  if (newer.replaces === undefined) return false;
  return newer.replaces === older.url || older.document.name.endsWith(`/issuers/${newer.replaces}`);
}
