import { isJsonObject, type JsonObject } from "../json.ts";

/** A member of an event that is an object, or an empty one: API Gateway writes `null` for "none". */
export function objectMember(event: JsonObject, member: string): JsonObject {
  const value = event[member];
  return isJsonObject(value) ? value : {};
}

export function textMember(event: JsonObject, member: string): string | undefined {
  const value = event[member];
  return typeof value === "string" ? value : undefined;
}

const AUTHORIZATION = "authorization";

/**
 * Every value of the `Authorization` header, whatever the case of its name: from `multiValueHeaders` where the event
 * has it, because `headers` keeps only one of several. A token in the query is none, but beside a header it counts as
 * one more: a request has one (RFC 6750 §2), and the API behind may read the other.
 */
export function authorizationFields(event: JsonObject): readonly string[] {
  const multiple = event["multiValueHeaders"];
  const headers = isJsonObject(multiple) ? multiple : objectMember(event, "headers");
  const fields: string[] = [];
  for (const name of Object.keys(headers)) {
    if (name.length !== AUTHORIZATION.length || name.toLowerCase() !== AUTHORIZATION) continue;
    const values = headers[name];
    for (const value of Array.isArray(values) ? values : [values]) {
      if (typeof value === "string") fields.push(value);
    }
  }
  return fields.length > 0 && hasTokenInQuery(event) ? [...fields, "access_token"] : fields;
}

function hasTokenInQuery(event: JsonObject): boolean {
  return ["queryStringParameters", "multiValueQueryStringParameters"].some((member) =>
    // An ALB leaves names as they were sent, and whoever is behind it decodes them.
    Object.keys(objectMember(event, member)).some((name) => decodePath(name) === "access_token"),
  );
}

/** Decodes a path once, where the event keeps its encoding. A `%` that stands for nothing stays, and is refused later. */
export function decodePath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
