import type { Clock } from "../../lib/clock.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { Plan } from "../plan/plan.ts";
import type { Step } from "../plan/step.ts";
import type { DocumentEntry } from "../store/document-store.ts";
import type { KnownParameter } from "../store/ssm-writer.ts";
import { waitsOf } from "./settling.ts";

export interface ApplyDeps {
  /** What is in the store now. */
  readonly list: () => Promise<readonly DocumentEntry[]>;
  readonly write: (step: Step, known: KnownParameter | undefined) => Promise<KnownParameter | undefined>;
  readonly clock: Clock;
  /** Seconds for which a function may use a document that it has read. */
  readonly settleSeconds: number;
  /** Whether the store may have changed since the plan was made: a person has read it meanwhile. */
  readonly isPlanOld: boolean;
  readonly isInterrupted: () => boolean;
  /** Told after each write. */
  readonly onProgress: (progress: Progress) => void;
  /** Told each second of a wait. */
  readonly onSettling: (secondsLeft: number) => void;
}

export interface Progress {
  readonly written: number;
  readonly of: number;
  /** At the pace so far. */
  readonly secondsLeft: number;
  /** Whether a wait for what is written is still to come: the next apply would not know of it. */
  readonly isUnsettled: boolean;
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
  const { clock, isInterrupted } = deps;
  const known = new Map<string, KnownParameter>();
  for (const { name, before } of plan.documents.values()) {
    if (before?.version !== undefined) known.set(name, { version: before.version, text: before.text });
  }
  const { steps } = plan;
  const waits = waitsOf(steps);
  let secondsOfWrites = 0;
  let phase: Step["phase"] | undefined;
  for (const [written, step] of steps.entries()) {
    if (waits.has(written)) await settle(deps);
    if (isInterrupted()) return { written, isInterrupted: true };
    if (phase === undefined ? deps.isPlanOld : step.phase !== phase) {
      checkUnchanged(known, await deps.list());
      // The listing of a large store takes a minute.
      if (isInterrupted()) return { written, isInterrupted: true };
    }
    phase = step.phase;
    const startedAt = clock.now();
    const now = await deps.write(step, known.get(step.name));
    secondsOfWrites += clock.now() - startedAt;
    if (now === undefined) known.delete(step.name);
    else known.set(step.name, now);
    const secondsPerWrite = secondsOfWrites / (written + 1);
    deps.onProgress({
      written: written + 1,
      of: steps.length,
      secondsLeft: secondsPerWrite * (steps.length - written - 1),
      isUnsettled: [...waits].some((index) => index > written),
    });
  }
  return { written: steps.length, isInterrupted: false };
}

async function settle({ clock, settleSeconds, isInterrupted, onSettling }: ApplyDeps): Promise<void> {
  const endsAt = clock.now() + settleSeconds;
  for (let left = settleSeconds; left > 0 && !isInterrupted(); left = endsAt - clock.now()) {
    onSettling(left);
    await clock.wait(Math.min(1, left));
  }
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
