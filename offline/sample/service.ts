import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Exchange, jsonOf, readBehaviour, showAs } from "./behaviour.ts";
import { control, SampleState } from "./control.ts";
import {
  MAX_BODY_BYTES,
  type ReceivedRequest,
  readBody,
  received,
  type ShownRequest,
  shown,
} from "./received-request.ts";
import { checkBasic, checkBearer, checkHeader, type SecretKind, type Verdict } from "./secrets.ts";
import { verifySigV4 } from "./sigv4.ts";
import { SecurityTokens, STS_PATH } from "./sts.ts";
import { createTokenServer, TOKEN_SERVER_PATH, type TokenServer } from "./token-server.ts";

export interface SampleServiceOptions {
  /** @default 0, one that the system chooses */
  readonly port?: number;
  /** Epoch seconds: dates of signatures, ends of tokens and sessions. @default the time of day */
  readonly clock?: () => number;
  /** Seconds that an access token lives. @default 600 */
  readonly tokenSeconds?: number;
}

/** Disposing closes it and every connection at once, those that hang too. */
export interface SampleService extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** What `AWS_ENDPOINT_URL_STS` is set to. */
  readonly stsUrl: string;
  /** `tokenURL` of a service document. */
  readonly tokenUrl: string;
  /** As `GET /_requests` answers: what arrived, control calls left out. */
  readonly requests: readonly ShownRequest[];
  forgetRequests(): void;
  /** As `PUT /_faults`: behaviours by path prefix in place of those before; none when nothing is given. */
  fault(faults?: Readonly<Record<string, string>>): void;
  /** As `PUT /_secrets`. */
  changeSecret(kind: SecretKind, secret: string): void;
  /** As `DELETE /_tokens`. */
  revokeTokens(): void;
}

/** `region` and `signingName` of requests to `/sigv4`. */
const SIGNED_FOR = { region: "us-east-1", service: "execute-api" } as const;

interface Parts {
  readonly state: SampleState;
  readonly clock: () => number;
  readonly sts: SecurityTokens;
  readonly tokenServer: TokenServer;
}

/**
 * An external service, on 127.0.0.1, that shows what reached it. Every request is answered with 200 and `ShownRequest` in
 * JSON, once its credential is right:
 *
 * | path | credential |
 * |---|---|
 * | `/header/…` | `X-Api-Key` |
 * | `/basic/…` | Basic authentication |
 * | `/oauth2/…` | an access token from `POST /_oauth2/token` (client credentials, scope `reports.read`) |
 * | `/sigv4/…` | Signature Version 4 for `execute-api` in `us-east-1`, by a role session from `/_sts` |
 * | any other | none |
 *
 * The secrets are `DEMO_SECRETS`. A wrong credential is 401, of `/sigv4` 403 as of AWS. Below each of them
 * `answer/<behaviour>` answers otherwise (see `readBehaviour`): `GET /basic/answer/status/503`. Control calls: `control`.
 */
export async function startSampleService(options: SampleServiceOptions = {}): Promise<SampleService> {
  const clock = options.clock ?? (() => Date.now() / 1000);
  const state = new SampleState();
  const sts = new SecurityTokens(clock);
  let parts: Parts | undefined;
  const server = createServer((request, response) => {
    if (parts === undefined) return response.destroy();
    serve(request, response, parts).catch(() => {
      // The client went away, or a header cannot be sent: what was begun is not mended by more of it.
      if (response.headersSent || response.destroyed) return response.destroy();
      response.writeHead(500).end();
    });
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const url = `http://127.0.0.1:${address.port}`;
  const issuer = `${url}${TOKEN_SERVER_PATH}`;
  const tokenServer = createTokenServer(issuer, () => state.secrets.oauth2, options.tokenSeconds ?? 600, clock);
  parts = { state, clock, sts, tokenServer };

  return {
    url,
    stsUrl: `${url}${STS_PATH}`,
    tokenUrl: `${issuer}/token`,
    requests: state.requests,
    forgetRequests: () => {
      state.requests.length = 0;
    },
    fault: (faults = {}) => {
      state.faults = faults;
    },
    changeSecret: (kind, secret) => {
      state.secrets[kind] = secret;
    },
    revokeTokens: () => revokeAll(sts, tokenServer),
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const { state, sts, tokenServer } = parts;
  const head = received(request, Buffer.alloc(0));
  const isTokenServer = isBelow(head.path, TOKEN_SERVER_PATH);
  // The library of the token server reads its bodies itself.
  const body = isTokenServer ? head.body : await readBody(request);
  if (body === undefined) {
    sendJson(response, 413, { error: `a body has at most ${MAX_BODY_BYTES} bytes` });
    return;
  }
  const whole = { ...head, body };

  const told = control(whole.method, whole.path, whole.body, state, () => revokeAll(sts, tokenServer));
  if (told !== undefined) {
    sendJson(response, told.status, told.value);
    return;
  }
  const isOwn = isTokenServer || isBelow(whole.path, STS_PATH);
  const verdict: Verdict = isOwn ? { credential: "not asked" } : await checkCredential(whole, parts);
  const shownRequest = shown(whole, verdict, Object.values(state.secrets));
  state.remember(shownRequest);

  const usual = async () => {
    if (isTokenServer) await tokenServer.serve(request, response);
    else if (isOwn) sendXml(response, sts.answer(whole));
    else await answer(exchange, verdict);
  };
  const exchange: Exchange = { request: whole, shown: shownRequest, response, usual };
  const behaviour = state.behaviourFor(whole.path);
  await (behaviour === undefined ? usual() : behaviour(exchange));
}

/** What a caller with the right credential gets, or the refusal. */
async function answer(exchange: Exchange, { refusal }: Verdict): Promise<void> {
  if (refusal !== undefined) {
    sendJson(exchange.response, refusal.status, { message: refusal.message }, refusal.headers);
    return;
  }
  const show = () => showAs(exchange, 200);
  const text = /^(?:\/(?:echo|header|basic|oauth2|sigv4))?\/answer\/(.*)$/.exec(exchange.request.url)?.[1];
  if (text === undefined) return show();
  const behaviour = readBehaviour(text);
  if (behaviour === undefined) sendJson(exchange.response, 404, { error: "no such behaviour" });
  else await behaviour({ ...exchange, usual: show });
}

async function checkCredential(request: ReceivedRequest, { state, clock, sts, tokenServer }: Parts): Promise<Verdict> {
  const { path } = request;
  if (isBelow(path, "/header")) return checkHeader(request, state.secrets.header);
  if (isBelow(path, "/basic")) return checkBasic(request, state.secrets.basic);
  if (isBelow(path, "/oauth2")) return checkBearer(request, (token) => tokenServer.accepts(token));
  if (!isBelow(path, "/sigv4")) return { credential: "not asked" };

  const keyOf = (accessKeyId: string) => sts.session(accessKeyId);
  const outcome = verifySigV4(request, { ...SIGNED_FOR, now: clock(), keyOf });
  if ("fault" in outcome) {
    const { fault, message } = outcome;
    return {
      credential: fault === "MissingAuthenticationToken" ? "missing" : "wrong",
      refusal: { status: 403, message, headers: { "x-amzn-errortype": fault } },
    };
  }
  const session = sts.session(outcome.accessKeyId);
  return {
    credential: "right",
    caller: { role: session?.role, sessionName: session?.sessionName, tags: session?.tags },
  };
}

function revokeAll(sts: SecurityTokens, tokenServer: TokenServer): void {
  sts.revokeAll();
  tokenServer.revokeAll();
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = jsonOf(value);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": body.length, ...headers })
    .end(body);
}

function sendXml(response: ServerResponse, { status, xml }: { readonly status: number; readonly xml: string }): void {
  response.writeHead(status, { "content-type": "text/xml", "content-length": Buffer.byteLength(xml) }).end(xml);
}
