import { type Input, readMembers } from "./members.ts";
import { liesBelow, readPath, withSlash } from "./parameter-name.ts";
import type { StoredParameter } from "./parameters.ts";
import { SsmError, validationError } from "./ssm-error.ts";

/** Whether a parameter is part of the answer. */
type Filter = (parameter: StoredParameter) => boolean;

/** ParameterStringFilter of the API reference. */
const MEMBERS = {
  Key: { type: "string", required: true, min: 1, max: 132 },
  Option: { type: "string", min: 1, max: 10 },
  Values: { type: "strings", min: 1, max: 50 },
} as const;

const COMPARISONS = ["BeginsWith", "Equals"];

interface FilterKey {
  readonly options: readonly string[];
  readonly values?: readonly string[];
  readonly of: (parameter: StoredParameter) => string;
}

const KEYS: Readonly<Record<string, FilterKey>> = {
  Name: { options: [...COMPARISONS, "Contains"], of: ({ name }) => name },
  Type: { options: COMPARISONS, values: ["String", "StringList", "SecureString"], of: ({ type }) => type },
  KeyId: { options: COMPARISONS, of: ({ keyId }) => keyId ?? "" },
  Path: { options: ["Recursive", "OneLevel"], of: ({ name }) => name },
  Tier: { options: COMPARISONS, values: ["Standard", "Advanced", "Intelligent-Tiering"], of: ({ tier }) => tier },
  DataType: { options: COMPARISONS, of: () => "text" },
};

/**
 * Reads `ParameterFilters`; a parameter passes if it passes each. Throws InvalidFilterKey, InvalidFilterOption,
 * InvalidFilterValue and ValidationException as SSM does.
 * @param allowed - the keys that the operation supports; tags and labels are not kept here
 */
export function readFilters(list: readonly unknown[] | undefined, allowed: readonly string[]): Filter {
  const filters = (list ?? []).map((item) => readMembers(MEMBERS, item));
  const seen = new Set<string>();
  for (const { Key } of filters) {
    if (seen.has(Key)) {
      throw new SsmError(
        "InvalidFilterKey",
        `The following filter is duplicated in the request: ${Key}. A request can contain only one occurrence of a specific filter.`,
      );
    }
    seen.add(Key);
  }
  const tests = filters.map((filter) => readFilter(filter, allowed));
  return (parameter) => tests.every((test) => test(parameter));
}

function readFilter({ Key, Option, Values }: Input<typeof MEMBERS>, allowed: readonly string[]): Filter {
  const key = allowed.includes(Key) ? KEYS[Key] : undefined;
  if (key === undefined) {
    throw new SsmError(
      "InvalidFilterKey",
      `The following filter key is not valid: ${Key}. Valid filter keys include: [${allowed.join(", ")}].`,
    );
  }
  if (Values === undefined) {
    throw new SsmError("InvalidFilterValue", `The following filter values are missing : null for filter key ${Key}.`);
  }
  const option = Option ?? (Key === "Path" ? "OneLevel" : "Equals");
  if (!key.options.includes(option)) {
    throw new SsmError(
      "InvalidFilterOption",
      `The following filter option is not valid: ${option}. Valid options include: [${key.options.join(", ")}].`,
    );
  }
  const unknown = Values.find((value) => key.values !== undefined && !key.values.includes(value));
  if (unknown !== undefined) {
    throw new SsmError(
      "InvalidFilterValue",
      `The following filter value is not valid: ${unknown}. Valid values include: [${key.values?.join(", ")}].`,
    );
  }
  if (Key === "Path") return pathFilter(Values, option === "Recursive");

  // `a` and `/a` are one to the filter Name, unless it looks inside.
  const form = Key === "Name" && option !== "Contains" ? withSlash : (text: string) => text;
  const wanted = Values.map(form);
  return (parameter) => {
    const actual = form(key.of(parameter));
    return wanted.some((value) => compare(actual, option, value));
  };
}

function compare(actual: string, option: string, value: string): boolean {
  if (option === "BeginsWith") return actual.startsWith(value);
  return option === "Contains" ? actual.includes(value) : actual === value;
}

function pathFilter(values: readonly string[], recursive: boolean): Filter {
  if (values.some((value) => /^\/(?:aws|ssm)/i.test(value))) {
    throw validationError(
      'Filters for common parameters can\'t be prefixed with "aws" or "ssm" (case-insensitive). When using global parameters, please specify within a global namespace.',
    );
  }
  const paths = values.map(readPath);
  return ({ name }) => paths.some((path) => liesBelow(name, path, recursive));
}
