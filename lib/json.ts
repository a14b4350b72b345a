/** A JSON object as it was read: no prototype, so that a member is there only if it was written there. */
export interface JsonObject {
  readonly [member: string]: unknown;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text that is not the JSON we accept. The message names the fault and never quotes more than a member's name. */
export class JsonFault extends Error {
  override readonly name = "JsonFault";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bytes to text. Throws `JsonFault` on invalid UTF-8. A byte order mark stays in the text and fails as JSON
 * (RFC 8259 §8.1).
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new JsonFault("not valid UTF-8");
  }
}

/**
 * Parses JSON and refuses a member that is written twice: parsers differ in which of the two they keep
 * (RFC 8259 §4), so one reader may check what another does not use. Throws `JsonFault`.
 */
export function parseJson(text: string): unknown {
  return readJson(text, dropPrototypes);
}

/** The same where only `own` members are read: the objects keep the prototype that JavaScript gives them, which is quicker. */
export function parseJsonAsIs(text: string): unknown {
  return readJson(text, () => undefined);
}

/** The same value with texts of its own: one that was cut from another keeps that one in memory whole. */
export function ownCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function readJson(text: string, finish: (value: unknown) => void): unknown {
  let value: unknown;
  let repeated: string | undefined;
  try {
    value = JSON.parse(text);
    // What is written as a value is written holds no member twice, because no value does. Go and JavaScript write so.
    if (JSON.stringify(value) !== text) repeated = findRepeatedMember(text);
    finish(value);
  } catch {
    // The parser's own message quotes the text, which may be a token's. Nesting that the stack does not hold ends here too.
    throw new JsonFault("not JSON");
  }
  if (repeated !== undefined)
    throw new JsonFault(`the member ${JSON.stringify(repeated.slice(0, 64))} is written twice`);
  return value;
}

/** A member that was written there. */
export function own(object: JsonObject, member: string): unknown {
  return Object.hasOwn(object, member) ? object[member] : undefined;
}

function dropPrototypes(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) Object.setPrototypeOf(value, null);
  for (const member of Object.keys(value)) dropPrototypes((value as JsonObject)[member]);
}

/** A string, with the colon behind it if it names a member; or a brace. Nothing else matters in text that is JSON. */
const STRINGS_AND_BRACES = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g;

/** The first name that one object of valid JSON text has twice, compared after its escapes are resolved. */
function findRepeatedMember(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [found, colon] of json.matchAll(STRINGS_AND_BRACES)) {
    if (found === "{") open.push(new Set());
    else if (found === "}") open.pop();
    else if (colon !== undefined) {
      const name: string = JSON.parse(found.slice(0, -colon.length));
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}
