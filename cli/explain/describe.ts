import { stringify } from "yaml";
import type { Output } from "../output.ts";
import type { DocumentStore } from "../store/document-store.ts";
import type { Change, LetIn, WrittenRule } from "./change.ts";
import type { Checked } from "./checked.ts";
import type { Explanation, ShownRule } from "./explanation.ts";
import type { SmallestChange } from "./smallest-change.ts";
import type { TokenMend } from "./token-mend.ts";

const MARKS = { passed: "ok", refused: "NO", "not checked": "--", "not reached": "  " } as const;
const COLORS = { passed: "green", refused: "red", "not checked": "yellow", "not reached": "dim" } as const;

/** An explanation for people: the verdict first, then the checks, then what would turn it. */
export function describeExplanation(explanation: Explanation, output: Output, store: DocumentStore): string {
  const { call, checks, rule, nearest = [], documents, mend, change, onceMended, remarks } = explanation;
  return [
    verdictLine(explanation, output),
    `  ${explanation.detail}`,
    `  ${call.principal ?? "somebody unverified"}: ${call.method} ${call.path}${call.service === undefined ? "" : ` on ${call.service}`}, by ${call.through}`,
    ...remarks.map((remark) => `  ${output.style("yellow", "note")}: ${remark}`),
    "",
    ...checkLines(checks, output),
    "",
    "documents",
    ...documents.map(({ name, location, version }) => {
      const where = location === undefined ? "not there" : location === name ? "" : location;
      return `  ${name}${version === undefined ? "" : ` version ${version}`}${where === "" ? "" : `  ${output.style("dim", where)}`}`;
    }),
    ...(rule === undefined ? [] : ["", "the rule that decided", `  ${ruleLine(rule)}`]),
    ...(nearest.length === 0
      ? []
      : [
          "",
          "rules that come near",
          ...nearest.map((near) => `  ${ruleLine(near)}: not the ${near.lacks.join(" and ")}`),
        ]),
    ...(mend === undefined ? [] : ["", "what mends the token", ...mendLines(mend).map((line) => `  ${line}`)]),
    ...(onceMended === undefined
      ? []
      : [
          `  then ${onceMended.code === "ALLOWED" ? onceMended.detail : `it is refused: ${onceMended.code}: ${onceMended.detail}`}`,
        ]),
    ...changeLines(change ?? onceMended?.change, output, store),
  ].join("\n");
}

function verdictLine({ verdict, certain, code, status, publicCode }: Explanation, output: Output): string {
  if (verdict === "allow") {
    return certain
      ? output.style(["green", "bold"], "allowed")
      : output.style(["yellow", "bold"], "allowed, if what was not checked holds");
  }
  return `${output.style(["red", "bold"], `refused: ${code}`)} (${status}; the caller reads ${publicCode})`;
}

/** A line for each check; those that nobody made are told together, in their place. */
export function checkLines(checks: readonly Checked[], output: Output): string[] {
  const lines: string[] = [];
  for (const [index, check] of checks.entries()) {
    const { state } = check;
    if (state === "passed" || state === "refused") lines.push(checkLine(check, output));
    else if (checks[index - 1]?.state !== state) {
      const end = checks.findIndex((each, at) => at > index && each.state !== state);
      const together = checks.slice(index, end < 0 ? undefined : end);
      lines.push(output.style(COLORS[state], `  ${MARKS[state]} ${togetherLine(together)}`));
    }
  }
  return lines;
}

function togetherLine(checks: readonly Checked[]): string {
  const steps = [...new Set(checks.map(({ step }) => step))].join(", ");
  const many = checks.length === 1 ? "1 check" : `${checks.length} checks`;
  return `${many} of ${steps}: ${checks[0]?.state === "not checked" ? "not made here" : "nobody came to them"}`;
}

function checkLine({ step, asks, state, code, compared }: Checked, output: Output): string {
  const told = [code, compared].filter((text) => text !== undefined).join(": ");
  const line = `  ${MARKS[state]} ${step.padEnd(11)} ${asks}${told === "" ? "" : `: ${told}`}`;
  return state === "passed"
    ? line.replace(MARKS.passed, output.style("green", MARKS.passed))
    : output.style(COLORS[state], line);
}

function ruleLine({ document, effect, index, location, ...rule }: ShownRule): string {
  const where = location.endsWith(document) ? "" : ` (${location})`;
  return `${document}#${effect}[${index}]${where}: ${flow(rule)}`;
}

/** A rule as it is written in a line of YAML. */
function flow({ service, methods, paths }: WrittenRule): string {
  return stringify(
    { service, methods, paths },
    { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 },
  ).trim();
}

function mendLines({ claim, field, value, advice }: TokenMend): string[] {
  const lines = [`claim ${claim}: ${advice}`];
  if (field === undefined) return lines;
  return [
    ...lines,
    "volumes:",
    "  - projected:",
    "      sources:",
    `        - serviceAccountToken: { ${field}: ${value ?? "…"} }`,
  ];
}

export function changeLines(change: SmallestChange | undefined, output: Output, store: DocumentStore): string[] {
  if (change === undefined) return [];
  const head = change.complete
    ? "the smallest change that allows it"
    : `a change on the way; what is left then is ${change.remaining}`;
  return [
    "",
    output.style("bold", head),
    ...change.changes.flatMap((each) => oneChange(each, store)).map((line) => `  ${line}`),
  ];
}

function oneChange(change: Change, store: DocumentStore): string[] {
  const fullName = `${store.prefix}/${change.document}`;
  const place = store.locate(fullName);
  const where = `${change.document} (${place === fullName && !store.hasVersions ? "in no file yet" : place})`;
  switch (change.kind) {
    case "add-rule":
      return [`add to ${where}, under allow:`, `  - ${flow(change.rule)}`];
    case "admit":
      return [`add to ${where}, under ${change.path.join(".")}:`, `  - ${change.principal}`];
    case "narrow-deny": {
      const at = `deny[${change.index}] of ${change.document} (${store.locate(`${store.prefix}/${change.document}`, ["deny", change.index])})`;
      const lines = change.left === undefined ? [`take away ${at}`] : [`replace ${at} by`, `  - ${flow(change.left)}`];
      return [...lines, ...letInLines(change.letsIn)];
    }
  }
}

const MOST_SHOWN = 10;

function letInLines(letsIn: readonly LetIn[]): string[] {
  if (letsIn.length === 0) return ["  that lets nobody else in"];
  const more = letsIn.length > MOST_SHOWN ? [`    and ${letsIn.length - MOST_SHOWN} more (--json has all)`] : [];
  return [
    `  that also lets in ${letsIn.length === 1 ? "one other" : `${letsIn.length} others`}:`,
    ...letsIn.slice(0, MOST_SHOWN).map(({ principal, example }) => `    ${principal}, for example ${example}`),
    ...more,
  ];
}
