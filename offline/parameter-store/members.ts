import { SsmError, validationError } from "./ssm-error.ts";

interface Values {
  readonly string: string;
  readonly boolean: boolean;
  readonly integer: number;
  readonly strings: readonly string[];
  readonly structures: readonly Readonly<Record<string, unknown>>[];
}

/** What the API reference says of one member of a request. */
interface Member {
  readonly type: keyof Values;
  readonly required?: true;
  /** Bounds of a string's or list's length, of an integer's value. */
  readonly min?: number;
  readonly max?: number;
  readonly oneOf?: readonly string[];
  /** The value is left out of error messages, as SSM does for what may be a secret. */
  readonly sensitive?: true;
}

export type Members = Readonly<Record<string, Member>>;

export type Input<M extends Members> = {
  readonly [K in keyof M]: M[K] extends { readonly required: true }
    ? Values[M[K]["type"]]
    : Values[M[K]["type"]] | undefined;
};

/**
 * Reads a request as AWS does: a value of another JSON type is a SerializationException; missing members and values out of
 * bounds are one ValidationException that lists them all; a member that the operation does not have is ignored.
 */
export function readMembers<M extends Members>(members: M, body: unknown): Input<M> {
  const given = structureOf(body);
  const input: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, member] of Object.entries(members)) {
    const value = Object.hasOwn(given, name) ? (given[name] ?? undefined) : undefined;
    if (value !== undefined) checkType(member, value);
    problems.push(...violations(name, member, value));
    input[name] = value;
  }
  if (problems.length > 0) throw constraintError(problems);
  return input as Input<M>;
}

/** The message in which SSM lists broken constraints. */
function constraintError(problems: readonly string[]): SsmError {
  const count = problems.length === 1 ? "1 validation error" : `${problems.length} validation errors`;
  return validationError(`${count} detected: ${problems.join("; ")}`);
}

/** @returns the JSON object `value`; throws SerializationException for any other JSON */
function structureOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw unfit(value, "a structure");
}

function checkType(member: Member, value: unknown): void {
  switch (member.type) {
    case "string":
      if (typeof value !== "string") throw unfit(value, "a String");
      return;
    case "boolean":
      if (typeof value !== "boolean") throw unfit(value, "a Boolean");
      return;
    case "integer":
      if (!Number.isInteger(value)) throw unfit(value, "an Integer");
      return;
    case "strings":
      for (const item of listOf(value)) if (typeof item !== "string") throw unfit(item, "a String");
      return;
    case "structures":
      for (const item of listOf(value)) structureOf(item);
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw unfit(value, "a list");
  return value;
}

function unfit(value: unknown, wanted: string): SsmError {
  const kind =
    value === null ? "NULL" : Array.isArray(value) ? "LIST" : typeof value === "object" ? "STRUCTURE" : "SCALAR";
  return new SsmError("SerializationException", `${kind}_VALUE can not be converted to ${wanted}`);
}

function violations(name: string, member: Member, value: unknown): string[] {
  const at = `at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint:`;
  if (value === undefined) return member.required ? [`Value null ${at} Member must not be null`] : [];

  const shown = `${member.sensitive ? "Value" : `Value '${show(value)}'`} ${at}`;
  const found: string[] = [];
  const size = typeof value === "string" || Array.isArray(value) ? value.length : typeof value === "number" ? value : 0;
  const measure = typeof value === "number" ? "value" : "length";
  if (member.max !== undefined && size > member.max)
    found.push(`${shown} Member must have ${measure} less than or equal to ${member.max}`);
  if (member.min !== undefined && size < member.min)
    found.push(`${shown} Member must have ${measure} greater than or equal to ${member.min}`);
  if (member.oneOf !== undefined && typeof value === "string" && !member.oneOf.includes(value))
    found.push(`${shown} Member must satisfy enum value set: [${member.oneOf.join(", ")}]`);
  return found;
}

function show(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(show).join(", ")}]` : typeof value === "object" ? "{}" : String(value);
}
