import { once } from "node:events";
import { createServer } from "node:net";

/** Everything of the offline stack that listens, on 127.0.0.1, and the variable that moves it. */
export const PORTS = {
  gateway: { port: 3000, variable: "PODGATE_OFFLINE_PORT_GATEWAY" },
  websocket: { port: 3001, variable: "PODGATE_OFFLINE_PORT_WEBSOCKET" },
  lambda: { port: 3002, variable: "PODGATE_OFFLINE_PORT_LAMBDA" },
  cluster: { port: 4100, variable: "PODGATE_OFFLINE_PORT_CLUSTER" },
  store: { port: 4101, variable: "PODGATE_OFFLINE_PORT_STORE" },
  service: { port: 4102, variable: "PODGATE_OFFLINE_PORT_SERVICE" },
} as const;

export type PortName = keyof typeof PORTS;
export type Ports = Readonly<Record<PortName, number>>;

export const PORT_NAMES = Object.keys(PORTS) as readonly PortName[];

/** What listens in every project; the sample service is podgate's own. */
export const COMMON_PORT_NAMES = PORT_NAMES.filter((name) => name !== "service");

/**
 * Says in one line which ports cannot be used and how to move them; `undefined` if all can. Each is bound for a moment
 * and let go, all before anything starts, so that a stack that cannot start whole does not start at all.
 */
export async function portProblem(ports: Ports, names: readonly PortName[] = PORT_NAMES): Promise<string | undefined> {
  const failures: string[] = [];
  for (const name of names) {
    const failure = await bindFailure(ports[name]);
    if (failure === undefined) continue;
    const why = failure === "EADDRINUSE" ? "in use" : `not usable (${failure})`;
    failures.push(`port ${ports[name]} (${name}) is ${why}, set ${PORTS[name].variable} to move it`);
  }
  return failures.length === 0 ? undefined : failures.join("; ");
}

/** The error code of listening on this port, or `undefined` if that works. */
async function bindFailure(port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "an unknown fault";
  } finally {
    if (server.listening) {
      server.close();
      await once(server, "close");
    }
  }
}
