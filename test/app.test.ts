import type { Context } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { type Adapters, createApp } from "../lib/app.ts";
import type { ReadParameters } from "../lib/aws/parameter-reader.ts";
import { ConfigError } from "../lib/config.ts";
import type { StoredDocument } from "../lib/document.ts";
import { GatewayError } from "../lib/errors.ts";
import { startClusters } from "../offline/cluster/clusters.ts";
import { issuerName } from "../offline/parameter-store/issuer-name.ts";
import { startParameterStore } from "../offline/parameter-store/parameter-store.ts";
import { pointSdkAt } from "./aws/store-and-reader.ts";
import { ManualClock } from "./support/manual-clock.ts";

const ENV = { PODGATE_PARAMETER_PREFIX: "/podgate/test", PODGATE_ALLOW_LOOPBACK_HTTP: "1" };
const ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/dev/GET/v1";

const lambda = {
  functionName: "authorizer",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:authorizer",
  getRemainingTimeInMillis: () => 6000,
} as Context;

function event(token?: string) {
  return {
    type: "REQUEST",
    methodArn: ARN,
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    requestContext: {},
  };
}

/** One registered cluster and one API, whose app answers `payments/checkout`. */
async function startRun() {
  const clock = new ManualClock();
  const clusters = await startClusters({ clusters: [{ name: "dev", algorithm: "ES256" }], clock: () => clock.now() });
  const cluster = clusters.cluster("dev");
  const documents = new Map<string, string>([
    [`issuers/${issuerName(cluster.issuer)}`, JSON.stringify({ url: cluster.issuer, cluster: "dev" })],
    ["apis/a1b2c3", JSON.stringify({ service: "orders", audiences: ["orders.example.com"] })],
    [
      "permissions/dev/payments/checkout",
      JSON.stringify({ allow: [{ service: "orders", methods: ["GET"], paths: ["/v1"] }] }),
    ],
  ]);
  const readParameters: ReadParameters = async (names) =>
    new Map(
      names.flatMap((name): [string, StoredDocument][] => {
        const text = documents.get(name.slice("/podgate/test/".length));
        return text === undefined ? [] : [[name, { name, version: 1, revision: "1", text }]];
      }),
    );
  const lines: string[] = [];
  const appWith = (adapters: Partial<Adapters> = {}) =>
    createApp(
      { needsAudiences: false, env: ENV },
      { clock, readParameters, writeLine: (line) => lines.push(line), ...adapters },
    );
  const mint = async (audience = "orders.example.com") =>
    (await cluster.mint({ namespace: "payments", serviceAccount: "checkout", audiences: [audience] })).token;
  return {
    clock,
    cluster,
    documents,
    lines,
    appWith,
    mint,
    records: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    [Symbol.asyncDispose]: () => clusters[Symbol.asyncDispose](),
  };
}

/** What Lambda can see of the error that a promise rejects with. */
async function thrownBy(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return {
      class: error.constructor,
      message: error.message,
      stack: error.stack,
      more: Reflect.ownKeys(error).filter((key) => key !== "message" && key !== "stack"),
    };
  }
  throw new Error("nothing was thrown");
}

describe("answers", () => {
  test("an allowed call, made with injected adapters alone, has a policy and a record", async () => {
    await using run = await startRun();
    const token = await run.mint();
    expect(await run.appWith().authorize(event(token), lambda)).toMatchObject({
      principalId: "dev/payments/checkout",
      policyDocument: { Statement: [{ Effect: "Allow" }] },
    });
    expect(run.records()).toMatchObject([
      { type: "decision", outcome: "allow", function: "authorizer", apiId: "a1b2c3" },
    ]);
  });

  test("a function whose ARN is another account's refuses the API as foreign", async () => {
    await using run = await startRun();
    const elsewhere = { ...lambda, invokedFunctionArn: "arn:aws:lambda:us-east-1:999999999999:function:authorizer" };
    expect(await run.appWith().authorize(event(await run.mint()), elsewhere)).toMatchObject({
      policyDocument: { Statement: [{ Effect: "Deny" }] },
    });
    expect(run.records()).toMatchObject([{ code: "API_FOREIGN" }]);
  });

  test("a function without an ARN, as offline, refuses an API that does not say its account and region", async () => {
    await using run = await startRun();
    await run.appWith().authorize(event(await run.mint()), { ...lambda, invokedFunctionArn: "offline" });
    expect(run.records()).toMatchObject([{ code: "API_FOREIGN" }]);
  });

  test("two apps share nothing: what one has read the other reads itself", async () => {
    await using run = await startRun();
    const token = await run.mint();
    await run.appWith().authorize(event(token), lambda);
    run.documents.clear();
    expect((await thrownBy(run.appWith().authorize(event(token), lambda))).message).toBe("Unauthorized");
  });

  test("the middleware of an app answers by the same verifier and permissions", async () => {
    await using run = await startRun();
    const app = run.appWith();
    const { before } = app.requirePodToken({ service: "orders", audiences: ["orders.example.com"] });
    const asked = async (path: string, token: string) => {
      const request = {
        event: {
          version: "2.0",
          routeKey: `GET ${path}`,
          headers: { authorization: `Bearer ${token}` },
          requestContext: { http: { method: "GET" } },
        },
        context: { ...lambda },
      };
      const answer: { statusCode?: number } | undefined = await before?.(
        request as unknown as Parameters<typeof before>[0],
      );
      return answer?.statusCode ?? "passed on";
    };
    const token = await run.mint();
    expect([await asked("/v1", token), await asked("/v2", token), await asked("/v1", "x")]).toEqual([
      "passed on",
      403,
      401,
    ]);
  });
});

describe("what is thrown has a fixed message, no stack and nothing more", () => {
  test.for([
    { what: "no token", token: undefined },
    { what: "something that is no token", token: "x" },
    { what: "a token for another audience", token: "other.example.com" },
  ])("$what: exactly Unauthorized", async ({ what, token }) => {
    await using run = await startRun();
    const sent = what.includes("audience") ? await run.mint(token) : token;
    expect(await thrownBy(run.appWith().authorize(event(sent), lambda))).toEqual({
      class: Error,
      message: "Unauthorized",
      stack: "Error: Unauthorized",
      more: [],
    });
  });

  const failures: readonly { fault: string; error: Error; code: string }[] = [
    {
      fault: "the store out of reach",
      error: new GatewayError("PARAMETERS_UNAVAILABLE", "canary-4711"),
      code: "PARAMETERS_UNAVAILABLE",
    },
    { fault: "a defect", error: new TypeError("canary-4711"), code: "INTERNAL" },
  ];
  test.for(failures)("$fault: its code", async ({ error, code }) => {
    await using run = await startRun();
    const app = run.appWith({ readParameters: () => Promise.reject(error) });
    const thrown = await thrownBy(app.authorize(event(await run.mint()), lambda));
    expect(thrown).toEqual({ class: Error, message: code, stack: `Error: ${code}`, more: [] });
    expect(run.records()).toMatchObject([{ outcome: "error", code }]);
  });

  test("a document that cannot be read: its code", async () => {
    await using run = await startRun();
    run.documents.set("permissions/_all", '{"alow":[]}');
    expect((await thrownBy(run.appWith().authorize(event(await run.mint()), lambda))).message).toBe("DOCUMENT_INVALID");
  });

  test.for([{ event: undefined }, { event: {} }, { event: { type: "REQUEST", methodArn: "x" } }])(
    "an event of nobody: EVENT_UNREADABLE",
    async ({ event: unknown }) => {
      await using run = await startRun();
      expect((await thrownBy(run.appWith().authorize(unknown, lambda))).message).toBe("EVENT_UNREADABLE");
    },
  );

  test("a context that is not Lambda's: INTERNAL", async () => {
    await using run = await startRun();
    expect(await thrownBy(run.appWith().authorize(event(), {} as Context))).toMatchObject({
      message: "INTERNAL",
      stack: "Error: INTERNAL",
    });
  });

  test("a store that never answers: DEADLINE_EXCEEDED when the function's time is nearly over", async () => {
    await using run = await startRun();
    const app = run.appWith({ readParameters: () => new Promise(() => {}) });
    const thrown = thrownBy(
      app.authorize(event(await run.mint()), { ...lambda, getRemainingTimeInMillis: () => 1200 }),
    );
    await expect.poll(() => run.clock.waiting, { interval: 1 }).toBeGreaterThan(0);
    run.clock.advance(1);
    expect((await thrown).message).toBe("DEADLINE_EXCEEDED");
  });

  test("no line of log holds the token or a part of it", async () => {
    await using run = await startRun();
    const token = await run.mint();
    const app = run.appWith();
    await app.authorize(event(token), lambda);
    await thrownBy(app.authorize({ ...event(token), methodArn: `${ARN}/${token}`, headers: {} }, lambda));
    await app.authorize({ ...event(token), methodArn: `${ARN}/${token}` }, lambda);
    expect(run.lines).toHaveLength(3);
    for (const part of token.split(".")) expect(run.lines.join()).not.toContain(part);
  });
});

describe("settings", () => {
  test("are those that were given; the process's own are not looked at", () => {
    const before = process.env["PODGATE_PARAMETER_PREFIX"];
    process.env["PODGATE_PARAMETER_PREFIX"] = "wrong";
    try {
      expect(createApp({ needsAudiences: false, env: ENV }).config.parameterPrefix).toBe("/podgate/test");
      expect(() => createApp({ needsAudiences: false })).toThrow(ConfigError);
    } finally {
      if (before === undefined) delete process.env["PODGATE_PARAMETER_PREFIX"];
      else process.env["PODGATE_PARAMETER_PREFIX"] = before;
    }
  });

  test("that are wrong stop the start, audiences only where they are needed", () => {
    expect(() => createApp({ needsAudiences: true, env: ENV })).toThrow("PODGATE_AUDIENCES is missing");
    expect(createApp({ needsAudiences: false, env: ENV }).config.audiences).toEqual([]);
  });

  test("the log level is theirs, and an audit record is written at any", async () => {
    await using run = await startRun();
    const app = createApp(
      { needsAudiences: false, env: { ...ENV, PODGATE_LOG_LEVEL: "error" } },
      { writeLine: (line) => run.lines.push(line) },
    );
    await thrownBy(app.authorize(event(), lambda));
    expect(run.records()).toMatchObject([{ code: "TOKEN_MISSING" }]);
  });
});

test("with nothing injected the real parts work: the SDK, the issuer over http, the system's clock, standard output", async () => {
  await using clusters = await startClusters({ clusters: [{ name: "dev", algorithm: "ES256" }] });
  await using store = await startParameterStore();
  const cluster = clusters.cluster("dev");
  store.put(`/podgate/test/issuers/${issuerName(cluster.issuer)}`, { url: cluster.issuer, cluster: "dev" });
  store.put("/podgate/test/apis/a1b2c3", { service: "orders", audiences: ["orders.example.com"] });
  store.put("/podgate/test/permissions/_all", { allow: [{ service: "orders", methods: ["*"], paths: ["*"] }] });
  pointSdkAt(store.url);
  const { token } = await cluster.mint({
    namespace: "payments",
    serviceAccount: "checkout",
    audiences: ["orders.example.com"],
  });

  const app = createApp({ needsAudiences: false, env: ENV });
  expect(await app.authorize(event(token), lambda)).toMatchObject({
    policyDocument: { Statement: [{ Effect: "Allow" }] },
  });
  expect(cluster.calls).toMatchObject({ discovery: 1, keys: 1 });
  expect(store.calls.map(({ operation }) => operation)).toEqual(["GetParameters", "GetParameters"]);
  await app.authorize(event(token), lambda);
  expect(store.calls).toHaveLength(2);
});
