import { type DocumentProblem, optional, type Reader, readBy, value } from "./document-reader.ts";
import { GatewayError } from "./errors.ts";
import { isJsonObject, JsonFault, own, parseJsonAsIs } from "./json.ts";

/** A parameter as it was read: its full name, the version of its value, and the text. */
export interface StoredDocument {
  readonly name: string;
  readonly version: number;
  /** Differs whenever the value may differ, also for a parameter that was deleted and made again. */
  readonly revision: string;
  readonly text: string;
}

/** Which version of which document took part in a decision. */
export interface DocumentVersion {
  readonly name: string;
  readonly version: number;
}

/** The format that is written down in the contract; a document may say so in `version`. */
const FORMAT_VERSION = 1;

/** A document that cannot be used: every problem with it, of which the message names the first five. */
export class DocumentError extends GatewayError {
  readonly document: DocumentVersion;
  readonly problems: readonly DocumentProblem[];

  constructor({ name, version }: DocumentVersion, problems: readonly DocumentProblem[]) {
    const named = problems.slice(0, MAX_PROBLEMS_NAMED).map(describeProblem);
    super("DOCUMENT_INVALID", `parameter ${name} (version ${version}) cannot be read: ${named.join("; ")}`);
    this.document = { name, version };
    this.problems = problems;
  }
}

/** `version`, which every document may have. */
export const formatVersion = optional(value((version) => version === FORMAT_VERSION, `is not ${FORMAT_VERSION}`));

/**
 * Parses a document by its reader. Throws `DOCUMENT_INVALID` (not JSON, an unknown or repeated member, a wrong value:
 * the detail names parameter, member and what is allowed) and `DOCUMENT_TOO_NEW` (a `version` this release predates).
 */
export function parseDocument<T>(document: StoredDocument, reader: Reader<T>): T {
  let written: unknown;
  try {
    written = parseJsonAsIs(document.text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new DocumentError(document, [{ path: [], text: error.message }]);
  }
  // A list would pass for an object without members.
  if (!isJsonObject(written)) throw new DocumentError(document, [{ path: [], text: "it is not a JSON object" }]);
  const version = own(written, "version");
  if (typeof version === "number" && version > FORMAT_VERSION) {
    throw new GatewayError(
      "DOCUMENT_TOO_NEW",
      `parameter ${document.name} (version ${document.version}) has format version ${version}; ` +
        `this release reads ${FORMAT_VERSION}: upgrade podgate first`,
    );
  }
  const result = readBy(reader, written);
  if ("read" in result) return result.read;
  const problems = result.problems.map(({ path, text }) => ({
    path,
    text: path.length === 0 ? `the document ${text}` : text,
  }));
  throw new DocumentError(document, problems);
}

const MAX_PROBLEMS_NAMED = 5;

/** `deny[0].methods is not a list`. */
export function describeProblem({ path, text }: DocumentProblem): string {
  if (path.length === 0) return text;
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step.slice(0, 64)}`));
  return `${steps.join("").replace(/^\./, "")} ${text}`;
}
