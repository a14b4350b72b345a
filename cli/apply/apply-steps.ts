import type { Clock } from "../../lib/clock.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { Plan } from "../plan/plan.ts";
import type { Step } from "../plan/step.ts";
import type { DocumentEntry } from "../store/document-store.ts";
import type { KnownParameter } from "../store/ssm-writer.ts";

export interface ApplyDeps {
  /** What is in the store now. */
  readonly list: () => Promise<readonly DocumentEntry[]>;
  readonly write: (step: Step, known: KnownParameter | undefined) => Promise<KnownParameter | undefined>;
  readonly clock: Clock;
  /** Whether the store may have changed since the plan was made: a person has read it meanwhile. */
  readonly isPlanOld: boolean;
  readonly isInterrupted: () => boolean;
  /** Told after each write. */
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly written: number;
  readonly of: number;
  /** At the pace so far. */
  readonly secondsLeft: number;
}

export interface Applied {
  readonly written: number;
  readonly isInterrupted: boolean;
}

/**
 * Writes the steps of a plan in their order. Before each part of it, but for the first of a plan just made, the whole store is
 * compared with what the plan was made of: a deny that somebody else has taken away meanwhile may be what made the next part safe.
 * Throws `CliError` for somebody else's change, and what `write` throws; what is written by then is a safe state.
 */
export async function applySteps(plan: Plan, deps: ApplyDeps): Promise<Applied> {
  const known = new Map<string, KnownParameter>();
  for (const { name, before } of plan.documents.values()) {
    if (before?.version !== undefined) known.set(name, { version: before.version, text: before.text });
  }
  const { steps } = plan;
  const startedAt = deps.clock.now();
  let phase: Step["phase"] | undefined;
  for (const [written, step] of steps.entries()) {
    if (deps.isInterrupted()) return { written, isInterrupted: true };
    if (phase === undefined ? deps.isPlanOld : step.phase !== phase) checkUnchanged(known, await deps.list());
    phase = step.phase;
    const now = await deps.write(step, known.get(step.name));
    if (now === undefined) known.delete(step.name);
    else known.set(step.name, now);
    const secondsPerWrite = (deps.clock.now() - startedAt) / (written + 1);
    deps.onProgress({
      written: written + 1,
      of: steps.length,
      secondsLeft: secondsPerWrite * (steps.length - written - 1),
    });
  }
  return { written: steps.length, isInterrupted: false };
}

/** Snapshots of key sets change all the time, and are none of a plan's documents. */
function checkUnchanged(known: ReadonlyMap<string, KnownParameter>, entries: readonly DocumentEntry[]): void {
  const found = new Map(entries.map(({ name, stored }) => [name, stored]));
  const changed = [
    ...[...known].filter(([name, { version, text }]) => {
      const now = found.get(name);
      return now === undefined || now.version !== version || now.text !== text;
    }),
    ...[...found].filter(([name]) => !known.has(name) && !name.startsWith("keys/")),
  ].map(([name]) => name);
  const [first] = changed;
  if (first === undefined) return;
  const more = changed.length > 1 ? ` and ${changed.length - 1} more` : "";
  throw new CliError(
    EXIT.CONFLICT,
    `${first}${more}: somebody else has changed the store since the plan was made; nothing more is written: plan again`,
  );
}
