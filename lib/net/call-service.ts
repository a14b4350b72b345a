import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { FetchFailure, type FetchFailureReason } from "../issuer/fetch-json.ts";
import {
  type CallLimits,
  type CallService,
  type OutgoingRequest,
  type ServiceAnswer,
  ServiceFailure,
  type ServiceFailureCode,
} from "../service/outgoing.ts";
import { startBudget, unlessAborted } from "./budget.ts";
import { codeOf, type Stage, transportFailure } from "./failure.ts";
import { openRequest } from "./open-request.ts";
import { type Resolve, resolvePermitted } from "./pinned-lookup.ts";
import { systemResolve } from "./system-resolve.ts";
import { readTarget, type Target } from "./target.ts";

export interface CallServiceSettings {
  /** Plain http to loopback hosts, and loopback addresses over https: for offline stages and tests only. */
  readonly allowLoopbackHttp: boolean;
  /** @default `systemResolve` */
  readonly resolve?: Resolve | undefined;
}

/**
 * A `CallService`: one request on a connection of its own, to an address that was checked. Whatever the status, the
 * answer is given back as it came; nothing is decompressed, no redirect followed, nothing tried again.
 */
export function createCallService(settings: CallServiceSettings): CallService {
  return async (request, limits) => {
    const progress: Progress = { stage: "connecting" };
    try {
      const target = readTarget(request.url, {
        network: limits.network,
        allowLoopbackHttp: settings.allowLoopbackHttp,
      });
      return await exchange(target, request, limits, settings.resolve ?? systemResolve, progress);
    } catch (error) {
      throw error instanceof FetchFailure ? serviceFailure(error, progress.stage) : error;
    }
  };
}

interface Progress {
  stage: Stage;
}

/** The answer to one request. Whatever happens, the socket is destroyed and no timer is left. */
async function exchange(
  target: Target,
  request: OutgoingRequest,
  limits: CallLimits,
  resolve: Resolve,
  progress: Progress,
): Promise<ServiceAnswer> {
  using budget = startBudget(target.label, limits, undefined);
  const addresses = await unlessAborted(budget.signal, () => resolvePermitted(target, resolve));
  let sent: ClientRequest | undefined;
  try {
    budget.signal.throwIfAborted();
    sent = openRequest(target, addresses, {
      method: request.method,
      headers: headersOf(request),
      onStage: (reached) => {
        progress.stage = reached;
        if (reached === "connected") budget.connected();
      },
    });
    sent.path = requestTarget(target, request.url);
    budget.signal.addEventListener("abort", () => sent?.destroy(), { once: true });
    const opened = await answerTo(sent, request.body);
    const answer = await readAnswer(opened, request.method, target, limits.maxBytes);
    budget.signal.throwIfAborted();
    return answer;
  } catch (error) {
    budget.signal.throwIfAborted();
    if (error instanceof FetchFailure || error instanceof ServiceFailure) throw error;
    if (isUnsendable(error)) {
      // A caller's headers were checked before, so it is the credential's that is none.
      throw new ServiceFailure("CREDENTIAL_FAILED", `${target.label}: a header cannot be sent (${codeOf(error)})`);
    }
    throw transportFailure(target.label, progress.stage, error);
  } finally {
    sent?.destroy();
  }
}

function isUnsendable(error: unknown): boolean {
  return ["ERR_INVALID_CHAR", "ERR_INVALID_HTTP_TOKEN", "ERR_HTTP_INVALID_HEADER_VALUE"].includes(codeOf(error));
}

/** Methods whose meaning has a body: without one, they say that its length is 0 (RFC 9110 §8.6). */
const METHODS_WITH_BODY = ["POST", "PUT", "PATCH"];

function headersOf({ method, headers, body }: OutgoingRequest): OutgoingHttpHeaders {
  const byName = new Map<string, string[]>();
  // AWS WAF's common rules and GitHub block a request without one.
  byName.set("user-agent", ["podgate"]);
  for (const [name, values] of Map.groupBy(headers, ([name]) => name.toLowerCase())) {
    byName.set(
      name,
      values.map(([, value]) => value),
    );
  }
  // The length is said outright: Node would leave it out for a body of GET, HEAD, OPTIONS or DELETE, and the service
  // would read the body as a second request. Without `Expect`, nobody waits for a 100.
  for (const name of ["content-length", "transfer-encoding", "expect"]) byName.delete(name);
  if (body.length > 0 || METHODS_WITH_BODY.includes(method)) byName.set("content-length", [String(body.length)]);
  return Object.fromEntries([...byName].map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

/** The path as it was checked, and the query as it was written: `URL` would write `'` in it as `%27`. */
function requestTarget({ url }: Target, text: string): string {
  const mark = text.indexOf("?");
  const query = mark < 0 ? "" : text.slice(mark);
  return `${url.pathname}${/^[!-~]*$/.test(query) ? query : url.search}`;
}

/** An answer of which the header is there, and what went wrong with the connection since. */
interface OpenAnswer {
  readonly response: IncomingMessage;
  failure(): Error | undefined;
}

function answerTo(request: ClientRequest, body: Uint8Array): Promise<OpenAnswer> {
  return new Promise((resolve, reject) => {
    let failed: Error | undefined;
    request.once("response", (response: IncomingMessage) => resolve({ response, failure: () => failed }));
    // Not `once`: a request may report more than one error, and one that nobody hears ends the process.
    request.on("error", (error) => {
      failed ??= error;
      reject(error);
    });
    request.once("close", () => reject(new Error("closed without an answer")));
    if (body.length === 0) request.end();
    else request.end(body);
  });
}

async function readAnswer(
  { response, failure }: OpenAnswer,
  method: string,
  { label }: Target,
  maxBytes: number,
): Promise<ServiceAnswer> {
  const status = response.statusCode ?? 0;
  // RFC 9110 §15: others are invalid. API Gateway would answer 5xx to them in its own words.
  if (status < 200 || status > 599) {
    throw new ServiceFailure("SERVICE_ANSWER_BROKEN", `${label}: answered with a status that is none`);
  }
  const coding = response.headers["transfer-encoding"] ?? "chunked";
  if (coding.trim().toLowerCase() !== "chunked") {
    throw new ServiceFailure("SERVICE_ANSWER_BROKEN", `${label}: a transfer coding that was not asked for`);
  }
  const tooLarge = () =>
    new ServiceFailure("SERVICE_ANSWER_TOO_LARGE", `${label}: the body is larger than ${maxBytes} bytes`);
  // Of an answer without a body, the length is that of another one (RFC 9110 §8.6).
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  if (hasBody && Number(response.headers["content-length"]) > maxBytes) throw tooLarge();

  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  // Node takes a reset for the end of a body that has no length (RFC 9112 §8). One that has its length is whole, even
  // where the service stopped reading the request to send it.
  const isDelimited = "content-length" in response.headers || "transfer-encoding" in response.headers;
  const failed = failure();
  if (hasBody && !isDelimited && failed !== undefined) throw failed;
  return { status, headers: pairsOf(response.rawHeaders), body: Buffer.concat(chunks, bytes) };
}

/** Every header as it came: `headers` would join some that are repeated and drop others. */
function pairsOf(raw: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([(raw[at] ?? "").toLowerCase(), raw[at + 1] ?? ""]);
  return pairs;
}

function serviceFailure(failure: FetchFailure, stage: Stage): ServiceFailure {
  return new ServiceFailure(codeFor(failure.reason, stage), failure.message, { cause: failure.cause });
}

function codeFor(reason: FetchFailureReason, stage: Stage): ServiceFailureCode {
  switch (reason) {
    case "address-refused":
      return "SERVICE_ADDRESS_REFUSED";
    case "tls-failed":
      return "SERVICE_TLS_FAILED";
    case "timed-out":
      return "SERVICE_TIMEOUT";
    case "too-large":
      return "SERVICE_ANSWER_TOO_LARGE";
    default:
      // Once the connection stands, what fails is the answer.
      return stage === "connected" ? "SERVICE_ANSWER_BROKEN" : "SERVICE_UNREACHABLE";
  }
}
