import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

const PARTS = ["GATEWAY", "WEBSOCKET", "LAMBDA", "CLUSTER", "STORE"];

/** Starts the API of this folder as `npm start` does, on ports that are free, and waits until it can be called. */
export async function startOfflineApi(environment = () => ({}), attempts = 3) {
  const servers = PARTS.map(() => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = Object.fromEntries(PARTS.map((part, index) => [part, servers[index].address().port]));
  await Promise.all(servers.map((server) => once(server.close(), "close")));

  const cluster = `http://127.0.0.1:${ports.CLUSTER}/dev`;
  const moved = Object.fromEntries(PARTS.map((part) => [`PODGATE_OFFLINE_PORT_${part}`, String(ports[part])]));
  const osls = new URL(import.meta.resolve("osls/package.json"));
  const child = spawn(process.execPath, [new URL("bin/serverless.js", osls).pathname, "offline"], {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, ...moved, ...environment({ cluster }) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let printed = "";
  const ready = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        printed += chunk;
        if (printed.includes("Ctrl-C ends everything.")) resolve("ready");
      });
    }
  });
  if ((await Promise.race([ready, exited])) !== "ready") {
    // Between the look for a port and the start, the system may have given it to somebody else.
    if (attempts > 1 && /is in use|EADDRINUSE/.test(printed)) return startOfflineApi(environment, attempts - 1);
    throw new Error(printed);
  }
  return {
    url: `http://127.0.0.1:${ports.GATEWAY}`,
    cluster,
    store: `http://127.0.0.1:${ports.STORE}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      await exited;
    },
  };
}
