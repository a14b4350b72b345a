import { isRefusal } from "../../lib/errors.ts";
import { decide } from "../../lib/permission/decide.ts";
import type { Access } from "../../lib/permission/permission.ts";
import type { Context } from "../context.ts";
import { narrow, type Target, targetsFor, targetsOf, titleOf } from "../decide/target.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { JsonFlag, StoreFlags, WayFlags } from "../flags.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { openStore } from "../store/open-store.ts";
import { locationsOf, readContents } from "../store/parsed-document.ts";
import { splitOrigin } from "../store/rule-origin.ts";
import { admitted } from "./admission.ts";
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
  const granted = whoCan({ service, method, path }, targets, index, store);
  const undecided = new Set(index.callers().flatMap((caller) => (index.isUndecided(caller) ? [caller.label] : [])));
  const unreadable = locationsOf(contents.problems);
  output.result({ call: { service, method, path }, granted, undecided: [...undecided], unreadable }, flags.json, () =>
    granted.length === 0
      ? `nobody may ${method} ${path} on ${service}${whyNobody({ service, method, path })}`
      : output.table(
          ["PRINCIPAL", "RULE", "WHERE", "THROUGH"],
          granted.map(({ principal, rule, location, through }) => [principal, rule, location, through.join(", ")]),
        ),
  );
  if (unreadable.length === 0) return EXIT.OK;
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

/** By the functions' own `decide`, for everybody whom the documents tell apart. */
export function whoCan(
  access: Access,
  targets: readonly Target[],
  index: PermissionIndex,
  store: DocumentStore,
): readonly Granted[] {
  const granted = index.callers().flatMap((caller): readonly Granted[] => {
    if (index.isUndecided(caller)) return [];
    const decision = decide(index.grantedTo(caller), access);
    if (isRefusal(decision)) return [];
    const { document, effect, index: at } = splitOrigin(decision.rule);
    const through = new Map<string, string[]>();
    for (const target of targets) {
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
