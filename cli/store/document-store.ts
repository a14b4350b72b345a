import type { ParameterNames } from "../../lib/aws/parameter-names.ts";
import type { ReadParameters } from "../../lib/aws/parameter-reader.ts";
import type { StoredDocument } from "../../lib/document.ts";

/** The folders of the store that hold documents. Secrets are none: nothing here ever lists or reads one. */
export const DOCUMENT_KINDS = ["issuers", "keys", "apis", "services", "permissions"] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** A document as it stands in a store, not yet read. */
export interface DocumentEntry {
  /** Without the prefix, as in the folder's files: `permissions/dev/payments/billing`. */
  readonly name: string;
  readonly kind: DocumentKind;
  /** What the functions' own parsers take. Its name is the full one. */
  readonly stored: StoredDocument;
  /** Of SSM: a SecureString, which the functions get as it is encrypted. */
  readonly isEncrypted?: boolean;
}

/** Steps into a document: members and indexes. */
export type DocumentPath = readonly (string | number)[];

/** Where documents are: a folder of files, or SSM. */
export interface DocumentStore {
  /** For people: `folder access`, `SSM /podgate/prod`. */
  readonly title: string;
  readonly prefix: string;
  readonly names: ParameterNames;
  /** Whether documents have versions: those of files are in the files' own history. */
  readonly hasVersions: boolean;
  /** As the functions read: up to ten full names; what is not there is not in the answer. */
  readonly read: ReadParameters;
  /** Every document of these kinds, by name. Of SSM that is a call for ten, at the store's pace. */
  list(kinds: readonly DocumentKind[]): Promise<readonly DocumentEntry[]>;
  /** Where a person finds a document, or a part of it: `access/payments.yaml:12`; of SSM the parameter's name. */
  locate(fullName: string, path?: DocumentPath): string;
}

/** The kind of a name without prefix, or `undefined` where it begins with none. */
export function kindOf(name: string): DocumentKind | undefined {
  return DOCUMENT_KINDS.find((kind) => name.startsWith(`${kind}/`));
}
