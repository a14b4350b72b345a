import { GatewayError } from "../../lib/errors.ts";
import { parseStoredKeySet, type StoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import { parseTrustedIssuer, type TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isJsonObject, JsonFault, parseJson } from "../../lib/json.ts";
import { type PermissionDocument, parsePermissionDocument } from "../../lib/permission/permission-set.ts";
import { parseRegisteredApi, type RegisteredApi } from "../../lib/permission/receiver.ts";
import { type ExternalService, parseExternalService } from "../../lib/service/external-service.ts";

/** A document's text under its name below the prefix: `permissions/dev/payments/billing`. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** A document of the store. */
export interface StoredText extends NamedText {
  readonly version: number;
}

const PARSERS = {
  issuers: parseTrustedIssuer,
  keys: parseStoredKeySet,
  apis: parseRegisteredApi,
  services: parseExternalService,
  permissions: parsePermissionDocument,
} as const;

export type DocumentKind = keyof typeof PARSERS;

/** What each kind of document is when it is read. */
interface Documents {
  readonly issuers: TrustedIssuer;
  readonly keys: StoredKeySet;
  readonly apis: RegisteredApi;
  readonly services: ExternalService;
  readonly permissions: PermissionDocument;
}

/** One document, as stored and as wanted; a side that is absent does not exist. */
export interface DocumentPair<Kind extends DocumentKind = DocumentKind> {
  readonly name: string;
  readonly kind: Kind;
  readonly before: Side<Kind> | undefined;
  readonly after: Side<Kind> | undefined;
}

export interface Side<Kind extends DocumentKind> {
  readonly text: string;
  /** Of a stored document. */
  readonly version?: number | undefined;
  /** Absent where the functions cannot read it: no decision is made that needs it. */
  readonly document?: Documents[Kind] | undefined;
  /** Why they cannot. */
  readonly unreadable?: string | undefined;
}

/** `undefined` for a name that is none of a document. */
export function kindOf(name: string): DocumentKind | undefined {
  const [first = ""] = name.split("/");
  return Object.hasOwn(PARSERS, first) ? (first as DocumentKind) : undefined;
}

/** Reads a stored document as the functions do. Throws `DOCUMENT_TOO_NEW`: an older podgate must not replace it. */
export function readStored<Kind extends DocumentKind>(kind: Kind, stored: StoredText): Side<Kind> {
  const { text, version } = stored;
  try {
    return { text, version, document: parseAs(kind, stored, version) };
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== "DOCUMENT_INVALID") throw error;
    return { text, version, unreadable: error.message };
  }
}

/** Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`. */
export function readWanted<Kind extends DocumentKind>(kind: Kind, wanted: NamedText): Side<Kind> {
  return { text: wanted.text, document: parseAs(kind, wanted, 0) };
}

function parseAs<Kind extends DocumentKind>(kind: Kind, { name, text }: NamedText, version: number): Documents[Kind] {
  const parse: (stored: Parameters<typeof parseTrustedIssuer>[0]) => unknown = PARSERS[kind];
  return parse({ name, text, version, revision: "" }) as Documents[Kind];
}

export function isOfKind<Kind extends DocumentKind>(pair: DocumentPair, kind: Kind): pair is DocumentPair<Kind> {
  return pair.kind === kind;
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
