import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, StoreFlags } from "../flags.ts";
import { DOCUMENT_KINDS } from "../store/document-store.ts";
import { openStore } from "../store/open-store.ts";
import { readContents } from "../store/parsed-document.ts";

export type LintFlags = StoreFlags & JsonFlag;

export async function runLint(context: Context, flags: LintFlags): Promise<ExitCode> {
  const { output } = context;
  const store = await openStore(flags, context);
  const { documents, problems } = await readContents(store, DOCUMENT_KINDS);
  const findings = problems.map(({ name, location, text }) => ({
    severity: "error",
    rule: "document",
    name,
    location,
    text,
  }));
  output.result({ documents: documents.length, findings }, flags.json, () =>
    [
      ...findings.map(
        ({ location, severity, text, rule }) => `${location}: ${output.style("red", severity)}: ${text} [${rule}]`,
      ),
      `${documents.length + new Set(problems.map(({ name }) => name)).size} documents, ${findings.length} errors`,
    ].join("\n"),
  );
  return findings.length > 0 ? EXIT.NO : EXIT.OK;
}
