import type { AnswerProblem } from "../decide/answer-room.ts";
import type { Output } from "../output.ts";

const MOST_TOLD = 3;

/** Says whose calls are a 500 whatever the rules say, a line each; of many the first. */
export function noteTooLarge(problems: readonly AnswerProblem[], output: Output): void {
  for (const { text } of problems.slice(0, MOST_TOLD)) output.note(`podgate: ${text}`);
  const more = problems.length - MOST_TOLD;
  if (more > 0) output.note(`podgate: and so of ${more} more (--json has all, podgate lint says where)`);
}
