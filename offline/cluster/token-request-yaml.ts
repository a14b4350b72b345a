import { parse, YAMLParseError } from "yaml";
import { type DecodedTokenRequest, DecodeFault } from "./token-request.ts";
import { readValue } from "./token-request-json.ts";

/** A YAML body, which says what JSON would say. @throws DecodeFault */
export function readYaml(body: Buffer): DecodedTokenRequest {
  let value: unknown;
  try {
    value = parse(body.toString("utf8"), { logLevel: "error" });
  } catch (error) {
    // Aliases that would grow beyond measure are an error of another class.
    const line = error instanceof YAMLParseError ? `line ${error.linePos?.[0].line ?? 1}: ` : "";
    throw new DecodeFault(`yaml: ${line}not YAML`, undefined, { cause: error });
  }
  return readValue(value);
}
