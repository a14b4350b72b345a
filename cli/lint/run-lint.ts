import { readFile } from "node:fs/promises";
import { PermissionIndex } from "../access/permission-index.ts";
import type { Context } from "../context.ts";
import { settingsOf } from "../decide/settings.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, StoreFlags } from "../flags.ts";
import type { Output } from "../output.ts";
import { DOCUMENT_KINDS, type DocumentStore } from "../store/document-store.ts";
import { openStore } from "../store/open-store.ts";
import { readContents } from "../store/parsed-document.ts";
import { quote } from "../wording.ts";
import type { Finding } from "./finding.ts";
import { lintAddresses } from "./lint-addresses.ts";
import { lintBounds } from "./lint-bounds.ts";
import { lintIssuers } from "./lint-issuers.ts";
import { lintPermissions } from "./lint-permissions.ts";
import { lintReceivers } from "./lint-receivers.ts";
import { lintServerless } from "./lint-serverless.ts";
import { lintAnswerSizes, lintDocumentSizes } from "./lint-sizes.ts";

export type LintFlags = StoreFlags & JsonFlag & { readonly serverless?: string };

export async function runLint(context: Context, flags: LintFlags): Promise<ExitCode> {
  const { output } = context;
  const store = await openStore(flags, context);
  const serverless = flags.serverless === undefined ? [] : await serverlessFindings(flags.serverless);
  const { documents, findings } = await lintStore(store, flags, context);
  const all = [...findings, ...serverless];
  const errors = all.filter(({ severity }) => severity === "error").length;
  output.result({ documents, errors, warnings: all.length - errors, findings: all }, flags.json, () =>
    [...all.map((finding) => lineOf(finding, output)), summary(documents, errors, all.length - errors)].join("\n"),
  );
  return errors > 0 ? EXIT.NO : EXIT.OK;
}

async function lintStore(store: DocumentStore, flags: LintFlags, context: Context) {
  const contents = await readContents(store, DOCUMENT_KINDS);
  const { documents, problems } = contents;
  const index = new PermissionIndex(store, contents);
  const findings: Finding[] = [
    ...problems.map(
      ({ name, location, text }): Finding => ({ severity: "error", rule: "document", name, location, text }),
    ),
    ...lintIssuers(documents, store),
    ...lintAddresses(documents, store),
    ...lintReceivers(documents, store),
    ...lintPermissions(documents, store),
    ...lintBounds(documents, store),
    ...lintDocumentSizes(documents, store),
    ...(await lintAnswerSizes(documents, store, index, { ...settingsOf(flags, context), allowLoopbackHttp: true })),
  ];
  return { documents: documents.length + new Set(problems.map(({ name }) => name)).size, findings };
}

async function serverlessFindings(file: string): Promise<readonly Finding[]> {
  try {
    return lintServerless(await readFile(file, "utf8"), file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(EXIT.INPUT, `the file ${quote(file)} cannot be read (${code})`);
  }
}

function lineOf({ location, severity, text, rule }: Finding, output: Output): string {
  return `${location}: ${output.style(severity === "error" ? "red" : "yellow", severity)}: ${text} [${rule}]`;
}

function summary(documents: number, errors: number, warnings: number): string {
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  return [many(documents, "document"), many(errors, "error"), many(warnings, "warning")].join(", ");
}
