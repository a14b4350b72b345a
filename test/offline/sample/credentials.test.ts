import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type SampleService, startSampleService } from "../../../offline/sample/service.ts";
import { call, json } from "./service-and-call.ts";

const NOW = 1_795_000_000;

let now = NOW;
let service: SampleService;

beforeAll(async () => {
  service = await startSampleService({ clock: () => now, tokenSeconds: 60 });
});

beforeEach(async () => {
  now = NOW;
  await call(service.url, "/_secrets", { method: "DELETE" });
  service.forgetRequests();
});

afterAll(() => service[Symbol.asyncDispose]());

const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;

async function requestToken(
  secret = "offline-client-secret",
  form = "grant_type=client_credentials&scope=reports.read",
) {
  const headers = {
    authorization: basic("podgate", secret),
    "content-type": "application/x-www-form-urlencoded",
  };
  return call(service.url, new URL(service.tokenUrl).pathname, { method: "POST", headers, body: form });
}

async function accessToken(): Promise<string> {
  const { access_token: token } = await json(requestToken());
  return String(token);
}

describe("a part of the service that asks for a credential", () => {
  test.for<[string, string, Record<string, string | string[]>, number, string]>([
    ["the right key", "/header/a", { "X-Api-Key": "offline-header-key" }, 200, "right"],
    ["the right key under a name in lower case", "/header/a", { "x-api-key": "offline-header-key" }, 200, "right"],
    ["another key", "/header/a", { "X-Api-Key": "offline-header-kez" }, 401, "wrong"],
    ["a key that is longer", "/header/a", { "X-Api-Key": "offline-header-key2" }, 401, "wrong"],
    ["the right key twice", "/header/a", { "X-Api-Key": ["offline-header-key", "offline-header-key"] }, 401, "wrong"],
    ["the key of another part", "/header/a", { "X-Api-Key": "offline-basic-password" }, 401, "wrong"],
    ["no key", "/header", {}, 401, "missing"],
    ["user and password", "/basic/a", { Authorization: basic("podgate", "offline-basic-password") }, 200, "right"],
    ["another user", "/basic/a", { Authorization: basic("podgat", "offline-basic-password") }, 401, "wrong"],
    ["another password", "/basic/a", { Authorization: basic("podgate", "offline-basic-passwore") }, 401, "wrong"],
    ["the password in the clear", "/basic/a", { Authorization: "Bearer offline-basic-password" }, 401, "wrong"],
    ["no password", "/basic/a", {}, 401, "missing"],
    ["a token that nobody made", "/oauth2/a", { Authorization: "Bearer abc" }, 401, "wrong"],
    ["no token", "/oauth2/a", {}, 401, "missing"],
    ["nothing signed", "/sigv4/a", {}, 403, "missing"],
    ["nothing, where nothing is asked", "/echo/a", {}, 200, "not asked"],
    ["nothing, at a path that only begins alike", "/headers", {}, 200, "not asked"],
  ])("%s at %s", async ([, path, headers, status, credential]) => {
    expect((await call(service.url, path, { headers })).status).toBe(status);
    expect(service.requests.map((each) => each.credential)).toEqual([credential]);
  });

  test("a refusal says by which scheme it asks", async () => {
    expect((await call(service.url, "/basic")).headers["www-authenticate"]).toBe('Basic realm="sample"');
    expect((await call(service.url, "/oauth2")).headers["www-authenticate"]).toBe("Bearer");
  });

  test("a changed secret is right from then on, the old one is wrong", async () => {
    const put = { method: "PUT", body: JSON.stringify({ header: "rotated" }) };
    expect(await json(call(service.url, "/_secrets", put))).toEqual({ changed: ["header"] });
    const statusOf = async (key: string) =>
      (await call(service.url, "/header", { headers: { "x-api-key": key } })).status;
    expect(await statusOf("offline-header-key")).toBe(401);
    expect(await statusOf("rotated")).toBe(200);
  });
});

describe("the token server", () => {
  test("a client with its secret gets a token that the resource takes", async () => {
    const answer = await requestToken();
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({
      access_token: expect.stringMatching(/^[\w-]{20,}$/),
      expires_in: 60,
      scope: "reports.read",
      token_type: "Bearer",
    });
    const headers = { authorization: `Bearer ${await accessToken()}` };
    expect(await json(call(service.url, "/oauth2/x", { headers }))).toMatchObject({ credential: "right" });
  });

  test.for<[string, string, string, number, string]>([
    ["another secret", "offline-client-secres", "grant_type=client_credentials", 401, "invalid_client"],
    [
      "a scope that the client has not",
      "offline-client-secret",
      "grant_type=client_credentials&scope=reports.write",
      400,
      "invalid_scope",
    ],
    [
      "another grant",
      "offline-client-secret",
      "grant_type=password&username=a&password=b",
      400,
      "unsupported_grant_type",
    ],
  ])("%s is refused", async ([, secret, form, status, error]) => {
    const answer = await requestToken(secret, form);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ error });
  });

  test.for<[string, number, number]>([
    ["one second before its end", 59, 200],
    ["at its end", 60, 401],
  ])("a token %s", async ([, age, status]) => {
    const headers = { authorization: `Bearer ${await accessToken()}` };
    now = NOW + age;
    expect((await call(service.url, "/oauth2", { headers })).status).toBe(status);
  });

  test("revoked tokens are refused, and a new one is taken", async () => {
    const headers = { authorization: `Bearer ${await accessToken()}` };
    await call(service.url, "/_tokens", { method: "DELETE" });
    expect((await call(service.url, "/oauth2", { headers })).status).toBe(401);
    const fresh = { authorization: `Bearer ${await accessToken()}` };
    expect((await call(service.url, "/oauth2", { headers: fresh })).status).toBe(200);
  });

  test("with a changed client secret the old one is refused, and tokens given out stay good", async () => {
    const headers = { authorization: `Bearer ${await accessToken()}` };
    service.changeSecret("oauth2", "rotated");
    expect((await requestToken()).status).toBe(401);
    expect((await requestToken("rotated")).status).toBe(200);
    expect((await call(service.url, "/oauth2", { headers })).status).toBe(200);
  });
});

test("nothing that is shown or answered holds a credential, right or wrong", async () => {
  const token = await accessToken();
  const credentials = [
    ["/header", { "x-api-key": "offline-header-key" }],
    ["/header", { "x-api-key": "wrong-canary" }],
    ["/basic", { authorization: basic("podgate", "offline-basic-password") }],
    ["/basic", { authorization: basic("wrong-canary", "x") }],
    ["/oauth2", { authorization: `Bearer ${token}` }],
    ["/oauth2", { authorization: "Bearer wrong-canary" }],
    ["/echo", { "x-other": "has offline-header-key inside", cookie: "wrong-canary" }],
    ["/sigv4", { "x-amz-security-token": "wrong-canary" }],
  ] as const;
  const answers = await Promise.all(credentials.map(([path, headers]) => call(service.url, path, { headers })));
  const log = await call(service.url, "/_requests");
  const told = [...answers, log].map(({ body, rawHeaders }) => `${rawHeaders}${body}`).join("\n");
  expect(JSON.parse(log.body.toString())).toHaveLength(credentials.length + 1);
  const encoded = [basic("podgate", "offline-basic-password"), basic("wrong-canary", "x")].map((text) => text.slice(6));
  for (const secret of [token, "offline-header-key", "wrong-canary", ...encoded]) expect(told).not.toContain(secret);
});
