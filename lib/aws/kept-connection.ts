import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Agent, request as requestOverTls } from "node:https";
import { isIP, type Socket } from "node:net";
import { urlToHttpOptions } from "node:url";
import { type Clock, systemClock } from "../clock.ts";
import { ONE_IDLE_CONNECTION } from "./ssm-call.ts";

/** An answer as it came, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * The connection broke. `stale`: it was not opened for this request and no answer had begun, so it may have been dead for
 * long and nobody may have been asked.
 */
export class BrokenConnection extends Error {
  override readonly name = "BrokenConnection";
  readonly code: string;
  readonly stale: boolean;

  constructor(code: string, stale: boolean) {
    super(`the connection broke (${code})`);
    this.code = code;
    this.stale = stale;
  }
}

/** No whole answer in the time that there was. */
export class NoAnswerInTime extends Error {
  override readonly name = "TimeoutError";
}

export class AnswerTooLarge extends Error {
  override readonly name = "AnswerTooLarge";
}

export interface Exchange {
  /** With `host`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly maxBytes: number;
  /** From the connection to the last byte. */
  readonly milliseconds: number;
}

/** A prepared connection is for the request that a cold start is made for. Later the other side may have closed it. */
const PREPARED_FOR_SECONDS = 10;

/** How long a cold start waits for its connection; one that comes later is used all the same. */
const PREPARING_MS = 300;

/** Requests to one endpoint, over one connection that is kept for the next. */
export class KeptConnection {
  readonly #agent: PreparedAgent;
  /** Plain http is for offline stores: not imported, because the module of node:http loads undici, 30 ms of a cold start. */
  #plain: { readonly request: typeof requestOverTls; readonly agent: Agent } | undefined;

  constructor(clock = systemClock) {
    this.#agent = new PreparedAgent(clock);
  }

  /**
   * Opens the connection that the first request will take. Nothing is sent. Ends when it stands, at the latest after
   * 300 ms, and never rejects: the request will say what is wrong.
   */
  prepare(endpoint: URL): Promise<void> {
    return endpoint.protocol === "https:" ? this.#agent.prepare(endpoint) : Promise.resolve();
  }

  /** One POST. Rejects with `BrokenConnection`, `NoAnswerInTime`, `AnswerTooLarge`, or what TLS and DNS say. */
  async post(endpoint: URL, exchange: Exchange): Promise<HttpAnswer> {
    const { request: open, agent } = this.#transportTo(endpoint);
    const length = String(Buffer.byteLength(exchange.body));
    // As a list, which is written as it is; an object is taken apart and put together again.
    const headers = Object.entries({ ...exchange.headers, "content-length": length }).flat();
    const request = open(endpoint, { method: "POST", headers, agent });
    const isStale = () => request.reusedSocket || this.#agent.hasPrepared(request.socket);
    try {
      return await answerTo(request, exchange, isStale);
    } catch (error) {
      // What broke this one may have broken those that are idle: whoever tries again has a new one.
      for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy();
      throw error;
    }
  }

  #transportTo(endpoint: URL): { readonly request: typeof requestOverTls; readonly agent: Agent } {
    if (endpoint.protocol === "https:") return { request: requestOverTls, agent: this.#agent };
    const http = process.getBuiltinModule("node:http");
    this.#plain ??= {
      request: http.request as typeof requestOverTls,
      agent: new http.Agent({ keepAlive: true, ...ONE_IDLE_CONNECTION }) as Agent,
    };
    return this.#plain;
  }
}

/** An agent whose first connection may have been opened before there was a request. */
class PreparedAgent extends Agent {
  #prepared: { readonly socket: Socket; readonly openedAt: number } | undefined;
  readonly #taken = new WeakSet<Socket>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super({
      keepAlive: true,
      // Both said outright: NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would change the defaults.
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      ...ONE_IDLE_CONNECTION,
    });
    this.#clock = clock;
  }

  hasPrepared(socket: Socket | null): boolean {
    return socket !== null && this.#taken.has(socket);
  }

  prepare(endpoint: URL): Promise<void> {
    const { hostname: host, port } = urlToHttpOptions(endpoint);
    const options = { ...this.options, host, port: Number(port || 443), servername: isIP(host ?? "") ? "" : host };
    return new Promise((resolve) => {
      const socket = super.createConnection(options as never) as Socket;
      this.#prepared = { socket, openedAt: this.#clock.now() };
      const timer = setTimeout(() => end(), PREPARING_MS);
      const end = () => {
        clearTimeout(timer);
        socket.off("secureConnect", end).off("close", end);
        // Nobody waits for it any more: a process that has nothing else to do may end.
        socket.unref();
        resolve();
      };
      socket.once("secureConnect", end);
      socket.once("close", end);
      socket.on("error", () => {});
    });
  }

  override createConnection(...given: Parameters<Agent["createConnection"]>): ReturnType<Agent["createConnection"]> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared === undefined) return super.createConnection(...given);
    if (!prepared.socket.writable || this.#clock.now() - prepared.openedAt > PREPARED_FOR_SECONDS) {
      prepared.socket.destroy();
      return super.createConnection(...given);
    }
    this.#taken.add(prepared.socket);
    prepared.socket.ref();
    return prepared.socket;
  }
}

function answerTo(
  request: ClientRequest,
  { body, maxBytes, milliseconds }: Exchange,
  isStale: () => boolean,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      reject(new NoAnswerInTime("no answer in time"));
      request.destroy();
    };
    const timer = setTimeout(giveUp, milliseconds);
    const broken = (error: Error) => {
      const code = "code" in error ? String(error.code) : "";
      // Node's own (ERR_…) and those of certificates are not of the connection: another one would end the same way.
      reject(/^E(?!RR_)[A-Z_]+$/.test(code) ? new BrokenConnection(code, !answered && isStale()) : error);
    };
    let answered = false;
    request.once("response", (response: IncomingMessage) => {
      answered = true;
      readBody(response, maxBytes).then(
        (bytes) => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes });
        },
        (error: Error) => {
          broken(error);
          request.destroy();
        },
      );
    });
    // An answer that has begun says itself how it ends. Not `once`: a request may report more than one error, and one that
    // nobody hears ends the process.
    request.on("error", (error) => {
      if (!answered) broken(error);
    });
    request.once("close", () => {
      clearTimeout(timer);
      if (!answered) reject(new BrokenConnection("ECONNRESET", isStale()));
    });
    request.end(body);
  });
}

function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) reject(new AnswerTooLarge("the answer is too large"));
      else chunks.push(chunk);
    });
    // By events: to go through it by `for await` takes a cold start half a millisecond more.
    response.once("end", () => resolve(Buffer.concat(chunks, bytes)));
    response.once("error", reject);
  });
}
