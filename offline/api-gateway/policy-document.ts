import { isRecord, unknownMember } from "./json.ts";
import { type Condition, readConditions } from "./policy-condition.ts";

/** A list of patterns, and whether it names what the statement applies to or, as `NotAction`, what it does not. */
export interface PatternSet {
  readonly patterns: readonly string[];
  readonly negated: boolean;
}

export interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: PatternSet;
  readonly resources: PatternSet;
  /** None: the statement applies whatever the request is. */
  readonly conditions: readonly Condition[];
}

export type ReadPolicy =
  | { readonly statements: readonly Statement[]; readonly problem?: never }
  | { readonly problem: string };

/** Characters of one `Resource` of an authorizer's policy (API Gateway developer guide, quotas). */
export const RESOURCE_MAX_CHARACTERS = 512;

/** The versions of the policy language (IAM user guide, "IAM JSON policy elements: Version"). */
const VERSIONS: readonly unknown[] = ["2012-10-17", "2008-10-17"];

const POLICY_MEMBERS = ["Version", "Id", "Statement"];
const STATEMENT_MEMBERS = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/**
 * Reads the policy document of an authorizer's answer, as parsed from JSON.
 *
 * Stricter than AWS may be, because what this cannot judge must not pass here and fail there: an unknown element, an
 * operator or a key of a `Condition` that is not evaluated, and a policy variable (`${`) each make the document
 * unreadable, whatever the request is.
 */
export function readPolicy(document: unknown): ReadPolicy {
  if (!isRecord(document)) return { problem: "policyDocument is not an object" };
  const unknown = unknownMember(document, POLICY_MEMBERS);
  if (unknown !== undefined) return { problem: `policyDocument has the unknown element "${unknown}"` };
  if (document["Version"] !== undefined && !VERSIONS.includes(document["Version"])) {
    return { problem: `Version is none of ${VERSIONS.join(", ")}` };
  }
  if (document["Id"] !== undefined && typeof document["Id"] !== "string") return { problem: "Id is not a string" };

  const listed = Array.isArray(document["Statement"]) ? document["Statement"] : [document["Statement"]];
  if (listed.length === 0) return { problem: "Statement is empty" };
  const statements: Statement[] = [];
  for (const [index, entry] of listed.entries()) {
    const statement = readStatement(entry);
    if (typeof statement === "string") return { problem: `Statement[${index}]: ${statement}` };
    statements.push(statement);
  }
  return { statements };
}

/** The statement, or what is wrong with it. */
function readStatement(entry: unknown): Statement | string {
  if (!isRecord(entry)) return "not an object";
  const unknown = unknownMember(entry, STATEMENT_MEMBERS);
  if (unknown !== undefined) return `unknown element "${unknown}"`;
  if (entry["Sid"] !== undefined && typeof entry["Sid"] !== "string") return "Sid is not a string";
  const effect = entry["Effect"];
  if (effect !== "Allow" && effect !== "Deny") return 'Effect is neither "Allow" nor "Deny"';

  const actions = readPatterns(entry, "Action", "NotAction", actionProblem);
  if (typeof actions === "string") return actions;
  const resources = readPatterns(entry, "Resource", "NotResource", resourceProblem);
  if (typeof resources === "string") return resources;
  const conditions = Object.hasOwn(entry, "Condition") ? readConditions(entry["Condition"]) : [];
  if (typeof conditions === "string") return conditions;
  return { effect, actions, resources, conditions };
}

/** The patterns of exactly one of two members, each a string or a list of them, or what is wrong. */
function readPatterns(
  entry: Readonly<Record<string, unknown>>,
  name: string,
  negatedName: string,
  problemOf: (pattern: string) => string | undefined,
): PatternSet | string {
  const negated = Object.hasOwn(entry, negatedName);
  if (negated === Object.hasOwn(entry, name)) return `needs ${name} or ${negatedName}, and not both`;
  const used = negated ? negatedName : name;
  const value = entry[used];
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (listed.length === 0) return `${used} is empty`;
  const patterns: string[] = [];
  for (const pattern of listed) {
    if (typeof pattern !== "string") return `${used} holds something other than a string`;
    const problem = problemOf(pattern);
    if (problem !== undefined) return `${used} ${problem}`;
    patterns.push(pattern);
  }
  return { patterns, negated };
}

/** An action is `*` or `service:name` (IAM user guide, "IAM JSON policy elements: Action"). */
function actionProblem(pattern: string): string | undefined {
  if (pattern === "*") return undefined;
  const parts = pattern.split(":");
  return parts.length === 2 && parts.every((part) => part !== "") ? undefined : "is neither * nor service:name";
}

/** A resource is `*` or an ARN whose service is spelt out (IAM user guide, "IAM JSON policy elements: Resource"). */
function resourceProblem(pattern: string): string | undefined {
  if (Array.from(pattern).length > RESOURCE_MAX_CHARACTERS)
    return `is longer than ${RESOURCE_MAX_CHARACTERS} characters`;
  if (pattern.includes("${")) return "holds a policy variable, which is not evaluated here";
  if (pattern === "*") return undefined;
  const [scheme, partition, service] = pattern.split(":");
  if (scheme !== "arn" || !partition || !service) return "is neither * nor an ARN";
  return /[*?]/.test(service) ? "has a wildcard for the service" : undefined;
}
