import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** A request as it arrived. Path, query and headers are as they were sent: nothing is decoded, folded or joined. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly path: string;
  /** Without its `?`; empty where there is none. */
  readonly query: string;
  readonly headers: HeaderPairs;
  /** Empty where the body is left to be read by somebody else. */
  readonly body: Buffer;
}

/** What is told of a request: never a credential, only whether it was the right one. */
export interface ShownRequest extends Omit<ReceivedRequest, "headers" | "body"> {
  /** Values of headers that hold a credential are `***`. */
  readonly headers: HeaderPairs;
  /** `not asked`: this part of the service takes any caller. */
  readonly credential: "right" | "wrong" | "missing" | "not asked";
  /** On whose behalf, where the credential says it. */
  readonly caller?: Readonly<Record<string, unknown>>;
  readonly bodyBytes: number;
  /** Hex. */
  readonly bodySha256: string;
  /** Where it is UTF-8 of at most `MAX_SHOWN_BYTES`. */
  readonly body?: string;
}

/** Well over what the gateway lets through; a body is kept in memory until its request is answered. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

const MAX_SHOWN_BYTES = 4096;

/** Headers in which a credential is sent. Their values are shown to nobody, a wrong one neither: it may be another's. */
const CREDENTIAL_HEADERS = ["authorization", "proxy-authorization", "x-api-key", "x-amz-security-token", "cookie"];

/** The head of a request, with `body` for its body. */
export function received(request: IncomingMessage, body: Buffer): ReceivedRequest {
  const { method = "", url = "", rawHeaders } = request;
  const headers = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ""] as const] : [],
  );
  const cut = url.indexOf("?");
  const path = cut < 0 ? url : url.slice(0, cut);
  return { method, url, path, query: cut < 0 ? "" : url.slice(cut + 1), headers, body };
}

/** The whole body; `undefined` for one over `MAX_BODY_BYTES`, read to its end. Rejects where the client goes away. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_BODY_BYTES ? Buffer.concat(chunks, bytes) : undefined;
}

/** The values of a header, in any case of its name. */
export function valuesOf(headers: HeaderPairs, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** @param secrets - texts that are shown in no header, whatever its name */
export function shown(
  request: ReceivedRequest,
  { credential, caller }: Pick<ShownRequest, "credential" | "caller">,
  secrets: readonly string[],
): ShownRequest {
  const { method, url, path, query, headers, body } = request;
  const text = body.length <= MAX_SHOWN_BYTES ? textOf(body) : undefined;
  return {
    method,
    url,
    path,
    query,
    headers: headers.map(([name, value]) => [name, masked(name, value, secrets)]),
    credential,
    ...(caller !== undefined && { caller }),
    bodyBytes: body.length,
    bodySha256: createHash("sha256").update(body).digest("hex"),
    ...(text !== undefined && { body: text }),
  };
}

/** The scheme of a credential is shown, for a person who looks at what came. */
function masked(name: string, value: string, secrets: readonly string[]): string {
  if (CREDENTIAL_HEADERS.includes(name.toLowerCase())) {
    const scheme = /^(Basic|Bearer|AWS4-HMAC-SHA256) /i.exec(value)?.[1];
    return scheme === undefined ? "***" : `${scheme} ***`;
  }
  return secrets.some((secret) => value.includes(secret)) ? "***" : value;
}

function textOf(body: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}
