import { DEFAULT_READS, Fleet, type FleetCounts, HIGH_THROUGHPUT_READS } from "../fleet.ts";
import { type Effort, QUICK } from "../measure.ts";
import { format, type Goal, type Section, table } from "../report.ts";

/** Cold starts a second, for each of the two limits of SSM; the first of each should all be answered. */
const COLD: readonly { readonly reads: number; readonly rates: readonly number[] }[] = [
  { reads: DEFAULT_READS, rates: [10, 20, 22, 25, 30, 40, 100] },
  { reads: HIGH_THROUGHPUT_READS, rates: [500, 600, 1000] },
];
const COLD_SECONDS = 5;

const AT_ONCE: readonly { readonly reads: number; readonly environments: readonly number[] }[] = [
  { reads: DEFAULT_READS, environments: [20, 25, 30, 40, 100] },
  { reads: HIGH_THROUGHPUT_READS, environments: [500, 650, 1000] },
];

const STEADY: readonly { readonly reads: number; readonly environments: number; readonly principals: number }[] = [
  { reads: DEFAULT_READS, environments: 10, principals: 5 },
  { reads: DEFAULT_READS, environments: 100, principals: 5 },
  { reads: DEFAULT_READS, environments: 320, principals: 5 },
  { reads: DEFAULT_READS, environments: 100, principals: 20 },
  { reads: DEFAULT_READS, environments: 500, principals: 5 },
  { reads: HIGH_THROUGHPUT_READS, environments: 500, principals: 10 },
];
const STEADY_SECONDS = 300;
const EVERY_SECONDS = 5;

/** The pace of SSM: what a fleet asks of it, and how much of a burst gets through. Time is simulated. */
export async function fleetSection(effort: Effort): Promise<Section> {
  const quick = effort === QUICK;
  const goals: Goal[] = [];

  const cold: string[][] = [];
  for (const { reads, rates } of COLD) {
    let survived = 0;
    for (const rate of quick ? rates.slice(0, 1) : rates) {
      const fleet = new Fleet(reads, 50);
      await fleet.startCold(rate, quick ? 2 : COLD_SECONDS);
      const { failed, decisions } = fleet.counts;
      if (failed === 0) survived = Math.max(survived, rate);
      cold.push([String(reads), String(rate), `${percent(failed, decisions)}`]);
    }
    goals.push({
      what: `cold starts a second that all survive, ${reads} reads a second`,
      goal: `at least ${reads / 2}`,
      figure: String(survived),
      met: survived >= reads / 2,
    });
  }

  const atOnce: string[][] = [];
  for (const { reads, environments } of AT_ONCE) {
    for (const count of quick ? environments.slice(0, 1) : environments) {
      const fleet = new Fleet(reads, 50);
      await fleet.startAtOnce(count);
      const { failed, decisions } = fleet.counts;
      atOnce.push([String(reads), String(count), percent(failed, decisions)]);
    }
  }

  const steady: string[][] = [];
  for (const { reads, environments, principals } of quick ? STEADY.slice(0, 1) : STEADY) {
    const fleet = new Fleet(reads, principals);
    await fleet.runSteadily(environments, quick ? 60 : STEADY_SECONDS, EVERY_SECONDS);
    const { failed, stale, decisions } = fleet.counts;
    const { mean, peak } = pace(fleet.counts, quick ? 60 : STEADY_SECONDS);
    // One issuer, one API.
    const formula = (environments * (2 + principals)) / 57;
    steady.push([
      String(reads),
      String(environments),
      String(principals),
      format(formula),
      format(mean),
      format(peak),
      percent(stale, decisions),
      percent(failed, decisions),
    ]);
    if (formula < reads) {
      goals.push({
        what: `${environments} environments, ${principals} principals, ${reads} reads a second: decisions that fail`,
        goal: "0",
        figure: String(failed),
        met: failed === 0,
      });
    }
  }

  const markdown = [
    `Cold starts, evenly over ${COLD_SECONDS} s; each needs two reads, one after the other:`,
    table(["reads a second", "cold starts a second", "refused (5xx)"], cold),
    "Cold starts at the same moment, after a quiet second:",
    table(["reads a second", "environments", "refused (5xx)"], atOnce),
    `Steady load for ${STEADY_SECONDS} s, each principal calling each environment every ${EVERY_SECONDS} s:`,
    table(
      [
        "reads a second",
        "environments",
        "active principals",
        "formula, calls/s",
        "mean",
        "highest second",
        "on stale documents",
        "refused (5xx)",
      ],
      steady,
    ),
  ].join("\n\n");
  return { markdown, goals };
}

function pace({ callsBySecond }: FleetCounts, seconds: number): { mean: number; peak: number } {
  const calls = [...callsBySecond.values()];
  return { mean: calls.reduce((sum, each) => sum + each, 0) / seconds, peak: Math.max(0, ...calls) };
}

function percent(part: number, whole: number): string {
  return part === 0 ? "0" : `${((100 * part) / whole).toPrecision(2)} %`;
}
