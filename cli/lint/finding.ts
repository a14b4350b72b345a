import type { DocumentPath, DocumentStore } from "../store/document-store.ts";
import type { StoreDocument } from "../store/parsed-document.ts";

/** What is looked for; stable, so that a pipeline can name it. */
export type LintRule =
  | "document"
  | "issuer-repeated"
  | "issuer-plain-http"
  | "address-plain-http"
  | "keys-missing"
  | "scope-unknown"
  | "service-unknown"
  | "rule-shadowed"
  | "allow-beaten"
  | "path-never-matches"
  | "deny-below-allow"
  | "audience-shared"
  | "audience-of-api-server"
  | "service-unbounded"
  | "document-large"
  | "answer-large"
  | "authorizer-ttl";

/** Something that would stop a decision, or surprise. */
export interface Finding {
  /** An error stops a decision or makes a rule do nothing; a warning is for somebody to know. */
  readonly severity: "error" | "warning";
  readonly rule: LintRule;
  /** The document, without the prefix; of a file that is none, the file. */
  readonly name: string;
  readonly location: string;
  readonly text: string;
}

/** A finding about a document, or a part of it. */
export function findingAt(
  store: DocumentStore,
  { name, stored }: Pick<StoreDocument, "name" | "stored">,
  path: DocumentPath,
  finding: Pick<Finding, "severity" | "rule" | "text">,
): Finding {
  return { ...finding, name, location: store.locate(stored.name, path) };
}
