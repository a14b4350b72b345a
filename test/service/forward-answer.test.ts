import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { forwardAnswer } from "../../lib/service/forward-answer.ts";
import type { Field } from "../../lib/service/forwarded-headers.ts";

const LATIN1_E = Buffer.from([0x63, 0xe9]);

function answerOf(
  { status = 200, headers = [], body = "" }: { status?: number; headers?: Field[]; body?: Buffer | string },
  { method = "GET", ownHeaders = ["authorization"] } = {},
) {
  return forwardAnswer({ status, headers, body: Buffer.from(body) }, { method, ownHeaders });
}

/** What the surface sends. */
function bytesOf({ body, isBase64Encoded }: { body: string; isBase64Encoded: boolean }): Buffer {
  return Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
}

describe("the body is text where text becomes the same bytes again, and base64 elsewhere", () => {
  test.for([
    ["application/json", "{}", "text"],
    ["Application/JSON; charset=utf-8", '{"a":"é😀\\u0000"}', "text"],
    ["application/problem+json", "{}", "text"],
    ["application/vnd.github.v3+json;q=1", "{}", "text"],
    ["application/xml", "<a/>", "text"],
    ["image/svg+xml", "<svg/>", "base64"],
    ["application/atom+xml", "<a/>", "text"],
    ["application/yaml", "a: 1", "text"],
    ["application/x-ndjson", "{}\n{}\n", "text"],
    ["application/javascript", "1", "text"],
    ["application/x-www-form-urlencoded", "a=1", "text"],
    ["text/plain", "a\r\nb\0", "text"],
    ["text/html; charset=iso-8859-1", "ab", "text"],
    ["text/html; charset=iso-8859-1", LATIN1_E, "base64"],
    ["text/plain", "\ufeffa", "text"],
    ["text/plain", Buffer.from([0xed, 0xa0, 0x80]), "base64"],
    ["text/plain", Buffer.from([0xc3]), "base64"],
    ["text/", "a", "base64"],
    ["application/octet-stream", "a", "base64"],
    ["application/jsonx", "{}", "base64"],
    ["application/x+json+zip", "{}", "base64"],
    ["multipart/form-data; boundary=a", "--a--", "base64"],
    ["image/png", "a", "base64"],
    ["", "a", "base64"],
  ] as const)("%s %j: %s", ([type, body, form]) => {
    const headers: Field[] = type === "" ? [] : [["content-type", type]];
    const answer = answerOf({ headers, body: Buffer.from(body) });
    expect(answer.isBase64Encoded).toBe(form === "base64");
    expect(bytesOf(answer)).toEqual(Buffer.from(body));
  });

  test.for(["gzip", "br", "identity"])("content-encoding %s stays, and the body is base64", (encoding) => {
    const body = encoding === "gzip" ? gzipSync("{}") : Buffer.from("{}");
    const headers: Field[] = [
      ["content-type", "application/json"],
      ["Content-Encoding", encoding],
    ];
    const answer = answerOf({ headers, body });
    expect(answer.isBase64Encoded).toBe(true);
    expect(bytesOf(answer)).toEqual(body);
    expect(answer.headers.get("content-encoding")).toEqual([encoding]);
  });

  test.for([
    { what: "letters", character: "a", bytes: 4_500_000, form: "text" },
    { what: "line ends", character: "\n", bytes: 2_999_999, form: "text" },
    { what: "line ends", character: "\n", bytes: 3_000_000, form: "base64" },
    { what: "NULs", character: "\0", bytes: 1_000_000, form: "base64" },
  ])("$bytes bytes of $what: $form, so that the answer fits into Lambda's 6 MB", ({ character, bytes, form }) => {
    const answer = answerOf({ headers: [["content-type", "text/plain"]], body: Buffer.alloc(bytes, character) });
    expect(answer.isBase64Encoded).toBe(form === "base64");
    expect(JSON.stringify(answer.body).length).toBeLessThanOrEqual(6_000_002);
    expect(bytesOf(answer).length).toBe(bytes);
  });

  test("an empty body is no base64, whatever it says it is", () => {
    expect(answerOf({ headers: [["content-type", "image/png"]] })).toMatchObject({ body: "", isBase64Encoded: false });
  });

  test("any bytes of any type come back as they were", () => {
    const type = fc.constantFrom("text/plain", "application/json; charset=utf-16", "image/png");
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string().map(Buffer.from)), type, (bytes, contentType) => {
        const body = Buffer.from(bytes);
        expect(bytesOf(answerOf({ headers: [["content-type", contentType]], body }))).toEqual(body);
      }),
    );
  });
});

describe("an answer without a body has none", () => {
  test.for([
    { method: "HEAD", status: 200, body: "" },
    { method: "HEAD", status: 404, body: "" },
    { method: "GET", status: 204, body: "" },
    { method: "GET", status: 304, body: "" },
    { method: "GET", status: 200, body: "a" },
    { method: "GET", status: 205, body: "a" },
    { method: "OPTIONS", status: 404, body: "a" },
  ])("$method $status: $body", ({ method, status, body }) => {
    const headers: Field[] = [["content-type", "text/plain"]];
    expect(answerOf({ status, headers, body: "a" }, { method })).toEqual({
      status,
      headers: new Map([["content-type", ["text/plain"]]]),
      body,
      isBase64Encoded: false,
    });
  });
});

describe("headers", () => {
  test("come back but for the connection's, cookies, the credential's and podgate's own; repeated ones all", () => {
    const headers: Field[] = [
      ["Link", "<a>"],
      ["set-cookie", "session=1"],
      ["Authorization", "Bearer secret"],
      ["X_Api_Key", "secret"],
      ["Podgate-Error", "SERVICE_TIMEOUT"],
      ["connection", "x-hop"],
      ["x-hop", "1"],
      ["content-length", "3"],
      ["link", "<b>"],
      ["__proto__", "x"],
    ];
    const answer = answerOf({ headers }, { ownHeaders: ["authorization", "x-api-key"] });
    expect([...answer.headers]).toEqual([
      ["link", ["<a>", "<b>"]],
      ["__proto__", ["x"]],
    ]);
  });

  test.for([301, 302, 303, 307, 308])("a %i is handed on with its location", (status) => {
    const answer = answerOf({ status, headers: [["location", "http://169.254.169.254/"]] });
    expect(answer.status).toBe(status);
    expect([...answer.headers]).toEqual([["location", ["http://169.254.169.254/"]]]);
  });

  test.for([400, 401, 429, 500, 503, 599])("a %i is the service's own answer", (status) => {
    expect(answerOf({ status, headers: [["content-type", "text/plain"]], body: "no" })).toMatchObject({
      status,
      body: "no",
    });
  });
});
