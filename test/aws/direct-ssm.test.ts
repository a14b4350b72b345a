import { createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { readDirectSettings } from "../../lib/aws/direct-settings.ts";
import { createDirectSsm } from "../../lib/aws/direct-ssm.ts";
import { KeptConnection } from "../../lib/aws/kept-connection.ts";
import { reasonOf } from "../../lib/aws/ssm-call.ts";
import { startHttpServer, startHttpsServer, startTcpServer } from "../support/faulty-server.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { startStrictStore, useKeys } from "./strict-store.ts";

const A = "/podgate/test/a";
const INPUT = { Names: [A] };

function settingsFor(url: string) {
  const settings = readDirectSettings({
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "AKIDSTRICT",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL_SSM: url,
  });
  if (settings === undefined) throw new Error("no settings of the direct client");
  return settings;
}

afterEach(() => useKeys({}));

test.for([
  { bytes: 1024 * 1024, outcome: "answered" },
  { bytes: 1024 * 1024 + 1, outcome: "AnswerTooLarge" },
])("an answer of $bytes bytes is $outcome, after one request", async ({ bytes, outcome }) => {
  let asked = 0;
  await using server = await startHttpServer((_request, response) => {
    asked += 1;
    response.end("{}".padEnd(bytes));
  });
  const call = createDirectSsm().call(settingsFor(`http://127.0.0.1:${server.port}`), "GetParameters", INPUT);
  expect(
    await call.then(
      () => "answered",
      (error: unknown) => reasonOf(error),
    ),
  ).toBe(outcome);
  expect(asked).toBe(1);
});

test("a certificate that is not trusted is told by its code, and not tried again", async () => {
  await using server = await startHttpsServer((_request, response) => response.end("{}"), {
    certificate: "server-expired.pem",
  });
  const settings = settingsFor(`https://localhost:${server.port}`);
  const call = createDirectSsm().call(settings, "GetParameters", INPUT);
  expect(await call.then(String, reasonOf)).toMatch(/CERT/);
  expect(server.connections).toBe(1);
});

/** Sends these bytes for each request, whatever it is. */
function startWordyServer(...answers: readonly string[]) {
  let sent = 0;
  return startTcpServer((socket) =>
    socket.on("data", () => socket.write(answers[Math.min(sent++, answers.length - 1)] ?? "", "latin1")),
  );
}

const EMPTY = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

test("an answer that is no HTTP is told as such, and not asked for again", async () => {
  await using server = await startWordyServer("ERR unknown command 'POST'\r\n\r\n");
  const call = createDirectSsm().call(settingsFor(`http://127.0.0.1:${server.port}`), "GetParameters", INPUT);
  expect(await call.then(String, reasonOf)).toBe("HPE_INVALID_CONSTANT");
  expect(server.connections).toBe(1);
});

test.for([
  { when: "its answer says that it closes", first: EMPTY.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n") },
  { when: "more than its answer came", first: `${EMPTY}${EMPTY}` },
  { when: "the end of its answer is not clear", first: "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}" },
])("a connection serves no second request where $when", async ({ first }) => {
  await using server = await startWordyServer(first, EMPTY);
  const ssm = createDirectSsm();
  const settings = settingsFor(`http://127.0.0.1:${server.port}`);
  for (let time = 0; time < 3; time++) expect(await ssm.call(settings, "GetParameters", INPUT)).toEqual({});
  expect(server.connections).toBe(2);
});

test("a connection on which somebody speaks unasked serves no second request", async () => {
  const open: Socket[] = [];
  await using server = await startTcpServer((socket) => {
    open.push(socket);
    socket.on("data", () => socket.write(EMPTY));
  });
  const ssm = createDirectSsm();
  const settings = settingsFor(`http://127.0.0.1:${server.port}`);
  await ssm.call(settings, "GetParameters", INPUT);
  open[0]?.write(EMPTY.replace("{}", '{"Parameters":[{"Name":"forged"}]}'));
  await server.allClosed();
  expect(await ssm.call(settings, "GetParameters", INPUT)).toEqual({});
  expect(server.connections).toBe(2);
});

test("a text of the environment that would end a line is not sent", async () => {
  await using strict = await startStrictStore("https");
  const settings = settingsFor(strict.url);
  const traceId = "Root=1\r\nx-forged: 1";
  const call = createDirectSsm().call({ ...settings, traceId }, "GetParameters", INPUT);
  expect(await call.then(String, reasonOf)).toBe("ERR_INVALID_CHAR");
  expect([strict.connections(), strict.requests.length]).toEqual([0, 0]);
});

test("another connection to the same endpoint resumes the session of TLS", async () => {
  const resumed: boolean[] = [];
  await using server = await startHttpsServer(
    (_request, response) => response.writeHead(200, { connection: "close" }).end("{}"),
    { onSecured: (isResumed) => resumed.push(isResumed) },
  );
  const ssm = createDirectSsm();
  const settings = settingsFor(`https://localhost:${server.port}`);
  for (let time = 0; time < 2; time++) await ssm.call(settings, "GetParameters", INPUT);
  expect(resumed).toEqual([false, true]);
});

/**
 * Answers so many requests on each connection, and resets it at the next, as a peer does that has forgotten it.
 *
 * @param throttled - which of the answered requests is told that there are too many
 */
async function startForgetfulServer(requestsEach: number, throttled?: number) {
  const open = new Set<Socket>();
  let connections = 0;
  let answered = 0;
  const server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    let left = requestsEach;
    socket.on("error", () => {});
    socket.on("data", () => {
      if (left-- <= 0) socket.resetAndDestroy();
      else
        socket.write(
          `HTTP/1.1 ${++answered === throttled ? "429 Slow Down" : "200 OK"}\r\ncontent-length: 2\r\n\r\n{}`,
        );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("a kept connection that was reset meanwhile", () => {
  test("is replaced at once, and that is no attempt: two are left, of which the first may be throttled", async () => {
    await using server = await startForgetfulServer(1, 2);
    const ssm = createDirectSsm();
    const settings = settingsFor(server.url);
    for (let time = 0; time < 2; time++) expect(await ssm.call(settings, "GetParameters", INPUT)).toEqual({});
    expect(server.connections()).toBe(3);
  });

  test("where the new one is reset too, there is one attempt more and no other", async () => {
    await using server = await startForgetfulServer(1);
    const ssm = createDirectSsm();
    const settings = settingsFor(server.url);
    await ssm.call(settings, "GetParameters", INPUT);
    await server[Symbol.asyncDispose]();
    await using dead = await startForgetfulServer(0);
    await expect(ssm.call(settingsFor(dead.url), "GetParameters", INPUT)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(dead.connections()).toBe(2);
  });
});

describe("a connection that was opened before there was a request", () => {
  test("is the one that the first request takes", async () => {
    await using strict = await startStrictStore("https");
    const ssm = createDirectSsm();
    await ssm.prepare(settingsFor(strict.url));
    expect([strict.connections(), strict.requests.length]).toEqual([1, 0]);
    await ssm.call(settingsFor(strict.url), "GetParameters", INPUT);
    expect([strict.connections(), strict.requests.length]).toEqual([1, 1]);
  });

  test("and is dead by then, costs no attempt", async () => {
    await using strict = await startStrictStore("https");
    const ssm = createDirectSsm();
    await ssm.prepare(settingsFor(strict.url));
    strict.closeConnections();
    await ssm.call(settingsFor(strict.url), "GetParameters", INPUT);
    expect(strict.outcomes).toEqual(["answered"]);
    expect(strict.connections()).toBe(2);
  });

  test.for([
    { age: 10, opened: 1 },
    { age: 10.001, opened: 2 },
    { age: 7200, opened: 2 },
  ])("of $age s, which may have lain frozen: $opened opened in all", async ({ age, opened }) => {
    await using strict = await startStrictStore("https");
    const clock = new ManualClock(1_800_000_000);
    const connection = new KeptConnection(clock);
    await connection.prepare(new URL(strict.url));
    clock.advance(age);
    const exchange = { headers: { host: new URL(strict.url).host }, body: "{}", maxBytes: 9999, milliseconds: 5000 };
    expect(await connection.post(new URL(strict.url), exchange)).toHaveProperty("status", 400);
    expect(strict.connections()).toBe(opened);
  });

  test.for([true, false])("and breaks before an answer may have been dead for long: %s", async (isPrepared) => {
    await using server = await startHttpsServer((request) => request.socket.destroy());
    const url = new URL(`https://localhost:${server.port}`);
    const connection = new KeptConnection();
    if (isPrepared) await connection.prepare(url);
    const exchange = { headers: { host: url.host }, body: "{}", maxBytes: 9999, milliseconds: 5000 };
    await expect(connection.post(url, exchange)).rejects.toMatchObject({ code: "ECONNRESET", stale: isPrepared });
    expect(server.connections).toBe(1);
  });

  test.for([
    { to: "a port where nobody listens", url: "https://localhost:1" },
    { to: "plain http", url: "http://127.0.0.1:1" },
  ])("to $to is none, and nothing is thrown", async ({ url }) => {
    await expect(createDirectSsm().prepare(settingsFor(url))).resolves.toBeUndefined();
  });

  test("to somebody who never ends the handshake is waited for a moment only", async () => {
    await using server = await startSilentServer();
    const startedAt = performance.now();
    await createDirectSsm().prepare(settingsFor(server.url));
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

async function startSilentServer() {
  const open = new Set<Socket>();
  const server = createServer((socket) => void open.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `https://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
