import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createSsm } from "../../lib/aws/ssm.ts";
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
  const open = new Set<Socket>();
  const alive = new Set<() => void>();
  const storePort = Number(new URL(run.store.url).port);
  const proxy = starting.use(
    await startTcpServer((client: Socket) => {
      const store = connect(storePort, "127.0.0.1");
      store.on("error", () => client.destroy());
      client.pipe(store);
      store.pipe(client);
      open.add(client);
      client.once("close", () => {
        open.delete(client);
        store.destroy();
      });
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
    read: createSsmReader(createSsm(process.env).call),
    /** How many connections are open now, as the store's side sees it. */
    open: () => open.size,
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
  test("reads at once have a connection each, of which one is kept", async () => {
    await using run = await startStoreBehindProxy();
    await Promise.all(NAMES.map((name) => run.read([name])));
    for (let time = 0; time < 3; time++) await run.read(NAMES);
    expect(run.proxy.connections).toBe(3);
    await expect.poll(() => run.open(), { interval: 1 }).toBe(1);
  });

  test("the second attempt is a new connection and answers, though several reads had been under way before", async () => {
    await using run = await startStoreBehindProxy();
    run.put("a", "v");
    await Promise.all(NAMES.map((name) => run.read([name])));
    run.killConnections();
    run.store.forgetCalls();

    // The reader gives up after a second by itself.
    expect((await run.read(NAMES)).size).toBe(1);
    expect(run.proxy.connections).toBe(4);
    expect(run.store.calls).toHaveLength(1);
  });

  test("reads that are under way when the connections die do not keep each other waiting", async () => {
    await using run = await startStoreBehindProxy();
    run.put("a", "v");
    run.store.fault({ kind: "delay", delayMilliseconds: 100, calls: 3 });
    const reads = NAMES.map((name) => run.read([name]));
    await expect.poll(() => run.store.calls.length, { interval: 1 }).toBe(3);
    run.killConnections();
    expect((await Promise.all(reads)).map(({ size }) => size)).toEqual([1, 0, 0]);
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
