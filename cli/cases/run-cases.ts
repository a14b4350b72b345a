import { writeFile } from "node:fs/promises";
import { isRefusal } from "../../lib/errors.ts";
import { withoutTokens } from "../../lib/log/token-text.ts";
import type { Decision } from "../../lib/permission/decide.ts";
import { PermissionIndex } from "../access/permission-index.ts";
import type { Context } from "../context.ts";
import { type AnswerProblem, AnswerRoom } from "../decide/answer-room.ts";
import { AccountAsker, type TokenShape } from "../decide/caller.ts";
import { targetQuestion } from "../decide/question.ts";
import { readPrincipal, settingsOf } from "../decide/settings.ts";
import { chooseTarget, type Target, targetsOf } from "../decide/target.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, StoreFlags } from "../flags.ts";
import type { Output } from "../output.ts";
import { type DocumentStore, kindOf } from "../store/document-store.ts";
import { located } from "../store/located.ts";
import { openStore } from "../store/open-store.ts";
import { readContents, type StoreProblem } from "../store/parsed-document.ts";
import { splitOrigin } from "../store/rule-origin.ts";
import { quote } from "../wording.ts";
import { type Case, readCases } from "./case-file.ts";
import type { CaseResult } from "./case-result.ts";
import { junitXml } from "./junit.ts";

export type CaseFlags = StoreFlags & JsonFlag & { readonly junit?: string };

/** What a token is good for where nobody says otherwise: that of the gateway's own functions too. */
const OWN_AUDIENCES = ["gateway"];

export async function runCases(context: Context, flags: CaseFlags, ...files: readonly string[]): Promise<ExitCode> {
  const cases = await Promise.all(files.map(async (file) => ({ file, cases: await readCases(file) })));
  const store = await openStore(flags, context);
  const contents = await readContents(store, ["issuers", "apis", "services"]);
  const index = new PermissionIndex(store, contents);
  const targets = targetsOf(contents.documents, OWN_AUDIENCES);
  const asker = new AccountAsker(store, settingsOf(flags, context));
  // Permissions are read as cases need them, so there is no index of all.
  const room = new AnswerRoom(asker);
  for (const { location, text } of contents.problems) context.output.note(`podgate: warning: ${location}: ${text}`);
  const unreadable = contents.problems.filter(({ name }) => kindOf(name) !== "issuers");

  const results: CaseResult[] = [];
  for (const { file, cases: listed } of cases) {
    for (const each of listed)
      results.push(...(await decideCase(each, file, { store, index, targets, unreadable, asker, room })));
  }
  if (flags.junit !== undefined) await writeJunit(flags.junit, results);
  const counts = countsOf(results);
  context.output.result({ ...counts, results }, flags.json, () => describe(results, counts, context.output));
  if (counts.failed > 0) return EXIT.NO;
  return counts.undecided > 0 ? EXIT.UNDECIDED : EXIT.OK;
}

interface Deciding {
  readonly store: DocumentStore;
  readonly index: PermissionIndex;
  readonly targets: readonly Target[];
  /** Of APIs and services. */
  readonly unreadable: readonly StoreProblem[];
  readonly asker: AccountAsker;
  readonly room: AnswerRoom;
}

async function decideCase(each: Case, file: string, deciding: Deciding): Promise<readonly CaseResult[]> {
  const { store, index, targets, unreadable, asker, room } = deciding;
  const { principal, issuer, target } = atItsPlace(each, () => {
    const caller = readPrincipal(each.as);
    const choice = { api: each.api, stage: each.stage, forward: each.forward };
    // Else the service might be what cannot be read, and no function's own.
    const ownAudiences = unreadable.length === 0 ? OWN_AUDIENCES : undefined;
    return {
      principal: caller,
      issuer: index.issuerOf(caller.cluster),
      target: chooseTarget(targets, each.service, choice, ownAudiences),
    };
  });
  const results: CaseResult[] = [];
  /** The same for every call of the case. */
  let roomAsked: Promise<AnswerProblem | undefined> | undefined;
  for (const method of each.methods) {
    for (const path of each.paths) {
      const startedAt = performance.now();
      const question = targetQuestion(target, { method, path }, []);
      const asked = await located(store, () => asker.ask(question, { principal, issuer }, shapeOf(each)));
      const { decision } = asked.decided;
      const isAnswered = !isRefusal(decision) && method !== "CONNECT";
      if (isAnswered) roomAsked ??= located(store, () => room.problem({ principal, issuer }, target));
      const problem = isAnswered ? await roomAsked : undefined;
      const rule = decision.rule?.slice(store.prefix.length + 1);
      const verdict = isRefusal(decision) ? decision.code : problem?.certain ? "POLICY_TOO_LARGE" : "allow";
      const isVerdict = each.expect === verdict || (each.expect === "refuse" && isRefusal(decision));
      const isExpected = isVerdict && (each.rule === undefined || each.rule === rule);
      const undecided = isExpected && problem?.certain === false;
      const actual = undecided ? "allow or POLICY_TOO_LARGE" : verdict;
      results.push({
        name: `${each.name ?? each.as}: ${method} ${path} on ${each.service}`,
        file,
        location: each.location,
        passed: isExpected && !undecided,
        undecided,
        expected: each.rule === undefined ? each.expect : `${each.expect} by ${each.rule}`,
        actual: rule === undefined ? actual : `${actual} by ${rule}`,
        detail: problem?.certain || undecided ? problem.text : detailOf(decision, store),
        seconds: (performance.now() - startedAt) / 1000,
      });
    }
  }
  return results;
}

function shapeOf({ token }: Case): Partial<TokenShape> {
  if (token === undefined) return {};
  const now = Math.floor(Date.now() / 1000);
  const issuedAt = now - (token.issuedAgo ?? 0);
  return {
    issuedAt,
    expiresAt: now + (token.expiresIn ?? 600),
    ...(token.audiences !== undefined && { audiences: token.audiences }),
    ...(token.podBound !== undefined && { podBound: token.podBound }),
  };
}

function detailOf(decision: Decision, store: DocumentStore): string {
  const where = decision.rule === undefined ? "" : placeOf(decision.rule, store);
  return isRefusal(decision) ? `${decision.detail}${where}` : `a rule allows it${where}`;
}

function placeOf(origin: string, store: DocumentStore): string {
  const { document, effect, index } = splitOrigin(origin);
  return ` (${store.locate(document, [effect, index])})`;
}

/** A case that asks for what is not there is a mistake in the file, and said with its line. */
function atItsPlace<T>({ location }: Case, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (error instanceof CliError) throw new CliError(EXIT.INPUT, `${location}: ${error.message}`);
    throw error;
  }
}

async function writeJunit(file: string, results: readonly CaseResult[]): Promise<void> {
  try {
    // As what the command says: no token leaves, wherever it was written.
    await writeFile(file, withoutTokens(junitXml(results)));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(EXIT.INPUT, `the file ${quote(file)} cannot be written (${code})`);
  }
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly undecided: number;
}

function countsOf(results: readonly CaseResult[]): Counts {
  const passed = results.filter((each) => each.passed).length;
  const undecided = results.filter((each) => each.undecided).length;
  return { passed, failed: results.length - passed - undecided, undecided };
}

function describe(results: readonly CaseResult[], counts: Counts, output: Output): string {
  const lines = results.flatMap(({ passed, undecided, location, name, expected, actual, detail }) => {
    if (passed) return output.isForPeople ? [`${output.style("green", "ok")} ${name}`] : [];
    return [
      `${undecided ? output.style("yellow", "UNDECIDED") : output.style("red", "FAILED")} ${location}: ${name}`,
      `  expected ${expected}`,
      `  was      ${actual}: ${detail}`,
    ];
  });
  const unsure = counts.undecided === 0 ? "" : `, ${counts.undecided} undecided`;
  return [...lines, `${counts.passed} passed, ${counts.failed} failed${unsure}`].join("\n");
}
