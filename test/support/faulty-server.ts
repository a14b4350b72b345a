import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";

/** Reads a file of test/fixtures/tls. */
export function tlsFixture(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");
}

export interface FaultyServer extends AsyncDisposable {
  readonly port: number;
  /** How many TCP connections were ever made to it. */
  readonly connections: number;
  /** Resolves when no connection is open. */
  allClosed(): Promise<void>;
}

/** A server on 127.0.0.1 that answers as it is told, over plain HTTP. */
export function startHttpServer(answer: RequestListener): Promise<FaultyServer> {
  return listen(createHttpServer(answer));
}

/** The same over TLS, for `localhost`, with a certificate of test/fixtures/tls. */
export function startHttpsServer(
  answer: RequestListener,
  {
    certificate = "server.pem",
    onSecured = () => {},
    ...more
  }: {
    certificate?: string;
    /** Told of each connection whether it goes on with the session of another. */
    onSecured?: (isResumed: boolean) => void;
    requestCert?: boolean;
    rejectUnauthorized?: boolean;
    ca?: string;
  } = {},
): Promise<FaultyServer> {
  const options = { ...more, cert: tlsFixture(certificate), key: tlsFixture("server-key.pem") };
  const server = createHttpsServer(options, answer);
  server.on("secureConnection", (socket) => onSecured(socket.isSessionReused()));
  return listen(server);
}

/** A server on 127.0.0.1 that may break any protocol: it is handed the bare socket. */
export function startTcpServer(onSocket: (socket: Socket) => void): Promise<FaultyServer> {
  return listen(
    createTcpServer((socket) => {
      onSocket(socket);
      // A socket that is not read never learns that the other side closed it.
      socket.resume();
    }),
  );
}

async function listen(server: Server): Promise<FaultyServer> {
  const open = new Set<Socket>();
  const waiting: (() => void)[] = [];
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    open.add(socket);
    // What the client does to a socket is looked at from the client's side; here a reset is no news.
    socket.on("error", () => {});
    socket.once("close", () => {
      open.delete(socket);
      if (open.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    port: address.port,
    get connections() {
      return connections;
    },
    allClosed: () => new Promise((resolve) => (open.size === 0 ? resolve() : waiting.push(resolve))),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
