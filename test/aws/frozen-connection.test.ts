import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createSsmReader } from "../../lib/aws/ssm-parameters.ts";
import { startTcpServer } from "../support/faulty-server.ts";
import { named, pointSdkAt, startStoreAndReader } from "./store-and-reader.ts";

/**
 * A store behind a proxy whose connections can die as they do while Lambda freezes the environment: they stay open, what is
 * sent into them is lost, and nobody says so. New ones work.
 */
async function startStoreBehindProxy() {
  await using starting = new AsyncDisposableStack();
  const run = starting.use(await startStoreAndReader());
  const alive = new Set<() => void>();
  const storePort = Number(new URL(run.store.url).port);
  const proxy = starting.use(
    await startTcpServer((client: Socket) => {
      const store = connect(storePort, "127.0.0.1");
      store.on("error", () => client.destroy());
      client.pipe(store);
      store.pipe(client);
      client.once("close", () => store.destroy());
      alive.add(() => {
        client.unpipe(store);
        store.unpipe(client);
        store.destroy();
        client.resume();
      });
    }),
  );
  pointSdkAt(`http://127.0.0.1:${proxy.port}`);
  const running = starting.move();
  return {
    ...run,
    proxy,
    read: createSsmReader(),
    /** Every connection that is open now dies in silence. */
    killConnections: () => {
      for (const kill of alive) kill();
      alive.clear();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const NAMES = ["a", "b", "c"].map((name) => named(`/podgate/test/${name}`));

describe("connections that died while the environment was frozen (R10)", () => {
  test("reads at once take turns on one connection, which is kept", async () => {
    await using run = await startStoreBehindProxy();
    await Promise.all(NAMES.map((name) => run.read([name])));
    await run.read(NAMES);
    expect(run.store.calls).toHaveLength(4);
    expect(run.proxy.connections).toBe(1);
  });

  test("the second attempt is a new connection and answers, though several reads had been under way before", async () => {
    await using run = await startStoreBehindProxy();
    run.put("a", "v");
    await Promise.all(NAMES.map((name) => run.read([name])));
    run.killConnections();
    run.store.forgetCalls();

    // The reader gives up after a second by itself.
    expect((await run.read(NAMES)).size).toBe(1);
    expect(run.proxy.connections).toBe(2);
    expect(run.store.calls).toHaveLength(1);
  });

  test("the new one is kept for the next read", async () => {
    await using run = await startStoreBehindProxy();
    await run.read(NAMES);
    run.killConnections();
    await run.read(NAMES);
    await run.read(NAMES);
    expect(run.proxy.connections).toBe(2);
  });
});
