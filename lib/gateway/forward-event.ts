import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { objectMember, textMember } from "./event.ts";
import { type HttpRequest, readHttpEvent } from "./http-event.ts";

type Pair = readonly [name: string, value: string];

/** A call to a service, as a pod sent it. */
export interface ForwardEvent extends HttpRequest {
  /** As the caller wrote it: not yet known to be one. */
  readonly service: string;
  readonly headers: readonly Pair[];
  /** Without the `?`. As sent where the event keeps it, else put together again from names and values. */
  readonly rawQuery: string;
  readonly body: Uint8Array;
  /** Payload 1.0, so that several values of one header can be answered. */
  readonly answersSeveralValues: boolean;
}

const ROUTE = /^\/services\/([^/]*)(\/.*)?$/s;

/**
 * Reads the event of `ANY /services/{service}` and `/services/{service}/{path+}`. Any other path, which a surface without
 * routes hands over too, names no service: who asks is told what everybody is told. Throws `EVENT_UNREADABLE`.
 */
export function readForwardEvent(event: unknown): ForwardEvent {
  if (!isJsonObject(event)) throw new GatewayError("EVENT_UNREADABLE", "the event is not an object");
  const request = readHttpEvent(event);
  const [, service = "", path = "/"] = ROUTE.exec(request.path) ?? [];
  const body = textMember(event, "body") ?? "";
  return {
    ...request,
    service,
    path,
    headers: headersOf(event),
    rawQuery: queryOf(event),
    body: Buffer.from(body, event["isBase64Encoded"] === true ? "base64" : "utf8"),
    answersSeveralValues: event["version"] !== "2.0" && !("elb" in objectMember(event, "requestContext")),
  };
}

function headersOf(event: JsonObject): Pair[] {
  const several = event["multiValueHeaders"];
  return pairsOf(isJsonObject(several) ? several : objectMember(event, "headers"));
}

/** A query string where the event has one (payload 2.0); names and values else, which an ALB leaves encoded. */
function queryOf(event: JsonObject): string {
  const raw = textMember(event, "rawQueryString");
  if (raw !== undefined) return raw;
  const several = event["multiValueQueryStringParameters"];
  const pairs = pairsOf(isJsonObject(several) ? several : objectMember(event, "queryStringParameters"));
  const encode = "elb" in objectMember(event, "requestContext") ? String : encodeOnce;
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}

/** Half a character has no encoding; as it stands it is refused where the request is built. */
function encodeOnce(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

function pairsOf(record: JsonObject): Pair[] {
  return Object.entries(record).flatMap(([name, values]) =>
    [values].flat().flatMap((value): Pair[] => (typeof value === "string" ? [[name, value]] : [])),
  );
}
