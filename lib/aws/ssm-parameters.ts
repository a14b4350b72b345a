import type { StoredDocument } from "../document.ts";
import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { ReadParameters } from "./parameter-reader.ts";
import { type CallSsm, reasonOf } from "./ssm-call.ts";

/** Documents by `GetParameters`. */
export function createSsmReader(call: CallSsm): ReadParameters {
  return async (names) => {
    let answer: JsonObject;
    try {
      answer = await call("GetParameters", { Names: names });
    } catch (error) {
      throw unavailable(reasonOf(error), names, error);
    }
    return readAnswer(answer, names);
  };
}

/** Only what the answer calls invalid does not exist: a deny that is merely not mentioned must not vanish. */
function readAnswer(answer: JsonObject, names: readonly string[]): ReadonlyMap<string, StoredDocument> {
  const { Parameters: parameters = [], InvalidParameters: absent = [] } = answer;
  if (!Array.isArray(parameters) || !Array.isArray(absent)) throw unavailable("an answer without its lists", names);
  const found = new Map(parameters.map((parameter) => readParameter(parameter, names)));
  if (names.some((name) => !found.has(name) && !absent.includes(name))) {
    throw unavailable("an answer that leaves out a name", names);
  }
  return found;
}

function readParameter(parameter: unknown, names: readonly string[]): [string, StoredDocument] {
  const {
    Name: name,
    Value: text,
    Version: version,
    LastModifiedDate: date,
  } = isJsonObject(parameter) ? parameter : {};
  const modifiedMs = date instanceof Date ? date.getTime() : typeof date === "number" ? Math.round(date * 1000) : NaN;
  if (
    typeof name !== "string" ||
    typeof text !== "string" ||
    typeof version !== "number" ||
    !Number.isFinite(modifiedMs)
  ) {
    throw unavailable("an answer without name, value, version or date", names);
  }
  return [name, { name, text, version, revision: `${version}@${modifiedMs}` }];
}

function unavailable(reason: string, names: readonly string[], cause?: unknown): GatewayError {
  const [first, ...others] = names;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return new GatewayError(
    "PARAMETERS_UNAVAILABLE",
    `SSM GetParameters failed (${reason}) for ${first}${more}; check the function's role, its way to SSM, and throttling`,
    { cause },
  );
}
