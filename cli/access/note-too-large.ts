import { tooLargeText } from "../decide/answer-room.ts";
import { few } from "../few.ts";
import type { Output } from "../output.ts";

const MOST_TOLD = 3;

/** Somebody whose calls by an API are a 500 whatever the rules say. */
interface TooLarge {
  readonly principal: string;
  readonly through: string;
  readonly certain: boolean;
}

/** Says so in a line for all who have it alike, by the same APIs; of many such lines the first. */
export function noteTooLarge(found: readonly TooLarge[], output: Output): void {
  const byCaller = Map.groupBy(found, ({ principal, certain }) => `${certain} ${principal}`);
  const each = [...byCaller.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    // Whoever has two issuers is looked at twice.
    const by = [...new Set([first, ...others].map(({ through }) => through))];
    return [{ ...first, by: few(by), key: JSON.stringify([first.certain, by]) }];
  });
  const alike = [...Map.groupBy(each, ({ key }) => key).values()];
  for (const [first, ...others] of alike.slice(0, MOST_TOLD)) {
    if (first === undefined) continue;
    const who = few([first, ...others].map(({ principal }) => principal));
    output.note(`podgate: ${tooLargeText(who, first.by, first.certain)}`);
  }
  const more = alike.slice(MOST_TOLD).flat().length;
  if (more > 0) output.note(`podgate: and so of ${more} more (--json has all, podgate lint says where)`);
}
