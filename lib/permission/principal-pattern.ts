import { formatPrincipal, type Principal } from "../names.ts";
import { matchesWildcard } from "./wildcard.ts";

/** Three parts of Kubernetes names in which `*` stands for any run of characters inside its part. */
const PATTERN = /^[a-z0-9*][-a-z0-9*]*\/[a-z0-9*][-a-z0-9*]*\/[a-z0-9*][-a-z0-9.*]*$/;

export function isPrincipalPattern(text: string): boolean {
  return text.length <= 512 && PATTERN.test(text);
}

/** Whether one of the patterns (`<cluster>/<namespace>/<serviceaccount>`) names this principal. */
export function isAdmitted(principal: Principal, patterns: readonly string[]): boolean {
  const parts = formatPrincipal(principal).split("/");
  return patterns.some((pattern) => {
    const wanted = pattern.split("/");
    return parts.every((part, index) => matchesWildcard(wanted[index] ?? "", part)) && wanted.length === parts.length;
  });
}
