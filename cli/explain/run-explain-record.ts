import { isRefusal, refuse } from "../../lib/errors.ts";
import { PUBLIC_CODES } from "../../lib/gateway/problem.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { PermissionIndex } from "../access/permission-index.ts";
import type { Context } from "../context.ts";
import { AnswerRoom } from "../decide/answer-room.ts";
import { AccountAsker } from "../decide/caller.ts";
import { targetQuestion } from "../decide/question.ts";
import { readPrincipal, settingsOf } from "../decide/settings.ts";
import { chooseTarget, narrow, type Target, targetsOf } from "../decide/target.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { located } from "../store/located.ts";
import { openStore } from "../store/open-store.ts";
import { readContents, type StoreContents } from "../store/parsed-document.ts";
import { quote } from "../wording.ts";
import { type AuditRecord, findRecord, isRefusalCode } from "./audit-record.ts";
import { type Checked, checkedOf } from "./checked.ts";
import { describeRecord } from "./describe-record.ts";
import type { ExplainFlags } from "./explain-flags.ts";
import { readLines } from "./input.ts";
import type { RecordExplanation } from "./record-explanation.ts";
import { type AskAgain, smallestChange } from "./smallest-change.ts";

export async function runExplainRecord(
  context: Context,
  flags: ExplainFlags,
  decisionId: string,
  source: string,
): Promise<ExitCode> {
  const record = await findRecord(readLines(source, context), decisionId);
  if (record === undefined) {
    const where = source === "-" ? "standard input" : source;
    throw new CliError(
      EXIT.INPUT,
      `no audit record of decision ${quote(decisionId)} in ${where}; give the function's log, a JSON line for each decision`,
    );
  }
  const isNamed = flags.from !== undefined || flags.prefix !== undefined || flags.offline;
  const hasStore = isNamed || context.env["PODGATE_PARAMETER_PREFIX"] !== undefined;
  const store = hasStore ? await openStore(flags, context) : undefined;
  const explanation = await explainRecord(record, context, flags, store);
  context.output.result(explanation, flags.json, () => describeRecord(explanation, context.output, store));
  if (record.outcome === "error") return EXIT.UNDECIDED;
  return record.outcome === "refuse" ? EXIT.NO : EXIT.OK;
}

async function explainRecord(
  record: AuditRecord,
  context: Context,
  flags: ExplainFlags,
  store: DocumentStore | undefined,
): Promise<RecordExplanation> {
  const { code, documents = [] } = record;
  const now = store === undefined ? undefined : await located(store, () => askNow(record, context, flags, store));
  return {
    record,
    ...(isRefusalCode(code) && { publicCode: PUBLIC_CODES[code] }),
    checks: checksOf(record),
    documents: await versionsNow(documents, store),
    ...(now !== undefined && { now }),
  };
}

/** By the code alone: what was compared is told of the check that refused. */
function checksOf({ code, detail = "", compared, access, outcome }: AuditRecord): readonly Checked[] {
  if (outcome === "error" || outcome === "identified") return [];
  const { method = "", path = "" } = access ?? {};
  const decision = isRefusalCode(code)
    ? refuse(code, detail, { ...(compared !== undefined && { compared }) })
    : ({ effect: "allow", rule: "" } as const);
  const checked = checkedOf(decision, { now: 0, clockSkewSeconds: 0, method, path, through: "" }, undefined, {
    steps: [],
    codes: [],
  });
  return access === undefined
    ? checked.map(({ compared: _, ...check }) =>
        check.state === "refused" ? { ...check, ...describe(compared) } : check,
      )
    : checked;
}

function describe(compared: AuditRecord["compared"]) {
  return compared === undefined ? {} : { compared: `${compared.actual}; expected ${compared.expected}` };
}

async function versionsNow(documents: readonly { name: string; version: number }[], store: DocumentStore | undefined) {
  // A document under another prefix is of another store, and those of a folder have no versions.
  const own = documents.filter(({ name }) => store?.hasVersions === true && name.startsWith(`${store.prefix}/`));
  const names = own.map(({ name }) => name as Parameters<DocumentStore["read"]>[0][number]);
  const found = store === undefined || names.length === 0 ? new Map() : await store.read(names.slice(0, 10));
  return documents.map(({ name, version }) => {
    if (!names.slice(0, 10).some((each) => each === name)) return { name, version };
    const now = found.get(name)?.version ?? ("gone" as const);
    return now === version ? { name, version } : { name, version, now };
  });
}

/** Audiences of the gateway and of functions: the token that is asked about is good for any. */
const NO_MATTER = ["unknown"];

/** Nothing where the record does not say who called what: before the signature nobody is known. */
async function askNow(
  record: AuditRecord,
  context: Context,
  flags: ExplainFlags,
  store: DocumentStore,
): Promise<RecordExplanation["now"]> {
  const { principal: text, access } = record;
  if (text === undefined || access === undefined) return undefined;
  const principal = readPrincipal(text);
  const contents = await readContents(store, ["issuers", "apis", "services"]);
  const issuer = issuerNow(record, contents) ?? new PermissionIndex(store, contents).issuerOf(principal.cluster);
  if ("code" in issuer) return issuer;
  const target = targetNow(record, access.service, contents, flags);
  if ("code" in target) return target;
  const question = targetQuestion(target, access, []);
  const settings = settingsOf(flags, context);
  const ask: AskAgain = (changed) => new AccountAsker(store, settings, changed).ask(question, { principal, issuer });
  const asked = await ask(new Map());
  const { decision } = asked.decided;
  const problemWith = async (changed: Parameters<AskAgain>[0]) =>
    access.method === "CONNECT"
      ? undefined
      : new AnswerRoom(new AccountAsker(store, settings, changed)).problem({ principal, issuer }, target);
  if (!isRefusal(decision)) {
    const problem = await problemWith(new Map());
    if (problem?.certain) return { code: "POLICY_TOO_LARGE", detail: problem.text };
    return { code: "ALLOWED", detail: `the call is allowed${problem === undefined ? "" : `, but ${problem.text}`}` };
  }
  const index = async () =>
    new PermissionIndex(store, await readContents(store, ["issuers", "apis", "services", "permissions"]));
  const change = await smallestChange(asked, {
    question,
    store,
    index,
    askAgain: ask,
    answerProblem: async (changed) => (await problemWith(changed))?.text,
  });
  const { code, detail } = decision;
  return { code, detail, ...(change.changes.length > 0 && { change }) };
}

/** The issuer that vouched for the caller; `undefined` where the record does not name it. */
function issuerNow({ issuer: url }: AuditRecord, contents: StoreContents): TrustedIssuer | Gone | undefined {
  if (url === undefined) return undefined;
  const issuer = contents.documents.flatMap(({ parsed }) =>
    parsed.kind === "issuers" && parsed.value.url === url ? [parsed.value] : [],
  )[0];
  return issuer ?? gone("ISSUER_UNKNOWN", `the document of the issuer ${url}`);
}

/** What the call came in by, which is among the documents that took part: neither of a function with `requirePodToken`. */
function targetNow(record: AuditRecord, service: string, contents: StoreContents, flags: ExplainFlags): Target | Gone {
  const { apiId, stage, documents = [] } = record;
  const targets = targetsOf(contents.documents, NO_MATTER);
  if (flags.api !== undefined || flags.stage !== undefined || flags.forward) {
    return chooseTarget(targets, service, flags, NO_MATTER);
  }
  const found = [
    { document: `apis/${apiId}`, code: "API_UNKNOWN", choice: { api: apiId, stage, forward: false } },
    { document: `services/${service}`, code: "SERVICE_UNKNOWN", choice: { forward: true } },
  ].find(({ document }) => documents.some(({ name }) => name.endsWith(`/${document}`)));
  if (found === undefined) return chooseTarget([], service, flags, NO_MATTER);
  const { document, code, choice } = found;
  const unreadable = contents.problems.find(({ name }) => name === document);
  if (unreadable !== undefined)
    return { code: "DOCUMENT_INVALID", detail: `${unreadable.location}: ${unreadable.text}` };
  const own = targets.filter((target) => target.document === document);
  return own.length === 0 ? gone(code, document) : (narrow(own, choice)[0] ?? gone(code, document));
}

type Gone = Pick<NonNullable<RecordExplanation["now"]>, "code" | "detail">;

function gone(code: string, what: string): Gone {
  return { code, detail: `${what} is not in the store any more` };
}
