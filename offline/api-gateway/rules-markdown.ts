import type { Rule } from "./rule.ts";
import { RULES } from "./rules.ts";
import { settingValues } from "./settings.ts";

/** The table of rules as Markdown, and below it the settings with their values, the default first. */
export function rulesAsMarkdown(): string {
  const rules: readonly Rule[] = RULES;
  const rows = rules.map(({ id, does, kinds, source, status, setting }) =>
    row(`\`${id}\``, does, kinds.join(", "), `[${status}](${source})`, setting === undefined ? "" : `\`${setting}\``),
  );
  const settings = [...new Set(rules.flatMap(({ setting }) => setting ?? []))].map((name) => {
    const [usual, ...others] = settingValues(name);
    const ids = rules.filter(({ setting }) => setting === name).map(({ id }) => `\`${id}\``);
    return row(`\`${name}\``, ids.join(", "), `\`${usual}\``, others.join(", "));
  });
  return [
    row("rule", "API Gateway", "kinds", "status", "setting"),
    row("---", "---", "---", "---", "---"),
    ...rows,
    "",
    row("setting", "of", "default", "or"),
    row("---", "---", "---", "---"),
    ...settings,
    "",
  ].join("\n");
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
