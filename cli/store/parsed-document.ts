import type { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { DocumentError, describeProblem } from "../../lib/document.ts";
import type { DocumentProblem } from "../../lib/document-reader.ts";
import { GatewayError } from "../../lib/errors.ts";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { parseStoredKeySet, type StoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import { parseTrustedIssuer, type TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isDnsLabel, isDnsSubdomain } from "../../lib/names.ts";
import { type PermissionDocument, parsePermissionDocument } from "../../lib/permission/permission-set.ts";
import { parseRegisteredApi, type RegisteredApi } from "../../lib/permission/receiver.ts";
import { type ExternalService, parseExternalService } from "../../lib/service/external-service.ts";
import type { DocumentEntry, DocumentKind, DocumentPath, DocumentStore } from "./document-store.ts";

/** What a permission document is about; the members that are missing stand for "all". */
export interface PermissionScope {
  readonly group?: string;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly serviceAccount?: string;
}

/** A document as the functions read it. */
export type ParsedDocument =
  | { readonly kind: "issuers"; readonly value: TrustedIssuer }
  | { readonly kind: "keys"; readonly value: StoredKeySet }
  | { readonly kind: "apis"; readonly value: RegisteredApi; readonly apiId: string }
  | { readonly kind: "services"; readonly value: ExternalService; readonly service: string }
  | { readonly kind: "permissions"; readonly value: PermissionDocument; readonly scope: PermissionScope };

export type StoreDocument = DocumentEntry & { readonly parsed: ParsedDocument };

/** Something wrong with a document, and where. */
export interface StoreProblem {
  /** Without the prefix. */
  readonly name: string;
  /** `<file>:<line>`, or the parameter. */
  readonly location: string;
  readonly path: DocumentPath;
  readonly text: string;
}

export interface StoreContents {
  readonly documents: readonly StoreDocument[];
  /** Documents that no function could use. */
  readonly problems: readonly StoreProblem[];
}

/** Reads every document of these kinds by the functions' own parsers. */
export async function readContents(store: DocumentStore, kinds: readonly DocumentKind[]): Promise<StoreContents> {
  const documents: StoreDocument[] = [];
  const problems: StoreProblem[] = [];
  for (const entry of await store.list(kinds)) {
    const { name, stored } = entry;
    try {
      documents.push({ ...entry, parsed: parseEntry(entry, store.names) });
    } catch (error) {
      for (const { path, text } of problemsOf(error)) {
        problems.push({ name, location: store.locate(stored.name, path), path, text: describeProblem({ path, text }) });
      }
    }
  }
  return { documents, problems };
}

/** Where the problems are, each place once. */
export function locationsOf(problems: readonly StoreProblem[]): readonly string[] {
  return [...new Set(problems.map(({ location }) => location))];
}

/** Reads one document. Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`, also for a name that no function asks for. */
export function parseEntry(entry: DocumentEntry, names: ParameterNames): ParsedDocument {
  const { name, stored } = entry;
  const rest = name.slice(entry.kind.length + 1);
  const misnamed = (text: string) => new DocumentError(stored, [{ path: [], text }]);
  if (entry.isEncrypted) throw new DocumentError(stored, [{ path: [], text: ENCRYPTED }]);
  switch (entry.kind) {
    case "issuers": {
      const value = parseTrustedIssuer(stored);
      const right = nameForIssuer(value.url, names.issuer.bind(names));
      if (right === undefined) throw new DocumentError(stored, [{ path: ["url"], text: NOT_AN_ISSUER }]);
      if (right !== stored.name) throw misnamed(otherName(right, name, stored.name));
      return { kind: "issuers", value };
    }
    case "keys": {
      const value = parseStoredKeySet(stored);
      const right = nameForIssuer(value.issuer, names.keys.bind(names));
      if (right === undefined) throw new DocumentError(stored, [{ path: ["issuer"], text: NOT_AN_ISSUER }]);
      if (right !== stored.name) throw misnamed(otherName(right, name, stored.name));
      return { kind: "keys", value };
    }
    case "apis":
      if (names.api(rest) === undefined) throw misnamed("its name is not apis/<id of an API>");
      return { kind: "apis", value: parseRegisteredApi(stored), apiId: rest };
    case "services":
      if (names.service(rest) === undefined) throw misnamed("its name is not services/<DNS-1123 label>");
      return { kind: "services", value: parseExternalService(stored), service: rest };
    case "permissions": {
      const scope = readScope(rest);
      if (scope === undefined) throw misnamed(NOT_A_SCOPE);
      return { kind: "permissions", value: parsePermissionDocument(stored), scope };
    }
  }
}

const ENCRYPTED =
  "is a SecureString, which no function decrypts as a document: delete the parameter and store it as a String";

const NOT_AN_ISSUER = "is not an issuer's URL `https://host/path`, or too long for a parameter's name";

const NOT_A_SCOPE =
  "its name is none of permissions/<cluster>/<namespace>/<service account>, …/<namespace>/_all, …/<cluster>/_all and " +
  "permissions/_all, where _group.<group> can stand for the cluster: no caller is found by it";

/** As the functions look for it. Plain http is a matter of the stage, so here it is an issuer like any other. */
function nameForIssuer(url: string, nameOf: ParameterNames["issuer"]): string | undefined {
  const issuer = parseIssuerUrl(url, true);
  return issuer && nameOf(issuer);
}

function otherName(right: string, name: string, fullName: string): string {
  const prefix = fullName.slice(0, fullName.length - name.length);
  return `it is for an issuer whose document is named ${right.slice(prefix.length)}: under this name no function finds it`;
}

/** What the rest of a name behind `permissions/` stands for. */
export function readScope(rest: string): PermissionScope | undefined {
  if (rest === "_all") return {};
  const [first = "", second, third, ...more] = rest.split("/");
  const group = first.startsWith("_group.") ? first.slice("_group.".length) : undefined;
  if (!isDnsLabel(group ?? first) || second === undefined || more.length > 0) return undefined;
  const clusters = group === undefined ? { cluster: first } : { group };
  if (third === undefined) return second === "_all" ? clusters : undefined;
  if (!isDnsLabel(second)) return undefined;
  if (third === "_all") return { ...clusters, namespace: second };
  return isDnsSubdomain(third) ? { ...clusters, namespace: second, serviceAccount: third } : undefined;
}

function problemsOf(error: unknown): readonly DocumentProblem[] {
  if (error instanceof DocumentError) return error.problems;
  if (error instanceof GatewayError) return [{ path: [], text: error.message }];
  throw error;
}
