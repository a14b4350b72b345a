import { FetchFailure } from "../../lib/issuer/fetch-json.ts";
import { readTarget } from "../../lib/net/target.ts";
import type { DocumentPath, DocumentStore } from "../store/document-store.ts";
import type { StoreDocument } from "../store/parsed-document.ts";
import { type Finding, findingAt } from "./finding.ts";

/** Addresses over plain http, which the functions never ask but on this machine: judged by their own rule for an address. */
export function lintAddresses(documents: readonly StoreDocument[], store: DocumentStore): readonly Finding[] {
  return documents.flatMap((document) =>
    addressesOf(document).flatMap(([path, url]) => {
      if (url === undefined || !url.startsWith("http://")) return [];
      const [severity, text] = isCalledOffline(url)
        ? (["warning", "an address over plain http is asked offline alone"] as const)
        : (["error", "an address over plain http is never asked: it has to be https"] as const);
      return [findingAt(store, document, path, { severity, rule: "address-plain-http", text })];
    }),
  );
}

function addressesOf({ parsed }: StoreDocument): readonly (readonly [DocumentPath, string | undefined])[] {
  switch (parsed.kind) {
    case "issuers":
      return [
        [["discoveryURL"], parsed.value.discoveryURL],
        [["jwksURL"], parsed.value.jwksURL],
      ];
    case "services": {
      const { url, credential } = parsed.value;
      const tokenURL = "tokenURL" in credential ? credential.tokenURL : undefined;
      return [
        [["url"], url],
        [["credential", "tokenURL"], tokenURL],
      ];
    }
    default:
      return [];
  }
}

function isCalledOffline(url: string): boolean {
  try {
    readTarget(url, { network: "public", allowLoopbackHttp: true });
    return true;
  } catch (error) {
    if (error instanceof FetchFailure) return false;
    throw error;
  }
}
