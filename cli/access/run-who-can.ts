import { isRefusal } from "../../lib/errors.ts";
import { decide } from "../../lib/permission/decide.ts";
import type { Access } from "../../lib/permission/permission.ts";
import type { Context } from "../context.ts";
import { type AnswerProblem, AnswerRoom } from "../decide/answer-room.ts";
import { AccountAsker } from "../decide/caller.ts";
import { settingsOf } from "../decide/settings.ts";
import { narrow, type Target, targetsFor, targetsOf, titleOf } from "../decide/target.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, StoreFlags, WayFlags } from "../flags.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { openStore } from "../store/open-store.ts";
import { locationsOf, readContents } from "../store/parsed-document.ts";
import { splitOrigin } from "../store/rule-origin.ts";
import { admitted } from "./admission.ts";
import type { Caller } from "./caller.ts";
import { noteTooLarge } from "./note-too-large.ts";
import { PermissionIndex } from "./permission-index.ts";

export type WhoCanFlags = StoreFlags & WayFlags & JsonFlag;

/** Somebody who may make the call. */
export interface Granted {
  /** `dev/payments/billing`; `*` for all that no document names. */
  readonly principal: string;
  /** `permissions/dev/payments/billing#allow[0]`. */
  readonly rule: string;
  readonly location: string;
  /** By which documents of APIs and services. */
  readonly through: readonly string[];
}

export async function runWhoCan(
  context: Context,
  flags: WhoCanFlags,
  service: string,
  method: string,
  path: string,
): Promise<ExitCode> {
  const { output } = context;
  const store = await openStore(flags, context);
  const contents = await readContents(store, ["issuers", "apis", "services", "permissions"]);
  const isNamed = contents.documents.some(
    ({ parsed }) => parsed.kind === "permissions" && parsed.value.allow.some((rule) => rule.service === service),
  );
  const targets = narrow(targetsFor(targetsOf(contents.documents, []), service, isNamed ? [] : undefined), flags);
  const index = new PermissionIndex(store, contents);
  const settings = { ...settingsOf(flags, context), allowLoopbackHttp: true };
  const room = new AnswerRoom(new AccountAsker(store, settings), index);
  const tooLarge = await withoutRoom({ service, method, path }, targets, index, room);
  const stopped = Map.groupBy(
    tooLarge.filter(({ problem }) => problem.certain),
    ({ caller }) => caller,
  );
  const granted = whoCan({ service, method, path }, targets, index, store, (caller, target) =>
    (stopped.get(caller) ?? []).some((each) => each.target === target),
  );
  const undecided = new Set(index.callers().flatMap((caller) => (index.isUndecided(caller) ? [caller.label] : [])));
  const unreadable = locationsOf(contents.problems);
  const withoutAnswer = tooLarge.map(({ caller, target, problem: { certain } }) => ({
    principal: caller.label,
    through: titleOf(target),
    certain,
  }));
  const result = {
    call: { service, method, path },
    granted,
    undecided: [...undecided],
    unreadable,
    tooLarge: withoutAnswer,
  };
  output.result(result, flags.json, () =>
    granted.length === 0
      ? `nobody may ${method} ${path} on ${service}${whyNobody({ service, method, path })}`
      : output.table(
          ["PRINCIPAL", "RULE", "WHERE", "THROUGH"],
          granted.map(({ principal, rule, location, through }) => [principal, rule, location, through.join(", ")]),
        ),
  );
  noteTooLarge(withoutAnswer, output);
  if (unreadable.length === 0) return tooLarge.length === 0 ? EXIT.OK : EXIT.UNDECIDED;
  output.note(
    `podgate: not the whole answer: documents cannot be read (${unreadable.slice(0, 3).join(", ")}), see podgate lint; ` +
      `no decision is made about ${undecided.size} of those listed by it`,
  );
  return EXIT.UNDECIDED;
}

/** A call that is refused before any rule is looked at is a slip of whoever asks. */
function whyNobody(access: Access): string {
  const decision = decide({ documents: [] }, access);
  return isRefusal(decision) && decision.code !== "ACCESS_NOT_ALLOWED" ? `: ${decision.code}: ${decision.detail}` : "";
}

/** Whom the rules allow the call, and whose calls by an API are a 500 all the same. */
async function withoutRoom(
  access: Access,
  targets: readonly Target[],
  index: PermissionIndex,
  room: AnswerRoom,
): Promise<readonly { readonly caller: Caller; readonly target: Target; readonly problem: AnswerProblem }[]> {
  const found: { caller: Caller; target: Target; problem: AnswerProblem }[] = [];
  // A WebSocket's answer holds one call alone.
  if (access.method === "CONNECT") return found;
  const apis = targets.filter(({ api }) => api?.document.cached);
  if (apis.length === 0) return found;
  for (const caller of index.callers()) {
    if (index.isUndecided(caller) || isRefusal(decide(index.grantedTo(caller), access))) continue;
    for (const target of apis) {
      if (admitted(caller, target.receiver.principals).length === 0) continue;
      const problem = await room.problem(caller, target);
      if (problem !== undefined) found.push({ caller, target, problem });
    }
  }
  return found;
}

/**
 * By the functions' own `decide`, for everybody whom the documents tell apart.
 *
 * @param isStopped - whose calls by a target end before the decision is told
 */
export function whoCan(
  access: Access,
  targets: readonly Target[],
  index: PermissionIndex,
  store: DocumentStore,
  isStopped: (caller: Caller, target: Target) => boolean = () => false,
): readonly Granted[] {
  const granted = index.callers().flatMap((caller): readonly Granted[] => {
    if (index.isUndecided(caller)) return [];
    const decision = decide(index.grantedTo(caller), access);
    if (isRefusal(decision)) return [];
    const { document, effect, index: at } = splitOrigin(decision.rule);
    const through = new Map<string, string[]>();
    for (const target of targets) {
      if (isStopped(caller, target)) continue;
      for (const label of admitted(caller, target.receiver.principals)) {
        through.set(label, [...(through.get(label) ?? []), titleOf(target)]);
      }
    }
    return [...through].map(([principal, by]) => ({
      principal,
      rule: decision.rule.slice(store.prefix.length + 1),
      location: store.locate(document, [effect, at]),
      through: by,
    }));
  });
  // Whoever has two issuers is looked at twice.
  return [...new Map(granted.map((each) => [`${each.principal} ${each.rule}`, each])).values()];
}
