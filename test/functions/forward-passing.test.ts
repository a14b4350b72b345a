import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  albForward,
  EVERY_SURFACE,
  type ForwardCall,
  functionUrlForward,
  httpApi1Forward,
  httpApiForward,
  restForward,
} from "./forward-events.ts";
import { type ForwardWorld, receivedValues, startForwardWorld } from "./forward-world.ts";

let all: ForwardWorld;

beforeAll(async () => {
  all = await startForwardWorld();
});
beforeEach(() => all.service.fault());
afterAll(() => all[Symbol.asyncDispose]());

/** The same call made by a client that needs no gateway. */
async function direct(path: string, { method = "GET", headers = {} as Record<string, string> } = {}) {
  const sent = request(`${all.service.url}${path}`, { method, headers }).end();
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) };
}

describe.each(EVERY_SURFACE)("behind a $surface", ({ eventOf }) => {
  const ask = (call: ForwardCall) => all.ask(call, { eventOf });

  test.for([
    ["", "/echo/"],
    ["/", "/echo/"],
    ["/a", "/echo/a"],
    ["/a/", "/echo/a/"],
    ["/caf%C3%A9/%F0%9F%9A%80/a%20b", "/echo/caf%C3%A9/%F0%9F%9A%80/a%20b"],
    ["/a%2Bb/c:d@e,f=g", "/echo/a%2Bb/c:d@e,f=g"],
  ] as const)("the path %j reaches the service as %s, as from a direct call", async ([path, reached]) => {
    const { received, statusCode } = await ask({ path });
    expect({ statusCode, paths: received.map((each) => each.path) }).toEqual({ statusCode: 200, paths: [reached] });
    await direct(reached);
    expect(all.service.requests.at(-1)?.url).toBe(reached);
  });

  test.for(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])("%s arrives as %s", async (method) => {
    const { received, statusCode } = await ask({ method, path: "/a" });
    expect({ statusCode, methods: received.map((each) => each.method) }).toEqual({
      statusCode: 200,
      methods: [method],
    });
  });

  test("query parameters arrive, non-ASCII ones too", async () => {
    const query = "q=a%20b&name=caf%C3%A9&empty=";
    const { received } = await ask({ path: "/a", query });
    expect(received.map((each) => each.query)).toEqual([query]);
  });

  test("headers that are the gateway's business do not arrive, and the credential does, once (S37)", async () => {
    const spoofed = [
      ["X-Api-Key", "stolen"],
      ["x_api_key", "stolen"],
      ["X.Api.Key", "stolen"],
      ["X-Podgate-Principal", "dev/payments/admin"],
      ["X_PODGATE_PRINCIPAL", "dev/payments/admin"],
      ["x-podgate_principal", "dev/payments/admin"],
      ["X-HTTP-Method", "DELETE"],
      ["X-HTTP-Method-Override", "DELETE"],
      ["x_http_method_override", "DELETE"],
      ["X-Method-Override", "DELETE"],
      ["X-Original-URL", "/admin"],
      ["X_Rewrite_Url", "/admin"],
      ["Cookie", "session=1"],
      ["Forwarded", "for=10.0.0.1"],
      ["Via", "1.1 proxy"],
      ["X-Forwarded-For", "10.0.0.1"],
      ["X_Forwarded_Host", "internal"],
      ["X-Real-IP", "10.0.0.1"],
      ["X-Amz-Security-Token", "stolen"],
      ["X-Amzn-Trace-Id", "Root=1"],
      ["Proxy-Authorization", "Basic eDp5"],
      ["Connection", "close, X-Named"],
      ["X-Named", "by Connection"],
      ["Keep-Alive", "timeout=5"],
      ["TE", "trailers"],
      ["Trailer", "X-Later"],
      ["Transfer-Encoding", "chunked"],
      ["Upgrade", "h2c"],
      ["Expect", "100-continue"],
      ["Content-Length", "999"],
    ] as const;
    const passing = [
      ["Accept", "application/json"],
      ["Accept-Encoding", "gzip, br"],
      ["If-None-Match", '"1"'],
      ["Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
      ["X-Own", "kept"],
    ] as const;
    const { received, statusCode } = await ask({
      service: "header",
      path: "/a",
      headers: [...spoofed, ...passing],
    });
    expect(statusCode).toBe(200);
    const [request] = received;
    expect(request).toMatchObject({ method: "GET", path: "/header/a", credential: "right", bodyBytes: 0 });
    const arrived = (request?.headers ?? []).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
    expect(new Map(arrived)).toEqual(
      new Map([
        ["accept", "application/json"],
        ["accept-encoding", "gzip, br"],
        ["connection", "close"],
        ["host", new URL(all.service.url).host],
        ["if-none-match", '"1"'],
        ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        ["user-agent", "podgate"],
        ["x-api-key", "***"],
        ["x-own", "kept"],
        ["x-podgate-principal", "dev/payments/billing"],
      ]),
    );
    expect(arrived).toHaveLength(10);
  });

  test("a caller's own Authorization never arrives, not where the service needs none either", async () => {
    const { received } = await ask({ path: "/a", headers: [["x-authorization_", "kept"]] });
    expect(receivedValues(received[0], "authorization")).toEqual([]);
    expect(receivedValues(received[0], "x-authorization_")).toEqual(["kept"]);
  });

  test("what an answer may not bring back does not come back, the rest does (S38)", async () => {
    const { headers } = await ask({ service: "header", path: "/answer/odd-headers" });
    const { date, "podgate-decision": decisionId, ...rest } = headers;
    expect(rest).toEqual({
      "content-type": "application/json",
      // The credential of this service is X-Api-Key alone; these are another's headers.
      authorization: "sent back",
      "x-amz-security-token": "sent back",
      "x-twice": "one, two",
      "x-kept": "yes",
    });
    expect(decisionId).not.toBe("forged");
    expect(date).toMatch(/GMT$/);
  });

  test("the credential's header does not come back from a service that echoes it", async () => {
    const { headers } = await ask({ service: "basic", path: "/answer/odd-headers" });
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).toHaveProperty("x-kept", "yes");
  });

  test.for([200, 201, 204, 301, 304, 307, 400, 401, 403, 404, 409, 429, 500, 502, 503, 504, 599])(
    "the service's own %i is handed on and is no failure of the gateway",
    async (status) => {
      const { statusCode, headers, body, called } = await ask({ path: `/answer/status/${status}` });
      expect(statusCode).toBe(status);
      expect(headers).not.toHaveProperty("podgate-error");
      expect(called).toMatchObject({ outcome: "answered", service: "echo", status });
      expect(body.length > 0).toBe(status !== 204 && status !== 304);
    },
  );
});

test.for([301, 302, 303, 307, 308])(
  "a redirect %i to the metadata service is handed on, not followed",
  async (status) => {
    const { statusCode, headers, received } = await all.ask({ service: "header", path: `/answer/redirect/${status}` });
    expect(statusCode).toBe(status);
    expect(headers["location"]).toBe("http://169.254.169.254/latest/meta-data/");
    expect(received).toHaveLength(1);
  },
);

describe("query parameters that come several times", () => {
  const query = "tag=b&x=1&tag=a&flag&tag=b&s=%27%2B&p=a+b";
  test.for([
    { surface: "HTTP API", eventOf: httpApiForward, reached: query },
    { surface: "Function URL", eventOf: functionUrlForward, reached: query },
    // The event has them by name, so the order across names is lost, and how they were written.
    { surface: "REST API", eventOf: restForward, reached: "tag=b&tag=a&tag=b&x=1&flag=&s='%2B&p=a%20b" },
  ])("$surface: they arrive as $reached", async ({ eventOf, reached }) => {
    const { received } = await all.ask({ path: "/a", query }, { eventOf });
    expect(received.map((each) => each.query)).toEqual([reached]);
    await direct(`/echo/a?${query}`);
    expect(all.service.requests.at(-1)?.query).toBe(query);
  });
});

describe("headers that come several times", () => {
  const headers = [
    ["X-Many", "one"],
    ["X-Many", "two"],
  ] as const;
  test.for([
    { surface: "HTTP API", eventOf: httpApiForward, values: ["one,two"] },
    { surface: "Function URL", eventOf: functionUrlForward, values: ["one,two"] },
    { surface: "REST API", eventOf: restForward, values: ["one", "two"] },
  ])("$surface: they arrive as $values", async ({ eventOf, values }) => {
    const { received } = await all.ask({ path: "/a", headers }, { eventOf });
    expect(receivedValues(received[0], "x-many")).toEqual(values);
  });

  test.for([
    { surface: "HTTP API", eventOf: httpApiForward, member: "headers", value: "one, two" },
    { surface: "Function URL", eventOf: functionUrlForward, member: "headers", value: "one, two" },
    { surface: "ALB", eventOf: albForward, member: "headers", value: "one, two" },
    { surface: "REST API", eventOf: restForward, member: "multiValueHeaders", value: ["one", "two"] },
    { surface: "HTTP API, payload 1.0", eventOf: httpApi1Forward, member: "multiValueHeaders", value: ["one", "two"] },
  ])("$surface: those of an answer come back in $member as $value", async ({ eventOf, member, value }) => {
    const { result } = await all.ask({ path: "/answer/odd-headers" }, { eventOf });
    expect(result.answer).toHaveProperty(member, expect.objectContaining({ "x-twice": value }));
  });
});

test("nothing was written to stderr, and the function ends by itself", async () => {
  await all.forward.end();
  expect(all.forward.stderr).toBe("");
});

test("the trace of the invocation is passed on in place of the caller's, and no signature covers it", async () => {
  const trace = "Root=1-67f8c1e2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1";
  const env = { AWS_ENDPOINT_URL_STS: all.service.stsUrl, _X_AMZN_TRACE_ID: trace };
  await using traced = await all.world.start("forward", env);
  for (const service of ["echo", "header", "sigv4"]) {
    const headers = [["X-Amzn-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=1"]] as const;
    const { statusCode, received } = await all.ask({ service, path: "/a", headers }, { by: traced });
    expect({ service, statusCode }).toEqual({ service, statusCode: 200 });
    expect(receivedValues(received.at(-1), "x-amzn-trace-id")).toEqual([trace]);
  }
});
