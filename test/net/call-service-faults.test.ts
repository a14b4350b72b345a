import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createCallService } from "../../lib/net/call-service.ts";
import type { Resolve } from "../../lib/net/pinned-lookup.ts";
import { type CallLimits, type OutgoingRequest, ServiceFailure } from "../../lib/service/outgoing.ts";
import { startHttpServer, startTcpServer } from "../support/faulty-server.ts";

/** Longer than a test may take: a limit with this value cannot be the one that ended it. */
const NEVER_SECONDS = 600;
const SHORT_SECONDS = 0.05;

const noLimit = {
  network: "public",
  connectSeconds: NEVER_SECONDS,
  totalSeconds: NEVER_SECONDS,
  maxBytes: 1024,
} as const;
const shortConnect = { ...noLimit, connectSeconds: SHORT_SECONDS };
const shortTotal = { ...noLimit, totalSeconds: SHORT_SECONDS };

const call = createCallService({ allowLoopbackHttp: true });
const at =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: 4 }));

function request(url: string, members: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return { method: "GET", url, headers: [], body: new Uint8Array(), ...members };
}

async function failureOf(called: Promise<unknown>): Promise<ServiceFailure> {
  const outcome = await called.catch((error: unknown) => error);
  if (outcome instanceof ServiceFailure) return outcome;
  throw new Error("no ServiceFailure", { cause: outcome });
}

async function codeOf(url: string, limits: CallLimits = noLimit, members: Partial<OutgoingRequest> = {}) {
  return (await failureOf(call(request(url, members), limits))).code;
}

describe("an answer that breaks is SERVICE_ANSWER_BROKEN, and the connection is closed", () => {
  test.for([
    { fault: "closes at once", raw: "" },
    { fault: "closes inside the header", raw: "HTTP/1.1 200 OK\r\ncontent-le" },
    { fault: "closes before the announced end", raw: "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n[1]" },
    { fault: "closes inside a chunk", raw: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1]" },
    { fault: "does not end its chunks", raw: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n" },
    { fault: "does not speak HTTP", raw: "SSH-2.0-OpenSSH_9.6\r\n\r\n" },
    { fault: "announces two lengths", raw: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n11" },
    {
      fault: "frames twice",
      raw: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    },
    { fault: "writes a NUL into a header", raw: "HTTP/1.1 200 OK\r\nx-a: \0\r\n\r\n" },
    { fault: "writes a bare CR into a header", raw: "HTTP/1.1 200 OK\r\nx-a: 1\rx-b: 2\r\n\r\n" },
    { fault: "switches protocols", raw: "HTTP/1.1 101 Up\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n" },
    { fault: "answers with status 199 alone", raw: "HTTP/1.1 199 x\r\n\r\n" },
    { fault: "answers with status 600", raw: "HTTP/1.1 600 x\r\ncontent-length: 0\r\n\r\n" },
    { fault: "answers with status 999", raw: "HTTP/1.1 999 x\r\ncontent-length: 0\r\n\r\n" },
    { fault: "answers with status 0", raw: "HTTP/1.1 000 x\r\ncontent-length: 0\r\n\r\n" },
    { fault: "compresses the transfer", raw: "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
  ])("because the service $fault", async ({ raw }) => {
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.end(raw)));
    expect(await codeOf(`http://127.0.0.1:${server.port}/`)).toBe("SERVICE_ANSWER_BROKEN");
    await server.allClosed();
    expect(server.connections).toBe(1);
  });

  test.for([
    { moment: "before the header", head: "" },
    { moment: "inside a body of a length", head: "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1" },
    // Cut short, this body would pass for a whole one.
    { moment: "inside a body without a length", head: "HTTP/1.1 200 OK\r\n\r\n[1" },
  ])("because the service resets $moment", async ({ head }) => {
    await using server = await startTcpServer((socket) =>
      socket.once("data", () => socket.write(head, () => socket.resetAndDestroy())),
    );
    expect(await codeOf(`http://127.0.0.1:${server.port}/`)).toBe("SERVICE_ANSWER_BROKEN");
  });

  test("because the service resets while the body is sent", async () => {
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const members = { method: "POST", body: Buffer.alloc(4_500_000) };
    expect(await codeOf(`http://127.0.0.1:${server.port}/`, noLimit, members)).toBe("SERVICE_ANSWER_BROKEN");
  });
});

describe("a service that cannot be reached is SERVICE_UNREACHABLE", () => {
  test("because nothing listens", async () => {
    const server = await startTcpServer(() => {});
    await server[Symbol.asyncDispose]();
    expect(await codeOf(`http://127.0.0.1:${server.port}/`)).toBe("SERVICE_UNREACHABLE");
  });

  test("because its name has no address", async () => {
    const resolve = () => Promise.reject(Object.assign(new Error("x"), { code: "ENOTFOUND" }));
    for (const nowhere of [resolve, at()]) {
      const called = createCallService({ allowLoopbackHttp: true, resolve: nowhere });
      const failure = await failureOf(called(request("https://a.example/"), noLimit));
      expect(failure.code).toBe("SERVICE_UNREACHABLE");
    }
  });

  test("because it hangs up in the handshake", async () => {
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.destroy()));
    expect(await codeOf(`https://127.0.0.1:${server.port}/`)).toBe("SERVICE_UNREACHABLE");
  });
});

describe("time that is over is SERVICE_TIMEOUT, and the connection is closed (R21)", () => {
  test.for([
    { limit: "connection", limits: shortConnect },
    { limit: "total", limits: shortTotal },
  ])("by the $limit limit for a name that is never resolved", async ({ limits }) => {
    const hanging = createCallService({ allowLoopbackHttp: true, resolve: () => new Promise(() => {}) });
    expect((await failureOf(hanging(request("https://a.example/"), limits))).code).toBe("SERVICE_TIMEOUT");
  });

  test("by the connection limit for a handshake that is never answered", async () => {
    await using server = await startTcpServer(() => {});
    expect(await codeOf(`https://127.0.0.1:${server.port}/`, shortConnect)).toBe("SERVICE_TIMEOUT");
    await server.allClosed();
  });

  test.for([
    { what: "a request that is never answered", head: "", drop: "" },
    { what: "a header that comes drop by drop", head: "HTTP/1.1 200 OK\r\n", drop: "a: b\r\n" },
    { what: "a body that comes byte by byte", head: "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n", drop: " " },
    {
      what: "chunks that never end",
      head: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
      drop: "1\r\n \r\n",
    },
    { what: "information without an answer", head: "", drop: "HTTP/1.1 103 x\r\n\r\n" },
    // Cut short, this body would pass for a whole one.
    { what: "a body without a length", head: "HTTP/1.1 200 OK\r\n\r\n1", drop: "" },
  ])("by the total limit for $what", async ({ head, drop }) => {
    await using server = await startTcpServer((socket) => {
      socket.write(head);
      const dripping = setInterval(() => socket.write(drop), 10);
      socket.once("close", () => clearInterval(dripping));
    });
    expect(await codeOf(`http://127.0.0.1:${server.port}/`, shortTotal)).toBe("SERVICE_TIMEOUT");
    await server.allClosed();
  });

  test("by the total limit for a body that the service does not read", async () => {
    await using server = await startTcpServer((socket) => socket.once("resume", () => socket.pause()));
    const members = { method: "POST", body: Buffer.alloc(16_000_000) };
    expect(await codeOf(`http://127.0.0.1:${server.port}/`, shortTotal, members)).toBe("SERVICE_TIMEOUT");
  });

  test("of the connection counts no more once it stands", async () => {
    await using server = await startHttpServer((_request, response) => {
      setTimeout(() => response.end("1"), 1100);
    });
    const limits = { ...noLimit, connectSeconds: 1 };
    expect((await call(request(`http://127.0.0.1:${server.port}/`), limits)).body.toString()).toBe("1");
  });

  test("leaves the next call as it was", async () => {
    await using server = await startHttpServer(({ url }, response) => {
      if (url === "/next") response.end("1");
    });
    const origin = `http://127.0.0.1:${server.port}`;
    expect(await codeOf(`${origin}/`, shortTotal)).toBe("SERVICE_TIMEOUT");
    expect((await call(request(`${origin}/next`), noLimit)).body.toString()).toBe("1");
  });
});

describe("an address that is refused is SERVICE_ADDRESS_REFUSED, and nothing is sent (S35)", () => {
  const deployed = (...addresses: string[]) =>
    createCallService({ allowLoopbackHttp: false, resolve: at(...addresses) });

  test.for([
    { host: "a.example", addresses: ["127.0.0.1"] },
    { host: "a.example", addresses: ["8.8.8.8", "127.0.0.1"] },
    { host: "a.example", addresses: ["::ffff:127.0.0.1"] },
    { host: "a.example", addresses: ["169.254.169.254"] },
    { host: "a.example", addresses: ["fd00:ec2::254"] },
    { host: "localhost", addresses: ["127.0.0.1"] },
    { host: "127.0.0.1", addresses: [] },
    { host: "169.254.169.254", addresses: [] },
  ])("https to $host at $addresses, on either network", async ({ host, addresses }) => {
    await using server = await startTcpServer((socket) => socket.destroy());
    for (const network of ["public", "private"] as const) {
      const called = deployed(...addresses)(request(`https://${host}:${server.port}/`), { ...noLimit, network });
      expect((await failureOf(called)).code).toBe("SERVICE_ADDRESS_REFUSED");
    }
    expect(server.connections).toBe(0);
  });

  // That "private" permits it is shown where no connection is made: test/net/pinned-lookup.test.ts.
  test("a private one, on the public network", async () => {
    const called = deployed("10.255.255.1")(request("https://a.example:9/"), { ...noLimit, network: "public" });
    expect((await failureOf(called)).code).toBe("SERVICE_ADDRESS_REFUSED");
  });

  test.for([
    "http://127.0.0.1:1/",
    "http://localhost:1/",
    "http://a.example/",
    "ftp://a.example/",
    "https://u:p@a.example/",
    "",
  ])("%j, where loopback is not permitted", async (url) => {
    const { code } = await failureOf(deployed("8.8.8.8")(request(url), noLimit));
    expect(code).toBe("SERVICE_ADDRESS_REFUSED");
  });

  test("the name is resolved once, and the connection goes to what was checked (rebinding)", async () => {
    await using server = await startHttpServer((_request, response) => response.end("1"));
    const answers = ["127.0.0.1", "127.0.0.99"];
    const resolve: Resolve = async () => [{ address: answers.shift() ?? "", family: 4 }];
    const called = createCallService({ allowLoopbackHttp: true, resolve });
    expect((await called(request(`http://localhost:${server.port}/`), noLimit)).status).toBe(200);
    expect(answers).toEqual(["127.0.0.99"]);
  });
});

describe("a failure is one line for the log, with nothing of query, headers and bodies in it or its causes (S41)", () => {
  const canary = "canary-8c2e";

  test.for([
    { what: "no HTTP", raw: `${canary} ${canary}\r\n\r\n` },
    { what: "a broken body", raw: `HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n${canary}` },
    { what: "a large body", raw: `HTTP/1.1 200 OK\r\ncontent-length: 1025\r\nx-a: ${canary}\r\n\r\n${canary}` },
    { what: "a wrong status", raw: `HTTP/1.1 600 ${canary}\r\nx-a: ${canary}\r\n\r\n${canary}` },
    { what: "a transfer coding", raw: `HTTP/1.1 200 OK\r\ntransfer-encoding: ${canary}\r\n\r\n${canary}` },
    { what: "a large header", raw: `HTTP/1.1 200 OK\r\nx-a: ${canary.repeat(2000)}\r\n\r\n` },
  ])("$what", async ({ raw }) => {
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.end(raw)));
    const url = `http://127.0.0.1:${server.port}/x`;
    const members = { method: "POST", headers: [["authorization", canary] as const], body: Buffer.from(canary) };
    const failure = await failureOf(call(request(`${url}?token=${canary}`, members), noLimit));
    expect(failure.message.startsWith(`${url}: `)).toBe(true);
    expect(failure.message).not.toMatch(/[\r\n]/);
    const everything = inspect(failure, { depth: null, showHidden: true });
    expect(everything).not.toContain(canary);
    expect(everything).not.toContain(
      Buffer.from(canary)
        .toString("hex")
        .replace(/(..)\B/g, "$1 "),
    );
  });
});
