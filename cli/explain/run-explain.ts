import type { StoredDocument } from "../../lib/document.ts";
import { GatewayError, isRefusal } from "../../lib/errors.ts";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { readBearerToken } from "../../lib/token/bearer-token.ts";
import { readShape } from "../../lib/token/unverified-token.ts";
import { PermissionIndex } from "../access/permission-index.ts";
import type { Context } from "../context.ts";
import { AnswerRoom } from "../decide/answer-room.ts";
import { type Account, AccountAsker, type Asked, askWithToken } from "../decide/caller.ts";
import { readEvent } from "../decide/event.ts";
import { authorizerQuestion, forwardQuestion, type Question, targetQuestion } from "../decide/question.ts";
import { audiencesOf, readPrincipal, settingsOf } from "../decide/settings.ts";
import { chooseTarget, type Target, targetsOf } from "../decide/target.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { located } from "../store/located.ts";
import { openStore } from "../store/open-store.ts";
import { readContents } from "../store/parsed-document.ts";
import { describeExplanation } from "./describe.ts";
import type { ExplainFlags } from "./explain-flags.ts";
import { type Explanation, explain } from "./explanation.ts";
import { keysFromFile, readAuthorization, readText } from "./input.ts";
import { type AskAgain, smallestChange } from "./smallest-change.ts";

export async function runExplain(context: Context, flags: ExplainFlags, source?: string): Promise<ExitCode> {
  if (flags.decision !== undefined) {
    const { runExplainRecord } = await import("./run-explain-record.ts");
    return runExplainRecord(context, flags, flags.decision, source ?? "-");
  }
  checkFlags(flags, source);
  const store = await openStore(flags, context);
  const explanation = await located(store, () => explainCall(context, flags, source, store));
  context.output.result(explanation, flags.json, () => describeExplanation(explanation, context.output, store));
  if (explanation.verdict === "refuse") return EXIT.NO;
  return explanation.certain ? EXIT.OK : EXIT.UNDECIDED;
}

function checkFlags({ as, service, method, path, event }: ExplainFlags, source: string | undefined): void {
  const usage = (problem: string) => new CliError(EXIT.USAGE, problem);
  if (event !== undefined) {
    if ([as, service, method, path, source].some((given) => given !== undefined)) {
      throw usage("--event brings caller and call: leave out the token, --as, --service, --method and --path");
    }
    return;
  }
  if ((source === undefined) === (as === undefined)) {
    throw usage("who calls? give a token (itself, a file or -), or --as <cluster>/<namespace>/<service account>");
  }
  if (service === undefined || method === undefined || path === undefined) {
    throw usage("what is called? give --service, --method and --path, or --event <file>");
  }
}

const NOBODYS_EVENT =
  "the event is neither an authorizer's nor one of /services/<service>; of a function with requirePodToken give --service, --method and --path";

async function explainCall(
  context: Context,
  flags: ExplainFlags,
  source: string | undefined,
  store: DocumentStore,
): Promise<Explanation> {
  const settings = settingsOf(flags, context, flags.at);
  const authorization = source === undefined ? [] : [await readAuthorization(source, context)];
  const { question, audiencesUnknown, target } = await questionOf(context, flags, authorization, store);
  const replaced =
    flags.keys === undefined
      ? new Map<string, StoredDocument>()
      : await keysFromFile(
          await readText(flags.keys, context),
          flags.keys,
          question.authorization,
          store,
          flags.at ?? Date.now() / 1000,
        );

  const { account, others } = flags.as === undefined ? { others: [] } : await accountOf(store, flags.as);
  const askAccount =
    (who: Account): AskAgain =>
    (changed) =>
      new AccountAsker(store, settings, new Map([...replaced, ...changed])).ask(question, who);
  const askAgain: AskAgain =
    account === undefined
      ? (changed) => askWithToken(question, store, settings, new Map([...replaced, ...changed]))
      : askAccount(account);

  const asked = await askAgain(new Map());
  const limits = {
    audiencesUnknown,
    remarks: [
      ...(audiencesUnknown && account === undefined ? [AUDIENCES_UNKNOWN] : []),
      ...others.map(
        (other) =>
          `asked for a token of the issuer ${account?.issuer.url}; its cluster has ${other.url} too, where other permissions may apply`,
      ),
    ],
  };
  /** An authorizer's event is answered when it is asked about; of what comes in by an API this says the same. */
  const problemFor = async (who: Account | undefined, changed: Parameters<AskAgain>[0] = new Map()) =>
    who === undefined || target === undefined || flags.method === "CONNECT"
      ? undefined
      : new AnswerRoom(new AccountAsker(store, settings, new Map([...replaced, ...changed]))).problem(who, target);
  const explanation = await explain(asked, question, store, limits);
  if (explanation.verdict === "allow") {
    const problem = await problemFor(account ?? (await accountOfToken(asked)));
    if (problem === undefined) return explanation;
    if (problem.certain) throw new GatewayError("POLICY_TOO_LARGE", problem.text);
    return { ...explanation, certain: false, remarks: [...explanation.remarks, problem.text] };
  }

  let index: Promise<PermissionIndex> | undefined;
  const deps = {
    question,
    store,
    index: () => (index ??= openIndex(store)),
    answerProblem: async (changed: Parameters<AskAgain>[0]) =>
      (await problemFor(account ?? (await accountOfToken(asked)), changed))?.text,
  };
  const caller = account ?? (explanation.mend === undefined ? undefined : await accountOfToken(asked));
  if (explanation.mend === undefined || caller === undefined) {
    const change = await smallestChange(asked, { ...deps, askAgain });
    return change.changes.length > 0 ? { ...explanation, change } : explanation;
  }
  // The token is at fault; once it is mended, the permissions are asked.
  const mended = await askAccount(caller)(new Map());
  const { decision } = mended.decided;
  if (!isRefusal(decision)) {
    const problem = await problemFor(caller);
    const but = problem === undefined ? "" : `, but ${problem.text}`;
    return { ...explanation, onceMended: { code: "ALLOWED", detail: `the call is allowed${but}` } };
  }
  const change = await smallestChange(mended, { ...deps, askAgain: askAccount(caller) });
  const { code, detail } = decision;
  return { ...explanation, onceMended: { code, detail, ...(change.changes.length > 0 && { change }) } };
}

const AUDIENCES_UNKNOWN =
  "the gateway's own audiences are not known here, so the token's was held against nothing; give --audience or PODGATE_AUDIENCES";

async function questionOf(
  context: Context,
  flags: ExplainFlags,
  authorization: readonly string[],
  store: DocumentStore,
): Promise<{ question: Question; audiencesUnknown: boolean; target?: Target }> {
  const known = audiencesOf(flags, context);
  if (flags.event !== undefined) {
    const { event, sentTo } = readEvent(await readText(flags.event, context), flags.event);
    if (sentTo === "authorizer")
      return { question: authorizerQuestion(event, flags.functionArn), audiencesUnknown: false };
    const question = forwardQuestion(event, known);
    if (question.document === "services/") throw new CliError(EXIT.INPUT, NOBODYS_EVENT);
    if (known.length > 0) return { question, audiencesUnknown: false };
    return { question: forwardQuestion(event, audiencesIn(question.authorization)), audiencesUnknown: true };
  }
  const { service = "", method = "", path = "" } = flags;
  const { documents, problems } = await readContents(store, ["apis", "services"]);
  // One of them may be what is asked about.
  for (const { location, text } of problems) context.output.note(`podgate: warning: ${location}: ${text}`);
  const audiences = known.length > 0 ? known : audiencesIn(authorization);
  const target = chooseTarget(targetsOf(documents, audiences), service, flags, flags.audience);
  const audiencesUnknown = known.length === 0 && target.document.startsWith("services/");
  return { question: targetQuestion(target, { method, path }, authorization), audiencesUnknown, target };
}

/** Those of the token itself, where nobody says which the gateway has: then no token is for another. */
function audiencesIn(authorization: readonly string[]): readonly string[] {
  const bearer = readBearerToken(authorization);
  const token = isRefusal(bearer) ? bearer : readShape(bearer);
  const claims = isRefusal(token) ? token : token.claims;
  return isRefusal(claims) || claims.aud.length === 0 ? ["unknown"] : claims.aud;
}

async function openIndex(store: DocumentStore): Promise<PermissionIndex> {
  return new PermissionIndex(store, await readContents(store, ["issuers", "apis", "services", "permissions"]));
}

/** An account, and the other issuers in use that vouch for its like. */
async function accountOf(store: DocumentStore, text: string) {
  const principal = readPrincipal(text);
  const index = new PermissionIndex(store, await readContents(store, ["issuers"]));
  const issuer = index.issuerOf(principal.cluster);
  const account: Account = { principal, issuer };
  return { account, others: index.issuersInUse(principal.cluster).filter(({ url }) => url !== issuer.url) };
}

/** Whose token it is, where the chain came as far as to know. */
async function accountOfToken({ decider, authorization, decided }: Asked): Promise<Account | undefined> {
  const bearer = readBearerToken(authorization);
  const token = isRefusal(bearer) ? bearer : readShape(bearer);
  const claims = isRefusal(token) ? token : token.claims;
  const url = isRefusal(token) ? undefined : parseIssuerUrl(token.issuer, true);
  if (url === undefined || isRefusal(claims) || decided.trail.principal === undefined) return undefined;
  const record = await decider.issuers.find(url);
  if (isRefusal(record)) return undefined;
  const { namespace, serviceAccount } = claims;
  return { principal: { cluster: record.issuer.cluster, namespace, serviceAccount }, issuer: record.issuer };
}
