import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { parse } from "yaml";

/** The published schema of a file of the folder. */
export const accessSchema = JSON.parse(
  readFileSync(new URL("../../schemas/access.schema.json", import.meta.url), "utf8"),
);

export const validateAccess = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(
  accessSchema,
);

/** What an editor has to say against a YAML file that names its schema; it names none, that is the first thing. */
export function editorProblems(text: string): readonly string[] {
  const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1];
  if (named !== accessSchema.$id) return [`names the schema ${named}`];
  return validateAccess(parse(text)) ? [] : (validateAccess.errors ?? []).map((error) => JSON.stringify(error));
}
