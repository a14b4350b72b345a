import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ForwardFailureCode, REFUSALS } from "../../lib/errors.ts";
import { PUBLIC_CODES, PUBLIC_PROBLEMS } from "../../lib/gateway/problem.ts";
import { DEMO_SECRETS } from "../../offline/sample/secrets.ts";
import { arnOf, restTokenEvent } from "../support/authorizer-events.ts";
import type { ContextValues } from "../support/built-function.ts";
import { startHttpsServer, startTcpServer } from "../support/faulty-server.ts";
import { httpApi2Event } from "../support/http-events.ts";
import { expectNoTokenText, gatewayStatus } from "../support/verdict.ts";
import type { ForwardCall } from "./forward-events.ts";
import { type Asked, type ForwardWorld, problemOf, ROLE, sampleServices, startForwardWorld } from "./forward-world.ts";

let all: ForwardWorld;
/** Codes that a case of this file has ended in. */
const seen = new Set<ForwardFailureCode>();

beforeAll(async () => {
  all = await startForwardWorld();
});
beforeEach(() => {
  all.service.fault();
  all.world.store.fault();
});
afterAll(() => all[Symbol.asyncDispose]());

/** The gateway's own answer, in fixed words, and one line that says more. */
function expectFailure(asked: Asked, code: ForwardFailureCode): void {
  seen.add(code);
  const publicCode = PUBLIC_CODES[code];
  const { status, title } = PUBLIC_PROBLEMS[publicCode];
  expect(asked.called).toMatchObject({ outcome: "failed", level: "error", code, detail: expect.any(String) });
  expect(asked.statusCode).toBe(status);
  expect(problemOf(asked)).toEqual({ type: `urn:podgate:problem:${publicCode}`, title, status, code: publicCode });
  expect(asked.body.length).toBeLessThanOrEqual(256);
  expect(asked.headers).toMatchObject({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "podgate-error": publicCode,
  });
  expectNoTokenText(all.authorization, asked.result, all.forward);
}

/** What went wrong leaves nothing behind: the next request, of the same environment, is answered. */
async function expectUnaffected(): Promise<void> {
  expect(await all.ask({ path: "/next" })).toMatchObject({ statusCode: 200, received: [{ path: "/echo/next" }] });
}

/** Asks for a service that was just registered. */
async function askNew(
  document: object,
  call: ForwardCall = { path: "/a" },
  secrets: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  return all.ask({ ...call, service: all.addService(document, secrets) });
}

const NO_CREDENTIAL = { type: "none" };

interface FailureCase {
  readonly code: ForwardFailureCode;
  readonly when: string;
  readonly call: ForwardCall;
  /** What reaches the service. @default 0 */
  readonly sent?: number;
  readonly remainingMs?: number;
}

/** With 900 ms left a call has 400. */
const SOON = 900;

const WARM_CASES: readonly FailureCase[] = [
  { code: "SERVICE_TIMEOUT", when: "the service hangs", call: { path: "/answer/hang" }, sent: 1, remainingMs: SOON },
  {
    code: "SERVICE_TIMEOUT",
    when: "the service answers byte by byte, for ever",
    call: { path: "/answer/drip/100000/20" },
    sent: 1,
    remainingMs: SOON,
  },
  { code: "SERVICE_TIMEOUT", when: "no time is left for a call", call: { path: "/a" }, remainingMs: 500 },
  { code: "SERVICE_ANSWER_BROKEN", when: "the service resets", call: { path: "/answer/reset" }, sent: 1 },
  { code: "SERVICE_ANSWER_BROKEN", when: "the answer is cut off", call: { path: "/answer/cut" }, sent: 1 },
  { code: "SERVICE_ANSWER_BROKEN", when: "the answer is no HTTP", call: { path: "/answer/garbage" }, sent: 1 },
  {
    code: "SERVICE_ANSWER_TOO_LARGE",
    when: "a header of the answer has 20 KB",
    call: { path: "/answer/huge-header/20000" },
    sent: 1,
  },
  {
    code: "SERVICE_ANSWER_TOO_LARGE",
    when: "the body of the answer has 100 MB",
    call: { path: "/answer/bytes/104857600" },
    sent: 1,
  },
  {
    code: "REQUEST_TOO_LARGE",
    when: "the body has more than 4.5 MB",
    call: { method: "POST", path: "/a", body: Buffer.alloc(4_500_001) },
  },
  { code: "REQUEST_MALFORMED", when: "the method asks for a tunnel", call: { method: "CONNECT", path: "/a" } },
  { code: "REQUEST_MALFORMED", when: "the query holds a line end", call: { path: "/a", query: "a=\r\nb" } },
  { code: "REQUEST_MALFORMED", when: "a value holds CR and LF", call: { headers: [["X-A", "a\r\nX-Api-Key: b"]] } },
  { code: "REQUEST_MALFORMED", when: "a value holds NUL", call: { headers: [["X-A", "a\0"]] } },
  { code: "REQUEST_MALFORMED", when: "a value is no Latin-1", call: { headers: [["X-A", "\u{1f680}"]] } },
  { code: "REQUEST_MALFORMED", when: "a name holds a space", call: { headers: [["X A", "a"]] } },
  { code: "REQUEST_MALFORMED", when: "a name holds a line end", call: { headers: [["X-A: b\r\nX-B", "a"]] } },
];

describe("a call that was allowed and fails", () => {
  test.for(WARM_CASES)("$code: $when", async ({ code, call, sent = 0, remainingMs = 10_000 }) => {
    const before = performance.now();
    const asked = await all.ask(call, { context: { remainingMs } });
    expect(performance.now() - before).toBeLessThan(remainingMs);
    expectFailure(asked, code);
    expect(asked.called?.service).toBe("echo");
    expect(asked.received).toHaveLength(sent);
    await expectUnaffected();
  });

  test("SERVICE_TIMEOUT: the service hangs for longer than its timeoutSeconds, though more is left", async () => {
    const { echo } = sampleServices(all.service);
    const asked = await askNew({ ...echo, timeoutSeconds: 1 }, { path: "/answer/hang" });
    expectFailure(asked, "SERVICE_TIMEOUT");
    expect(asked.called?.detail).toContain("within 1 s");
  });

  test("SERVICE_UNREACHABLE: nothing listens", async () => {
    const server = await startTcpServer(() => {});
    await server[Symbol.asyncDispose]();
    const url = `http://127.0.0.1:${server.port}`;
    expectFailure(await askNew({ url, credential: NO_CREDENTIAL }), "SERVICE_UNREACHABLE");
  });

  test("SERVICE_TLS_FAILED: nobody vouches for the certificate, and nothing is sent", async () => {
    let requests = 0;
    await using server = await startHttpsServer((_, response) => {
      requests += 1;
      response.end();
    });
    const asked = await askNew({ url: `https://localhost:${server.port}`, credential: NO_CREDENTIAL });
    expectFailure(asked, "SERVICE_TLS_FAILED");
    expect({ requests, connections: server.connections }).toEqual({ requests: 0, connections: 1 });
  });

  test.for([
    { where: "the metadata service", url: "http://169.254.169.254" },
    { where: "the metadata service over TLS", url: "https://169.254.169.254" },
    { where: "the metadata service by IPv6", url: "https://[fd00:ec2::254]" },
    { where: "the metadata service, mapped", url: "https://[::ffff:a9fe:a9fe]" },
    { where: "the metadata service on a private network", url: "https://169.254.169.254", network: "private" },
    { where: "the pod identity agent on a private network", url: "https://169.254.170.23", network: "private" },
    { where: "a private host", url: "https://10.0.0.1" },
    { where: "a private host by IPv6", url: "https://[fd12:3456::1]" },
    { where: "carrier-grade NAT", url: "https://100.64.0.1" },
    { where: "plain http", url: "http://192.0.2.1" },
  ])("SERVICE_ADDRESS_REFUSED: the service document leads to $where ($url)", async ({ where: _, ...target }) => {
    const asked = await askNew({ ...target, credential: NO_CREDENTIAL });
    expectFailure(asked, "SERVICE_ADDRESS_REFUSED");
    expect(asked.called?.detail).toContain(new URL(target.url).host);
  });

  test("SERVICE_ADDRESS_REFUSED: the same for a token endpoint, as CREDENTIAL_FAILED", async () => {
    const { oauth2 } = sampleServices(all.service);
    const credential = { ...oauth2.credential, tokenURL: "http://169.254.169.254/token", secret: "key" };
    const asked = await askNew({ ...oauth2, credential }, { path: "/a" }, { key: "anything" });
    expectFailure(asked, "CREDENTIAL_FAILED");
    expect(asked.called?.detail).toBe("no token from the token endpoint 169.254.169.254: SERVICE_ADDRESS_REFUSED");
    expect(asked.received).toEqual([]);
  });

  test.for([
    { secret: "../basic/password" },
    { secret: "/podgate/test/secrets/basic/password" },
    { secret: "basic/password" },
    { secret: ".." },
    { secret: "password:1" },
  ])(
    "a document that names another service's secret as $secret is unreadable: 503, one line, nothing read or sent",
    async ({ secret }) => {
      const { basic } = sampleServices(all.service);
      all.world.store.forgetCalls();
      const { audit, statusCode, called, received, headers } = await askNew({
        ...basic,
        credential: { ...basic.credential, secret },
      });
      expect({ statusCode, called, received }).toEqual({ statusCode: 503, called: undefined, received: [] });
      expect(headers["podgate-error"]).toBe("UNAVAILABLE");
      expect(audit).toMatchObject({
        outcome: "error",
        code: "DOCUMENT_INVALID",
        detail: expect.stringMatching(/parameter \/podgate\/test\/services\/test-\d+ .*credential\.secret/),
      });
      expect(all.world.store.calls.map(({ operation }) => operation)).not.toContain("GetParameter");
    },
  );
});

describe("a credential that cannot be had: 502, and no call is made (R15)", () => {
  const askBasic = (secrets: Readonly<Record<string, string>> = { password: DEMO_SECRETS.basic }) =>
    askNew(sampleServices(all.service).basic, { path: "/a" }, secrets);

  test("SECRET_UNAVAILABLE: KMS refuses the key; authorizing goes on, and so do calls when it is over", async () => {
    const [authorizer, whoami] = await Promise.all([all.world.start("authorizer"), all.world.start("whoami")]);
    all.world.store.fault({ kind: "kms-invalid-key" });
    const asked = await askBasic();
    expectFailure(asked, "SECRET_UNAVAILABLE");
    expect(asked.received).toEqual([]);
    const forOrders = { authorization: `Bearer ${await all.world.mint("staging")}`, path: "/v2/orders" };
    expect(gatewayStatus(await authorizer.call(restTokenEvent(forOrders)), arnOf(forOrders))).toBe(200);
    expect((await whoami.call(httpApi2Event({ authorization: all.authorization }))).answer).toMatchObject({
      statusCode: 200,
    });
    await expectUnaffected();

    all.world.store.fault();
    const again = await all.ask({ service: asked.called?.service ?? "", path: "/a" });
    expect(again).toMatchObject({ statusCode: 200, received: [{ credential: "right" }] });
  });

  test.for([
    { when: "the role may not read it", fault: { kind: "access-denied", operation: "GetParameter" } },
    { when: "SSM throttles", fault: { kind: "throttle", operation: "GetParameter" } },
    { when: "SSM hangs", fault: { kind: "hang", operation: "GetParameter" } },
    { when: "SSM answers half a text", fault: { kind: "broken-json", operation: "GetParameter" } },
  ] as const)("SECRET_UNAVAILABLE: $when", async ({ fault }) => {
    all.world.store.fault(fault);
    const asked = await askBasic();
    expectFailure(asked, "SECRET_UNAVAILABLE");
    expect(asked.received).toEqual([]);
  });

  test("SECRET_UNAVAILABLE: it was never stored, though another service has one of this name", async () => {
    const asked = await askBasic({});
    expectFailure(asked, "SECRET_UNAVAILABLE");
    expect(asked.called?.detail).toMatch(/\/podgate\/test\/secrets\/test-\d+\/password/);
    expect(asked.received).toEqual([]);
  });

  test.for([
    { when: "is no line", value: "one\r\nX-Admin: 1" },
    { when: "holds NUL", value: "one\0" },
  ])("SECRET_UNAVAILABLE: it $when (S37)", async ({ value }) => {
    const { header } = sampleServices(all.service);
    const asked = await askNew(header, { path: "/a" }, { key: value });
    expectFailure(asked, "SECRET_UNAVAILABLE");
    expect(asked.received).toEqual([]);
  });

  const askOAuth2 = (context: Partial<ContextValues> = {}) => {
    const service = all.addService(sampleServices(all.service).oauth2, { "client-secret": DEMO_SECRETS.oauth2 });
    return all.ask({ service, path: "/a" }, { context });
  };

  test.for(["status/500", "reset", "status/400", "redirect/302"])(
    "CREDENTIAL_FAILED: the token endpoint answers %s",
    async (fault) => {
      all.service.fault({ "/_oauth2": fault });
      const asked = await askOAuth2();
      expectFailure(asked, "CREDENTIAL_FAILED");
      expect(asked.received.map(({ path }) => path)).toEqual(["/_oauth2/token"]);
      all.service.fault();
      expect((await all.ask({ service: asked.called?.service ?? "", path: "/a" })).statusCode).toBe(200);
    },
  );

  test("CREDENTIAL_FAILED: the token endpoint hangs and the function has little time", async () => {
    all.service.fault({ "/_oauth2": "hang" });
    const asked = await askOAuth2({ remainingMs: 1500 });
    expectFailure(asked, "CREDENTIAL_FAILED");
    expect(asked.called?.detail).toBe("the credential came too late");
  });

  test("CREDENTIAL_FAILED: the role does not trust the function", async () => {
    const { sigv4 } = sampleServices(all.service);
    const roleArn = ROLE.replace("podgate-", "other-");
    const asked = await askNew({ ...sigv4, credential: { ...sigv4.credential, roleArn } });
    expectFailure(asked, "CREDENTIAL_FAILED");
    expect(asked.called?.detail).toContain(roleArn);
    expect(asked.received.map(({ path }) => path)).toEqual(["/_sts/"]);
  });
});

test("every failure there is has been reached", () => {
  const codes = Object.entries(PUBLIC_CODES)
    .filter(([code, publicCode]) => !(code in REFUSALS) && publicCode !== "UNAVAILABLE")
    .map(([code]) => code);
  expect([...seen].sort()).toEqual(codes.sort());
});

test("nothing was written to stderr, and the function ends by itself", async () => {
  await all.forward.end();
  expect(all.forward.stderr).toBe("");
});
