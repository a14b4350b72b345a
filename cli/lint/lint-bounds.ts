import type { DocumentStore } from "../store/document-store.ts";
import type { StoreDocument } from "../store/parsed-document.ts";
import { type Finding, findingAt } from "./finding.ts";

/**
 * Services without `principals` that permissions of single namespaces name: whoever may write those, as the right to a
 * folder of parameters can be delegated, gives them to anybody.
 */
export function lintBounds(documents: readonly StoreDocument[], store: DocumentStore): readonly Finding[] {
  const named = new Map<string, string>();
  for (const { name, parsed } of documents) {
    if (parsed.kind !== "permissions" || parsed.scope.namespace === undefined) continue;
    for (const { service } of parsed.value.allow) if (!named.has(service)) named.set(service, name);
  }
  return documents.flatMap((document) => {
    const { parsed } = document;
    const receivers =
      parsed.kind === "services"
        ? [{ service: parsed.service, principals: parsed.value.principals }]
        : parsed.kind === "apis"
          ? [parsed.value.receiver, ...parsed.value.stages.values()]
          : [];
    const unbounded = receivers.find(({ service, principals }) => principals === undefined && named.has(service));
    if (unbounded === undefined) return [];
    const text = `the service ${unbounded.service} has no "principals": whoever may write ${named.get(unbounded.service)}, or any other permission, can give it to anybody`;
    return [findingAt(store, document, [], { severity: "warning", rule: "service-unbounded", text })];
  });
}
