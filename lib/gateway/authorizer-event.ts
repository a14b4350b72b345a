import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { authorizationFields, decodePath, objectMember, textMember } from "./event.ts";
import { type ExecuteApiArn, parseExecuteApiArn } from "./execute-api-arn.ts";

/** The kinds of API Gateway that ask an authorizer, and what each of them understands. */
export type AuthorizerKind = "rest" | "http-1.0" | "http-2.0" | "websocket";

/** What an authorizer is asked, whichever kind of API Gateway asks. */
export interface AuthorizerRequest {
  readonly kind: AuthorizerKind;
  /** Every value of the `Authorization` header; of a REST `TOKEN` event, its `authorizationToken`. */
  readonly authorization: readonly string[];
  readonly arn: ExecuteApiArn;
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** Whether the answer may be kept for calls with other methods and paths: HTTP API 2.0 only (S27). */
  readonly identitySourcesIncomplete: boolean;
}

/**
 * Reads an authorizer's event of any kind (API Gateway, "Input to a Lambda authorizer", "HTTP API Lambda authorizers").
 * Throws `EVENT_UNREADABLE`.
 */
export function readAuthorizerEvent(event: unknown): AuthorizerRequest {
  if (!isJsonObject(event)) throw new GatewayError("EVENT_UNREADABLE", "the event is not an object");
  const kind = kindOf(event);
  const arn = parseExecuteApiArn(event[kind === "http-2.0" ? "routeArn" : "methodArn"]);
  const authorization = event["type"] === "TOKEN" ? tokenField(event) : authorizationFields(event);
  const access = kind === "websocket" ? { method: "CONNECT", path: "/" } : readOperation(arn, kind);
  return { kind, arn, authorization, ...access, identitySourcesIncomplete: lacksIdentitySources(kind, event) };
}

function kindOf(event: JsonObject): AuthorizerKind {
  if (event["version"] === "2.0") return "http-2.0";
  if (event["version"] === "1.0") return "http-1.0";
  if (event["type"] !== "TOKEN" && objectMember(event, "requestContext")["eventType"] === "CONNECT") return "websocket";
  if (event["type"] === "TOKEN" || event["type"] === "REQUEST") return "rest";
  throw new GatewayError("EVENT_UNREADABLE", "the event is none of API Gateway's authorizer events");
}

function tokenField(event: JsonObject): readonly string[] {
  const token = textMember(event, "authorizationToken");
  return token === undefined ? [] : [token];
}

/** The access is the ARN's tail. HTTP APIs write it decoded, REST APIs as it was sent. */
function readOperation({ operation }: ExecuteApiArn, kind: AuthorizerKind): { method: string; path: string } {
  const slash = operation.indexOf("/");
  if (slash < 0) throw new GatewayError("EVENT_UNREADABLE", "the event's ARN has no method and path");
  const path = operation.slice(slash);
  return { method: operation.slice(0, slash), path: kind === "rest" ? decodePath(path) : path };
}

/** A simple answer is given to every call with the same identity sources, so method and path must be among them. */
function lacksIdentitySources(kind: AuthorizerKind, event: JsonObject): boolean {
  if (kind !== "http-2.0") return false;
  const sources: unknown = event["identitySource"];
  const { method, path } = objectMember(objectMember(event, "requestContext"), "http");
  return !(Array.isArray(sources) && sources.includes(method) && sources.includes(path));
}
