import { getEventListeners } from "node:events";
import type { IncomingHttpHeaders, RequestListener } from "node:http";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import { failureOf } from "../support/faulty-outcome.ts";
import { startHttpServer, startTcpServer } from "../support/faulty-server.ts";

const options = { maxBytes: 1024, network: "public" } as const;
const fetchJson = createFetchJson({ allowLoopbackHttp: true });

const answerWith =
  (status: number, headers: Record<string, string>, body: string | Buffer = ""): RequestListener =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

describe("a 200 with JSON", () => {
  test.for([
    { body: '{"issuer":"https://a.example"}', value: { issuer: "https://a.example" } },
    { body: "[1]", value: [1] },
    { body: "null", value: null },
    { body: ' "\u00e9\ud83d\ude00" ', value: "\u00e9\ud83d\ude00" },
  ])("$body is parsed, whatever its content type, and the connection is closed", async ({ body, value }) => {
    await using server = await startHttpServer(answerWith(200, { "content-type": "text/plain" }, body));
    expect(await fetchJson(`http://127.0.0.1:${server.port}/keys`, options)).toEqual(value);
    await server.allClosed();
  });

  test("is asked for by one GET of path and query, for JSON that is not compressed, on a connection of its own", async () => {
    const asked: { line: string; headers: IncomingHttpHeaders }[] = [];
    await using server = await startHttpServer((request, response) => {
      asked.push({ line: `${request.method} ${request.url}`, headers: request.headers });
      response.end("1");
    });
    await fetchJson(`http://127.0.0.1:${server.port}/a/b?c=d`, options);
    await fetchJson(`http://127.0.0.1:${server.port}/a/b?c=d`, options);
    const expected = {
      line: "GET /a/b?c=d",
      headers: {
        accept: "application/json, application/jwk-set+json",
        "accept-encoding": "identity",
        "user-agent": "podgate",
        host: `127.0.0.1:${server.port}`,
        connection: "close",
      },
    };
    expect(asked).toEqual([expected, expected]);
    expect(server.connections).toBe(2);
  });

  test("goes to the address that was checked: the name is resolved once, and by nobody else (rebinding)", async () => {
    await using server = await startHttpServer(answerWith(200, {}, "1"));
    const answers = ["127.0.0.1", "127.0.0.99"];
    const resolvingFetch = createFetchJson({
      allowLoopbackHttp: true,
      resolve: async () => [{ address: answers.shift() ?? "", family: 4 }],
    });
    expect(await resolvingFetch(`http://localhost:${server.port}/`, options)).toBe(1);
    expect(answers).toEqual(["127.0.0.99"]);
  });

  test("is got from the second address where nothing listens at the first", async () => {
    await using server = await startHttpServer(answerWith(200, {}, "1"));
    const twoAddresses = createFetchJson({
      allowLoopbackHttp: true,
      resolve: async () => [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ],
    });
    expect(await twoAddresses(`http://localhost:${server.port}/`, options)).toBe(1);
  });
});

describe("an answer that is no JSON of a 200", () => {
  test.for([
    { status: 201, reason: "not-json" },
    { status: 204, reason: "not-json" },
    { status: 206, reason: "not-json" },
    { status: 299, reason: "not-json" },
    { status: 300, reason: "redirected" },
    { status: 301, reason: "redirected" },
    { status: 302, reason: "redirected" },
    { status: 304, reason: "redirected" },
    { status: 307, reason: "redirected" },
    { status: 308, reason: "redirected" },
    { status: 399, reason: "redirected" },
    { status: 400, reason: "client-error-status" },
    { status: 404, reason: "client-error-status" },
    { status: 429, reason: "client-error-status" },
    { status: 499, reason: "client-error-status" },
    { status: 500, reason: "server-error-status" },
    { status: 503, reason: "server-error-status" },
    { status: 599, reason: "server-error-status" },
  ])("status $status is $reason, one request, and the connection is closed", async ({ status, reason }) => {
    await using server = await startHttpServer((_request, response) =>
      response.writeHead(status, { location: `http://127.0.0.1:${server.port}/elsewhere` }).end("{}"),
    );
    const failure = await failureOf(fetchJson(`http://127.0.0.1:${server.port}/keys`, options));
    expect(failure.reason).toBe(reason);
    await server.allClosed();
    expect(server.connections).toBe(1);
  });

  test.for([
    { body: Buffer.from("<html>"), what: "HTML" },
    { body: Buffer.from(""), what: "nothing" },
    { body: Buffer.from('{"a":1'), what: "half an object" },
    { body: Buffer.from("{} {}"), what: "two objects" },
    { body: Buffer.from("\ufeff{}"), what: "a byte order mark before an object" },
    { body: Buffer.from([0x22, 0xff, 0x22]), what: "a string that is not UTF-8" },
    { body: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), what: "half a surrogate pair in UTF-8" },
  ])("a body that is $what is not-json", async ({ body }) => {
    await using server = await startHttpServer(answerWith(200, { "content-type": "application/json" }, body));
    expect((await failureOf(fetchJson(`http://127.0.0.1:${server.port}/`, options))).reason).toBe("not-json");
  });

  test.for([
    { encoding: "identity", outcome: "parsed" },
    { encoding: "Identity", outcome: "parsed" },
    { encoding: "gzip", outcome: "content-encoded" },
    { encoding: "br", outcome: "content-encoded" },
    { encoding: "identity, gzip", outcome: "content-encoded" },
    { encoding: "unheard-of", outcome: "content-encoded" },
  ])("content-encoding $encoding: $outcome", async ({ encoding, outcome }) => {
    await using server = await startHttpServer(answerWith(200, { "content-encoding": encoding }, '"parsed"'));
    const fetched = fetchJson(`http://127.0.0.1:${server.port}/`, options).catch((failure) => failure.reason);
    expect(await fetched).toBe(outcome);
    await server.allClosed();
  });
});

describe("the size of a body", () => {
  const bodyOf = (bytes: number) => `"${"x".repeat(bytes - 2)}"`;

  test.for([
    { bytes: 1023, counted: "by content-length", outcome: "parsed" },
    { bytes: 1024, counted: "by content-length", outcome: "parsed" },
    { bytes: 1025, counted: "by content-length", outcome: "too-large" },
    { bytes: 1024, counted: "in chunks", outcome: "parsed" },
    { bytes: 1025, counted: "in chunks", outcome: "too-large" },
  ])("of $bytes bytes $counted where 1024 are read: $outcome", async ({ bytes, counted, outcome }) => {
    await using server = await startHttpServer((_request, response) => {
      if (counted === "by content-length") response.setHeader("content-length", bytes);
      response.write(bodyOf(bytes).slice(0, 1000));
      response.end(bodyOf(bytes).slice(1000));
    });
    const fetched = fetchJson(`http://127.0.0.1:${server.port}/`, options).then(
      () => "parsed",
      (failure) => failure.reason,
    );
    expect(await fetched).toBe(outcome);
    await server.allClosed();
  });

  test("announced as too large is refused before any of it was sent", async () => {
    await using server = await startHttpServer((_request, response) => {
      response.writeHead(200, { "content-length": 1025 }).flushHeaders();
    });
    const failure = await failureOf(fetchJson(`http://127.0.0.1:${server.port}/`, options));
    expect(failure.reason).toBe("too-large");
    await server.allClosed();
  });

  test("without an end is cut: too-large, and the server cannot go on sending", async () => {
    await using server = await startHttpServer((_request, response) => {
      const send = () => {
        while (!response.destroyed && response.write("x".repeat(512)));
      };
      response.on("drain", send);
      send();
    });
    const failure = await failureOf(fetchJson(`http://127.0.0.1:${server.port}/`, options));
    expect(failure.reason).toBe("too-large");
    await server.allClosed();
  });

  test.for([
    { bytes: 12_000, outcome: "parsed" },
    { bytes: 17_000, outcome: "too-large" },
  ])("does not count a header of $bytes bytes, which has a limit of 16 KiB: $outcome", async ({ bytes, outcome }) => {
    await using server = await startHttpServer(answerWith(200, { "x-filler": "x".repeat(bytes) }, '"parsed"'));
    const fetched = fetchJson(`http://127.0.0.1:${server.port}/`, options).catch((failure) => failure.reason);
    expect(await fetched).toBe(outcome);
    await server.allClosed();
  });
});

describe("a connection that breaks", () => {
  test.for([
    { fault: "closes at once", raw: "" },
    { fault: "closes inside the header", raw: "HTTP/1.1 200 OK\r\ncontent-le" },
    { fault: "closes before the announced end", raw: "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n[1]" },
    { fault: "closes inside a chunk", raw: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1]" },
    { fault: "does not speak HTTP", raw: "SSH-2.0-OpenSSH_9.6\r\n\r\n" },
    { fault: "announces two lengths", raw: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n11" },
    {
      fault: "switches protocols",
      raw: "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    },
  ])("because the server $fault is connection-failed", async ({ raw }) => {
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.end(raw)));
    const failure = await failureOf(fetchJson(`http://127.0.0.1:${server.port}/`, options));
    expect(failure.reason).toBe("connection-failed");
    await server.allClosed();
  });

  test("because nothing listens is connection-failed", async () => {
    const server = await startHttpServer(answerWith(200, {}));
    await server[Symbol.asyncDispose]();
    const failure = await failureOf(fetchJson(`http://127.0.0.1:${server.port}/`, options));
    expect(failure.reason).toBe("connection-failed");
  });

  test("by a reset inside the body is connection-failed", async () => {
    await using server = await startHttpServer((_request, response) => {
      response.writeHead(200).write("[1", () => response.socket?.resetAndDestroy());
    });
    const failure = await failureOf(fetchJson(`http://127.0.0.1:${server.port}/`, options));
    expect(failure.reason).toBe("connection-failed");
  });
});

describe("an address that is refused", () => {
  const deployed = (addresses: readonly string[]) =>
    createFetchJson({
      allowLoopbackHttp: false,
      resolve: async () => addresses.map((address) => ({ address, family: 4 })),
    });

  test.for([
    { host: "issuer.example.com", addresses: ["127.0.0.1"] },
    { host: "issuer.example.com", addresses: ["8.8.8.8", "127.0.0.1"] },
    { host: "issuer.example.com", addresses: ["127.0.0.1", "8.8.8.8"] },
    { host: "issuer.example.com", addresses: ["::ffff:127.0.0.1"] },
    { host: "localhost", addresses: ["127.0.0.1"] },
    { host: "127.0.0.1", addresses: [] },
    { host: "0x7f.1", addresses: [] },
    { host: "2130706433", addresses: [] },
    { host: "[::ffff:127.0.0.1]", addresses: [] },
    { host: "0.0.0.0", addresses: [] },
  ])("https to $host at $addresses makes no connection, on either network", async ({ host, addresses }) => {
    await using server = await startTcpServer((socket) => socket.destroy());
    for (const network of ["public", "private"] as const) {
      const fetched = deployed(addresses)(`https://${host}:${server.port}/`, { ...options, network });
      expect((await failureOf(fetched)).reason).toBe("address-refused");
    }
    expect(server.connections).toBe(0);
  });

  test("plain http to loopback makes no connection where it is not allowed", async () => {
    await using server = await startHttpServer(answerWith(200, {}, "1"));
    const fetched = deployed(["127.0.0.1"])(`http://127.0.0.1:${server.port}/`, options);
    expect((await failureOf(fetched)).reason).toBe("address-refused");
    expect(server.connections).toBe(0);
  });
});

describe("the failure", () => {
  const canary = "canary-8c2e";
  /** As `inspect` shows a buffer. */
  const canaryBytes = Buffer.from(canary)
    .toString("hex")
    .replace(/(..)\B/g, "$1 ");

  test.for([
    { what: "a body that is not JSON", raw: `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${canary}` },
    { what: "a redirect", raw: `HTTP/1.1 302 Found\r\nlocation: https://a.example/${canary}\r\n\r\n` },
    { what: "a refusal", raw: `HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\n\r\n${canary}` },
    { what: "an encoded body", raw: `HTTP/1.1 200 OK\r\ncontent-encoding: ${canary}\r\n\r\n${canary}` },
    { what: "an answer that is not HTTP", raw: `${canary} ${canary}\r\n\r\n` },
    { what: "a broken answer", raw: `HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n${canary}` },
  ])("of $what is one line with the URL and without query or body, in its causes too", async ({ raw }) => {
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.end(raw)));
    const url = `http://127.0.0.1:${server.port}/keys`;
    const failure = await failureOf(fetchJson(`${url}?secret=${canary}`, options));
    expect(failure.message.startsWith(`${url}: `)).toBe(true);
    expect(failure.message).not.toMatch(/[\r\n]/);
    const everything = inspect(failure, { depth: null, showHidden: true });
    expect(everything).not.toContain(canary);
    expect(everything).not.toContain(canaryBytes);
  });

  test("leaves nothing on the caller's signal, and neither does success", async () => {
    await using server = await startHttpServer((request, response) => response.end(request.url === "/ok" ? "1" : "?"));
    const { signal } = new AbortController();
    await fetchJson(`http://127.0.0.1:${server.port}/ok`, { ...options, signal });
    await failureOf(fetchJson(`http://127.0.0.1:${server.port}/bad`, { ...options, signal }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
