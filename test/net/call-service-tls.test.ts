import { connect, type Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { createCallService } from "../../lib/net/call-service.ts";
import { startHttpServer, startHttpsServer, startTcpServer, tlsFixture } from "../support/faulty-server.ts";

const limits = { network: "public", connectSeconds: 10, totalSeconds: 15, maxBytes: 1024 } as const;

/** Every name is at 127.0.0.1. */
const call = createCallService({
  allowLoopbackHttp: true,
  resolve: async () => [{ address: "127.0.0.1", family: 4 }],
});

const requestTo = (host: string, port: number) => ({
  method: "POST",
  url: `https://${host}:${port}/x?a=b`,
  headers: [["authorization", "Bearer secret"]] as const,
  body: Buffer.from("body"),
});

// Each test file has a process of its own: the root is trusted by this one alone.
beforeAll(() => setDefaultCACertificates([...getCACertificates("default"), tlsFixture("root.pem")]));

describe("over TLS", () => {
  test("a service with a good certificate is called", async () => {
    await using server = await startHttpsServer((request, response) => {
      response.write(`${request.method} ${request.url} ${request.headers.authorization} `);
      request.pipe(response);
    });
    const answer = await call(requestTo("localhost", server.port), limits);
    expect(answer.body.toString()).toBe("POST /x?a=b Bearer secret body");
    await server.allClosed();
  });

  test.for([
    { why: "is for another name", host: "a.example", certificate: "server.pem" },
    { why: "has expired", host: "localhost", certificate: "server-expired.pem" },
  ])("a certificate that $why is SERVICE_TLS_FAILED, and no request is sent", async ({ host, certificate }) => {
    let requests = 0;
    await using server = await startHttpsServer(
      (_request, response) => {
        requests += 1;
        response.end();
      },
      { certificate },
    );
    const called = call(requestTo(host, server.port), limits);
    await expect(called).rejects.toMatchObject({ name: "ServiceFailure", code: "SERVICE_TLS_FAILED" });
    await server.allClosed();
    expect(requests).toBe(0);
  });

  test("a service that speaks plain HTTP is SERVICE_TLS_FAILED", async () => {
    await using server = await startHttpServer((_request, response) => response.end());
    const called = call(requestTo("localhost", server.port), limits);
    await expect(called).rejects.toMatchObject({ code: "SERVICE_TLS_FAILED" });
  });

  test("a service that wants a certificate of the client is SERVICE_TLS_FAILED", async () => {
    await using server = await startHttpsServer((_request, response) => response.end(), {
      requestCert: true,
      ca: tlsFixture("root.pem"),
    });
    const called = call(requestTo("localhost", server.port), limits);
    await expect(called).rejects.toMatchObject({ code: "SERVICE_TLS_FAILED" });
  });

  test.for([
    { moment: "before the answer", begin: false },
    { moment: "inside the answer", begin: true },
  ])("that breaks $moment is SERVICE_ANSWER_BROKEN: the service has the request and may have acted", async (when) => {
    let requests = 0;
    let caller: Socket | undefined;
    await using server = await startHttpsServer((request, response) => {
      requests += 1;
      request.resume().once("end", () => {
        if (!when.begin) return caller?.write("no TLS record");
        response.writeHead(200, { "content-length": "2" });
        response.write("1", () => caller?.write("no TLS record"));
      });
    });
    await using between = await startTcpServer((socket) => {
      caller = socket;
      const onward = connect(server.port, "127.0.0.1");
      onward.on("error", () => {});
      socket.on("data", (bytes) => onward.write(bytes)).once("close", () => onward.destroy());
      onward.on("data", (bytes) => socket.write(bytes));
    });
    const failed = call(requestTo("localhost", between.port), limits);
    await expect(failed).rejects.toMatchObject({
      code: "SERVICE_ANSWER_BROKEN",
      message: expect.stringContaining("(ERR_SSL_"),
    });
    expect(requests).toBe(1);
  });
});
