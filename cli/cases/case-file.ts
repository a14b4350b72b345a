import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { describeProblem, strictDocument } from "../../lib/document.ts";
import { REFUSALS } from "../../lib/errors.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { YamlFile } from "../store/yaml-file.ts";
import { quote } from "../wording.ts";

const text = v.pipe(v.string("is not text"), v.nonEmpty("is empty"));
const oneOrMore = v.union(
  [v.pipe(v.array(text), v.minLength(1, "is empty")), text],
  "is neither text nor a list of it",
);
const seconds = v.pipe(v.number("is not a number of seconds"), v.integer("is not a whole number of seconds"));

const EXPECTATIONS: readonly string[] = ["allow", "refuse", ...Object.keys(REFUSALS)];

const schema = strictDocument({
  cases: v.pipe(
    v.array(
      strictDocument({
        name: v.optional(text),
        as: text,
        service: text,
        method: oneOrMore,
        path: oneOrMore,
        api: v.optional(text),
        stage: v.optional(text),
        forward: v.optional(v.boolean("is neither true nor false"), false),
        token: v.optional(
          strictDocument({
            audiences: v.optional(v.array(text, "is not a list")),
            issuedAgo: v.optional(seconds),
            expiresIn: v.optional(seconds),
            podBound: v.optional(v.boolean("is neither true nor false")),
          }),
        ),
        expect: v.custom<string>(
          (value) => EXPECTATIONS.includes(value as string),
          "is none of allow, refuse and the codes of docs/errors.md",
        ),
        rule: v.optional(text),
      }),
      "is not a list",
    ),
    v.minLength(1, "is empty"),
  ),
});

/** Some calls, and the decision that is expected of each of them. */
export interface Case extends Omit<v.InferOutput<typeof schema>["cases"][number], "method" | "path"> {
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  /** `<file>:<line>`. */
  readonly location: string;
}

/** Reads a file of cases. Throws `CliError` with file and line. */
export async function readCases(path: string): Promise<readonly Case[]> {
  const file = new YamlFile(path, await textOf(path));
  const result = v.safeParse(schema, file.toJson());
  if (!result.success) {
    const [issue] = result.issues;
    const steps = issue.path?.map(({ key }) => (typeof key === "number" ? key : String(key))) ?? [];
    const problem = { path: steps, text: steps.length === 0 ? "the file is not `cases:` and a list" : issue.message };
    throw new CliError(EXIT.INPUT, `${file.locate(steps)}: ${describeProblem(problem)}`);
  }
  return result.output.cases.map(({ method, path: paths, ...each }, index) => ({
    ...each,
    methods: [method].flat(),
    paths: [paths].flat(),
    location: file.locate(["cases", index]),
  }));
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(EXIT.INPUT, `the file ${quote(path)} cannot be read (${code})`);
  }
}
