import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { patternByte, readBehaviour } from "../../../offline/sample/behaviour.ts";
import { type SampleService, startSampleService } from "../../../offline/sample/service.ts";
import { call, json } from "./service-and-call.ts";

let service: SampleService;

beforeAll(async () => {
  service = await startSampleService();
});

afterEach(() => {
  service.fault();
  service.forgetRequests();
});

afterAll(() => service[Symbol.asyncDispose]());

const binary = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));

describe("what is shown of a request", () => {
  test("method, path, query and headers as they came, and the body's digest", async () => {
    const path = "/echo/a%2Fb/%C3%A9/..;x//?b=2&a=1&b=%20&c";
    const headers = { "X-Twice": ["one", "two"], x_under: "score", Host: "named.example" };
    const shown = await json(call(service.url, path, { method: "PATCH", headers, body: binary }));
    expect(shown).toMatchObject({
      method: "PATCH",
      url: path,
      path: "/echo/a%2Fb/%C3%A9/..;x//",
      query: "b=2&a=1&b=%20&c",
      credential: "not asked",
      headers: expect.arrayContaining([
        ["X-Twice", "one"],
        ["X-Twice", "two"],
        ["x_under", "score"],
        ["Host", "named.example"],
      ]),
      bodyBytes: 70_000,
      bodySha256: createHash("sha256").update(binary).digest("hex"),
    });
    expect(shown).not.toHaveProperty("body");
  });

  test.for<[string, string | Buffer, string | undefined]>([
    ["text", "grüße", "grüße"],
    ["4,096 bytes", "a".repeat(4096), "a".repeat(4096)],
    ["4,097 bytes", "a".repeat(4097), undefined],
    ["bytes that are no UTF-8", Buffer.of(0xff, 0xfe), undefined],
    ["nothing", "", ""],
  ])("a body of %s", async ([, body, shown]) => {
    expect((await json(call(service.url, "/", { method: "POST", body })))["body"]).toBe(shown);
  });

  test("control calls are not among the requests; 1,000 are kept", async () => {
    for (const path of ["/echo/1", "/echo/2"]) await call(service.url, path);
    await call(service.url, "/_faults");
    expect(service.requests.map(({ path }) => path)).toEqual(["/echo/1", "/echo/2"]);
    expect(JSON.parse((await call(service.url, "/_requests")).body.toString())).toEqual(service.requests);
    await call(service.url, "/_requests", { method: "DELETE" });
    expect(service.requests).toEqual([]);
  });
});

describe("told to answer otherwise", () => {
  test.for([200, 204, 304, 404, 503, 599])("status %i", async (status) => {
    const answer = await call(service.url, `/echo/answer/status/${status}`);
    expect(answer.status).toBe(status);
    expect(answer.body.length > 0).toBe(status !== 204 && status !== 304);
  });

  test("to HEAD it answers as to GET, without the body", async () => {
    const got = await call(service.url, "/echo/answer/status/200");
    const { status, headers, body } = await call(service.url, "/echo/answer/status/200", { method: "HEAD" });
    expect(status).toBe(200);
    // The method that is shown is one letter longer.
    expect(headers["content-length"]).toBe(String(got.body.length + 1));
    expect(body).toHaveLength(0);
  });

  test.for<[string, number, string]>([
    ["redirect/302", 302, "http://169.254.169.254/latest/meta-data/"],
    ["redirect/307?to=https%3A%2F%2Fother.example%2Fa%3Fb%3D1", 307, "https://other.example/a?b=1"],
  ])("%s", async ([behaviour, status, location]) => {
    const answer = await call(service.url, `/answer/${behaviour}`);
    expect(answer.status).toBe(status);
    expect(answer.headers["location"]).toBe(location);
  });

  test.for([0, 1, 64_255, 64_256, 64_257, 1_000_000])("bytes/%i are that many, of the pattern", async (count) => {
    const { headers, body } = await call(service.url, `/echo/answer/bytes/${count}`);
    expect(headers["content-length"]).toBe(String(count));
    expect(body.length).toBe(count);
    expect(body.every((byte, index) => byte === patternByte(index))).toBe(true);
  });

  test("100 MB are begun at once and end with the client", async () => {
    const response = await fetch(`${service.url}/echo/answer/bytes/104857600`);
    expect(response.headers.get("content-length")).toBe("104857600");
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
    await reader?.cancel();
    expect((await call(service.url, "/echo")).status).toBe(200);
  });

  test("mirror sends a multipart body back as it came", async () => {
    const form = new FormData();
    form.set("file", new Blob([binary]), "a.bin");
    const sent = new Response(form);
    const body = Buffer.from(await sent.bytes());
    const type = sent.headers.get("content-type") ?? "";
    const answer = await call(service.url, "/echo/answer/mirror", {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    expect(answer.headers["content-type"]).toBe(type);
    expect(answer.body.equals(body)).toBe(true);
  });

  test("gzip is compressed, though nobody accepts it", async () => {
    const { headers, body } = await call(service.url, "/echo/answer/gzip?x=1");
    expect(headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(gunzipSync(body).toString())).toMatchObject({ query: "x=1" });
  });

  test("drip sends every byte", async () => {
    const { body } = await call(service.url, "/echo/answer/drip/20/1");
    expect([...body]).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  test("a huge header is more than a client takes", async () => {
    await expect(call(service.url, "/echo/answer/huge-header/100000")).rejects.toMatchObject({
      code: "HPE_HEADER_OVERFLOW",
    });
  });

  test("odd headers are those that a gateway has to keep", async () => {
    const { headers } = await call(service.url, "/echo/answer/odd-headers");
    expect(headers).toMatchObject({
      "set-cookie": ["session=one", "tracking=two"],
      connection: "close, X-Hop",
      "x-hop": "named by Connection",
      authorization: "sent back",
      "x-api-key": "sent back",
      "podgate-decision": "forged",
      "x-twice": "one, two",
      "x-kept": "yes",
    });
  });

  test.for<[string, string]>([
    ["reset", "ECONNRESET"],
    ["cut", "ECONNRESET"],
    ["garbage", "HPE_INVALID_CONSTANT"],
  ])("%s ends the call with %s, and the next is answered", async ([behaviour, code]) => {
    await expect(call(service.url, `/echo/answer/${behaviour}`)).rejects.toMatchObject({ code });
    expect((await call(service.url, "/echo")).status).toBe(200);
  });

  test("hanging calls end with the service", async () => {
    const own = await startSampleService();
    const hanging = call(own.url, "/echo/answer/hang");
    const slow = call(own.url, "/echo/answer/slow/60");
    const ended = Promise.allSettled([hanging, slow]);
    await expect.poll(() => own.requests.length).toBe(2);
    await own[Symbol.asyncDispose]();
    expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("slow is late and answers as usual", async () => {
    expect(await json(call(service.url, "/echo/answer/slow/0.01"))).toMatchObject({ method: "GET" });
  });

  test("the credential is asked for first", async () => {
    expect((await call(service.url, "/header/answer/status/503")).status).toBe(401);
    const headers = { "x-api-key": "offline-header-key" };
    expect((await call(service.url, "/header/answer/status/503", { headers })).status).toBe(503);
  });

  test("a client that goes away while it sends leaves the service as it was", async () => {
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.end("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await text(socket);
    expect((await call(service.url, "/echo")).status).toBe(200);
  });

  test.for([
    "",
    "nothing",
    "constructor",
    "status",
    "status/199",
    "status/600",
    "status/2e2",
    "status/200/1",
    "slow/61",
    "slow/-1",
    "redirect/300",
    "redirect/309",
    "bytes/1073741825",
    "drip/0/1",
    "hang/1",
  ])("%j is no behaviour", (text) => {
    expect(readBehaviour(text)).toBeUndefined();
  });
});

describe("faults of a path", () => {
  const statusOf = async (path: string) => (await call(service.url, path)).status;

  test("hold below the longest prefix, before any credential, until they are taken away", async () => {
    const put = { method: "PUT", body: JSON.stringify({ "/header": "status/500", "/header/a": "status/501" }) };
    expect((await call(service.url, "/_faults", put)).status).toBe(200);
    expect(await json(call(service.url, "/_faults"))).toEqual({ "/header": "status/500", "/header/a": "status/501" });
    expect(await statusOf("/header")).toBe(500);
    expect(await statusOf("/header/b")).toBe(500);
    expect(await statusOf("/header/a/b")).toBe(501);
    expect(await statusOf("/headers")).toBe(200);
    await call(service.url, "/_faults", { method: "DELETE" });
    expect(await statusOf("/header")).toBe(401);
  });

  test("reach the token server and STS too", async () => {
    service.fault({ "/_oauth2": "status/502", "/_sts": "status/503" });
    expect(await statusOf("/_oauth2/token")).toBe(502);
    expect(await statusOf("/_sts/")).toBe(503);
  });

  test.for<[string, string, string]>([
    ["/_faults", '{"/a":"nothing"}', "/a: no such behaviour"],
    ["/_faults", '{"a":"hang"}', "a: a prefix begins with /"],
    ["/_faults", '{"/a":1}', "the body is not an object of texts"],
    ["/_faults", "[]", "the body is not an object of texts"],
    ["/_faults", "{", "the body is not JSON"],
    ["/_secrets", '{"other":"a"}', "known: header, basic, oauth2"],
    ["/_secrets", '{"header":""}', "a secret is not empty"],
  ])("%s %s is 400: %s", async ([path, body, error]) => {
    const answer = await call(service.url, path, { method: "PUT", body });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body.toString())).toEqual({ error });
  });

  test("another method of a control call is 405", async () => {
    expect((await call(service.url, "/_tokens", { method: "GET" })).status).toBe(405);
  });
});
