import { type Refusal, refuse } from "../errors.ts";
import { type Access, METHODS, type Rule } from "./permission.ts";
import type { PermissionSet } from "./permission-set.ts";
import { matchesWildcard } from "./wildcard.ts";

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
  if (!(METHODS as readonly string[]).includes(access.method)) {
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

/** Whether the rule covers the access: exact service, one of its methods, one of its paths. */
export function covers(rule: Rule, { service, method, path }: Access): boolean {
  return (
    (rule.service === "*" || rule.service === service) &&
    rule.methods.some((listed) => listed === "*" || listed === method) &&
    rule.paths.some((pattern) => matchesWildcard(pattern, path))
  );
}

function findRule({ documents }: PermissionSet, effect: "allow" | "deny", access: Access): Rule | undefined {
  for (const document of documents) {
    const rule = document[effect].find((candidate) => covers(candidate, access));
    if (rule !== undefined) return rule;
  }
  return undefined;
}

/** A decoded path that reads as one path everywhere (CVE-2021-29492, CVE-2019-9901: `//`, `%2F` and `%5C`). */
function isUnambiguous(path: string): boolean {
  return (
    path.startsWith("/") &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    !/[%\\;?#\u0000-\u001f\u007f-\u009f]/.test(path) &&
    !path.includes("//") &&
    !path.split("/").some((segment) => segment === "." || segment === "..")
  );
}

function describe({ service, method, path }: Access): string {
  return `${method} ${path} on ${service}`;
}
