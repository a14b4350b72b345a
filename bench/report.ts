import { cpus, release, totalmem } from "node:os";
import type { Measured, Spread } from "./measure.ts";

/** One line of "It must show": what was aimed at and what came out. */
export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly figure: string;
  readonly met: boolean;
}

/** What a section found: Markdown, and its goals. */
export interface Section {
  readonly markdown: string;
  readonly goals: readonly Goal[];
}

export function goalAtMost(what: string, most: number, figure: Spread | number): Goal {
  const median = typeof figure === "number" ? figure : figure.median;
  const spread = typeof figure === "number" ? "" : ` (${format(figure.p10)}-${format(figure.p90)})`;
  return { what, goal: `at most ${most}`, figure: `${format(median)}${spread}`, met: median <= most };
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => (typeof cell === "number" ? format(cell) : cell)).join(" | ")} |`;
  return [line(head), `|---|${"--:|".repeat(head.length - 1)}`, ...rows.map(line)].join("\n");
}

/** The usual table of contenders; the first one is what the ratios are over. */
export function contenderTable(measured: readonly Measured[]): string {
  const reference = measured[0]?.name ?? "";
  return table(
    ["contender", "µs (median)", "p10-p90", "CPU µs", `× ${reference}`, "p10-p90"],
    measured.map(({ name, micros, cpuMicros, ratio }) => [
      name,
      micros.median,
      `${format(micros.p10)}-${format(micros.p90)}`,
      cpuMicros,
      ratio.median,
      `${format(ratio.p10)}-${format(ratio.p90)}`,
    ]),
  );
}

export function goalTable(goals: readonly Goal[]): string {
  return table(
    ["", "goal", "figure (p10-p90)", "met"],
    goals.map(({ what, goal, figure, met }) => [what, goal, figure, met ? "yes" : "**no**"]),
  );
}

/** Three digits that mean something. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}

export function machine(): string {
  const [first] = cpus();
  return [
    `- machine: ${cpus().length} × ${first?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${release()}`,
    `- Node ${process.version}, OpenSSL ${process.versions.openssl}, V8 ${process.versions.v8}`,
  ].join("\n");
}
