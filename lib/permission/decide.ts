import { type Refusal, refuse } from "../errors.ts";
import { type Access, isMethod, type Rule } from "./permission.ts";
import type { PermissionSet } from "./permission-set.ts";

/** A verdict of "yes", and the rule that says so. */
export interface Allow {
  readonly effect: "allow";
  readonly rule: string;
}

export type Decision = Allow | Refusal;

/**
 * Whether the permissions allow the access. A deny wins over every allow; what no rule covers is refused. A method
 * outside the eight and a path that two readers could take for two paths are refused whatever the rules say.
 */
export function decide(granted: PermissionSet, access: Access): Decision {
  if (!isMethod(access.method)) {
    return refuse("METHOD_UNKNOWN", "the method is none that a permission can name");
  }
  if (!isUnambiguous(access.path)) {
    return refuse("PATH_AMBIGUOUS", "the path holds %, a backslash, ;, ?, #, a control character, // or a dot segment");
  }
  const deny = findRule(granted, "deny", access);
  if (deny !== undefined) {
    return refuse("ACCESS_DENIED", `a deny covers ${describe(access)}`, { rule: deny.origin });
  }
  const allow = findRule(granted, "allow", access);
  if (allow !== undefined) return { effect: "allow", rule: allow.origin };
  return refuse("ACCESS_NOT_ALLOWED", `no rule allows ${describe(access)}`);
}

/** The first rule of this effect that covers the access, wherever it is written. */
export function findRule({ documents }: PermissionSet, effect: "allow" | "deny", access: Access): Rule | undefined {
  for (const { index } of documents) {
    const rule = index[effect].find(access);
    if (rule !== undefined) return rule;
  }
  return undefined;
}

/** Characters that some reader takes for something else, an empty segment, a dot segment. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const AMBIGUOUS = /[%\\;?#\u0000-\u001f\u007f-\u009f]|\/\/|\/\.{1,2}(?:\/|$)/;

/** A decoded path that reads as one path everywhere (CVE-2021-29492, CVE-2019-9901: `//`, `%2F` and `%5C`). */
function isUnambiguous(path: string): boolean {
  return path.startsWith("/") && !AMBIGUOUS.test(path);
}

function describe({ service, method, path }: Access): string {
  return `${method} ${path} on ${service}`;
}
