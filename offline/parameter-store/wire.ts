import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FaultKind } from "./faults.ts";
import { SsmError } from "./ssm-error.ts";

/** Far above the largest request: a value of 8,192 characters, all escaped, beside a long name. */
const MAX_BODY_BYTES = 1_000_000;

/** The operation of `x-amz-target: AmazonSSM.<operation>`. Throws UnknownOperationException for any other target. */
export function operationOf(target: string | string[] | undefined): string {
  const operation = typeof target === "string" ? /^AmazonSSM\.(\w+)$/.exec(target)?.[1] : undefined;
  if (operation === undefined) throw new SsmError("UnknownOperationException");
  return operation;
}

/** Throws SsmError when the body is too large; rejects when the client goes away. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part: Buffer = chunk;
    bytes += part.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new SsmError("RequestEntityTooLargeException", "", 413);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString();
}

/** @returns the JSON value, undefined where `text` is none */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Answers with JSON, cut in half where the fault `broken-json` or `truncate` says so. */
export function send(response: ServerResponse, status: number, body: object, fault?: FaultKind): void {
  const text = JSON.stringify(body);
  const half = text.slice(0, Math.ceil(text.length / 2));
  const sent = fault === "broken-json" ? half : text;
  response.writeHead(status, {
    "content-type": "application/x-amz-json-1.1",
    "content-length": Buffer.byteLength(sent),
    "x-amzn-requestid": randomUUID(),
  });
  if (fault === "truncate") response.write(half, () => response.destroy());
  else response.end(sent);
}

export function sendError(response: ServerResponse, error: SsmError): void {
  send(response, error.status, error.body());
}

/** Aborted when the connection of `response` is gone. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return gone.signal;
}
