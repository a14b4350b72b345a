import { describe, expect, test } from "vitest";
import { BUDGET_DEFAULTS, startBudget } from "../../lib/net/budget.ts";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import { failureOf } from "../support/faulty-outcome.ts";
import { startHttpServer, startTcpServer } from "../support/faulty-server.ts";

const options = { maxBytes: 1024, network: "public" } as const;

/** Longer than a test may take: a limit with this value can not be the one that ended it. */
const NEVER_SECONDS = 600;
const SHORT_SECONDS = 0.05;

const shortConnect = { allowLoopbackHttp: true, connectSeconds: SHORT_SECONDS, totalSeconds: NEVER_SECONDS };
const shortTotal = { allowLoopbackHttp: true, connectSeconds: NEVER_SECONDS, totalSeconds: SHORT_SECONDS };
const noLimit = { allowLoopbackHttp: true, connectSeconds: NEVER_SECONDS, totalSeconds: NEVER_SECONDS };

describe("the time of one attempt (R7)", () => {
  test("is 1 s for the connection and 1.5 s in all", () => {
    expect(BUDGET_DEFAULTS).toEqual({ connectSeconds: 1, totalSeconds: 1.5 });
  });

  test.for([
    { limit: "connection", settings: shortConnect },
    { limit: "total", settings: shortTotal },
  ])("ends a name that is never resolved, by the $limit limit", async ({ settings }) => {
    const fetchJson = createFetchJson({ ...settings, resolve: () => new Promise(() => {}) });
    const failure = await failureOf(fetchJson("https://issuer.example.com/", options));
    expect(failure.reason).toBe("timed-out");
  });

  test("ends a TLS handshake that is never answered, by the connection limit", async () => {
    await using server = await startTcpServer(() => {});
    const failure = await failureOf(createFetchJson(shortConnect)(`https://127.0.0.1:${server.port}/`, options));
    expect(failure.reason).toBe("timed-out");
    await server.allClosed();
  });

  test("ends a request that is never answered", async () => {
    await using server = await startHttpServer(() => {});
    const failure = await failureOf(createFetchJson(shortTotal)(`http://127.0.0.1:${server.port}/`, options));
    expect(failure.reason).toBe("timed-out");
    await server.allClosed();
  });

  test.for([
    { part: "header", head: "HTTP/1.1 200 OK\r\n", drop: "a: b\r\n" },
    { part: "body", head: "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", drop: " " },
    { part: "chunked body", head: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", drop: "1\r\n \r\n" },
  ])("ends a $part that comes drop by drop and never stops", async ({ head, drop }) => {
    await using server = await startTcpServer((socket) => {
      socket.write(head);
      const dripping = setInterval(() => socket.write(drop), 10);
      socket.once("close", () => clearInterval(dripping));
    });
    const failure = await failureOf(createFetchJson(shortTotal)(`http://127.0.0.1:${server.port}/`, options));
    expect(failure.reason).toBe("timed-out");
    await server.allClosed();
  });

  test("of the connection counts no more once it stands", async () => {
    using standing = startBudget("a", { connectSeconds: 0.01, totalSeconds: NEVER_SECONDS }, undefined);
    using waiting = startBudget("b", { connectSeconds: 0.02, totalSeconds: NEVER_SECONDS }, undefined);
    standing.connected();
    await new Promise((resolve) => waiting.signal.addEventListener("abort", resolve));
    expect(standing.signal.aborted).toBe(false);
  });

  test("ends by the total while the connection limit is still far", async () => {
    using budget = startBudget("a", { connectSeconds: NEVER_SECONDS, totalSeconds: 0.01 }, undefined);
    await new Promise((resolve) => budget.signal.addEventListener("abort", resolve));
    expect(budget.signal.reason).toMatchObject({ reason: "timed-out" });
  });

  test("is the connection's for plain http too: an answer may take longer than the connection", async () => {
    await using server = await startHttpServer((_request, response) => {
      setTimeout(() => response.end("1"), 1100);
    });
    const fetchJson = createFetchJson({ ...noLimit, connectSeconds: 1 });
    expect(await fetchJson(`http://127.0.0.1:${server.port}/`, options)).toBe(1);
  });
});

describe("the caller's signal", () => {
  test("aborted beforehand: nothing is resolved and nothing connected", async () => {
    const resolve = () => expect.unreachable("the resolver was asked");
    const fetchJson = createFetchJson({ ...noLimit, resolve });
    const signal = AbortSignal.abort("enough");
    const failure = await failureOf(fetchJson("https://issuer.example.com/", { ...options, signal }));
    expect(failure).toMatchObject({ reason: "timed-out", cause: "enough" });
  });

  test("aborted while the name is resolved: ends at once", async () => {
    const controller = new AbortController();
    const resolve = () => {
      controller.abort();
      return new Promise<never>(() => {});
    };
    const fetched = createFetchJson({ ...noLimit, resolve })("https://issuer.example.com/", {
      ...options,
      signal: controller.signal,
    });
    expect((await failureOf(fetched)).reason).toBe("timed-out");
  });

  test.for([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    "aborted %i promise steps after the name is resolved: ends at once",
    async (steps) => {
      const controller = new AbortController();
      await using server = await startTcpServer(() => {});
      const abortLater = async () => {
        for (let step = 0; step < steps; step += 1) await undefined;
        controller.abort();
      };
      const resolve = async () => {
        void abortLater();
        return [{ address: "127.0.0.1", family: 4 }];
      };
      const fetched = createFetchJson({ ...noLimit, resolve })(`http://localhost:${server.port}/`, {
        ...options,
        signal: controller.signal,
      });
      expect((await failureOf(fetched)).reason).toBe("timed-out");
    },
  );

  test.for([
    { moment: "before the header", head: "" },
    { moment: "inside the header", head: "HTTP/1.1 200 OK\r\n" },
    { moment: "inside the body", head: "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n1" },
    // Cut short, this body would still be JSON.
    { moment: "inside a body without a length", head: "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n1" },
  ])("aborted $moment: ends at once, and the connection is closed", async ({ head }) => {
    const controller = new AbortController();
    await using server = await startTcpServer((socket) => {
      socket.once("data", () => socket.write(head, () => setImmediate(() => controller.abort())));
    });
    const fetched = createFetchJson(noLimit)(`http://127.0.0.1:${server.port}/`, {
      ...options,
      signal: controller.signal,
    });
    expect((await failureOf(fetched)).reason).toBe("timed-out");
    await server.allClosed();
  });
});
