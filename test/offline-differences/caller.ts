import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import type { Stack } from "./stacks.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** The body's JSON; of an allowed call the event that the integration got. */
  json(): IntegrationEvent;
}

/** The event of either payload, as far as a probe looks into it. */
export interface IntegrationEvent {
  readonly path?: string;
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly version?: string;
  readonly resource?: string;
  readonly requestContext: {
    readonly accountId: string;
    readonly apiId: string;
    readonly path?: string;
    readonly resourcePath?: string;
    readonly identity?: Readonly<Record<string, unknown>>;
    readonly authorizer?: Readonly<Record<string, unknown>> & { readonly lambda?: Readonly<Record<string, unknown>> };
  };
}

/** The event of an authorizer, as far as a probe looks into it. */
export interface AskedEvent extends Readonly<Record<string, unknown>> {
  readonly methodArn?: string;
  readonly routeArn?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly identitySource?: unknown;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly requestContext?: Readonly<Record<string, unknown>> & { readonly http?: Readonly<Record<string, unknown>> };
}

export interface Sent {
  readonly method?: string;
  /** Names and values in turn, as sent beside those of every call. */
  readonly headers?: readonly string[];
}

/**
 * A client of one stack with an id of its own, by which its calls are found again among the events of the authorizer.
 * In a path `{id}` stands for it.
 */
export class Caller {
  readonly stack: Stack;
  readonly id: string = randomUUID();

  constructor(stack: Stack) {
    this.stack = stack;
  }

  /** What `Authorization` is for the authorizer to behave so: see `project/authorizer.mjs`. */
  token(behaviour: string): string {
    return `Bearer ${behaviour}.${this.id}`;
  }

  /** Calls with the token of a behaviour, everything on the wire as it is written here. */
  async get(path: string, behaviour: string, { method = "GET", headers = [] }: Sent = {}): Promise<Answer> {
    return this.send(path, { method, headers: ["Authorization", this.token(behaviour), ...headers] });
  }

  async send(path: string, { method = "GET", headers = [] }: Sent = {}): Promise<Answer> {
    const { gatewayPort } = this.stack;
    const call = request({
      host: "127.0.0.1",
      port: gatewayPort,
      method,
      path: path.replace("{id}", this.id),
      headers: ["Host", `127.0.0.1:${gatewayPort}`, "User-Agent", "probe", "X-Probe", this.id, ...headers],
      agent: false,
    });
    call.end();
    const [response]: [IncomingMessage] = (await once(call, "response")) as [IncomingMessage];
    const body = await text(response);
    const { statusCode = 0, headers: received } = response;
    return { status: statusCode, headers: received, body, json: () => JSON.parse(body) };
  }

  /** Opens a WebSocket, for a moment; 101 if that works. Without a behaviour no token is sent. */
  async connect(behaviour: string | undefined): Promise<{ readonly status: number }> {
    const handshake = request({
      host: "127.0.0.1",
      port: this.stack.websocketPort,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": Buffer.from(this.id.slice(0, 16)).toString("base64"),
        "X-Probe": this.id,
        ...(behaviour !== undefined && { Authorization: this.token(behaviour) }),
      },
    });
    handshake.end();
    return new Promise((resolve, reject) => {
      handshake.once("error", reject);
      handshake.once("upgrade", ({ statusCode = 0 }, socket) => {
        socket.destroy();
        resolve({ status: statusCode });
      });
      handshake.once("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0 });
      });
    });
  }

  /** The events that the authorizer was given for this caller. */
  async events(): Promise<readonly AskedEvent[]> {
    return this.stack.asked(this.id);
  }

  /** The only one of them. */
  async event(): Promise<AskedEvent> {
    const events = await this.events();
    const [event] = events;
    if (event === undefined || events.length > 1) throw new Error(`the authorizer was asked ${events.length} times`);
    return event;
  }
}
