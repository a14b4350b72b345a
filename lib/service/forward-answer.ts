import { isUtf8 } from "node:buffer";
import { passingAnswerFields } from "./forwarded-headers.ts";
import type { ServiceAnswer } from "./outgoing.ts";

/** A service's answer as the function hands it on. */
export interface ForwardedAnswer {
  readonly status: number;
  /** By lower-case name, in the order in which they came; a name that came several times has several values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Text, or base64 where `isBase64Encoded`. */
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/**
 * The largest text in JSON, in bytes, that is handed on as text. Escapes can make a body of control characters six
 * times as long, and Lambda takes 6 MB; base64 never grows by more than a third.
 */
const MAX_JSON_BYTES = 6_000_000;

/** What is text to a person: a REST API without binary media types would hand on base64 as it is. */
const TEXT_TYPE =
  /^(?:text\/[^\s;]+|application\/(?:[^\s;/]+\+)?(?:json|xml|yaml)|application\/(?:javascript|x-ndjson|graphql|x-www-form-urlencoded))$/;

/** Whatever the status: an error or a redirect of the service is its answer, and goes back to the caller. */
export function forwardAnswer(
  answer: ServiceAnswer,
  { method, ownHeaders }: { readonly method: string; readonly ownHeaders: readonly string[] },
): ForwardedAnswer {
  const headers = new Map<string, string[]>();
  for (const [name, value] of passingAnswerFields(answer.headers, ownHeaders)) {
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  const hasBody = method !== "HEAD" && answer.status !== 204 && answer.status !== 304;
  return { status: answer.status, headers, ...encodeBody(hasBody ? answer.body : Buffer.alloc(0), headers) };
}

function encodeBody(body: Buffer, headers: ReadonlyMap<string, readonly string[]>) {
  const text = body.length === 0 ? "" : textOf(body, headers);
  return text === undefined
    ? { body: body.toString("base64"), isBase64Encoded: true }
    : { body: text, isBase64Encoded: false };
}

/** The body as text, where every surface turns that into the same bytes again. */
function textOf(body: Buffer, headers: ReadonlyMap<string, readonly string[]>): string | undefined {
  const [type = ""] = headers.get("content-type") ?? [];
  const [mediaType = ""] = type.toLowerCase().split(";");
  if (!TEXT_TYPE.test(mediaType.trim()) || headers.has("content-encoding")) return undefined;
  if (!isUtf8(body)) return undefined;
  const text = body.toString("utf8");
  return Buffer.byteLength(JSON.stringify(text)) > MAX_JSON_BYTES ? undefined : text;
}
