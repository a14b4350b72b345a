import { randomUUID } from "node:crypto";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { bodyTooLarge } from "./api-status.ts";
import type { Fault } from "./faults.ts";
import { goJson } from "./go-json.ts";

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
  /** What `body` says, where it can be written for people too: see `forPeople`. */
  readonly value?: unknown;
}

/** The largest body that kube-apiserver reads (apiserver's MaxRequestBodyBytes). */
const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

/** A JSON answer that nothing on the way may keep, as of every resource of kube-apiserver; in one line, which is ended. */
export function json(status: number, value: unknown, headers: Answer["headers"] = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-cache, private", ...headers },
    body: Buffer.from(`${goJson(value)}\n`),
    value,
  };
}

/** The same on indented lines, as kube-apiserver answers browsers and curl. Other answers stay as they are. */
export function forPeople(answer: Answer): Answer {
  return answer.value === undefined ? answer : { ...answer, body: Buffer.from(goJson(answer.value, 2)) };
}

/** The whole body. @throws ApiStatus 413, once it was read to its end: a client that still sends sees no answer */
export async function readBody(request: IncomingMessage, maxBytes = MAX_REQUEST_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
  }
  if (length > maxBytes) throw bodyTooLarge(maxBytes);
  return Buffer.concat(chunks);
}

/** Sends `answer`, in the way that `fault` asks for. Timers end with the connection. */
export function deliver(response: ServerResponse, answer: Answer, fault?: Fault): void {
  // Closed before the answer was there: its `close` is past, and would end no timer.
  if (response.destroyed) return;
  switch (fault?.kind) {
    case "hang":
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "slow": {
      const timer = setTimeout(() => send(response, answer), fault.delaySeconds * 1000);
      response.once("close", () => clearTimeout(timer));
      return;
    }
    case "slow-loris":
      trickle(response, answer, (fault.intervalSeconds ?? 1) * 1000);
      return;
    default:
      send(response, answer);
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headersOf(headers, body)).end(body);
}

/** `audit-id` is on every answer of kube-apiserver: what its audit log calls the request. */
function headersOf(headers: Answer["headers"], body: Buffer): OutgoingHttpHeaders {
  const several = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === "string" ? value : [...value],
  ]);
  return { "audit-id": randomUUID(), ...Object.fromEntries(several), "content-length": body.length };
}

/** Headers at once, then a byte at a time. */
function trickle(response: ServerResponse, { status, headers, body }: Answer, intervalMilliseconds: number): void {
  response.writeHead(status, headersOf(headers, body));
  response.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + 1));
    sent += 1;
    if (sent < body.length) return;
    clearInterval(timer);
    response.end();
  }, intervalMilliseconds);
  response.once("close", () => clearInterval(timer));
}
