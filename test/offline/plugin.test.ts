import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { startClusters } from "../../offline/cluster/clusters.ts";
import { greeting } from "../../offline/greeting.ts";
import { readOfflineFunctions } from "../../offline/offline-functions.ts";
import { OfflinePlugin } from "../../offline/offline-plugin.ts";
import { readSeed } from "../../offline/parameter-store/seed.ts";
import PodgateOffline from "../../offline/plugin.ts";
import { COMMON_PORT_NAMES, portProblem } from "../../offline/ports.ts";
import { sampleCompanion } from "../../offline/sample/companion.ts";
import { startSampleService } from "../../offline/sample/service.ts";
import type { Serverless } from "../../offline/serverless.ts";
import {
  addFunctions,
  fixedOption,
  forgetProvider,
  functionEnvironment,
  portOptions,
  setEnvironment,
  setGateway,
} from "../../offline/service-changes.ts";
import { freePorts } from "../support/offline-stack.ts";

const DEV = { issuer: "http://127.0.0.1:8100/dev", controlUrl: "http://127.0.0.1:8100/dev" };
const ORDERS = { service: "orders", audience: "orders.example.com" };
const PORTS = { gateway: 8000, websocket: 8001, lambda: 8002, cluster: 8100, store: 8101, service: 8102 };

class UserError extends Error {}

function serverless(custom: Record<string, unknown> = {}): Serverless {
  return {
    serviceDir: process.cwd(),
    classes: { Error: UserError },
    pluginManager: { spawn: async () => undefined },
    service: {
      service: "shop",
      custom,
      functions: { whoami: { name: "shop-dev-whoami", environment: { PODGATE_AUDIENCES: "deployed", OTHER: "1" } } },
      provider: { stage: "dev", environment: { PODGATE_PARAMETER_PREFIX: "/podgate/dev", ELSE: "2" } },
    },
  };
}

describe("the plugin", () => {
  test("does nothing but in commands of offline", () => {
    expect(Object.keys(new PodgateOffline(serverless()).hooks).every((hook) => /:offline:start/.test(hook))).toBe(true);
  });

  test("options that cannot be read end the start, as an error of the user", async () => {
    const plugin = new PodgateOffline(serverless({ podgate: { offline: { sead: "x" } } }));
    const start = plugin.hooks["before:offline:start:init"];
    await expect(start?.()).rejects.toThrow(UserError);
    await expect(start?.()).rejects.toThrow(/sead is unknown: expected one of ports, clusters, seed, also/);
  });

  test.for<[Record<string, unknown>, RegExp]>([
    [{ also: "nowhere.yml" }, /: the file .*\/nowhere\.yml of custom\.podgate\.offline\.also cannot be read$/],
    [{ seed: "nowhere.yaml" }, /: the seed file .*\/nowhere\.yaml cannot be read$/],
  ])("%j ends the start in one line, and nothing is left listening", async ([given, message]) => {
    const { service, ...ports } = await freePorts();
    const plugin = new OfflinePlugin(serverless({ podgate: { offline: { ports, ...given } } }));
    await expect(plugin.hooks["before:offline:start:init"]?.()).rejects.toThrow(message);
    expect(await portProblem({ ...ports, service }, COMMON_PORT_NAMES)).toBeUndefined();
  });

  test("authorizers that cannot be emulated end it too, all in one line, before serverless-offline would hang", async () => {
    const { service, ...ports } = await freePorts();
    const project = serverless({ podgate: { offline: { ports } } });
    const guarded = (authorizer: unknown) => ({ method: "get", path: "/x", authorizer });
    project.service.functions["shop"] = {
      events: [
        { http: guarded("aws_iam") },
        { http: guarded("nobody") },
        { http: guarded("whoami") },
        { http: "GET /open" },
        { httpApi: guarded({ name: "nowhere" }) },
        { httpApi: "*" },
        { schedule: "rate(1 day)" },
      ],
    };
    await expect(new OfflinePlugin(project).hooks["before:offline:start:init"]?.()).rejects.toThrow(
      [
        "podgate offline cannot start: function shop, http get /x: an authorizer cannot be emulated: it does not name a function of this service",
        'function shop, http get /x: the authorizer function "nobody" does not exist',
        'function shop, httpApi get /x: an authorizer cannot be emulated: provider.httpApi.authorizers has no "nowhere"',
      ].join("; "),
    );
    expect(await portProblem({ ...ports, service }, COMMON_PORT_NAMES)).toBeUndefined();
  });

  test("a misspelt member beside the options ends it too", async () => {
    const plugin = new OfflinePlugin(serverless({ podgate: { offlin: {} } }));
    const message = "podgate offline cannot start: custom.podgate.offlin is unknown: expected one of offline";
    await expect(plugin.hooks["before:offline:start:init"]?.()).rejects.toThrow(message);
  });

  test.for(["host", "httpsProtocol", "noAuth", "prefix"])(
    "%s of serverless-offline is not for the user to set",
    (name) => {
      expect(fixedOption(serverless(), { [name]: "1" })).toBe(name);
      expect(fixedOption(serverless({ "serverless-offline": { [name]: "1" } }), {})).toBe(name);
    },
  );

  test("ports of serverless-offline are, and are told to us by our names", () => {
    const service = serverless({ "serverless-offline": { httpPort: 4000, lambdaPort: 4002 } });
    expect(fixedOption(service, { httpPort: "5000" })).toBeUndefined();
    expect(portOptions(service, { httpPort: "5000" })).toEqual({
      commandLine: { gateway: "5000" },
      custom: { gateway: 4000, lambda: 4002 },
    });
  });

  test("other options of serverless-offline are", () => {
    expect(
      fixedOption(serverless({ "serverless-offline": { terminateIdleLambdaTime: 5 } }), { stage: "x" }),
    ).toBeUndefined();
  });
});

describe("what is changed in the service", () => {
  test("functions get the addresses of this stack, over what the service says", () => {
    const changed = serverless();
    setEnvironment(
      changed,
      functionEnvironment(
        PORTS,
        { prefix: "/shop/test", storeUrl: "http://127.0.0.1:8101", companion: undefined },
        {
          PODGATE_LOG_LEVEL: "debug",
          PODGATE_OFFLINE_PORT_STORE: "8101",
          HOME: "/",
        },
      ),
    );
    expect(changed.service.provider.environment).toMatchObject({
      ELSE: "2",
      PODGATE_PARAMETER_PREFIX: "/shop/test",
      PODGATE_AUDIENCES: "http://127.0.0.1:8000",
      PODGATE_ALLOW_LOOPBACK_HTTP: "1",
      AWS_ENDPOINT_URL_SSM: "http://127.0.0.1:8101",
      AWS_REGION: "us-east-1",
      // Settings given in the shell go along; what moves the stack's own ports does not.
      PODGATE_LOG_LEVEL: "debug",
    });
    expect(changed.service.provider.environment).not.toHaveProperty("PODGATE_OFFLINE_PORT_STORE");
    expect(changed.service.functions["whoami"]?.environment).toEqual({ OTHER: "1" });
  });

  test("the gateway gets ports and provider, and other settings stay; the provider is forgotten later", () => {
    const changed = serverless({ "serverless-offline": { terminateIdleLambdaTime: 5 }, offline: { a: 1 }, b: 2 });
    setGateway(changed, PORTS);
    expect(changed.service.custom).toEqual({
      "serverless-offline": {
        host: "127.0.0.1",
        httpPort: 8000,
        lambdaPort: 8002,
        websocketPort: 8001,
        terminateIdleLambdaTime: 5,
      },
      offline: { a: 1, customAuthenticationProvider: expect.stringMatching(/authentication-provider\.ts$/) },
      b: 2,
    });
    forgetProvider(changed);
    expect(changed.service.custom?.["offline"]).toEqual({ a: 1 });
  });

  test("functions are added under the names of a deployment, none is replaced", () => {
    const changed = serverless();
    const more = { functions: { orders: { handler: "a.handler" } }, httpApiAuthorizers: { one: {} } };
    addFunctions(changed, "qa", more);
    expect(changed.service.functions["orders"]).toEqual({ name: "shop-qa-orders", handler: "a.handler", events: [] });
    expect(changed.service.provider.httpApi?.authorizers).toEqual({ one: {} });
    expect(() => addFunctions(changed, "qa", more)).toThrow("the function orders is in serverless.yml already");
  });
});

describe("a file of offline functions", () => {
  test("the one of the sample API is readable, and every route of it has an authorizer", async () => {
    const { functions, httpApiAuthorizers } = readOfflineFunctions(await readFile("offline/orders.yml", "utf8"), "f");
    const events = Object.values(functions).flatMap(({ events }) => (Array.isArray(events) ? events : []));
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expect(event.http?.authorizer ?? event.httpApi?.authorizer).toBeTruthy();
    expect(Object.keys(httpApiAuthorizers)).toEqual(["podgateSimple"]);
  });

  test.for<[string, string, string]>([
    ["no YAML", "a: [", "f.yml is not YAML"],
    ["no mapping", "- a", "f.yml is not a mapping"],
    ["an unknown member", "functoins: {}", "f.yml: functoins is unknown"],
    ["functions that are no mapping", "functions: []", "f.yml: functions is not a mapping"],
    ["authorizers that are no mapping", "httpApiAuthorizers: 1", "f.yml: httpApiAuthorizers is not a mapping"],
    ["a function without a handler", "functions: { a: {} }", "f.yml: functions.a has no handler"],
  ])("%s", ([, text, message]) => {
    expect(() => readOfflineFunctions(text, "f.yml")).toThrow(message);
  });
});

test("the seed follows the ports, and registers what the gateway calls itself", async () => {
  const { prefix, parameters } = readSeed(await readFile("offline/seed.yaml", "utf8"), {
    clusters: "http://127.0.0.1:8100",
    service: "http://127.0.0.1:8102",
  });
  expect(prefix).toBe("/podgate/offline");
  const names = parameters.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      "/podgate/offline/issuers/http_3A/_2F127.0.0.1_3A8100/dev",
      "/podgate/offline/issuers/http_3A/_2F127.0.0.1_3A8100/staging",
      "/podgate/offline/apis/offlinerest",
      "/podgate/offline/apis/offlinehttp",
      "/podgate/offline/permissions/dev/payments/billing",
    ]),
  );
});

describe("the printed commands", () => {
  test("each is one line and has the ports of this stack", () => {
    const commands = greeting(PORTS, { clusters: [DEV], receiver: ORDERS }, sampleCompanion)
      .split("\n")
      .filter((line) => /curl/.test(line));
    expect(commands).toHaveLength(4);
    expect(commands[0]).toContain("http://127.0.0.1:8100/dev/api/v1/");
    for (const command of commands.slice(1)) expect(command).toContain("http://127.0.0.1:8000/v1/orders");
  });

  test("another project's are for a token alone", () => {
    expect(greeting(PORTS, { clusters: [DEV] })).not.toMatch(/sample|orders\b.*http|8102/);
    expect(greeting(PORTS, { clusters: [DEV] })).toContain("http://127.0.0.1:8100/dev/api/v1/");
    expect(greeting(PORTS, { clusters: [DEV] })).toMatch(
      /valid for the audience gateway, in whose place yours goes:\n.*"audiences":\["gateway"\]/,
    );
    const receiver = { service: "invoices", audience: "https://invoices.example.com" };
    expect(greeting(PORTS, { clusters: [DEV], receiver })).toMatch(
      /valid for invoices:\n.*"audiences":\["https:\/\/invoices\.example\.com"\]/,
    );
  });

  test("of a cluster with a shape, its issuer is said too", () => {
    const issuer = "https://kubernetes.default.svc.cluster.local";
    const text = greeting(PORTS, { clusters: [{ issuer, controlUrl: "http://127.0.0.1:8100/prod" }, DEV] });
    expect(text).toContain("  http://127.0.0.1:8100/prod  http://127.0.0.1:8100/dev\n");
    expect(text).toContain(`http://127.0.0.1:8100/prod is ${issuer}\n`);
    expect(text).toContain("payments/billing in the cluster prod, valid");
    expect(text).not.toContain("8100/dev is");
  });

  test("the first one puts a token into the shell's variable TOKEN", async () => {
    await using clusters = await startClusters({ clusters: [{ name: "dev", algorithm: "ES256" }] });
    const [mint = ""] = greeting(PORTS, { clusters: [clusters.cluster("dev")], receiver: ORDERS })
      .split("\n")
      .filter((line) => /TOKEN=/.test(line));
    const { stdout } = await promisify(execFile)("sh", ["-c", `${mint.trim()}; printf %s "$TOKEN"`]);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });
});

test("the sample service shows what reached it", async () => {
  await using service = await startSampleService();
  const response = await fetch(`${service.url}/a?b=1`, { method: "POST", headers: { "X-One": "1" }, body: "text" });
  expect(await response.json()).toMatchObject({
    method: "POST",
    url: "/a?b=1",
    headers: expect.arrayContaining([["X-One", "1"]]),
    body: "text",
  });
});
