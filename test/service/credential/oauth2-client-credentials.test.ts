import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { createCredentialMaker } from "../../../lib/service/credential/make-credential.ts";
import { ServiceFailure } from "../../../lib/service/outgoing.ts";
import { startHttpServer } from "../../support/faulty-server.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { callerOf, callLoopback, failureOf, requestOf, valuesOf } from "./support.ts";

const SECRET = "canary:s3cret +&%é";

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly form: string;
}

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const goodToken = { access_token: "token-1", token_type: "Bearer", expires_in: 600 };

/** A token endpoint that answers as it is told, and a credential that asks it. */
async function startEndpoint(scope?: string, clientId = "reports:1 ä") {
  const asked: Asked[] = [];
  const state = { answer: (_asked: Asked): Answer | undefined => ({ body: goodToken }) };
  const server = await startHttpServer(async (request, response) => {
    const form = Buffer.concat(await request.toArray()).toString();
    const { method, url, headers } = request;
    asked.push({ method, url, headers, form });
    const answer = state.answer({ method, url, headers, form });
    if (answer === undefined) return;
    const { status = 200, body } = answer;
    response.writeHead(status, { "content-type": "application/json", ...answer.headers });
    response.end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });
  const host = `127.0.0.1:${server.port}`;
  return {
    ...connect(`http://${host}/oauth2/token?tenant=1`, { scope, clientId }),
    asked,
    state,
    host,
    server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function connect(tokenURL: string, { scope, clientId }: { scope?: string | undefined; clientId: string }) {
  const clock = new ManualClock();
  const store = { text: SECRET, reads: 0, failing: false };
  const make = createCredentialMaker({
    readSecret: async () => {
      store.reads += 1;
      if (store.failing) throw new ServiceFailure("SECRET_UNAVAILABLE", "no");
      return { parameter: "/p", text: store.text };
    },
    assumeRole: () => Promise.reject(new Error("no role is assumed here")),
    call: callLoopback,
    clock,
  });
  const credential = make({
    service: "reports",
    network: "public",
    credential: { type: "oauth2-client-credentials", tokenURL, clientId, secret: "client", scope },
  });
  return {
    clock,
    store,
    credential,
    sent: async (caller = callerOf()) => valuesOf(await credential.apply(requestOf(), caller), "authorization"),
  };
}

/** What a server reads from `Authorization: Basic` (RFC 6749 §2.3.1). */
function clientOf({ headers }: Asked): readonly string[] {
  const [scheme, encoded = ""] = (headers.authorization ?? "").split(" ");
  expect(scheme).toBe("Basic");
  const pair = Buffer.from(encoded, "base64").toString();
  return pair.split(":").map((part) => decodeURIComponent(part.replaceAll("+", " ")));
}

const secretOf = (asked: Asked) => clientOf(asked)[1];

describe("asking for a token (RFC 6749 §4.4.2)", () => {
  test("the client is in Basic, the grant in a form, and the token is sent as Bearer", async () => {
    await using endpoint = await startEndpoint("read write", "reports:1 ä");
    const request = await endpoint.credential.apply(
      requestOf({ headers: [["authorization", "Bearer of the pod"]] }),
      callerOf(),
    );
    expect(request.headers).toEqual([["authorization", "Bearer token-1"]]);

    const [asked] = endpoint.asked;
    if (asked === undefined) throw new Error("nothing was asked");
    expect(asked).toMatchObject({
      method: "POST",
      url: "/oauth2/token?tenant=1",
      form: "grant_type=client_credentials&scope=read+write",
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    });
    expect(clientOf(asked)).toEqual(["reports:1 ä", SECRET]);
    expect(JSON.stringify(asked)).not.toContain("of the pod");
  });

  test("no scope is not an empty one", async () => {
    await using endpoint = await startEndpoint();
    await endpoint.sent();
    expect(endpoint.asked[0]?.form).toBe("grant_type=client_credentials");
  });

  test("many calls at once make one request", async () => {
    await using endpoint = await startEndpoint();
    const sent = await Promise.all(Array.from({ length: 100 }, () => endpoint.sent()));
    expect(new Set(sent.flat())).toEqual(new Set(["Bearer token-1"]));
    expect(endpoint.asked).toHaveLength(1);
  });

  test.for(["Bearer", "bearer", "BEARER"])("the type %s is one (§5.1)", async (type) => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => ({ body: { ...goodToken, token_type: type } });
    expect(await endpoint.sent()).toEqual(["Bearer token-1"]);
  });

  test("the secret is read when a token is needed and not before", async () => {
    await using endpoint = await startEndpoint();
    expect(endpoint.store.reads).toBe(0);
    await endpoint.sent();
    endpoint.clock.advance(400);
    await endpoint.sent();
    expect(endpoint.store.reads).toBe(1);
  });

  test("a secret that cannot be read is SECRET_UNAVAILABLE, and nobody is asked (R15)", async () => {
    await using endpoint = await startEndpoint();
    endpoint.store.failing = true;
    expect((await failureOf(endpoint.sent())).code).toBe("SECRET_UNAVAILABLE");
    expect(endpoint.server.connections).toBe(0);
  });
});

describe("a token is used until shortly before it expires", () => {
  test.for<{ expiresIn: unknown; seconds: number }>([
    { expiresIn: 600, seconds: 570 },
    { expiresIn: "600", seconds: 570 },
    { expiresIn: 100, seconds: 90 },
    { expiresIn: 300, seconds: 270 },
    { expiresIn: 1, seconds: 1 },
    { expiresIn: 0, seconds: 1 },
    { expiresIn: -5, seconds: 1 },
    { expiresIn: 3630, seconds: 3600 },
    { expiresIn: 86_400, seconds: 3600 },
    { expiresIn: undefined, seconds: 300 },
    { expiresIn: null, seconds: 300 },
    { expiresIn: "soon", seconds: 300 },
  ])("expires_in $expiresIn: $seconds s", async ({ expiresIn, seconds }) => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => ({
      body: { ...goodToken, access_token: `token-${endpoint.asked.length}`, expires_in: expiresIn },
    });
    await endpoint.sent();
    endpoint.clock.advance(seconds - 0.01);
    expect(await endpoint.sent()).toEqual(["Bearer token-1"]);
    endpoint.clock.advance(0.01);
    expect(await endpoint.sent()).toEqual(["Bearer token-2"]);
  });

  test("a number beyond all numbers is an hour", async () => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => ({ body: '{"access_token":"a","token_type":"Bearer","expires_in":1e400}' });
    await endpoint.sent();
    endpoint.clock.advance(3599);
    await endpoint.sent();
    expect(endpoint.asked).toHaveLength(1);
    endpoint.clock.advance(1);
    await endpoint.sent();
    expect(endpoint.asked).toHaveLength(2);
  });
});

describe("what is no token is CREDENTIAL_FAILED, names the host and gives nothing away", () => {
  const CANARY = "canary-answer";
  test.for<{ what: string; answer: Answer; says: string }>([
    { what: "400 with a code", answer: { status: 400, body: { error: "invalid_scope" } }, says: "400 (invalid_scope)" },
    {
      what: "401 with a code and a text",
      answer: { status: 401, body: { error: "invalid_client", error_description: CANARY } },
      says: "answered 401 (invalid_client)",
    },
    { what: "a code of its own", answer: { status: 400, body: { error: CANARY } }, says: "answered 400" },
    {
      what: "a code that is a list",
      answer: { status: 400, body: { error: ["invalid_scope"] } },
      says: "answered 400",
    },
    { what: "403 with HTML", answer: { status: 403, body: `<html>${CANARY}` }, says: "answered 403" },
    { what: "500", answer: { status: 500, body: CANARY }, says: "answered 500" },
    { what: "201", answer: { status: 201, body: goodToken }, says: "answered 201" },
    {
      what: "a redirect",
      answer: { status: 307, headers: { location: "/elsewhere" }, body: "" },
      says: "answered 307",
    },
    { what: "HTML", answer: { body: `<html>${CANARY}` }, says: "not a JSON object" },
    { what: "half an object", answer: { body: `{"access_token":"${CANARY}` }, says: "not a JSON object" },
    { what: "a list", answer: { body: [goodToken] }, says: "not a JSON object" },
    { what: "bytes", answer: { body: Buffer.from([0x7b, 0xff, 0x7d]) }, says: "not a JSON object" },
    { what: "no type", answer: { body: { access_token: CANARY } }, says: "token_type is not Bearer" },
    {
      what: "type mac",
      answer: { body: { access_token: CANARY, token_type: "mac" } },
      says: "token_type is not Bearer",
    },
    { what: "no token", answer: { body: { token_type: "Bearer" } }, says: "access_token is not visible ASCII" },
    { what: "an empty token", answer: { body: { ...goodToken, access_token: "" } }, says: "access_token is not" },
    {
      what: "a token of two lines",
      answer: { body: { ...goodToken, access_token: `a\r\nx: ${CANARY}` } },
      says: "access_token is not",
    },
    {
      what: "a token with a space",
      answer: { body: { ...goodToken, access_token: `${CANARY} b` } },
      says: "access_token",
    },
    { what: "a number", answer: { body: { ...goodToken, access_token: 1 } }, says: "access_token is not" },
    {
      what: "more than 64 KiB",
      answer: { body: { ...goodToken, more: "x".repeat(65_536) } },
      says: "SERVICE_ANSWER_TOO_LARGE",
    },
  ])("$what", async ({ answer, says }) => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => answer;
    const failure = await failureOf(endpoint.sent(), SECRET, encodeURIComponent(SECRET), "s3cret", CANARY, "token-1");
    expect(failure.code).toBe("CREDENTIAL_FAILED");
    expect(failure.message).toContain(`the token endpoint ${endpoint.host}: `);
    expect(failure.message).toContain(says);
    expect(failure.message).not.toContain("tenant");
    expect(endpoint.asked).toHaveLength(1);
  });

  test("nobody listens", async () => {
    const endpoint = await startEndpoint();
    await endpoint.server[Symbol.asyncDispose]();
    const failure = await failureOf(endpoint.sent(), "s3cret");
    expect(failure).toMatchObject({
      code: "CREDENTIAL_FAILED",
      message: expect.stringContaining("SERVICE_UNREACHABLE"),
    });
  });

  test("an endpoint that never answers, within some seconds", async () => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => undefined;
    const startedAt = performance.now();
    const failure = await failureOf(endpoint.sent(), "s3cret");
    expect(failure).toMatchObject({ code: "CREDENTIAL_FAILED", message: expect.stringContaining("SERVICE_TIMEOUT") });
    expect(performance.now() - startedAt).toBeLessThan(4500);
  });

  test.for(["http://169.254.169.254/latest/token", "http://10.0.0.1/token", "https://10.0.0.1/token"])(
    "%s is refused as a service there would be (S35)",
    async (url) => {
      const { sent } = connect(url, { clientId: "a" });
      const failure = await failureOf(sent(), "s3cret");
      expect(failure.code).toBe("CREDENTIAL_FAILED");
      expect(failure.message).toContain("SERVICE_ADDRESS_REFUSED");
    },
  );

  test("a failure is not kept: the next call asks again", async () => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => ({ status: 503, body: "" });
    await failureOf(endpoint.sent());
    endpoint.state.answer = () => ({ body: goodToken });
    expect(await endpoint.sent()).toEqual(["Bearer token-1"]);
  });
});

describe("renewal after a 401 of the service", () => {
  test.for([
    { next: "token-2", renewed: true },
    { next: "token-1", renewed: false },
  ])("a token $next: worth repeating is $renewed", async ({ next, renewed }) => {
    await using endpoint = await startEndpoint();
    const caller = callerOf();
    await endpoint.sent(caller);
    endpoint.state.answer = () => ({ body: { ...goodToken, access_token: next } });
    expect(await endpoint.credential.renew(caller)).toBe(renewed);
    expect(await endpoint.sent(caller)).toEqual([`Bearer ${next}`]);
    expect(await endpoint.credential.renew(caller)).toBe(false);
    expect(endpoint.asked).toHaveLength(2);
  });

  test("an endpoint that fails leaves the service's own answer", async () => {
    await using endpoint = await startEndpoint();
    const caller = callerOf();
    await endpoint.sent(caller);
    endpoint.state.answer = () => ({ status: 500, body: "" });
    expect(await endpoint.credential.renew(caller)).toBe(false);
  });
});

describe("a client secret that was rotated", () => {
  test.for([
    { status: 401, body: { error: "invalid_client" } },
    { status: 400, body: { error: "invalid_client" } },
    { status: 401, body: "" },
  ])("is read again after $status $body, and the token is asked for once more", async (refusal) => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => ({ body: { ...goodToken, expires_in: 10 } });
    await endpoint.sent();
    endpoint.clock.advance(10);
    endpoint.store.text = "rotated";
    endpoint.state.answer = (asked) => (secretOf(asked) === "rotated" ? { body: goodToken } : refusal);
    expect(await endpoint.sent()).toEqual(["Bearer token-1"]);
    expect(endpoint.asked.map(secretOf)).toEqual([SECRET, SECRET, "rotated"]);
    expect(endpoint.store.reads).toBe(2);
  });

  test("the same secret as before is not asked with again", async () => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => ({ status: 401, body: { error: "invalid_client" } });
    await failureOf(endpoint.sent(), "s3cret");
    expect(endpoint.asked).toHaveLength(1);
    expect(endpoint.store.reads).toBe(2);
  });

  test("another refusal than of the client is no reason to read it", async () => {
    await using endpoint = await startEndpoint();
    endpoint.state.answer = () => ({ status: 400, body: { error: "invalid_scope" } });
    await failureOf(endpoint.sent(), "s3cret");
    expect(endpoint.store.reads).toBe(1);
  });
});

test("oidc-provider, a certified server, gives a token to this client and none to one with another secret", async () => {
  const { Provider } = await import("oidc-provider");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await using _closing = { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
  const { port } = server.address() as AddressInfo;
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: "reports:1",
        client_secret: SECRET.replace("é", ""),
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        scope: "read",
      },
    ],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    scopes: ["read"],
    ttl: { ClientCredentials: 600 },
  });
  server.on("request", provider.callback());

  const good = connect(`http://127.0.0.1:${port}/token`, { clientId: "reports:1", scope: "read" });
  good.store.text = SECRET.replace("é", "");
  const [authorization = ""] = await good.sent();
  expect(authorization).toMatch(/^Bearer \S+$/);
  expect(await provider.ClientCredentials.find(authorization.slice("Bearer ".length))).toMatchObject({
    clientId: "reports:1",
    scope: "read",
  });

  const bad = connect(`http://127.0.0.1:${port}/token`, { clientId: "reports:1", scope: "read" });
  bad.store.text = "canary-wrong";
  const failure = await failureOf(bad.sent(), "canary-wrong");
  expect(failure.message).toBe(`no token from the token endpoint 127.0.0.1:${port}: answered 401 (invalid_client)`);
});
