import { kindOf } from "../store/document-store.ts";
import { mostBytes, sizeProblem } from "../store/parameter-size.ts";
import { depthOf } from "./levels.ts";
import { PHASES, type Phase } from "./phase.ts";

/** One write: a document's whole new text, or its deletion. */
export interface Step {
  readonly phase: Phase;
  readonly name: string;
  /** `undefined`: the parameter is deleted. */
  readonly text: string | undefined;
  /** Whether the document is as it shall be afterwards. */
  readonly isLast: boolean;
  /** Place among the steps of a phase; the lower the earlier. */
  readonly rank: number;
}

/** By phase, then by rank, then broad levels first: what reaches many callers waits for nothing. */
export function inOrder(steps: readonly Step[]): Step[] {
  return [...steps].sort(
    (a, b) =>
      PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) ||
      a.rank - b.rank ||
      depthOf(a.name) - depthOf(b.name) ||
      (a.name < b.name ? -1 : 1),
  );
}

/** Documents and middle forms that do not fit, a line each. */
export function sizeObstacles(steps: readonly Step[]): string[] {
  return steps.flatMap(({ name, text = "", isLast }) => {
    const kind = kindOf(name);
    const problem = sizeProblem(kind, text);
    if (problem === undefined) return [];
    return isLast
      ? [`${name} ${problem}`]
      : [
          `${name} needs a form in between, with what both versions deny, and that has ${Buffer.byteLength(text)} bytes of ${mostBytes(kind)}: apply its new denies first and take the old ones away in a second apply`,
        ];
  });
}
