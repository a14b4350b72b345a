import { parse } from "yaml";
import { isRecord, unknownMember } from "./api-gateway/json.ts";

/** Functions that exist offline only, and the HTTP API authorizers of their routes. */
export interface OfflineFunctions {
  /** As `functions` of a `serverless.yml`. */
  readonly functions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** As `provider.httpApi.authorizers`. */
  readonly httpApiAuthorizers: Readonly<Record<string, unknown>>;
}

/**
 * Reads a file with the members `functions` and `httpApiAuthorizers`. Variables of Serverless (`${...}`) mean nothing in
 * it. Throws Error, one line that begins with the name of the file.
 */
export function readOfflineFunctions(yamlText: string, file: string): OfflineFunctions {
  let content: unknown;
  try {
    content = parse(yamlText);
  } catch {
    throw new Error(`${file} is not YAML`);
  }
  if (!isRecord(content)) throw new Error(`${file} is not a mapping`);
  const unknown = unknownMember(content, ["functions", "httpApiAuthorizers"]);
  if (unknown !== undefined) throw new Error(`${file}: ${unknown} is unknown: expected functions, httpApiAuthorizers`);
  const { functions = {}, httpApiAuthorizers = {} } = content;
  if (!isRecord(httpApiAuthorizers)) throw new Error(`${file}: httpApiAuthorizers is not a mapping`);
  if (!isRecord(functions)) throw new Error(`${file}: functions is not a mapping`);
  const read: [string, Readonly<Record<string, unknown>>][] = [];
  for (const [key, definition] of Object.entries(functions)) {
    if (!isRecord(definition) || typeof definition["handler"] !== "string") {
      throw new Error(`${file}: functions.${key} has no handler`);
    }
    read.push([key, definition]);
  }
  return { functions: Object.fromEntries(read), httpApiAuthorizers };
}
