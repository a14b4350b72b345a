import { METHODS } from "../../lib/permission/permission.ts";
import { type DocumentPair, documentIn } from "./document-pair.ts";
import { asRules, coversGrant, type Grant, grantsOf, type RuleText } from "./grants.ts";
import { audienceOf, levelsAbove } from "./levels.ts";
import { PartialDenials } from "./partial-denials.ts";

/** One thing that a change does to somebody's access. */
export interface AccessChange {
  readonly who: string;
  readonly effect: "gains" | "loses" | "is denied" | "is denied no longer";
  /** `*` is every service. */
  readonly service: string;
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  /** Why it changes nothing for now: what another document says. */
  readonly note?: string | undefined;
}

/** What the change of one permission document does, each with what other documents make of it. */
export function accessChanges(
  { name, before, after }: DocumentPair,
  documents: ReadonlyMap<string, DocumentPair>,
  groupOf: (cluster: string) => string | undefined,
): AccessChange[] {
  const was = documentIn(before, "permissions") ?? { allow: [], deny: [] };
  const is = documentIn(after, "permissions") ?? { allow: [], deny: [] };
  const above = levelsAbove(name, groupOf).flatMap((level) => documents.get(level) ?? []);
  const own: DocumentPair = { name, kind: "permissions", before, after };
  const said = (effect: "allow" | "deny", when: "before" | "after", grant: Grant, among: readonly DocumentPair[]) =>
    among.find((pair) => coversGrant(documentIn(pair[when], "permissions")?.[effect] ?? [], grant))?.name;
  const denials = new PartialDenials(documents);
  const missing = (from: readonly RuleText[], rules: readonly RuleText[]) =>
    grantsOf(rules).filter((grant) => !coversGrant(from, grant));

  return [
    ...worded(name, "gains", missing(was.allow, is.allow), (grant) => {
      const deny = said("deny", "after", grant, [own, ...above]);
      if (deny !== undefined) return `refused all the same: ${deny} denies it`;
      // Whom a deny held back that is gone, an allow before did not help.
      if (said("deny", "before", grant, [own, ...above]) !== undefined) return undefined;
      const allow = said("allow", "before", grant, above);
      return allow && restrained(`had it already, by ${allow}`, denials.of(own, grant, ["before"]));
    }),
    ...worded(name, "loses", missing(is.allow, was.allow), (grant) => {
      const deny = said("deny", "before", grant, [own, ...above]);
      if (deny !== undefined) return `was refused all the same: ${deny} denied it`;
      if (said("deny", "after", grant, [own, ...above]) !== undefined) return undefined;
      const allow = said("allow", "after", grant, above);
      return allow && restrained(`keeps it, by ${allow}`, denials.of(own, grant, ["before", "after"]));
    }),
    ...worded(name, "is denied", missing(was.deny, is.deny), (grant) => {
      const deny = said("deny", "before", grant, above);
      return deny && `was denied it already, by ${deny}`;
    }),
    ...worded(name, "is denied no longer", missing(is.deny, was.deny), (grant) => {
      const deny = said("deny", "after", grant, above);
      return deny && `stays denied, by ${deny}`;
    }),
  ];
}

/** What another level allows is theirs but for what somebody denies; it is not told where nobody knows what is denied. */
function restrained(note: string, denies: readonly string[] | "unknown"): string | undefined {
  if (denies === "unknown") return undefined;
  const [first, ...others] = denies;
  if (first === undefined) return note;
  return `${note}, but for what ${first}${others.length === 0 ? " denies" : ` and ${others.length} more deny`}`;
}

function worded(
  name: string,
  effect: AccessChange["effect"],
  grants: readonly Grant[],
  noteOf: (grant: Grant) => string | undefined,
): AccessChange[] {
  const who = audienceOf(name);
  return [...Map.groupBy(grants, noteOf)].flatMap(([note, alike]) =>
    asRules(alike).map(({ service, methods, paths }) => ({ who, effect, service, methods, paths, note })),
  );
}

/** `payments/billing in cluster prod-seoul gains GET /repos/acme/* on github`. */
export function describeAccessChange({ who, effect, service, methods, paths, note }: AccessChange): string {
  const isAll = methods.includes("*") || methods.length === METHODS.length;
  const verbs = isAll ? "every method" : methods.join(", ");
  const on = service === "*" ? "every service" : service;
  return `${who} ${effect} ${verbs} ${paths.join(", ")} on ${on}${note === undefined ? "" : ` (${note})`}`;
}
