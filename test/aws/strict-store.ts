import { createServer as createHttpServer, type RequestListener, request as requestPlain } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type ParameterStore, startParameterStore } from "../../offline/parameter-store/parameter-store.ts";
import { type ReceivedRequest, readBody, received } from "../../offline/sample/received-request.ts";
import { type SigningKey, verifySigV4 } from "../../offline/sample/sigv4.ts";
import { tlsFixture } from "../support/faulty-server.ts";
import { pointSdkAt } from "./store-and-reader.ts";

export interface StrictStore extends AsyncDisposable {
  readonly url: string;
  readonly store: ParameterStore;
  /** Keys that SSM knows, by their access key id. */
  readonly keys: Map<string, SigningKey>;
  /** How far SSM's clock is ahead of this machine's. */
  aheadSeconds: number;
  /** The fault of each request since the start, "answered" where it had none. */
  readonly outcomes: string[];
  readonly requests: ReceivedRequest[];
  /** TCP connections that were ever made. */
  connections(): number;
  /** Closes every connection that is open now. */
  closeConnections(): void;
}

/**
 * A parameter store that takes signed requests only, as SSM does: by known keys, with their session token, by a clock of its
 * own. The SDK's settings point to it.
 *
 * @param given - the store behind it. @default one of its own
 */
export async function startStrictStore(scheme: "http" | "https", given?: ParameterStore): Promise<StrictStore> {
  await using starting = new AsyncDisposableStack();
  const store = given ?? starting.use(await startParameterStore({}));
  let connections = 0;
  const strict: Omit<StrictStore, "url" | "connections" | "closeConnections" | typeof Symbol.asyncDispose> = {
    store,
    keys: new Map([["AKIDSTRICT", { secretAccessKey: "secret" }]]),
    aheadSeconds: 0,
    outcomes: [],
    requests: [],
  };
  const answer: RequestListener = async (request, response) => {
    const body = (await readBody(request)) ?? Buffer.alloc(0);
    const arrived = received(request, body);
    strict.requests.push(arrived);
    const now = Date.now() / 1000 + strict.aheadSeconds;
    const outcome = verifySigV4(arrived, {
      region: "us-east-1",
      service: "ssm",
      now,
      keyOf: (id) => strict.keys.get(id),
    });
    response.setHeader("date", new Date(now * 1000).toUTCString());
    if ("fault" in outcome) {
      strict.outcomes.push(outcome.fault);
      // In SSM's words; who signs early reads "Signature not yet current".
      const message = outcome.message === "the signature expired" ? "Signature expired: 1 is now earlier than 2" : "";
      response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify({ __type: outcome.fault, message }));
      return;
    }
    strict.outcomes.push("answered");
    const passed = requestPlain(store.url, { method: "POST", headers: request.headers }, (from) => {
      response.writeHead(from.statusCode ?? 0, { "content-type": "application/x-amz-json-1.1" });
      from.pipe(response);
    });
    passed.once("error", () => response.destroy());
    passed.end(body);
  };
  const server =
    scheme === "http"
      ? createHttpServer(answer)
      : createHttpsServer({ cert: tlsFixture("server.pem"), key: tlsFixture("server-key.pem") }, answer);
  const open: Socket[] = [];
  server.on("connection", (socket: Socket) => {
    connections += 1;
    open.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  starting.defer(async () => {
    server.close();
    server.closeAllConnections();
  });
  // What NODE_EXTRA_CA_CERTS does for a process; a test file has one of its own.
  setDefaultCACertificates([...getCACertificates("default"), tlsFixture("root.pem")]);
  const url = `${scheme}://localhost:${(server.address() as AddressInfo).port}`;
  pointSdkAt(url);
  useKeys({ AWS_ACCESS_KEY_ID: "AKIDSTRICT", AWS_SECRET_ACCESS_KEY: "secret" });
  const running = starting.move();
  return Object.assign(strict, {
    url,
    connections: () => connections,
    closeConnections: () => {
      for (const socket of open.splice(0)) socket.destroy();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  });
}

const KEY_VARIABLES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_CREDENTIAL_EXPIRATION",
  "AWS_LAMBDA_FUNCTION_NAME",
  "_X_AMZN_TRACE_ID",
] as const;

/** The credentials of this process from now on; a variable that is not named is not set. */
export function useKeys(variables: Partial<Record<(typeof KEY_VARIABLES)[number], string>>): void {
  for (const name of KEY_VARIABLES) delete process.env[name];
  Object.assign(process.env, variables);
}
