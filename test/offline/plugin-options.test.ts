import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { OfflineOptionsError, readOptions } from "../../offline/options.ts";
import { COMMON_PORT_NAMES, PORT_NAMES, PORTS, type Ports, portProblem } from "../../offline/ports.ts";

function problemsOf(given: unknown, env: Record<string, string> = {}): readonly string[] {
  try {
    readOptions(given, env);
    return [];
  } catch (error) {
    if (error instanceof OfflineOptionsError) return error.problems;
    throw error;
  }
}

describe("options of custom.podgate.offline", () => {
  test("nothing said gives the documented ports, and no seed", () => {
    expect(readOptions(undefined, {})).toEqual({
      clusters: [
        { name: "dev", algorithm: "RS256" },
        { name: "staging", algorithm: "ES256" },
      ],
      ports: { gateway: 3000, websocket: 3001, lambda: 3002, cluster: 4100, store: 4101, service: 4102 },
    });
  });

  test("what is said is taken", () => {
    expect(readOptions({ ports: { gateway: 8000 }, seed: "s.yaml", also: "a.yml" }, {})).toMatchObject({
      ports: { gateway: 8000, lambda: 3002 },
      seed: "s.yaml",
      also: "a.yml",
    });
  });

  test.for(PORT_NAMES)("the environment moves %s, over the options", (name) => {
    const { ports } = readOptions({ ports: { [name]: 8000 } }, { [PORTS[name].variable]: "8001" });
    expect(ports[name]).toBe(8001);
  });

  test("a port is what is said first: command line, environment, options, those of serverless-offline", () => {
    const env = { PODGATE_OFFLINE_PORT_GATEWAY: "8001", PODGATE_OFFLINE_PORT_LAMBDA: "8011" };
    const given = { ports: { gateway: 8002, lambda: 8012, websocket: 8022 } };
    const custom = { gateway: 8003, lambda: 8013, websocket: 8023 };
    const read = (commandLine: object) => readOptions(given, env, COMMON_PORT_NAMES, { commandLine, custom }).ports;
    expect(read({ gateway: "8000" })).toMatchObject({ gateway: 8000, lambda: 8011, websocket: 8022 });
    expect(read({})).toMatchObject({ gateway: 8001 });
    const without = readOptions({}, {}, COMMON_PORT_NAMES, { commandLine: {}, custom });
    expect(without.ports).toMatchObject({ gateway: 8003, lambda: 8013, websocket: 8023, cluster: 4100 });
  });

  test("a project without the sample service has no port for it", () => {
    const read = () => readOptions({ ports: { service: 1 } }, {}, COMMON_PORT_NAMES);
    expect(read).toThrow("custom.podgate.offline.ports.service is unknown: expected one of gateway,");
    expect(readOptions({ ports: { gateway: 4102 } }, {}, COMMON_PORT_NAMES).ports.gateway).toBe(4102);
  });

  test("clusters are said as startCluster takes them, but for a key", () => {
    const clusters = [
      { name: "prod-seoul", shape: "eks", maxExpirationSeconds: 86_400 },
      { name: "old", jti: false },
    ];
    expect(readOptions({ clusters }, {}).clusters).toEqual(clusters);
  });

  test.for<[unknown, string]>([
    [[], "custom.podgate.offline.clusters is empty: at least one is needed"],
    [{ dev: {} }, "custom.podgate.offline.clusters is not a list"],
    [[{ name: "a" }, { name: "a" }], "custom.podgate.offline.clusters names the cluster a twice"],
    [[{ shape: "eks" }], "custom.podgate.offline.clusters.0.name is missing"],
    [
      [{ name: "a" }, { name: "b", shap: "eks" }],
      "custom.podgate.offline.clusters.1.shap is not a member; allowed: name,",
    ],
    [[{ name: "a", shape: "openshift" }], "custom.podgate.offline.clusters.0.shape is not one of eks, gke, aks, kind,"],
    [[{ name: "a", key: {} }], "custom.podgate.offline.clusters.0.key is not a member"],
  ])("clusters %j are refused", ([clusters, message]) => {
    expect(problemsOf({ clusters })[0]).toContain(message);
  });

  test.for<[string, unknown, string]>([
    [
      "an unknown option",
      { port: 1 },
      "custom.podgate.offline.port is unknown: expected one of ports, clusters, seed, also",
    ],
    [
      "an unknown port",
      { ports: { http: 1 } },
      "custom.podgate.offline.ports.http is unknown: expected one of gateway,",
    ],
    ["no mapping", [], "custom.podgate.offline is not a mapping"],
    ["ports that are no mapping", { ports: 3000 }, "custom.podgate.offline.ports is not a mapping"],
    ["a seed that is no path", { seed: 1 }, "custom.podgate.offline.seed is 1"],
    ["an empty path", { also: "" }, 'custom.podgate.offline.also is ""'],
    [
      "two on one port",
      { ports: { gateway: 4100 } },
      "custom.podgate.offline.ports.cluster is 4100, which is the port of gateway",
    ],
  ])("%s", ([, given, problem]) => {
    expect(problemsOf(given)).toEqual([expect.stringContaining(problem)]);
  });

  test.for<[unknown, number]>([
    [0, 1],
    [1, 0],
    [65_535, 0],
    [65_536, 1],
    ["8000", 0],
    ["8000x", 1],
    ["", 1],
    ["-1", 1],
    [8000.5, 1],
    [null, 0],
  ])("port %j: %i problems", ([port, problems]) => {
    expect(problemsOf({ ports: { gateway: port } })).toHaveLength(problems);
  });

  test("every problem is named at once, a variable by its own name", () => {
    expect(problemsOf({ seed: 1, other: 2 }, { PODGATE_OFFLINE_PORT_STORE: "x" })).toEqual([
      expect.stringContaining("custom.podgate.offline.other"),
      'PODGATE_OFFLINE_PORT_STORE is "x": expected a port from 1 to 65535',
      expect.stringContaining("custom.podgate.offline.seed"),
    ]);
  });
});

describe("ports before the start", () => {
  // Above the range from which systems choose ports, so that no test beside this one is given one of them.
  const first = 61_000 + (process.pid % 700) * PORT_NAMES.length;
  const ports = Object.fromEntries(PORT_NAMES.map((name, index) => [name, first + index])) as unknown as Ports;

  test("all free: no problem, and none is left bound", async () => {
    expect(await portProblem(ports)).toBeUndefined();
    expect(await portProblem(ports)).toBeUndefined();
  });

  test.for(["127.0.0.1", "0.0.0.0"])(
    "one in use on %s is named in one line, with the variable that moves it",
    async (host) => {
      const taken = createServer().listen(ports.store, host);
      await once(taken, "listening");
      try {
        expect(await portProblem(ports)).toBe(
          `port ${ports.store} (store) is in use, set PODGATE_OFFLINE_PORT_STORE to move it`,
        );
      } finally {
        taken.close();
        await once(taken, "close");
      }
    },
  );
});
