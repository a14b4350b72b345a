import type { Awaitable } from "../awaitable.ts";
import { type DocumentVersion, formatVersion, parseDocument, type StoredDocument } from "../document.ts";
import { object, oneOf, optional, type ReadBy, type Reader, text, wholeNumber, wrong } from "../document-reader.ts";
import { principalPatterns } from "../permission/receiver.ts";
import { type CredentialDocument, credentialDocument } from "./credential-document.ts";
import { isCredentialName, isFieldName, isReserved, spelling } from "./forwarded-headers.ts";

/** An external service as its owner registered it under `services/<service>`. */
export interface ExternalService {
  /** Where the paths of permissions begin: scheme, host and perhaps a path, without a `/` at the end. */
  readonly url: string;
  readonly credential: CredentialDocument;
  /** Upper bound of who may call at all; absent: everybody. */
  readonly principals?: readonly string[] | undefined;
  /** Seconds for a call, from the name of the host to the last byte of the answer. */
  readonly timeoutSeconds: number;
  /** The header that tells the service who is calling, as the document spells it. */
  readonly identityHeader?: string | undefined;
  readonly network: "public" | "private";
  readonly document: DocumentVersion;
}

/** Where service documents come from. Throws `PARAMETERS_UNAVAILABLE`, `DOCUMENT_INVALID`, `DOCUMENT_TOO_NEW`. */
export interface ServiceSource {
  find(service: string): Awaitable<ExternalService | undefined>;
}

const DEFAULT_TIMEOUT_SECONDS = 10;
/** Below the 29 s of the function, which has to answer for itself when the service does not. */
const MAX_TIMEOUT_SECONDS = 25;

const document = object({
  version: formatVersion,
  url: text(
    isServiceUrl,
    "is not a URL `https://host/path` in its plain spelling, without user, query, fragment and a / at the end",
  ),
  credential: credentialDocument,
  principals: optional(principalPatterns),
  timeoutSeconds: optional(wholeNumber(1, MAX_TIMEOUT_SECONDS), DEFAULT_TIMEOUT_SECONDS),
  identityHeader: optional(
    text(
      (name) => name.length <= 64 && isFieldName(name) && !isReserved(name) && !isCredentialName(name),
      "is not a header's name of at most 64 characters, or is one that the connection or a credential needs",
    ),
  ),
  network: optional(oneOf(["public", "private"], 'is neither "public" nor "private"'), "public"),
});

const documentWithTwoNames: Reader<ReadBy<typeof document>> = (written, reading) => {
  const service = document(written, reading);
  if (reading.problems.length > 0) return service;
  const { credential, identityHeader } = service;
  const isOneName =
    identityHeader !== undefined &&
    credential.type === "header" &&
    spelling(credential.name) === spelling(identityHeader);
  return isOneName ? wrong(reading, "gives identityHeader and the credential one name") : service;
};

/** Reads a service document. Throws `DOCUMENT_INVALID` and `DOCUMENT_TOO_NEW`. */
export function parseExternalService(stored: StoredDocument): ExternalService {
  const { version: _, ...service } = parseDocument(stored, documentWithTwoNames);
  return { ...service, document: { name: stored.name, version: stored.version } };
}

/**
 * Plain http is judged where the connection is made, which knows whether loopback is permitted. Any other spelling
 * than the one that is sent (a dot segment, an upper-case host, `:443`) is refused: paths are joined to this text.
 */
function isServiceUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === "https:" || url.protocol === "http:") &&
    (url.href === text || url.href === `${text}/`) &&
    url.username === "" &&
    url.password === "" &&
    !text.endsWith("/") &&
    !url.pathname.includes("//") &&
    !/[?#]/.test(text)
  );
}
