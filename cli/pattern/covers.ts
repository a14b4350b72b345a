import type { Access, Rule } from "../../lib/permission/permission.ts";
import { RuleIndex } from "../../lib/permission/rule-index.ts";

/** Whether one rule covers an access, by the functions' own search. @param access - of a path that is decided on */
export function covers(rule: Rule, access: Access): boolean {
  return new RuleIndex([rule]).find(access) !== undefined;
}
