import { type Difference, sourceOf } from "./difference.ts";

/** A comparison with what was measured. */
export interface Measured {
  readonly difference: Difference;
  readonly plain: string;
  readonly twin: string;
}

/** The page with what stands between `<!-- name -->` and `<!-- /name -->` replaced. Throws where the marks are missing. */
export function withSection(page: string, name: string, content: string): string {
  const [before, rest] = halves(page, `<!-- ${name} -->`);
  const [, after] = halves(rest, `<!-- /${name} -->`);
  return `${before}<!-- ${name} -->\n\n${content.trim()}\n\n<!-- /${name} -->${after}`;
}

/** A row for each, as Markdown. */
export function differencesAsMarkdown(measured: readonly Measured[]): string {
  return [
    row("", "AWS", "plain serverless-offline", "podgate", "AWS, says who"),
    row("---", "---", "---", "---", "---"),
    ...measured.map(({ difference, plain, twin }) =>
      row(difference.compared, ...[difference.aws, plain, twin].map(asCode), saysWho(difference)),
    ),
  ].join("\n");
}

function saysWho(difference: Difference): string {
  const { source, status } = sourceOf(difference);
  if (status === "unverified") return `**nobody verified it on AWS** ([what there is](${source}))`;
  return `[${status === "documented" ? "AWS documents it" : "reported of real APIs"}](${source})`;
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** What a program answered, as it is; words stay words. */
function asCode(text: string): string {
  return /^[a-z0-9 ,]*$/.test(text) ? text : `\`${text}\``;
}

function halves(text: string, mark: string): [string, string] {
  const [before = "", after, more] = text.split(mark);
  if (after === undefined || more !== undefined) throw new Error(`the page does not have ${mark} exactly once`);
  return [before, after];
}
