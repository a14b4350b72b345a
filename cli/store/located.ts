import { DocumentError, describeProblem } from "../../lib/document.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { DocumentStore } from "./document-store.ts";

/** What a document's error is about, as a person finds it. */
export async function located<T>(store: DocumentStore, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    const [problem] = error.problems;
    const path = problem?.path ?? [];
    const what = problem === undefined ? "cannot be read" : describeProblem(problem);
    throw new CliError(
      EXIT.INPUT,
      `${store.locate(error.document.name, path)}: ${what}; no decision that needs this document is made (DOCUMENT_INVALID)`,
    );
  }
}
