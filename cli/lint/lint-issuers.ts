import type { DocumentStore } from "../store/document-store.ts";
import type { StoreDocument } from "../store/parsed-document.ts";
import { type Finding, findingAt } from "./finding.ts";

/** Issuers, their keys, and permissions of clusters and groups that nobody vouches for. */
export function lintIssuers(documents: readonly StoreDocument[], store: DocumentStore): readonly Finding[] {
  const issuers = documents.flatMap((document) =>
    document.parsed.kind === "issuers" ? [{ document, issuer: document.parsed.value }] : [],
  );
  const keySets = new Set(documents.flatMap(({ parsed }) => (parsed.kind === "keys" ? [parsed.value.issuer] : [])));
  const clusters = new Set(issuers.map(({ issuer }) => issuer.cluster));
  const groups = new Set(issuers.map(({ issuer }) => issuer.group));
  const findings: Finding[] = [];

  for (const [cluster, same] of Map.groupBy(issuers, ({ issuer }) => issuer.cluster)) {
    const urls = same.map(({ issuer }) => issuer.url);
    // Whoever says which it takes over from is not one too many.
    const left = same.filter(({ issuer }) => !isTakeover(issuer.replaces, urls));
    for (const { document } of left.slice(1)) {
      const others = urls.join(" and ");
      const text = `the cluster ${cluster} has two issuers, ${others}: a token of either is any of its accounts; if one takes over from the other, say "replaces" in the newer`;
      findings.push(findingAt(store, document, ["cluster"], { severity: "error", rule: "issuer-repeated", text }));
    }
  }
  for (const { document, issuer } of issuers) {
    if (issuer.url.startsWith("http://")) {
      const text = "an issuer over plain http is refused (ISSUER_MALFORMED) but offline";
      findings.push(findingAt(store, document, ["url"], { severity: "warning", rule: "issuer-plain-http", text }));
    }
    if (issuer.keys === "static" && !keySets.has(issuer.url)) {
      const text = `"keys" is "static" and there is no key set ${document.name.replace(/^issuers/, "keys")}: no token of it is decided on (KEY_SET_MISSING)`;
      findings.push(findingAt(store, document, ["keys"], { severity: "error", rule: "keys-missing", text }));
    }
  }
  for (const document of documents) {
    if (document.parsed.kind !== "permissions") continue;
    const { cluster, group } = document.parsed.scope;
    const unknown =
      cluster !== undefined && !clusters.has(cluster)
        ? `cluster ${cluster}`
        : group !== undefined && !groups.has(group)
          ? `group ${group}`
          : undefined;
    if (unknown === undefined) continue;
    const text = `no issuer is of the ${unknown}, so these permissions are nobody's`;
    findings.push(findingAt(store, document, [], { severity: "error", rule: "scope-unknown", text }));
  }
  return findings;
}

/** By the issuer's URL, or by the name of its document. */
function isTakeover(replaces: string | undefined, urls: readonly string[]): boolean {
  return urls.some((url) => url === replaces || url === `https://${replaces}`);
}
