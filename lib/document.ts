import * as v from "valibot";
import { GatewayError } from "./errors.ts";
import { isJsonObject, JsonFault, parseJson } from "./json.ts";

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

/** One thing that is wrong with a document. */
export interface DocumentProblem {
  /** Members and indexes that lead to it; empty where it is the document itself. */
  readonly path: readonly (string | number)[];
  /** Follows the path: `is not a list`. Where there is none, a sentence: `the document has neither a nor b`. */
  readonly text: string;
}

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

/**
 * An object schema that knows no other member: a misspelt check must not vanish. Its messages name what is allowed.
 */
export function strictDocument<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(
    v.unknown(),
    // To valibot a list is an object too: an empty one would pass where every member may be left out.
    v.check(isJsonObject, "is not an object"),
    v.strictObject(entries, ({ expected }) =>
      expected === "never" ? `is unknown; allowed are ${Object.keys(entries).join(", ")}` : "is missing",
    ),
  );
}

/** `version`, which every document may have. */
export const formatVersion = v.optional(v.literal(FORMAT_VERSION, `is not ${FORMAT_VERSION}`));

/**
 * Parses a document by its schema. Throws `DOCUMENT_INVALID` (not JSON, an unknown or repeated member, a wrong value:
 * the detail names parameter, member and what is allowed) and `DOCUMENT_TOO_NEW` (a `version` this release predates).
 */
export function parseDocument<Schema extends v.GenericSchema>(
  document: StoredDocument,
  schema: Schema,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = parseJson(document.text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new DocumentError(document, [{ path: [], text: error.message }]);
  }
  // A list would pass for an object without members.
  if (!isJsonObject(value)) throw new DocumentError(document, [{ path: [], text: "it is not a JSON object" }]);
  if (typeof value["version"] === "number" && value["version"] > FORMAT_VERSION) {
    throw new GatewayError(
      "DOCUMENT_TOO_NEW",
      `parameter ${document.name} (version ${document.version}) has format version ${value["version"]}; ` +
        `this release reads ${FORMAT_VERSION}: upgrade podgate first`,
    );
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new DocumentError(document, result.issues.map(problemOf));
}

const MAX_PROBLEMS_NAMED = 5;

function problemOf({ path, message }: v.BaseIssue<unknown>): DocumentProblem {
  if (path === undefined) return { path: [], text: `the document ${message}` };
  return { path: path.map(({ key }) => (typeof key === "number" ? key : String(key))), text: message };
}

/** `deny[0].methods is not a list`. */
export function describeProblem({ path, text }: DocumentProblem): string {
  if (path.length === 0) return text;
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step.slice(0, 64)}`));
  return `${steps.join("").replace(/^\./, "")} ${text}`;
}
