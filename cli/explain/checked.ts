import { type Compared, isRefusal, type RefusalCode, type Step } from "../../lib/errors.ts";
import type { Decision } from "../../lib/permission/decide.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { CHECKS } from "./checks.ts";
import type { Facts } from "./facts.ts";

export type CheckState = "passed" | "refused" | "not checked" | "not reached";

/** A check and what became of it. */
export interface Checked {
  readonly step: Step;
  readonly asks: string;
  readonly state: CheckState;
  readonly code?: RefusalCode;
  /** What was held against what. */
  readonly compared?: string;
}

/** Which checks nobody made, and what is told in place of a comparison. */
export interface Unchecked {
  readonly steps: readonly Step[];
  readonly codes: readonly RefusalCode[];
}

/** Steps that a question about an account skips: there is no token. */
export const STEPS_OF_A_TOKEN: readonly Step[] = ["transport", "shape", "key", "signature", "claims"];

/** What became of each check, by the code of the decision: the order of the checks says the rest. */
export function checkedOf(
  decision: Decision,
  facts: Facts,
  granted: PermissionSet | undefined,
  unchecked: Unchecked,
): readonly Checked[] {
  const code = isRefusal(decision) ? decision.code : undefined;
  const refusedAt = code === undefined ? CHECKS.length : CHECKS.findIndex(({ codes }) => codes.includes(code));
  return CHECKS.map((check, index) => {
    const { step, asks } = check;
    if (index > refusedAt) return { step, asks, state: "not reached" };
    if (index === refusedAt && isRefusal(decision)) {
      const compared = describe(decision.compared);
      return { step, asks, state: "refused", code: decision.code, ...(compared !== undefined && { compared }) };
    }
    const isUnchecked = unchecked.steps.includes(step) || check.codes.some((each) => unchecked.codes.includes(each));
    if (isUnchecked) return { step, asks, state: "not checked" };
    const compared = check.compared(facts, granted);
    return { step, asks, state: "passed", ...(compared !== undefined && { compared }) };
  });
}

function describe(compared: Compared | undefined): string | undefined {
  return compared && `${compared.actual}; expected ${compared.expected}`;
}
