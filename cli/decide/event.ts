import { isJsonObject, type JsonObject, parseJson } from "../../lib/json.ts";
import { CliError, EXIT } from "../exit-code.ts";

/** Which function API Gateway sent the event to. */
export type EventFunction = "authorizer" | "forward";

/** Reads a recorded event. Throws `CliError` for what is no event of the authorizer and none of `forward`. */
export function readEvent(text: string, where: string): { readonly event: JsonObject; readonly sentTo: EventFunction } {
  let event: unknown;
  try {
    event = parseJson(text);
  } catch {
    throw new CliError(EXIT.INPUT, `${where} is not JSON; record the event as the function got it`);
  }
  if (!isJsonObject(event)) throw new CliError(EXIT.INPUT, `${where} is not an event: expected a JSON object`);
  const isAuthorizers = "methodArn" in event || "routeArn" in event;
  return { event, sentTo: isAuthorizers ? "authorizer" : "forward" };
}

/** The event with another token in place of the one it has: an authorizer's event repeats it in several members. */
export function withToken(event: JsonObject, token: string, other: string): JsonObject {
  return JSON.parse(JSON.stringify(event).replaceAll(token, other));
}
