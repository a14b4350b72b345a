import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patternByte } from "../../offline/sample/behaviour.ts";
import { EVERY_SURFACE, type ForwardCall } from "./forward-events.ts";
import { type ForwardWorld, receivedValues, startForwardWorld } from "./forward-world.ts";

let all: ForwardWorld;

beforeAll(async () => {
  all = await startForwardWorld();
});
afterAll(() => all[Symbol.asyncDispose]());

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** What the service sends for `bytes/<length>`. */
function patternOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => patternByte(index)));
}

describe.each(EVERY_SURFACE)("behind a $surface", ({ eventOf }) => {
  const ask = (call: ForwardCall) => all.ask(call, { eventOf });

  test("text arrives as its UTF-8 and comes back as it was", async () => {
    const text = '{"name":"caf\u00e9 \u{1f680}"}\r\n';
    const { received, body, headers } = await ask({
      method: "POST",
      path: "/answer/mirror",
      body: text,
      headers: [["Content-Type", "application/json"]],
    });
    expect(received).toMatchObject([{ body: text, bodyBytes: Buffer.byteLength(text) }]);
    expect(body.toString("utf8")).toBe(text);
    expect(headers["content-type"]).toBe("application/json");
  });

  test("bytes arrive as they were sent and come back as they are", async () => {
    const bytes = patternOf(1024);
    const { received, body } = await ask({ method: "PUT", path: "/answer/mirror", body: bytes });
    expect(received).toMatchObject([{ bodySha256: sha256(bytes), bodyBytes: 1024 }]);
    expect(body.equals(bytes)).toBe(true);
  });

  test("gzip stays gzip in both directions", async () => {
    const answered = await ask({ path: "/answer/gzip" });
    expect(answered.headers["content-encoding"]).toBe("gzip");
    expect(JSON.parse(gunzipSync(answered.body).toString("utf8"))).toMatchObject({ path: "/echo/answer/gzip" });

    const bytes = gzipSync('{"a":1}');
    const mirrored = await ask({
      method: "POST",
      path: "/answer/mirror",
      body: bytes,
      headers: [
        ["Content-Type", "application/json"],
        ["Content-Encoding", "gzip"],
      ],
    });
    expect(mirrored.received).toMatchObject([{ bodySha256: sha256(bytes) }]);
    expect(mirrored.headers).toMatchObject({ "content-type": "application/json", "content-encoding": "gzip" });
    expect(mirrored.body.equals(bytes)).toBe(true);
  });

  test("multipart arrives with its boundary, byte for byte", async () => {
    const file = Buffer.concat([
      Buffer.from('--b42\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'),
      patternOf(300),
      Buffer.from("\r\n--b42--\r\n"),
    ]);
    const type = "multipart/form-data; boundary=b42";
    const { received } = await ask({ method: "POST", path: "/a", body: file, headers: [["Content-Type", type]] });
    expect(received).toMatchObject([{ bodySha256: sha256(file) }]);
    expect(receivedValues(received[0], "content-type")).toEqual([type]);
  });

  test("HEAD is answered without a body", async () => {
    const { statusCode, headers, body } = await ask({ method: "HEAD", path: "/answer/bytes/1000" });
    expect({ statusCode, bytes: body.length }).toEqual({ statusCode: 200, bytes: 0 });
    expect(headers["content-type"]).toBe("application/octet-stream");
    // API Gateway computes its own; that of the missing body would be wrong.
    expect(headers).not.toHaveProperty("content-length");
  });
});

describe("large bodies (S39)", () => {
  const FITS = 4_500_000;
  /** Lambda's limit for an event and for an answer, in bytes of JSON. */
  const LAMBDA_BYTES = 6 * 1024 * 1024;

  test.for([4_000_000, FITS])("%i bytes go up and come down byte for byte", async (bytes) => {
    const body = patternOf(bytes);
    const { received, result, ...answered } = await all.ask({ method: "POST", path: "/answer/mirror", body });
    expect(received).toMatchObject([{ bodyBytes: bytes, bodySha256: sha256(body) }]);
    expect(answered.statusCode).toBe(200);
    expect(sha256(answered.body)).toBe(sha256(body));
    expect(JSON.stringify(result.answer).length).toBeLessThan(LAMBDA_BYTES);
  });

  test("one byte more is 413, and the service sees nothing of it", async () => {
    const { statusCode, received, called, headers } = await all.ask({
      method: "POST",
      path: "/a",
      body: patternOf(FITS + 1),
    });
    expect({ statusCode, received }).toEqual({ statusCode: 413, received: [] });
    expect(headers["podgate-error"]).toBe("REQUEST_TOO_LARGE");
    expect(called).toMatchObject({ outcome: "failed", code: "REQUEST_TOO_LARGE", service: "echo" });
  });

  test.for([
    { bytes: FITS, statusCode: 200 },
    { bytes: FITS + 1, statusCode: 502 },
    { bytes: 104_857_600, statusCode: 502 },
  ])("an answer of $bytes bytes is $statusCode", async ({ bytes, statusCode }) => {
    const asked = await all.ask({ path: `/answer/bytes/${bytes}` });
    expect(asked.statusCode).toBe(statusCode);
    if (statusCode === 200) expect(sha256(asked.body)).toBe(sha256(patternOf(bytes)));
    else expect(asked.called).toMatchObject({ outcome: "failed", code: "SERVICE_ANSWER_TOO_LARGE" });
  });

  test("an answer of 4 MB of control characters, six times as long in JSON, fits too", async () => {
    const body = Buffer.alloc(4_000_000, 1);
    const headers = [["Content-Type", "text/plain"]] as const;
    const { result, ...answered } = await all.ask({ method: "POST", path: "/answer/mirror", body, headers });
    expect(sha256(answered.body)).toBe(sha256(body));
    expect(JSON.stringify(result.answer).length).toBeLessThan(LAMBDA_BYTES);
  });
});

test("nothing was written to stderr, and the function ends by itself", async () => {
  await all.forward.end();
  expect(all.forward.stderr).toBe("");
});
