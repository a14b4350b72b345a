import { decodeUtf8, isJsonObject, JsonFault, type JsonObject, parseJson } from "../../lib/json.ts";

/** What a token says, read as far as it can be read. For people to look at: no verdict rests on it. */
export interface DecodedToken {
  readonly header?: JsonObject;
  readonly claims?: JsonObject;
  /** What could not be read, in words. */
  readonly faults: readonly string[];
}

/** Decodes what looks like a signed JWT, leniently; `undefined` where the text does not look like one. */
export function decodeToken(text: string): DecodedToken | undefined {
  const [first = "", second, ...rest] = text.split(".", 6);
  if (second === undefined || rest.length > 1) return undefined;
  const header = decodeObject(first);
  const claims = decodeObject(second);
  if (typeof header === "string" && typeof claims === "string") return undefined;
  return {
    ...(typeof header !== "string" && { header }),
    ...(typeof claims !== "string" && { claims }),
    faults: [
      ...(typeof header === "string" ? [`its header ${header}`] : []),
      ...(typeof claims === "string" ? [`its payload ${claims}`] : []),
    ],
  };
}

/** A part of a token as an object, or what it is instead. */
export function decodeObject(part: string): JsonObject | string {
  if (!/^[A-Za-z0-9_+/=-]+$/.test(part)) return "is not base64url";
  try {
    const text = decodeUtf8(Buffer.from(part, "base64"));
    const value = parseOrShow(text);
    return isJsonObject(value) ? value : "is JSON, but not an object";
  } catch (error) {
    return error instanceof JsonFault ? `is ${error.message}` : "is not JSON";
  }
}

/** With a member twice the last one is shown; the verdict says that it is refused. */
function parseOrShow(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return JSON.parse(text);
  }
}
