import type { Context } from "aws-lambda";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createForward } from "../../lib/app.ts";
import { createSsm } from "../../lib/aws/ssm.ts";
import { createSsmReader } from "../../lib/aws/ssm-parameters.ts";
import type { CallLimits, CallService } from "../../lib/service/outgoing.ts";
import { startSampleService } from "../../offline/sample/service.ts";
import { lambdaContext, PREFIX, type StartedGateway, startGateway, until } from "./started-gateway.ts";

const GATEWAY = "https://gateway.example.com";

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** `forward` in this process, with the parts it has in Lambda and a clock that stands until a test moves it. */
async function startForward(callService?: CallService) {
  await using starting = new AsyncDisposableStack();
  const gateway = starting.use(await startGateway());
  const service = starting.use(await startSampleService({ clock: () => gateway.clock.now() }));
  const running = starting.move();
  const lines: Record<string, unknown>[] = [];
  let held = Promise.resolve();
  const read = createSsmReader(createSsm(process.env).call);
  const { forward } = createForward(
    {
      needsAudiences: true,
      env: { PODGATE_PARAMETER_PREFIX: PREFIX, PODGATE_AUDIENCES: GATEWAY, PODGATE_ALLOW_LOOPBACK_HTTP: "1" },
    },
    {
      clock: gateway.clock,
      writeLine: (line) => void lines.push(JSON.parse(line)),
      readParameters: (names) => held.then(() => read(names)),
      ...(callService === undefined ? {} : { callService }),
    },
  );
  const putKey = (value: string) => {
    gateway.store.put(`${PREFIX}/secrets/api/key`, value, { type: "SecureString" });
  };
  gateway.put("services/api", {
    url: `${service.url}/header`,
    credential: { type: "header", name: "X-Api-Key", value: "{secret}", secret: "key" },
    timeoutSeconds: 25,
  });
  gateway.put("permissions/dev/payments/billing", {
    allow: [{ service: "api", methods: ["*"], paths: ["*"] }],
  });
  putKey("offline-header-key");
  const authorization = await gateway.bearer(GATEWAY);
  const ask = async (members: object = {}, context: Partial<Context> = {}): Promise<Answer> => {
    const event = {
      version: "2.0",
      routeKey: "ANY /services/{service}/{path+}",
      rawPath: "/services/api/a",
      rawQueryString: "",
      pathParameters: { service: "api", path: "a" },
      headers: { authorization },
      requestContext: { apiId: "gateway", stage: "$default", http: { method: "GET", path: "/services/api/a" } },
      ...members,
    };
    return (await forward(event, lambdaContext(context))) as Answer;
  };
  return {
    gateway,
    service,
    lines,
    ask,
    rotate: (secret: string) => {
      service.changeSecret("header", secret);
      putKey(secret);
    },
    /** Reads of documents end in this error. */
    failReads: (error: Error) => {
      held = Promise.reject(error);
      held.catch(() => undefined);
    },
    /** Reads of documents wait until the returned function is called. */
    holdReads: () => {
      const gate = Promise.withResolvers<void>();
      held = gate.promise;
      return gate.resolve;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

let run: Awaited<ReturnType<typeof startForward>>;
let gateway: StartedGateway;

beforeEach(async () => {
  run = await startForward();
  gateway = run.gateway;
});
afterEach(() => run[Symbol.asyncDispose]());

/** What is left of the function's time. */
const leaving = (seconds: number) => ({ getRemainingTimeInMillis: () => seconds * 1000 });

test("an allowed call is one decision record and one of the call, with one id", async () => {
  const { statusCode, headers } = await run.ask();
  expect(statusCode).toBe(200);
  const id = headers["Podgate-Decision"];
  expect(run.lines).toEqual([
    expect.objectContaining({ type: "decision", outcome: "allow", decisionId: id, Decisions: 1 }),
    {
      type: "call",
      decisionId: id,
      time: expect.stringMatching(/Z$/),
      durationMs: 0,
      function: "podgate-authorizer",
      apiId: "gateway",
      stage: "$default",
      outcome: "answered",
      service: "api",
      status: 200,
      prefix: "/podgate/test",
      _aws: expect.objectContaining({ CloudWatchMetrics: [expect.objectContaining({ Namespace: "podgate" })] }),
      ServiceCalls: 1,
    },
  ]);
});

test("a failed call says which service and why", async () => {
  run.service.fault({ "/header": "reset" });
  const { headers } = await run.ask();
  expect(headers["Podgate-Error"]).toBe("SERVICE_ANSWER_INVALID");
  expect(run.lines.at(-1)).toMatchObject({
    type: "call",
    decisionId: headers["Podgate-Decision"],
    level: "error",
    outcome: "failed",
    service: "api",
    code: "SERVICE_ANSWER_BROKEN",
    detail: expect.stringContaining(new URL(run.service.url).host),
  });
});

describe("a secret that the service refuses is read again, at most once in 30 s (R21)", () => {
  test.for([
    { after: 29.9, status: 401, reads: 0 },
    { after: 30, status: 200, reads: 1 },
  ])("$after s after the last time the answer is $status", async ({ after, status, reads }) => {
    await run.ask();
    run.rotate("rotated-1");
    expect((await run.ask()).statusCode).toBe(200);
    run.rotate("rotated-2");
    gateway.clock.advance(after);
    gateway.store.forgetCalls();
    expect((await run.ask()).statusCode).toBe(status);
    expect(gateway.store.calls.filter(({ operation }) => operation === "GetParameter")).toHaveLength(reads);
  });
});

test("two calls with one token that were refused together are each worth repeating (R21)", async () => {
  const firstMayEnd = Promise.withResolvers<void>();
  const sent: string[] = [];
  await using both: Awaited<ReturnType<typeof startForward>> = await startForward(async ({ url, headers }) => {
    const path = new URL(url).pathname;
    const key = new Map(headers).get("x-api-key") ?? "";
    sent.push(`${path} ${key}`);
    if (path.endsWith("/first") && key === "offline-header-key") await firstMayEnd.promise;
    const isRefused = key !== "rotated" && !path.endsWith("/warm");
    return { status: isRefused ? 401 : 200, headers: [], body: Buffer.alloc(0) };
  });
  const askFor = (path: string) => both.ask({ pathParameters: { service: "api", path } });
  // A token that came again is one caller to the verifier.
  for (const path of ["warm", "warm", "warm"]) await askFor(path);
  both.rotate("rotated");
  const first = askFor("first");
  await until(() => sent.length === 4);
  expect((await askFor("second")).statusCode).toBe(200);
  firstMayEnd.resolve();
  expect((await first).statusCode).toBe(200);
  expect(sent.slice(3)).toEqual([
    "/header/first offline-header-key",
    "/header/second offline-header-key",
    "/header/second rotated",
    "/header/first rotated",
  ]);
});

describe("a secret is kept in memory for 300 s at most (S42)", () => {
  test.for([
    { after: 299.9, reads: 0 },
    { after: 300, reads: 1 },
  ])("after $after s it is read $reads times", async ({ after, reads }) => {
    await run.ask();
    gateway.clock.advance(after);
    gateway.store.forgetCalls();
    expect((await run.ask()).statusCode).toBe(200);
    expect(gateway.store.calls.filter(({ operation }) => operation === "GetParameter")).toHaveLength(reads);
  });
});

describe("time (R18)", () => {
  test("a decision that is not there in time is 503, and no call is made", async () => {
    const release = run.holdReads();
    const asking = run.ask({}, leaving(3));
    await until(() => gateway.clock.waiting > 0);
    gateway.clock.advance(2.8);
    const { statusCode, headers } = await asking;
    expect({ statusCode, code: headers["Podgate-Error"] }).toEqual({ statusCode: 503, code: "UNAVAILABLE" });
    release();
    expect(run.lines).toMatchObject([{ type: "decision", outcome: "error", code: "DEADLINE_EXCEEDED" }]);
    expect(run.service.requests).toEqual([]);
  });

  test.for([
    { left: 29, lateAt: 5 },
    { left: 4, lateAt: 3.5 },
  ])(
    "with $left s left, a credential that is not there after $lateAt s is CREDENTIAL_FAILED",
    async ({ left, lateAt }) => {
      gateway.store.fault({ kind: "delay", delayMilliseconds: 300, operation: "GetParameter" });
      const asking = run.ask({}, leaving(left));
      await until(() => gateway.store.calls.some(({ operation }) => operation === "GetParameter"));
      let answered = false;
      const settled = asking.then((answer) => {
        answered = true;
        return answer;
      });
      gateway.clock.advance(lateAt - 0.01);
      await new Promise((resolve) => setImmediate(resolve));
      expect(answered).toBe(false);
      gateway.clock.advance(0.01);
      expect((await settled).headers["Podgate-Error"]).toBe("CREDENTIAL_UNAVAILABLE");
      expect(run.lines.at(-1)).toMatchObject({ code: "CREDENTIAL_FAILED", detail: "the credential came too late" });
      expect(run.service.requests).toEqual([]);
    },
  );

  test("a call for which half a second is left is not made", async () => {
    await run.ask();
    run.service.forgetRequests();
    const { statusCode, headers } = await run.ask({}, leaving(0.5));
    expect({ statusCode, code: headers["Podgate-Error"] }).toEqual({ statusCode: 504, code: "SERVICE_TIMEOUT" });
    expect(run.service.requests).toEqual([]);
  });

  test("a new secret that comes too late leaves the service's own 401", async () => {
    await run.ask();
    run.rotate("rotated");
    gateway.store.fault({ kind: "delay", delayMilliseconds: 300, operation: "GetParameter" });
    gateway.store.forgetCalls();
    const asking = run.ask({}, leaving(10));
    await until(() => gateway.store.calls.length > 0);
    gateway.clock.advance(9.5);
    const { statusCode, headers } = await asking;
    expect(statusCode).toBe(401);
    expect(headers).not.toHaveProperty("Podgate-Error");
  });
});

describe("an event that forward cannot read", () => {
  test.for([{ event: "no method", members: { requestContext: {} } }])(
    "$event: 503, and one line that says so",
    async ({ members }) => {
      const { statusCode, headers } = await run.ask(members);
      expect({ statusCode, code: headers["Podgate-Error"] }).toEqual({ statusCode: 503, code: "UNAVAILABLE" });
      expect(run.lines).toMatchObject([
        { outcome: "error", code: "EVENT_UNREADABLE", decisionId: headers["Podgate-Decision"] },
      ]);
    },
  );
});

test("a path that names no service is 401 without a token and 403 with one, never an error of ours", async () => {
  const elsewhere = { routeKey: "$default", rawPath: "/favicon.ico" };
  expect((await run.ask({ ...elsewhere, headers: {} })).statusCode).toBe(401);
  expect((await run.ask(elsewhere)).statusCode).toBe(403);
  expect(run.lines.map(({ code }) => code)).toEqual(["TOKEN_MISSING", "SERVICE_UNKNOWN"]);
});

test("`timeoutSeconds` is the time of the call and of its repetition together (R21)", async () => {
  const limits: CallLimits[] = [];
  await using slow: Awaited<ReturnType<typeof startForward>> = await startForward(async (_request, limit) => {
    limits.push(limit);
    slow.gateway.clock.advance(10);
    slow.rotate(`rotated-${limits.length}`);
    return { status: 401, headers: [], body: Buffer.alloc(0) };
  });
  expect((await slow.ask({}, leaving(60))).statusCode).toBe(401);
  expect(limits.map(({ totalSeconds }) => totalSeconds)).toEqual([25, 15]);
});

test("a defect of ours is 503 and one line, which tells nothing but its class", async () => {
  run.failReads(new TypeError("offline-header-key"));
  const { statusCode, headers, body } = await run.ask();
  expect({ statusCode, code: headers["Podgate-Error"] }).toEqual({ statusCode: 503, code: "UNAVAILABLE" });
  expect(run.lines).toMatchObject([{ outcome: "error", code: "INTERNAL", detail: "unexpected TypeError" }]);
  expect(JSON.stringify([body, headers, run.lines])).not.toContain("offline-header-key");
});

describe("what was asked for and cannot be sent", () => {
  test.for([
    { request: "a name that is no service's", members: { pathParameters: { service: "_all", path: "a" } } },
    { request: "a service without a document", members: { pathParameters: { service: "nobodys", path: "a" } } },
  ])("$request: 403, and no record of a call", async ({ members }) => {
    expect((await run.ask(members)).statusCode).toBe(403);
    expect(run.lines).toMatchObject([{ type: "decision", outcome: "refuse", code: "SERVICE_UNKNOWN" }]);
    expect(run.service.requests).toEqual([]);
  });

  test.for([
    { request: "a body over 4.5 MB", members: { body: "a".repeat(4_500_001) }, status: 413, code: "REQUEST_TOO_LARGE" },
    { request: "a query with a line end", members: { rawQueryString: "\n" }, status: 400, code: "REQUEST_MALFORMED" },
  ])("$request: $status, recorded as a call that was not made", async ({ members, status, code }) => {
    expect((await run.ask(members)).statusCode).toBe(status);
    expect(run.lines).toMatchObject([
      { type: "decision", outcome: "allow" },
      { type: "call", outcome: "failed", code, service: "api" },
    ]);
    expect(run.service.requests).toEqual([]);
  });
});

test("an ALB that takes several values gets a refusal in the map that it reads", async () => {
  const answer = await run.ask({
    version: undefined,
    requestContext: { elb: {} },
    httpMethod: "GET",
    path: "/services/api/a",
    multiValueHeaders: {},
  });
  expect(answer).toMatchObject({ statusCode: 401, multiValueHeaders: { "Podgate-Error": ["TOKEN_MISSING"] } });
  expect(answer).not.toHaveProperty("headers");
});
