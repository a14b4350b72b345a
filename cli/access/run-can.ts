import type { Rule } from "../../lib/permission/permission.ts";
import { isAdmitted } from "../../lib/permission/principal-pattern.ts";
import type { Context } from "../context.ts";
import { type AnswerProblem, AnswerRoom } from "../decide/answer-room.ts";
import { type Account, AccountAsker } from "../decide/caller.ts";
import { readPrincipal, settingsOf } from "../decide/settings.ts";
import { type Target, targetsOf, titleOf } from "../decide/target.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, StoreFlags } from "../flags.ts";
import { type Beaten, Coverage } from "../pattern/coverage.ts";
import { type DocumentStore, kindOf } from "../store/document-store.ts";
import { openStore } from "../store/open-store.ts";
import { locationsOf, readContents } from "../store/parsed-document.ts";
import { splitOrigin } from "../store/rule-origin.ts";
import { noteTooLarge } from "./note-too-large.ts";
import { PermissionIndex } from "./permission-index.ts";

export type CanFlags = StoreFlags & JsonFlag;

/** A rule that applies to somebody, and what it comes to. */
interface AppliedRule {
  readonly rule: string;
  readonly location: string;
  readonly effect: "allow" | "deny";
  readonly service: string;
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  /** Of an allow: whether denies take all of it, or some, and which. */
  readonly beaten: Beaten;
  readonly denies: readonly string[];
  /** Where the cluster has several issuers and the rule does not apply alike by tokens of each: those by which it does. */
  readonly issuers?: readonly string[];
}

/** A way to call a service. */
interface Way {
  readonly service: string;
  readonly through: string;
  readonly audiences: readonly string[];
  readonly admitted: boolean;
  /** Whether every call by it is a 500, since the permissions do not fit an answer: absent for no. */
  readonly tooLarge?: AnswerProblem;
}

export async function runCan(context: Context, flags: CanFlags, text: string): Promise<ExitCode> {
  const { output } = context;
  const principal = readPrincipal(text);
  const store = await openStore(flags, context);
  const contents = await readContents(store, ["issuers", "apis", "services", "permissions"]);
  const index = new PermissionIndex(store, contents);
  const issuer = index.issuerOf(principal.cluster);
  const inUse = index.issuersInUse(principal.cluster);
  const accounts = (inUse.length === 0 ? [issuer] : inUse).map((each) => ({ principal, issuer: each }));
  const rules = alikeTogether(accounts.map((account) => [account.issuer.url, rulesOf(account, index, store)]));
  const settings = { ...settingsOf(flags, context), allowLoopbackHttp: true };
  const room = new AnswerRoom(new AccountAsker(store, settings), index);
  const decided = accounts.filter((account) => !account.issuer.disabled && !index.isUndecided(account));
  const ways: Way[] = [];
  for (const target of targetsOf(contents.documents, [])) {
    const way = wayOf(target, principal);
    const isAllowed = rules.some(({ service, effect }) => service === way.service && effect === "allow");
    const tooLarge = way.admitted && isAllowed ? await problemOfAny(decided, target, room) : undefined;
    ways.push({ ...way, ...(tooLarge !== undefined && { tooLarge }) });
  }
  // Permissions of others are no matter; what an issuer, an API or a service says is not known before it is read.
  const unreadable = locationsOf(contents.problems.filter(({ name }) => kindOf(name) !== "permissions"));
  const undecided = accounts.some((account) => index.isUndecided(account));
  const result = {
    principal: text,
    issuer: issuer.url,
    disabled: issuer.disabled,
    ...(issuer.group !== undefined && { group: issuer.group }),
    undecided,
    unreadable,
    rules,
    ways: ways.filter(({ service }) => rules.some((rule) => rule.service === service || rule.service === "*")),
  };
  output.result(result, flags.json, () =>
    [
      ...(issuer.disabled
        ? [output.style("red", `the issuer of ${principal.cluster} is disabled: nothing is allowed`)]
        : []),
      ...(rules.length === 0
        ? [`no permission applies to ${text}`]
        : [
            output.table(
              ["", "SERVICE", "METHODS", "PATHS", "RULE", "WHERE", ""],
              rules.map((rule) => rowOf(rule, ways)),
            ),
          ]),
    ].join("\n"),
  );
  if (undecided) {
    output.note(`podgate: a document that applies to ${text} cannot be read: no decision is made; see podgate lint`);
  }
  if (unreadable.length > 0) {
    output.note(
      `podgate: not the whole answer: documents cannot be read (${unreadable.slice(0, 3).join(", ")}), see podgate lint; no call by them is decided on`,
    );
  }
  const tooLarge = ways.flatMap(({ through, tooLarge: problem }) =>
    problem === undefined ? [] : [{ principal: text, through, certain: problem.certain }],
  );
  noteTooLarge(tooLarge, output);
  return undecided || unreadable.length + tooLarge.length > 0 ? EXIT.UNDECIDED : EXIT.OK;
}

async function problemOfAny(accounts: readonly Account[], target: Target, room: AnswerRoom) {
  for (const account of accounts) {
    const problem = await room.problem(account, target);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Every rule that applies to an account, in the order in which the functions look at them. */
function rulesOf(account: Account, index: PermissionIndex, store: DocumentStore): readonly AppliedRule[] {
  const { documents } = index.grantedTo(account);
  const denies = documents.flatMap(({ deny }) => deny);
  const coverage = new Coverage();
  return documents.flatMap(({ allow, deny }) => [
    ...allow.map((rule) => applied(rule, "allow", coverage.beatenBy(rule, denies), store)),
    ...deny.map((rule) => applied(rule, "deny", NOT_BEATEN, store)),
  ]);
}

/** What applies by tokens of every issuer is said once; else by tokens of which. */
function alikeTogether(byIssuer: readonly (readonly [issuer: string, readonly AppliedRule[]])[]): AppliedRule[] {
  const each = byIssuer.flatMap(([issuer, rules]) => rules.map((rule) => ({ issuer, rule })));
  return [...Map.groupBy(each, ({ rule }) => JSON.stringify(rule)).values()].flatMap((alike) => {
    const issuers = alike.map(({ issuer }) => issuer);
    return alike.slice(0, 1).map(({ rule }) => (issuers.length === byIssuer.length ? rule : { ...rule, issuers }));
  });
}

const NOT_BEATEN = { beaten: "no", by: [] } as const;

function applied(
  rule: Rule,
  effect: "allow" | "deny",
  { beaten, by }: { readonly beaten: Beaten; readonly by: readonly Rule[] },
  store: DocumentStore,
): AppliedRule {
  const { document, index } = splitOrigin(rule.origin);
  return {
    rule: rule.origin.slice(store.prefix.length + 1),
    location: store.locate(document, [effect, index]),
    effect,
    service: rule.service,
    methods: rule.methods,
    paths: rule.paths,
    beaten,
    denies: by.map(({ origin }) => origin.slice(store.prefix.length + 1)),
  };
}

function wayOf(target: Target, principal: Parameters<typeof isAdmitted>[0]): Way {
  const { service, audiences, principals } = target.receiver;
  return {
    service,
    through: titleOf(target),
    audiences,
    admitted: principals === undefined || isAdmitted(principal, principals),
  };
}

function byWay({ through, tooLarge }: Way): string {
  if (tooLarge === undefined) return `by ${through}`;
  return tooLarge.certain
    ? `not by ${through}: POLICY_TOO_LARGE`
    : `by ${through}, if it is an HTTP API with simple answers: else POLICY_TOO_LARGE`;
}

function rowOf(rule: AppliedRule, ways: readonly Way[]): readonly string[] {
  const own = ways.filter(({ service }) => service === rule.service);
  const admitting = own.filter(({ admitted }) => admitted);
  const remarks = [
    ...(rule.beaten === "all" ? [`taken back whole by ${rule.denies.join(", ")}`] : []),
    ...(rule.beaten === "some" ? [`partly taken back by ${rule.denies.join(", ")}`] : []),
    ...(rule.beaten === "unknown" ? [`may be taken back by ${rule.denies.join(", ")}`] : []),
    ...(rule.issuers === undefined ? [] : [`by tokens of ${rule.issuers.join(", ")} alone`]),
    ...(rule.effect === "allow" && own.length === 0 ? ["by requirePodToken, if a function is this service"] : []),
    ...(rule.effect === "allow" && own.length > 0 && admitting.length === 0
      ? [`not admitted by principals of ${own.map(({ through }) => through).join(", ")}`]
      : []),
    ...(rule.effect === "allow" ? admitting.map(byWay) : []),
  ];
  return [
    rule.effect,
    rule.service,
    rule.methods.join(","),
    rule.paths.join(" "),
    rule.rule,
    rule.location,
    remarks.join("; "),
  ];
}
