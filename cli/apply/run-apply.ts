import { systemClock } from "../../lib/clock.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-code.ts";
import type { BothFlags, JsonFlag, ScopeFlags, TargetFlags, WriteFlags } from "../flags.ts";
import { listAll, openTarget, readFolder } from "../plan/open-both.ts";
import { type Plan, planChanges } from "../plan/plan.ts";
import { reportOf, reportText } from "../plan/report.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { offlineEndpointOf } from "../store/open-store.ts";
import { SsmWriter } from "../store/ssm-writer.ts";
import { applySteps } from "./apply-steps.ts";

export type ApplyFlags = BothFlags & ScopeFlags & WriteFlags & JsonFlag;

export async function runApply(context: Context, flags: ApplyFlags): Promise<ExitCode> {
  const wanted = await readFolder(flags.from, context);
  const store = await openTarget(flags, context);
  const plan = planChanges(await listAll(store), wanted, { ...flags, names: store.names });
  return applyPlan(context, flags, { plan, store });
}

/** Shows a plan, asks, and carries it out. */
export async function applyPlan(
  context: Context,
  flags: Pick<TargetFlags, "offline"> & WriteFlags & JsonFlag,
  { plan, store }: { readonly plan: Plan; readonly store: DocumentStore },
): Promise<ExitCode> {
  const { output } = context;
  const report = reportOf(plan);
  const tell = (result: { readonly written: number; readonly complete: boolean }, text: string) =>
    output.result({ ...report, ...result }, flags.json, () => text);
  // With --json the plan is part of the one result; a person who is asked has to see it.
  if (!flags.json) output.text(reportText(report, output));
  else if (!flags.yes) output.note(reportText(report, output));

  if (plan.obstacles.length > 0) {
    if (flags.json) tell({ written: 0, complete: false }, "");
    throw new CliError(EXIT.INPUT, "this plan cannot be applied at once, see above; nothing was written");
  }
  if (plan.steps.length === 0) {
    if (flags.json) tell({ written: 0, complete: true }, "");
    return EXIT.OK;
  }
  if (!flags.yes) {
    const answer = await context.ask(`Write this to ${store.title}? Only "yes" does: `);
    if (answer !== "yes")
      throw new CliError(EXIT.NO, "not confirmed (--yes where nobody can be asked); nothing was written");
  }

  let isInterrupted = false;
  using _ = context.onInterrupt(() => {
    isInterrupted = true;
    output.note("stopping after this write");
  });
  const writer = new SsmWriter({
    store,
    writeRate: flags.writeRate,
    endpoint: flags.offline ? offlineEndpointOf(context.env) : undefined,
    onWait: (reason, seconds) => output.progress(`SSM says ${reason}: waiting ${seconds.toFixed(1)} s`),
  });
  let isUnsettled = false;
  const applied = await applySteps(plan, {
    list: () => listAll(store),
    write: (step, known) => writer.write(step, known),
    clock: systemClock,
    settleSeconds: flags.settle,
    isPlanOld: !flags.yes,
    isInterrupted: () => isInterrupted,
    onProgress: (progress) => {
      isUnsettled = progress.isUnsettled && flags.settle > 0;
      output.progress(`${progress.written} of ${progress.of} writes, ${durationOf(progress.secondsLeft)} left`);
    },
    onSettling: (seconds) =>
      output.progress(`waiting ${durationOf(seconds)}, until no function uses what has been narrowed as it was`),
  }).catch((error: unknown) => {
    if (isUnsettled) output.note(`podgate: let ${durationOf(flags.settle)} pass before the next apply or rollback`);
    throw error;
  });
  if (applied.isInterrupted) {
    const wait = isUnsettled ? `wait ${durationOf(flags.settle)}, then ` : "";
    const text = `Stopped after ${applied.written} of ${plan.steps.length} writes. What is written is safe; ${wait}the same command goes on.`;
    tell({ written: applied.written, complete: false }, text);
    return EXIT.INTERRUPTED;
  }
  tell(
    { written: applied.written, complete: true },
    `Done: ${applied.written} of ${plan.steps.length} writes. The functions see them within a minute.`,
  );
  return EXIT.OK;
}

function durationOf(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 120 ? `${whole} s` : `${Math.ceil(whole / 60)} min`;
}
