import { GetParameterCommand, GetParametersByPathCommand, SSMClient } from "@aws-sdk/client-ssm";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import OfflinePlugin, {
  apiGateway,
  mintToken,
  startCluster,
  startParameterStore,
} from "../../offline/podgate-offline.ts";

describe("mintToken", () => {
  test("without a wish: a token of default/default for the API server, as Kubernetes defaults it", async () => {
    await using cluster = await startCluster();
    const claims = decodeJwt(await mintToken(cluster));
    expect(claims).toMatchObject({
      iss: cluster.url,
      aud: [cluster.url],
      sub: "system:serviceaccount:default:default",
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3600);
  });

  test("of a managed cluster, and of a private one with an authority of its own, comes without asking its URL", async () => {
    await using eks = await startCluster({ shape: "eks", algorithm: "ES256" });
    await using own = await startCluster({ shape: "private", algorithm: "ES256" });
    expect(decodeJwt(await mintToken(eks)).iss).toMatch(/^https:\/\/oidc\.eks\./);
    expect(decodeJwt(await mintToken(own, { family: "expired" })).iss).toBe(own.url);
    expect(decodeJwt(await mintToken(eks.server)).iss).toBe(eks.url);
  });

  test.for(["the cluster", "its URL", "its URL as an object", "its URL with a slash"])("takes %s", async (as) => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    const given = {
      "the cluster": cluster,
      "its URL": cluster.url,
      "its URL as an object": new URL(cluster.url),
      "its URL with a slash": `${cluster.url}/`,
    }[as];
    const wish = { namespace: "payments", serviceAccount: "billing", audience: "orders.example.com" };
    const { aud, sub } = decodeJwt(await mintToken(given ?? "", { ...wish, expirationSeconds: 600 }));
    expect({ aud, sub }).toEqual({ aud: ["orders.example.com"], sub: "system:serviceaccount:payments:billing" });
  });

  test("binds to a pod, as a projected volume does", async () => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "billing-0" };
    const claims = decodeJwt(await mintToken(cluster, { boundObjectRef, audiences: ["a", "b"] }));
    expect(claims).toMatchObject({ aud: ["a", "b"], "kubernetes.io": { pod: { name: "billing-0" } } });
  });

  test("makes what no API server would: another family, claims, header, signer, lifetime", async () => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    const expired = decodeJwt(await mintToken(cluster, { family: "expired" }));
    expect(expired.exp).toBeLessThan(Date.now() / 1000);
    const token = await mintToken(cluster, {
      claims: { iss: "https://a.example" },
      header: { kid: "b" },
      expirationSeconds: 5,
    });
    const { iss, exp = 0, iat = 0 } = decodeJwt(token);
    expect({ iss, lifetime: exp - iat }).toEqual({ iss: "https://a.example", lifetime: 5 });
    expect(decodeProtectedHeader(token).kid).toBe("b");
  });

  test.for<[string, object, string, number]>([
    ["too short a lifetime", { expirationSeconds: 599 }, "may not specify a duration less than 10 minutes", 422],
    ["a name that cannot exist", { namespace: "a", serviceAccount: "B" }, 'serviceaccounts "B" not found', 404],
    ["a name that leads elsewhere", { namespace: "../_tokens" }, "not found", 404],
    ["a misspelt member", { famly: "expired" }, "famly: is not a member; allowed: family, ", 400],
  ])("%s is refused in the cluster's words, asked at its URL too", async ([, wish, message, status]) => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    await expect(mintToken(cluster, wish)).rejects.toThrow(message);
    await expect(mintToken(cluster.url, wish)).rejects.toThrow(message);
    await expect(mintToken(cluster.url, wish)).rejects.toThrow(`answers ${status}: `);
  });

  test.for<[string, unknown, string]>([
    ["a promise of a cluster", Promise.resolve(), "and not the promise of one: await startCluster()"],
    ["no cluster", undefined, "no token: the first argument is a started cluster or its URL"],
  ])("%s is refused", async ([, cluster, message]) => {
    await expect(mintToken(cluster as string)).rejects.toThrow(message);
  });

  test("one audience and several at once are refused", async () => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    await expect(mintToken(cluster, { audience: "a", audiences: ["b"] })).rejects.toThrow("are both given");
  });

  test("where nothing answers, the error says at which URL", async () => {
    const cluster = await startCluster({ algorithm: "ES256" });
    await cluster[Symbol.asyncDispose]();
    await expect(mintToken(cluster.url)).rejects.toThrow(`no token: nothing answers at ${cluster.url}/api/v1/`);
  });
});

describe("startParameterStore", () => {
  const seed = {
    prefix: "/shop/test",
    issuers: [{ url: "http://127.0.0.1:4100/dev", cluster: "dev" }],
    documents: { "apis/offlinerest": { service: "orders", audiences: ["orders.example.com"] } },
    secrets: { "secrets/github/token": "s3cret" },
  };

  test("an object as seed is what the SDK's client reads, with the config that it is given", async () => {
    await using store = await startParameterStore({ seed });
    const client = new SSMClient(store.clientConfig);
    const all = await client.send(new GetParametersByPathCommand({ Path: "/shop/test", Recursive: true }));
    const secret = new GetParameterCommand({ Name: "/shop/test/secrets/github/token", WithDecryption: true });
    const { Parameter } = await client.send(secret);
    client.destroy();
    expect(all.Parameters?.map(({ Name }) => Name).sort()).toEqual([
      "/shop/test/apis/offlinerest",
      "/shop/test/issuers/http_3A/_2F127.0.0.1_3A4100/dev",
      "/shop/test/secrets/github/token",
    ]);
    expect(Parameter).toMatchObject({ Type: "SecureString", Value: "s3cret" });
    expect(store.env).toMatchObject({ AWS_ENDPOINT_URL_SSM: store.url, PODGATE_PARAMETER_PREFIX: "/shop/test" });
  });

  test("the text of a seed file is the same, with its variables", async () => {
    const text = `prefix: /shop/test\nissuers:\n  - { url: '\${clusters}/dev', cluster: dev }\n`;
    await using store = await startParameterStore({ seed: text, variables: { clusters: "https://a.example" } });
    expect(store.get("/shop/test/issuers/a.example/dev")?.value).toBe(
      '{"url":"https://a.example/dev","cluster":"dev"}',
    );
  });

  test("without a seed it is empty", async () => {
    await using store = await startParameterStore();
    expect(store.env["PODGATE_PARAMETER_PREFIX"]).toBe("/podgate/offline");
    store.put("/podgate/offline/a", "b");
    expect(store.get("/podgate/offline/a")?.value).toBe("b");
  });

  test.for<[string, object | string, string]>([
    [
      "a misspelt section",
      { prefix: "/a", docments: {} },
      "seed:3: unknown member docments: known are prefix, issuers,",
    ],
    ["no prefix", {}, "seed:1: prefix is missing"],
    ["text that is no seed", "- a", "seed:1: a seed is a mapping"],
    ["an unknown variable", `prefix: /a\nsecrets: { b: '\${c}' }`, "seed:2: "],
  ])("%s is said in one line", async ([, given, message]) => {
    // biome-ignore lint/suspicious/noExplicitAny: what a test in JavaScript would hand over
    await expect(startParameterStore({ seed: given as any })).rejects.toThrow(message);
  });

  test.for<[object, string]>([
    [{ sed: {} }, "startParameterStore: sed is unknown: expected one of seed, variables, port, clock"],
    // The system would take it for the path of a socket.
    [{ port: "4101" }, 'startParameterStore: port is "4101": expected a whole number from 0 to 65535'],
    [[], "startParameterStore: its options are seed, "],
  ])("%j is refused", async ([options, message]) => {
    await expect(startParameterStore(options)).rejects.toThrow(message);
  });

  test("stores, clusters and APIs know nothing of each other", async () => {
    await using one = await startParameterStore({ seed });
    await using other = await startParameterStore();
    await using dev = await startCluster({ algorithm: "ES256" });
    await using second = await startCluster({ algorithm: "ES256" });
    expect(other.get("/shop/test/apis/offlinerest")).toBeUndefined();
    expect(new Set([one.url, other.url, new URL(dev.url).origin, new URL(second.url).origin]).size).toBe(4);
    expect(dev.keys[0]?.kid).not.toBe(second.keys[0]?.kid);
  });
});

describe("apiGateway", () => {
  test("keeps an answer for a caller where that is asked for, says what is wrong with it, and can be disposed of", async () => {
    const authorizer = async ({ methodArn }: { methodArn?: string }) => {
      const statement = { Action: "execute-api:Invoke", Effect: "Allow", Resource: methodArn };
      return { principalId: "a", policyDocument: { Version: "2012-10-17", Statement: [statement] } };
    };
    await using gateway = apiGateway({ authorizer, kind: "rest-token", ttl: 300 });
    const headers = { Authorization: "Bearer a" };
    const answers = [];
    for (const path of ["/a", "/a", "/b"]) answers.push(await gateway.call({ path, headers }));
    // The policy names the one call that was asked about: the classic mistake.
    expect(answers.map(({ status, cached }) => [status, cached])).toEqual([
      [200, false],
      [200, true],
      [403, true],
    ]);
    expect(answers[2]?.advice).toHaveLength(1);
  });

  const authorizer = () => ({});
  test.for<[unknown, string]>([
    [undefined, "no such API: its options are authorizer, kind, ttl,"],
    [{ authorizer, kind: "rest" }, 'kind is "rest": expected one of rest-token, rest-request, http-1.0, http-2.0,'],
    [{ authorizer, kind: "rest-token", ttll: 1 }, "ttll is unknown: expected one of authorizer, kind, ttl,"],
    [{ kind: "rest-token" }, "authorizer is not a function"],
  ])("%j is refused", ([options, message]) => {
    expect(() => apiGateway(options as never)).toThrow(message);
  });

  test.for<[object, string]>([
    [{ path: "/a", header: {} }, "a call has no member header: expected one of method, path, headers,"],
    [{}, 'the path "" does not begin with /'],
  ])("a call with %j is refused", async ([call, message]) => {
    const gateway = apiGateway({ authorizer, kind: "rest-token" });
    await expect(gateway.call(call as never)).rejects.toThrow(message);
    expect(() => gateway.event(call as never)).toThrow(message);
  });
});

test("the default export is a plugin of Serverless", () => {
  expect(new OfflinePlugin({} as never).hooks).toHaveProperty(["before:offline:start:init"]);
});
