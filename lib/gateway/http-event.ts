import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { authorizationFields, decodePath, objectMember, textMember } from "./event.ts";

/** What a function that answers HTTP was asked, behind whatever surface. */
export interface HttpRequest {
  readonly authorization: readonly string[];
  readonly method: string;
  /** Decoded, without the stage. */
  readonly path: string;
  readonly apiId?: string | undefined;
  readonly stage?: string | undefined;
  /** An ALB whose target group has multi-value headers enabled: it takes answers in `multiValueHeaders` only. */
  readonly answersInMultiValueHeaders: boolean;
}

/**
 * Reads the event of an HTTP API (payload 2.0 and 1.0), a REST API, a Function URL or an ALB.
 * Throws `EVENT_UNREADABLE`.
 */
export function readHttpEvent(event: unknown): HttpRequest {
  if (!isJsonObject(event)) throw new GatewayError("EVENT_UNREADABLE", "the event is not an object");
  const context = objectMember(event, "requestContext");
  const common = {
    authorization: authorizationFields(event),
    apiId: textMember(context, "apiId"),
    stage: textMember(context, "stage"),
    answersInMultiValueHeaders: false,
  };
  if (event["version"] === "2.0") return { ...common, ...readPayload2(event, context) };
  if ("elb" in context) {
    return { ...common, ...readAlb(event), answersInMultiValueHeaders: isJsonObject(event["multiValueHeaders"]) };
  }
  return { ...common, ...readPayload1(event, context) };
}

/** HTTP API with payload 2.0 (`routeKey` is `<METHOD> <template>` or `$default`), and Function URLs, which have no route. */
function readPayload2(event: JsonObject, context: JsonObject) {
  const method = textMember(objectMember(context, "http"), "method");
  const routeKey = textMember(event, "routeKey") ?? "$default";
  const template = routeKey.slice(routeKey.indexOf(" ") + 1);
  if (template.startsWith("/")) {
    return { method: required(method), path: fill(template, objectMember(event, "pathParameters")) };
  }
  const rawPath = required(textMember(event, "rawPath"));
  const stage = textMember(context, "stage") ?? "$default";
  // Function URLs keep the encoding of `rawPath`; an HTTP API's `$default` route delivers it decoded.
  const isFunctionUrl = textMember(context, "domainName")?.includes(".lambda-url.") === true;
  const path = withoutStage(rawPath, stage);
  return { method: required(method), path: isFunctionUrl ? decodePath(path) : path };
}

/** REST API, and HTTP API with payload 1.0: `resource` is the route's template. */
function readPayload1(event: JsonObject, context: JsonObject) {
  const method = required(textMember(event, "httpMethod"));
  const template = textMember(event, "resource") ?? "$default";
  const parameters = objectMember(event, "pathParameters");
  const isHttpApi = event["version"] === "1.0";
  if (template.startsWith("/")) {
    const path = fill(template, parameters);
    return { method, path: isHttpApi ? path : decodePath(path) };
  }
  const path = required(textMember(event, "path"));
  return { method, path: withoutStage(path, textMember(context, "stage") ?? "$default") };
}

/** An ALB has no routes and keeps the path's encoding. */
function readAlb(event: JsonObject) {
  return { method: required(textMember(event, "httpMethod")), path: decodePath(required(textMember(event, "path"))) };
}

/** The route's template with its parameters put in: `/v1/{id}/{rest+}`. Without one of them it would be another path. */
function fill(template: string, parameters: JsonObject): string {
  return template.replace(/\{([^}+]+)\+?\}/g, (_, name: string) => required(textMember(parameters, name)));
}

function withoutStage(path: string, stage: string): string {
  if (stage === "$default") return path;
  const prefix = `/${stage}`;
  if (path === prefix) return "/";
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

function required(text: string | undefined): string {
  if (text !== undefined) return text;
  throw new GatewayError(
    "EVENT_UNREADABLE",
    "the event has no method or path, or lacks a path parameter; is this function behind an HTTP surface?",
  );
}
