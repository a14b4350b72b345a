import type { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { GatewayError } from "../../lib/errors.ts";
import { isJsonObject, JsonFault, parseJson } from "../../lib/json.ts";
import type { DocumentEntry, DocumentKind } from "../store/document-store.ts";
import { type ParsedDocument, parseEntry } from "../store/parsed-document.ts";

/** One document, as it is and as it shall be. A side that is absent does not exist. */
export interface DocumentPair {
  /** Without the prefix. */
  readonly name: string;
  readonly kind: DocumentKind;
  readonly before?: Side | undefined;
  readonly after?: Side | undefined;
}

export interface Side {
  readonly text: string;
  /** Of the parameter; a file has none. */
  readonly version?: number | undefined;
  /** Absent where the functions cannot use it: no decision is made that needs it. */
  readonly parsed?: ParsedDocument | undefined;
  /** Why they cannot. */
  readonly unreadable?: string | undefined;
  /** Whether that is because the parameter is of a type that a write does not change. */
  readonly isEncrypted?: boolean;
}

/** What each kind of document is when it is read. */
type Documents = { readonly [Parsed in ParsedDocument as Parsed["kind"]]: Parsed["value"] };

/** What a side says, if it is there and can be read. */
export function documentIn<Kind extends DocumentKind>(side: Side | undefined, kind: Kind): Documents[Kind] | undefined {
  const parsed = side?.parsed;
  return parsed?.kind === kind ? (parsed.value as Documents[Kind]) : undefined;
}

/** Throws `DOCUMENT_TOO_NEW`: what a newer podgate wrote must not be replaced by an older one. */
export function readStored(entry: DocumentEntry, names: ParameterNames): Side {
  const { text, version } = entry.stored;
  try {
    return { text, version, parsed: parseEntry(entry, names) };
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== "DOCUMENT_INVALID") throw error;
    return { text, version, unreadable: error.message, ...(entry.isEncrypted && { isEncrypted: true }) };
  }
}

/** Whether two texts are one document: the order of members and white space say nothing. */
export function isSameText(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one === other || inOneOrder(one) === inOneOrder(other);
}

function inOneOrder(text: string): string {
  try {
    return JSON.stringify(parseJson(text), (_key, value: unknown) =>
      isJsonObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
    );
  } catch (error) {
    if (error instanceof JsonFault) return text;
    throw error;
  }
}
