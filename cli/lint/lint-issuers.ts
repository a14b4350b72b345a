import { sharedClusters } from "../../lib/issuer/shared-clusters.ts";
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

  for (const sharing of sharedClusters(issuers.map(({ issuer }) => issuer))) {
    const last = issuers.find(({ issuer }) => issuer === sharing.at(-1));
    if (last === undefined) continue;
    const urls = sharing.map(({ url }) => url).join(" and ");
    const text = `the cluster ${last.issuer.cluster} has more than one issuer, ${urls}: a token of each is any of its accounts; if one takes over from another, say "replaces" in the newer`;
    findings.push(findingAt(store, last.document, ["cluster"], { severity: "error", rule: "issuer-repeated", text }));
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
