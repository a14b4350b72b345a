import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { beforeEach, describe, expect, test } from "vitest";
import { ConfigError } from "../../lib/config.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { PodgateContext, RequirePodTokenOptions } from "../../lib/gateway/require-pod-token.ts";
import { sample, withAuthorization } from "./events.ts";
import { AUDIENCE, lambdaContext, type StartedGateway, startGateway, until } from "./started-gateway.ts";

let gateway: StartedGateway;

beforeEach(async () => {
  gateway = await startGateway();
  gateway.put("permissions/dev/payments/billing", {
    allow: [
      { service: "orders", methods: ["GET", "POST"], paths: ["/my/*", "/hello/*"] },
      { service: "orders", methods: ["GET"], paths: ["/nodejs-apig-function-*", "/lambda"] },
    ],
    deny: [{ service: "orders", methods: ["*"], paths: ["/hello/secret"] }],
  });
  return () => gateway[Symbol.asyncDispose]();
});

const OPTIONS: RequirePodTokenOptions = { service: "orders", audiences: [AUDIENCE] };
const OK = Object.freeze({ statusCode: 200, headers: Object.freeze({ "X-Own": "1" }), body: "" });

interface Answer {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly body: string;
}

type Handler = (event: unknown, context: PodgateContext) => Promise<unknown>;

/** Calls a function with the middleware through middy, as Lambda does. */
async function call(
  event: unknown,
  {
    handler = async () => OK,
    context = {},
    ...options
  }: { handler?: Handler; context?: Partial<Context> } & Partial<RequirePodTokenOptions> = {},
): Promise<Answer> {
  const run = middy()
    .use(gateway.app.requirePodToken({ ...OPTIONS, ...options }))
    .handler(handler);
  return (await run(event, lambdaContext(context) as PodgateContext)) as Answer;
}

function codes(): readonly unknown[] {
  return gateway.lines().flatMap(({ code }) => (code === undefined ? [] : [code]));
}

const SURFACES = [
  "proxy-http-2.0-default",
  "proxy-http-2.0-routed",
  "proxy-http-1.0",
  "proxy-rest",
  "proxy-function-url",
  "proxy-alb",
  "proxy-alb-multi-value",
];

describe("a handler is called for an allowed call only, whatever the surface", () => {
  test.for(SURFACES)("%s: allowed, and the handler knows who calls", async (file) => {
    let seen: PodgateContext["podgate"] | undefined;
    const handler: Handler = async (_event, { podgate }) => {
      seen = podgate;
      return OK;
    };
    const answer = await call(withAuthorization(sample(file), await gateway.bearer()), { handler });

    expect(answer.statusCode).toBe(200);
    expect(seen?.identity).toMatchObject({
      principal: "dev/payments/billing",
      pod: { name: "billing-0" },
      audience: AUDIENCE,
    });
    expect(seen?.decisionId).toBe(answer.headers?.["Podgate-Decision"]);
    expect(gateway.lines()).toMatchObject([{ code: "ALLOWED", decisionId: seen?.decisionId }]);
  });

  test.for(
    SURFACES.flatMap((file) => [
      { file, sent: "no token", status: 401, code: "TOKEN_MISSING", internal: "TOKEN_MISSING" },
      { file, sent: "a bad token", status: 401, code: "TOKEN_INVALID", internal: "TOKEN_MALFORMED" },
      {
        file,
        sent: "a token for another audience",
        status: 401,
        code: "TOKEN_AUDIENCE",
        internal: "TOKEN_AUDIENCE_MISMATCH",
      },
      { file, sent: "a token without permission", status: 403, code: "FORBIDDEN", internal: "ACCESS_NOT_ALLOWED" },
    ]),
  )("$file: $sent is $status", async ({ file, sent, status, code, internal }) => {
    const event = sample(file);
    const authorization =
      sent === "a bad token"
        ? "Bearer x.y.z"
        : await gateway.bearer(
            sent.endsWith("audience") ? "other" : AUDIENCE,
            sent.endsWith("permission") ? "other" : "billing",
          );
    const handler: Handler = async () => {
      throw new Error("the handler was called");
    };
    const answer = await call(sent === "no token" ? event : withAuthorization(event, authorization), { handler });

    expect(answer.statusCode).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ status, code });
    const inMulti = file === "proxy-alb-multi-value";
    expect(answer[inMulti ? "headers" : "multiValueHeaders"]).toBeUndefined();
    const headers = inMulti
      ? Object.fromEntries(Object.entries(answer.multiValueHeaders ?? {}).map(([name, [value]]) => [name, value]))
      : answer.headers;
    expect(headers).toMatchObject({ "WWW-Authenticate": expect.stringMatching(/^Bearer/) });
    expect(gateway.lines()).toMatchObject([{ code: internal, decisionId: headers?.["Podgate-Decision"] }]);
  });

  test("a deny is 403 by an encoded spelling of its path too (S30)", async () => {
    const event = withAuthorization(sample("proxy-rest"), await gateway.bearer());
    for (const proxy of [
      "hello/secret",
      "hello/%73ecret",
      "hello/%2e%2e/hello/secret",
      "hello//secret",
      "hello/%2573ecret",
    ]) {
      expect((await call({ ...event, pathParameters: { proxy } })).statusCode).toBe(403);
    }
    expect(codes()).toEqual(["ACCESS_DENIED", "ACCESS_DENIED", "PATH_AMBIGUOUS", "PATH_AMBIGUOUS", "PATH_AMBIGUOUS"]);
  });

  test("what a handler changes in the identity is not there in the next call, nor in its record", async () => {
    const event = withAuthorization(sample("proxy-rest"), await gateway.bearer());
    const seen: unknown[] = [];
    const handler: Handler = async (_event, { podgate }) => {
      const identity = podgate.identity as { namespace: string; pod?: { name: string } };
      seen.push(structuredClone(identity));
      identity.namespace = "kube-system";
      if (identity.pod) identity.pod.name = "another";
      return OK;
    };
    for (let again = 0; again < 4; again++) expect(await call(event, { handler })).toMatchObject({ statusCode: 200 });

    expect(new Set(seen.map((identity) => JSON.stringify(identity))).size).toBe(1);
    expect(new Set(gateway.lines().map(({ pod, principal }) => `${pod} ${principal}`)).size).toBe(1);
  });
});

describe("options", () => {
  test("service: false verifies and decides nothing", async () => {
    const event = withAuthorization(sample("proxy-rest"), await gateway.bearer(AUDIENCE, "other"));
    expect(await call(event, { service: false })).toMatchObject({ statusCode: 200 });
    expect(await call(sample("proxy-rest"), { service: false })).toMatchObject({ statusCode: 401 });
    expect(codes()).toEqual(["IDENTIFIED", "TOKEN_MISSING"]);
  });

  test.for([
    [["dev/payments/*"], 200],
    [["other/*/*", "dev/pay*/billing"], 200],
    [["dev/shipping/*"], 403],
    [["*/*/billing-2"], 403],
  ] as const)("principals %j: %d", async ([principals, status]) => {
    const event = withAuthorization(sample("proxy-rest"), await gateway.bearer());
    expect(await call(event, { principals })).toMatchObject({ statusCode: status });
    expect(codes()).toEqual([status === 200 ? "ALLOWED" : "PRINCIPAL_NOT_ADMITTED"]);
  });

  test.for([
    ["no service", { audiences: [AUDIENCE] }, "service is neither false nor a DNS-1123 label"],
    ["service true", { ...OPTIONS, service: true }, "service is neither false nor a DNS-1123 label"],
    ["every service", { ...OPTIONS, service: "*" }, "service is neither false nor a DNS-1123 label"],
    ["no audiences", { service: "orders" }, "audiences is no list"],
    ["an empty list of audiences", { ...OPTIONS, audiences: [] }, "audiences is no list"],
    ["an audience with a space", { ...OPTIONS, audiences: ["a", "b c"] }, "audiences is no list"],
    ["audiences as a text", { ...OPTIONS, audiences: AUDIENCE }, "audiences is no list"],
    ["an audience that is a number", { ...OPTIONS, audiences: [5] }, "audiences is no list"],
    ["an empty list of principals", { ...OPTIONS, principals: [] }, "principals is no list"],
    ["principals of two parts", { ...OPTIONS, principals: ["a/b"] }, "principals is no list"],
    ["principals as a text", { ...OPTIONS, principals: "a/b/c" }, "principals is no list"],
    ["a principal that is null", { ...OPTIONS, principals: [null] }, "principals is no list"],
    ["a misspelt bound", { ...OPTIONS, principal: ["a/b/c"] }, "principal is no option"],
  ])("%s is an error at start (S24)", ([, options, problem]) => {
    const make = () => gateway.app.requirePodToken(options as RequirePodTokenOptions);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(`requirePodToken: ${problem}`);
  });

  test("all problems are told at once", () => {
    const make = () => gateway.app.requirePodToken({} as RequirePodTokenOptions);
    expect(make).toThrow(/service.*audiences/);
  });
});

describe("no decision is 503, and the handler is not called", () => {
  const handler: Handler = async () => {
    throw new Error("the handler was called");
  };

  test("a document that cannot be read", async () => {
    gateway.put("permissions/_all", "{");
    const answer = await call(withAuthorization(sample("proxy-rest"), await gateway.bearer()), { handler });
    expect(answer.statusCode).toBe(503);
    expect(JSON.parse(answer.body).code).toBe("UNAVAILABLE");
    expect(answer.headers).not.toHaveProperty("WWW-Authenticate");
    expect(gateway.lines()).toMatchObject([
      { code: "DOCUMENT_INVALID", decisionId: answer.headers?.["Podgate-Decision"] },
    ]);
  });

  test.for([null, {}, { source: "aws.events" }])("an event of no HTTP surface: %j", async (event) => {
    expect((await call(event, { handler })).statusCode).toBe(503);
    expect(codes()).toEqual(["EVENT_UNREADABLE"]);
  });

  test("an error that nobody expected says nothing of itself", async () => {
    const getRemainingTimeInMillis = () => {
      throw new RangeError("something private");
    };
    const event = withAuthorization(sample("proxy-rest"), await gateway.bearer());
    const answer = await call(event, { handler, context: { getRemainingTimeInMillis } });
    expect(answer.statusCode).toBe(503);
    expect(codes()).toEqual(["INTERNAL"]);
    expect(JSON.stringify([answer, gateway.lines()])).not.toContain("private");
  });

  test.for([["orders"], [false]] as const)(
    "too late, with service %j: 503, and the late outcome is not on record",
    async ([service]) => {
      const release = gateway.holdReads();
      const answering = call(withAuthorization(sample("proxy-rest"), await gateway.bearer()), {
        handler,
        service,
        context: { getRemainingTimeInMillis: () => 3000 },
      });
      await until(() => gateway.clock.waiting > 0);
      gateway.clock.advance(2.81);
      expect((await answering).statusCode).toBe(503);
      release();
      await until(() => gateway.store.calls.length >= (service === false ? 1 : 2));
      let turns = 0;
      await until(() => ++turns > 100);
      expect(codes()).toEqual(["DEADLINE_EXCEEDED"]);
    },
  );
});

describe("the handler's answer", () => {
  const answered = async (response: unknown) => {
    const event = withAuthorization(sample("proxy-rest"), await gateway.bearer());
    const answer = await call(event, { handler: async () => response });
    return { answer, id: gateway.lines()[0]?.decisionId };
  };

  test("names the decision beside its own headers, and its object stays as it was", async () => {
    const { answer, id } = await answered(OK);
    expect(answer).toEqual({ ...OK, headers: { "X-Own": "1", "Podgate-Decision": id } });
    expect(OK.headers).toEqual({ "X-Own": "1" });
  });

  test.for([
    [{ statusCode: 204 }],
    [{ statusCode: 204, headers: undefined }],
    [{ statusCode: 204, headers: null }],
    [{ statusCode: 204, multiValueHeaders: null }],
  ])("names it where there are no headers: %j", async ([response]) => {
    const { answer, id } = await answered(response);
    expect(answer.headers).toEqual({ "Podgate-Decision": id });
  });

  test("names it among multi-value headers where the handler uses those", async () => {
    const { answer, id } = await answered({ statusCode: 200, multiValueHeaders: { A: ["1", "2"] } });
    expect(answer).toEqual({ statusCode: 200, multiValueHeaders: { A: ["1", "2"], "Podgate-Decision": [id] } });
  });

  test.for([[undefined], [null], ["text"], [7], [{ message: "Hello" }], [[1]]])(
    "a bare value stays one: %j",
    async ([response]) => {
      expect((await answered(response)).answer).toEqual(response);
    },
  );
});

describe("errors behind the middleware", () => {
  const failing = async (error: Error, file = "proxy-rest") =>
    call(withAuthorization(sample(file), await gateway.bearer()), {
      handler: async () => {
        throw error;
      },
    });

  test("the handler's own are its owner's", async () => {
    const error = new Error("out of stock");
    await expect(failing(error)).rejects.toBe(error);
    expect(codes()).toEqual(["ALLOWED"]);
  });

  test.for(["proxy-rest", "proxy-alb-multi-value"])(
    "%s: a decision that it asked for and could not be made is 503, under the same id",
    async (file) => {
      const answer = await failing(new GatewayError("PARAMETERS_UNAVAILABLE", "gone"), file);
      expect(answer.statusCode).toBe(503);
      const [allowed, failed] = gateway.lines();
      expect([allowed?.code, failed?.code]).toEqual(["ALLOWED", "PARAMETERS_UNAVAILABLE"]);
      expect(failed?.decisionId).toBe(allowed?.decisionId);
      const id = answer.headers?.["Podgate-Decision"] ?? answer.multiValueHeaders?.["Podgate-Decision"]?.[0];
      expect(id).toBe(allowed?.decisionId);
    },
  );

  test("another middleware that fails before this one is asked is left alone", async () => {
    const error = new GatewayError("CONFIG_INVALID", "of another");
    const run = middy()
      .use({
        before: () => {
          throw error;
        },
      })
      .use(gateway.app.requirePodToken(OPTIONS))
      .handler(async () => OK);
    await expect(run(sample("proxy-rest"), lambdaContext() as PodgateContext)).rejects.toBe(error);
    expect(gateway.lines()).toEqual([]);
  });
});
