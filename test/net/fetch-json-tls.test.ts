import type { RequestListener } from "node:http";
import { describe, expect, test } from "vitest";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import { failureOf } from "../support/faulty-outcome.ts";
import { startHttpServer, startHttpsServer, startTcpServer, tlsFixture } from "../support/faulty-server.ts";

const options = { maxBytes: 1024, network: "public" } as const;
const root = tlsFixture("root.pem");
const otherRoot = tlsFixture("other-root.pem");
const answerOne: RequestListener = (_request, response) => response.end("1");
const unreadable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/** Every name is at 127.0.0.1. */
const fetchJson = createFetchJson({
  allowLoopbackHttp: true,
  resolve: async () => [{ address: "127.0.0.1", family: 4 }],
});

describe("a server whose certificate is good", () => {
  test.for([
    { host: "localhost", pem: "its root", certificateAuthority: root },
    { host: "127.0.0.1", pem: "its root", certificateAuthority: root },
    { host: "localhost", pem: "another root and its own", certificateAuthority: `${otherRoot}${root}` },
    { host: "localhost", pem: "its root between remarks", certificateAuthority: `Root of A\n${root}\nEnd\n` },
    { host: "localhost", pem: "its root with CRLF", certificateAuthority: root.replaceAll("\n", "\r\n") },
  ])("at $host, checked with $pem, is read", async ({ host, certificateAuthority }) => {
    await using server = await startHttpsServer(answerOne);
    expect(await fetchJson(`https://${host}:${server.port}/`, { ...options, certificateAuthority })).toBe(1);
    await server.allClosed();
  });

  test("is not asked for anything but the body of a 200", async () => {
    await using server = await startHttpsServer((_request, response) => response.writeHead(302).end());
    const fetched = fetchJson(`https://localhost:${server.port}/`, { ...options, certificateAuthority: root });
    expect((await failureOf(fetched)).reason).toBe("redirected");
    await server.allClosed();
  });
});

describe("a server whose certificate is not good is tls-failed, and sent no request", () => {
  test.for([
    { why: "the public roots do not know it", host: "localhost", certificate: "server.pem" },
    { why: "another root is asked for", host: "localhost", certificate: "server.pem", certificateAuthority: otherRoot },
    { why: "it is for another name", host: "a.example", certificate: "server.pem", certificateAuthority: root },
    { why: "it has expired", host: "localhost", certificate: "server-expired.pem", certificateAuthority: root },
  ])("$why", async ({ host, certificate, certificateAuthority }) => {
    let requests = 0;
    await using server = await startHttpsServer(
      (_request, response) => {
        requests += 1;
        response.end("1");
      },
      { certificate },
    );
    const failure = await failureOf(fetchJson(`https://${host}:${server.port}/`, { ...options, certificateAuthority }));
    expect(failure.reason).toBe("tls-failed");
    await server.allClosed();
    expect(requests).toBe(0);
  });
});

describe("a certificate authority that cannot be read is tls-failed, with no connection made", () => {
  test.for([
    { what: "nothing", certificateAuthority: "" },
    { what: "no PEM", certificateAuthority: "garbage" },
    { what: "PEM of something else", certificateAuthority: tlsFixture("server-key.pem") },
    { what: "a certificate and a private key", certificateAuthority: `${root}${tlsFixture("server-key.pem")}` },
    { what: "a certificate without its end", certificateAuthority: root.replace("-----END CERTIFICATE-----", "") },
    { what: "a certificate that is none", certificateAuthority: unreadable },
    { what: "a good certificate and one that is none", certificateAuthority: `${root}${unreadable}` },
  ])("$what", async ({ certificateAuthority }) => {
    await using server = await startHttpsServer(answerOne);
    const failure = await failureOf(
      fetchJson(`https://localhost:${server.port}/`, { ...options, certificateAuthority }),
    );
    expect(failure.reason).toBe("tls-failed");
    expect(failure.message).toContain("certificateAuthority");
    expect(server.connections).toBe(0);
  });
});

describe("a handshake that fails", () => {
  test("because the server speaks plain HTTP is tls-failed", async () => {
    await using server = await startHttpServer(answerOne);
    const failure = await failureOf(fetchJson(`https://localhost:${server.port}/`, options));
    expect(failure.reason).toBe("tls-failed");
    await server.allClosed();
  });

  test("because the server wants a certificate of the client is tls-failed", async () => {
    await using server = await startHttpsServer(answerOne, { requestCert: true, ca: root });
    const fetched = fetchJson(`https://localhost:${server.port}/`, { ...options, certificateAuthority: root });
    expect((await failureOf(fetched)).reason).toBe("tls-failed");
    await server.allClosed();
  });

  test("because the server hangs up is connection-failed: that may be anyone's fault", async () => {
    await using server = await startTcpServer((socket) => socket.once("data", () => socket.destroy()));
    const failure = await failureOf(fetchJson(`https://localhost:${server.port}/`, options));
    expect(failure.reason).toBe("connection-failed");
  });
});
