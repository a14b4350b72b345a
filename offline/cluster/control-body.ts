import * as v from "valibot";
import { badRequest } from "./api-status.ts";

const NOT_AN_OBJECT = "is not a JSON object";

/** An object that may have these members and no other; a fault message says which. */
export function closed<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.strictObject(entries, (issue) => {
    if (issue.expected === "never") return `is not a member; allowed: ${Object.keys(entries).join(", ")}`;
    return issue.expected === "Object" ? NOT_AN_OBJECT : "is missing";
  });
}

/** Any JSON object, kept as it is. */
export const jsonObject = v.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  NOT_AN_OBJECT,
);

/** A whole number within bounds, both inclusive. */
export function wholeNumber(min: number, max: number) {
  const expected = `is not a whole number from ${min} to ${max}`;
  return v.pipe(v.number(expected), v.integer(expected), v.minValue(min, expected), v.maxValue(max, expected));
}

/** Seconds, fractions included. */
export const seconds = v.pipe(v.number("is not a number of seconds"), v.minValue(0, "is negative"));

export function oneOf<const Names extends readonly string[]>(names: Names) {
  return v.picklist(names, `is not one of ${names.join(", ")}`);
}

/**
 * The value as `schema` has it.
 * @throws ApiStatus 400 that names every wrong member and what is allowed there
 */
export function checked<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw badRequest(problemsOf(result.issues, "the body").join("; "));
}

/** Each wrong member and what is allowed there. @param whole - what the value is called that is no object at all */
export function problemsOf(issues: readonly v.BaseIssue<unknown>[], whole: string): readonly string[] {
  return issues.map((issue) => `${v.getDotPath(issue) ?? whole}: ${issue.message}`);
}

/**
 * The JSON of a control call's body, whatever its `Content-Type`, for curl's `-d`; no body is `{}`.
 * @throws ApiStatus 400
 */
export function parseControlBody(body: Buffer): unknown {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw badRequest("the body: is not JSON");
  }
  // A list would pass where every member may be left out: valibot sees an object in it.
  if (!v.is(jsonObject, value)) throw badRequest(`the body: ${NOT_AN_OBJECT}`);
  return value;
}
