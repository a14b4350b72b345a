import { randomBytes } from "node:crypto";
import type { RequestListener } from "node:http";
import { inspect } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createCallService } from "../../lib/net/call-service.ts";
import type { OutgoingRequest } from "../../lib/service/outgoing.ts";
import { startHttpServer, startTcpServer } from "../support/faulty-server.ts";

const limits = { network: "public", connectSeconds: 10, totalSeconds: 15, maxBytes: 1024 } as const;
const call = createCallService({ allowLoopbackHttp: true });

function requestTo(server: { readonly port: number }, members: Partial<OutgoingRequest> & { path?: string } = {}) {
  const { path = "/", ...more } = members;
  const url = `http://127.0.0.1:${server.port}${path}`;
  return { method: "GET", url, headers: [], body: new Uint8Array(), ...more };
}

/** A server that keeps the bytes of each request and answers 204 when one is whole. */
async function startRecorder() {
  const received: string[] = [];
  const server = await startTcpServer((socket) => {
    const at = received.push("") - 1;
    socket.on("data", (chunk) => {
      received[at] += chunk.toString("latin1");
      const [head = "", ...body] = (received[at] ?? "").split("\r\n\r\n");
      const length = Number(/^content-length: (\d+)$/m.exec(head)?.[1] ?? 0);
      if (body.length > 0 && body.join("\r\n\r\n").length >= length) socket.end("HTTP/1.1 204 No Content\r\n\r\n");
    });
  });
  return Object.assign(server, { received });
}

const emptyHead = (port: number, line: string) =>
  `${line}\r\nuser-agent: podgate\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;

describe("the request", () => {
  test("is the line, the headers and the bytes that were given, on a connection of its own", async () => {
    await using server = await startRecorder();
    const body = Buffer.from([0, 255, 13, 10, 13, 10, 128]);
    const headers: [string, string][] = [
      ["user-agent", "curl/8"],
      ["x-a", "1"],
      ["accept", "*/*"],
      ["x-a", "2, 3"],
      ["x-latin", "\u00e9"],
      ["__proto__", "x"],
      ["accept-encoding", "gzip"],
    ];
    const request = requestTo(server, { method: "POST", path: "/a%20b/c'd?q='x'&a=1&a=2&b=%zz", headers, body });
    await call(request, limits);
    await call(requestTo(server), limits);
    await server.allClosed();

    expect(server.received).toEqual([
      [
        "POST /a%20b/c'd?q='x'&a=1&a=2&b=%zz HTTP/1.1",
        "user-agent: curl/8",
        "x-a: 1",
        "x-a: 2, 3",
        "accept: */*",
        "x-latin: \u00e9",
        "__proto__: x",
        "accept-encoding: gzip",
        "content-length: 7",
        `Host: 127.0.0.1:${server.port}`,
        "Connection: close",
        "",
        body.toString("latin1"),
      ].join("\r\n"),
      emptyHead(server.port, "GET / HTTP/1.1"),
    ]);
    expect(server.connections).toBe(2);
  });

  test.for(["GET", "HEAD", "OPTIONS", "DELETE"])("%s without a body says nothing of a body", async (method) => {
    await using server = await startRecorder();
    await call(requestTo(server, { method }), limits);
    expect(server.received).toEqual([emptyHead(server.port, `${method} / HTTP/1.1`)]);
  });

  test.for(["POST", "PUT", "PATCH"])("%s without a body says that its length is 0 (RFC 9110 §8.6)", async (method) => {
    await using server = await startRecorder();
    await call(requestTo(server, { method }), limits);
    expect(server.received[0]).toContain("\r\ncontent-length: 0\r\n");
    expect(server.received[0]).not.toContain("transfer-encoding");
  });

  test.for(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])(
    "%s with a body frames it by its length, whatever the headers say",
    async (method) => {
      await using server = await startRecorder();
      const headers: [string, string][] = [
        ["content-length", "1"],
        ["transfer-encoding", "chunked"],
        ["expect", "100-continue"],
      ];
      await call(requestTo(server, { method, headers, body: Buffer.from("abc") }), limits);
      const [head = "", body] = (server.received[0] ?? "").split("\r\n\r\n");
      expect(head.match(/^(content-length|transfer-encoding|expect):.*$/gim)).toEqual(["content-length: 3"]);
      expect(body).toBe("abc");
    },
  );

  test.for([
    { name: "x-a", value: "1\r\nx-b: canary", why: "a line end" },
    { name: "x-a", value: "canary\0", why: "a NUL" },
    { name: "x-a", value: "canary한", why: "more than a byte a character" },
    { name: "x canary", value: "1", why: "a name that is none" },
  ])("with $why in a header is CREDENTIAL_FAILED and is not sent", async ({ name, value }) => {
    await using server = await startRecorder();
    const failure = await call(requestTo(server, { headers: [[name, value]] }), limits).catch((error) => error);
    expect(failure).toMatchObject({ name: "ServiceFailure", code: "CREDENTIAL_FAILED" });
    expect(inspect(failure, { showHidden: true })).not.toContain("canary");
    expect(server.connections).toBe(0);
  });
});

describe("the answer", () => {
  const answering = (listener: RequestListener) => startHttpServer(listener);

  test("has every header as it came, repeated ones too, and the body as it came", async () => {
    const body = gzipSync("{}");
    await using server = await startTcpServer((socket) =>
      socket.once("data", () => {
        socket.write("HTTP/1.1 203 Fine\r\nX-A: 1\r\nContent-Type: text/plain\r\nx-a: 2\r\nContent-Type: b\r\n");
        socket.write("Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Encoding: gzip\r\nETag: \xe9\r\n\r\n", "latin1");
        socket.end(body);
      }),
    );
    expect(await call(requestTo(server), limits)).toEqual({
      status: 203,
      headers: [
        ["x-a", "1"],
        ["content-type", "text/plain"],
        ["x-a", "2"],
        ["content-type", "b"],
        ["set-cookie", "a"],
        ["set-cookie", "b"],
        ["content-encoding", "gzip"],
        ["etag", "\u00e9"],
      ],
      body,
    });
    await server.allClosed();
  });

  test.for([200, 201, 206, 300, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503, 599])(
    "of status %i is the answer: nothing is followed and nothing tried again",
    async (status) => {
      await using server = await answering((_request, response) =>
        response.writeHead(status, { location: "/elsewhere" }).end("body"),
      );
      const answer = await call(requestTo(server), limits);
      expect([answer.status, answer.body.toString()]).toEqual([status, "body"]);
      expect(answer.headers).toContainEqual(["location", "/elsewhere"]);
      await server.allClosed();
      expect(server.connections).toBe(1);
    },
  );

  test("has its header fields beyond the thousandth too, which Node would drop", async () => {
    const padding = "a:\r\n".repeat(2000);
    await using server = await startTcpServer((socket) => {
      socket.end(`HTTP/1.1 200 OK\r\n${padding}x-last: 1\r\ncontent-length: 0\r\n\r\n`);
    });
    const { headers } = await call(requestTo(server), limits);
    expect(headers).toContainEqual(["x-last", "1"]);
    expect(headers.length).toBeGreaterThan(2000);
  });

  test("is the last one, after any that were only information", async () => {
    await using server = await answering((_request, response) => {
      response.writeContinue();
      response.writeProcessing();
      response.writeEarlyHints({ link: "</a.css>; rel=preload" });
      response.end("final");
    });
    expect((await call(requestTo(server), limits)).body.toString()).toBe("final");
  });

  test.for([
    { method: "HEAD", status: 200 },
    { method: "GET", status: 304 },
  ])("to $method with $status has no body, and its length, that of another answer, no limit", async (row) => {
    const { method, status } = row;
    await using server = await answering((_request, response) =>
      response.writeHead(status, { "content-length": 100_000_000 }).end(),
    );
    const answer = await call(requestTo(server, { method }), limits);
    expect(answer.body.length).toBe(0);
    expect(answer.headers).toContainEqual(["content-length", "100000000"]);
    await server.allClosed();
  });

  test("of 204 has no body", async () => {
    await using server = await answering((_request, response) => response.writeHead(204).end());
    expect(await call(requestTo(server), limits)).toMatchObject({ status: 204, body: Buffer.alloc(0) });
  });

  test("comes back although the body was not read: the service may refuse it by its header", async () => {
    await using server = await startTcpServer((socket) =>
      socket.once("data", () => socket.write("HTTP/1.1 413 No\r\ncontent-length: 3\r\n\r\nbig")),
    );
    const request = requestTo(server, { method: "POST", body: Buffer.alloc(4_500_000) });
    expect(await call(request, limits)).toMatchObject({ status: 413, body: Buffer.from("big") });
    await server.allClosed();
  });

  test("4 MB go up and down byte for byte, and compressed bytes stay compressed", async () => {
    const body = gzipSync(randomBytes(4_000_000));
    await using server = await answering((request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      request.pipe(response);
    });
    const headers: [string, string][] = [["content-encoding", "gzip"]];
    const request = requestTo(server, { method: "PUT", headers, body });
    const answer = await call(request, { ...limits, maxBytes: 4_500_000 });
    expect(answer.body.equals(body)).toBe(true);
    expect(gunzipSync(answer.body).length).toBe(4_000_000);
    await server.allClosed();
  });
});

describe("the size of the answer's body", () => {
  test.for([
    { bytes: 1024, counted: "by content-length", outcome: 200 },
    { bytes: 1025, counted: "by content-length", outcome: "SERVICE_ANSWER_TOO_LARGE" },
    { bytes: 1024, counted: "in chunks", outcome: 200 },
    { bytes: 1025, counted: "in chunks", outcome: "SERVICE_ANSWER_TOO_LARGE" },
  ])("of $bytes bytes $counted where 1024 are read: $outcome", async ({ bytes, counted, outcome }) => {
    await using server = await startHttpServer((_request, response) => {
      if (counted === "by content-length") response.setHeader("content-length", bytes);
      response.write("x".repeat(1000));
      response.end("x".repeat(bytes - 1000));
    });
    const result = call(requestTo(server), limits).then(
      ({ status, body }) => [status, body.length],
      (failure) => [failure.code, bytes],
    );
    expect(await result).toEqual([outcome, bytes]);
    await server.allClosed();
  });

  test.for([
    { what: "announced as 100 MB", headers: { "content-length": "100000000" } },
    { what: "without an end", headers: {} },
  ])("$what is cut, and the service cannot go on sending", async ({ headers }) => {
    await using server = await startHttpServer((_request, response) => {
      response.writeHead(200, headers);
      const send = () => {
        while (!response.destroyed && response.write("x".repeat(512)));
      };
      response.on("drain", send);
      send();
    });
    await expect(call(requestTo(server), limits)).rejects.toMatchObject({ code: "SERVICE_ANSWER_TOO_LARGE" });
    await server.allClosed();
  });

  test.for([
    { bytes: 12_000, outcome: 200 },
    { bytes: 17_000, outcome: "SERVICE_ANSWER_TOO_LARGE" },
  ])("does not count a header of $bytes bytes, which has a limit of 16 KiB: $outcome", async ({ bytes, outcome }) => {
    await using server = await startHttpServer((_request, response) =>
      response.writeHead(200, { "x-filler": "x".repeat(bytes) }).end(),
    );
    const result = call(requestTo(server), limits).then(
      ({ status }) => status,
      (failure) => failure.code,
    );
    expect(await result).toBe(outcome);
    await server.allClosed();
  });
});
