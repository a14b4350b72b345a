import { readFile } from "node:fs/promises";
import { describeProblem } from "../../lib/document.ts";
import {
  flag,
  list,
  object,
  oneOf,
  optional,
  type ReadBy,
  type Reader,
  readBy,
  value,
  wrong,
} from "../../lib/document-reader.ts";
import { REFUSALS } from "../../lib/errors.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { YamlFile } from "../store/yaml-file.ts";
import { quote } from "../wording.ts";

const text: Reader<string> = (given, reading) => {
  if (typeof given !== "string") return wrong(reading, "is not text");
  return given === "" ? wrong(reading, "is empty") : given;
};
const texts = list(text, "is empty");
const oneOrMore: Reader<string | readonly string[]> = (given, reading) => {
  if (Array.isArray(given)) return texts(given, reading);
  return typeof given === "string" ? text(given, reading) : wrong(reading, "is neither text nor a list of it");
};
const seconds = value((given): given is number => Number.isInteger(given), "is not a whole number of seconds");

const expectation = oneOf(
  ["allow", "refuse", ...Object.keys(REFUSALS)],
  "is none of allow, refuse and the codes of docs/errors.md",
);

const oneCase = object({
  name: optional(text),
  as: text,
  service: text,
  method: oneOrMore,
  path: oneOrMore,
  api: optional(text),
  stage: optional(text),
  forward: optional(flag, false),
  token: optional(
    object({
      audiences: optional(list(text)),
      issuedAgo: optional(seconds),
      expiresIn: optional(seconds),
      podBound: optional(flag),
    }),
  ),
  expect: expectation,
  rule: optional(text),
});

const caseFile = object({ cases: list(oneCase, "is empty") });

/** Some calls, and the decision that is expected of each of them. */
export interface Case extends Omit<ReadBy<typeof oneCase>, "method" | "path"> {
  readonly methods: readonly string[];
  readonly paths: readonly string[];
  /** `<file>:<line>`. */
  readonly location: string;
}

/** Reads a file of cases. Throws `CliError` with file and line. */
export async function readCases(path: string): Promise<readonly Case[]> {
  const file = new YamlFile(path, await textOf(path));
  const result = readBy(caseFile, file.toJson());
  if ("problems" in result) {
    const [{ path: steps, text } = { path: [], text: "" }] = result.problems;
    const problem = { path: steps, text: steps.length === 0 ? "the file is not `cases:` and a list" : text };
    throw new CliError(EXIT.INPUT, `${file.locate(steps)}: ${describeProblem(problem)}`);
  }
  return result.read.cases.map(({ method, path: paths, ...each }, index) => ({
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
