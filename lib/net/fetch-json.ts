import type { ClientRequest, IncomingMessage } from "node:http";
import { FetchFailure, type FetchJson, type FetchJsonOptions } from "../issuer/fetch-json.ts";
import { decodeUtf8 } from "../json.ts";
import { type Budget, type BudgetLimits, startBudget, unlessAborted } from "./budget.ts";
import { type Stage, transportFailure } from "./failure.ts";
import { openRequest } from "./open-request.ts";
import { type Resolve, resolvePermitted } from "./pinned-lookup.ts";
import { systemResolve } from "./system-resolve.ts";
import { readTarget, type Target } from "./target.ts";

export interface FetchJsonSettings extends BudgetLimits {
  /** Plain http to loopback hosts, and loopback addresses over https: for offline stages and tests only. */
  readonly allowLoopbackHttp: boolean;
  /** @default `systemResolve` */
  readonly resolve?: Resolve;
  /** Told the `Date` field of each answer, as it came: the one thing beside its body that somebody asks about. */
  readonly onDate?: (date: string | undefined) => void;
}

const HEADERS = {
  // Both by name: kube-apiserver answers 406 at /openid/v1/jwks to `application/json` and to `application/*` alone.
  accept: "application/json, application/jwk-set+json",
  // No compressed body: the limit counts the bytes that are parsed.
  "accept-encoding": "identity",
  // AWS WAF's common rules block a request without one (NoUserAgent_HEADER).
  "user-agent": "podgate",
} as const;

/** A `FetchJson` of one attempt a call: redirects are not followed, nothing is tried again, no socket is kept. */
export function createFetchJson(settings: FetchJsonSettings): FetchJson {
  return async (text, options) => {
    const target = readTarget(text, { network: options.network, allowLoopbackHttp: settings.allowLoopbackHttp });
    using budget = startBudget(target.label, settings, options.signal);
    const body = await readAnswer(target, settings, options, budget);
    return parse(body, target);
  };
}

/** The body of a 200. Whatever else happens, the socket is destroyed before this rejects. */
async function readAnswer(target: Target, settings: FetchJsonSettings, options: FetchJsonOptions, budget: Budget) {
  const { onDate, resolve = systemResolve } = settings;
  const addresses = await unlessAborted(budget.signal, () => resolvePermitted(target, resolve));
  let stage: Stage = "connecting";
  let request: ClientRequest | undefined;
  try {
    // An abort that came since the addresses did would not be heard any more.
    budget.signal.throwIfAborted();
    request = openRequest(target, addresses, {
      method: "GET",
      headers: HEADERS,
      certificateAuthority: options.certificateAuthority,
      onStage: (reached) => {
        stage = reached;
        if (reached === "connected") budget.connected();
      },
    });
    budget.signal.addEventListener("abort", () => request?.destroy(), { once: true });
    const response = await answerTo(request);
    onDate?.(response.headers.date);
    checkHeader(response, target, options.maxBytes);
    const body = await readBody(response, target, options.maxBytes);
    // An abort can meet a body that has arrived and is still being read: that ends as if nothing had happened.
    budget.signal.throwIfAborted();
    return body;
  } catch (error) {
    request?.destroy();
    budget.signal.throwIfAborted();
    throw error instanceof FetchFailure ? error : transportFailure(target.label, stage, error);
  }
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    // Not `once`: a request may report more than one error, and one that nobody hears ends the process.
    request.on("error", reject);
    request.once("close", () => reject(new Error("closed without an answer")));
    request.end();
  });
}

function checkHeader(response: IncomingMessage, target: Target, maxBytes: number): void {
  const status = response.statusCode ?? 0;
  const outcome = `${target.label}: answered ${status}`;
  if (status >= 500) throw new FetchFailure("server-error-status", outcome);
  if (status >= 400) throw new FetchFailure("client-error-status", outcome);
  if (status >= 300) throw new FetchFailure("redirected", outcome);
  if (status !== 200) throw new FetchFailure("not-json", outcome);

  const encoding = response.headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new FetchFailure("content-encoded", `${target.label}: the body is encoded, though identity was asked for`);
  }
  if (Number(response.headers["content-length"]) > maxBytes) throw tooLarge(target, maxBytes);
}

async function readBody(response: IncomingMessage, target: Target, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(target, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function tooLarge(target: Target, maxBytes: number): FetchFailure {
  return new FetchFailure("too-large", `${target.label}: the body is larger than ${maxBytes} bytes`);
}

function parse(body: Buffer, target: Target): unknown {
  try {
    return JSON.parse(decodeUtf8(body));
  } catch {
    // No cause: the parser's own message quotes the body.
    throw new FetchFailure("not-json", `${target.label}: the body is not JSON in UTF-8`);
  }
}
