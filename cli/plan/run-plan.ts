import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { BothFlags, JsonFlag, ScopeFlags } from "../flags.ts";
import { listAll, openTarget, readFolder } from "./open-both.ts";
import { planChanges } from "./plan.ts";
import { reportOf, reportText } from "./report.ts";

export type PlanFlags = BothFlags & ScopeFlags & JsonFlag & { readonly detailedExitcode: boolean };

export async function runPlan(context: Context, flags: PlanFlags): Promise<ExitCode> {
  const { output } = context;
  const wanted = await readFolder(flags.from, context);
  const store = await openTarget(flags, context);
  const plan = planChanges(await listAll(store), wanted, { ...flags, names: store.names });
  const report = reportOf(plan);
  output.result(report, flags.json, () => reportText(report, output));
  if (plan.obstacles.length > 0) return EXIT.INPUT;
  return flags.detailedExitcode && plan.changed.length > 0 ? EXIT.NO : EXIT.OK;
}
