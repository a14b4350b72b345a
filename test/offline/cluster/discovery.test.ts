import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:http";
import { setImmediate } from "node:timers/promises";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { startClusters } from "../../../offline/cluster/clusters.ts";
import { ALGORITHMS, signingKey } from "../../../offline/cluster/signing-key.ts";
import { bodyOf, startDev, TOKEN_PATH } from "./support.ts";

describe("what every client of an issuer reads", () => {
  test("the discovery document has the five members of kube-apiserver and may be kept for an hour", async () => {
    await using dev = await startDev();
    const response = await dev.call("GET", "/.well-known/openid-configuration");

    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("public, max-age=3600");
    expect(await bodyOf(response)).toEqual({
      issuer: dev.issuer,
      jwks_uri: `${dev.issuer}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
    });
  });

  test("the key set has its own media type", async () => {
    await using dev = await startDev();
    const response = await dev.call("GET", "/openid/v1/jwks");

    expect(response.headers.get("content-type")).toBe("application/jwk-set+json");
    expect(response.headers.get("cache-control")).toBe("public, max-age=3600");
    expect(await bodyOf(response)).toEqual({ keys: dev.cluster.keys });
  });

  test.for([
    { algorithm: "RS256", members: ["use", "kty", "kid", "alg", "n", "e"] },
    { algorithm: "ES256", members: ["use", "kty", "kid", "crv", "alg", "x", "y"] },
    { algorithm: "ES384", members: ["use", "kty", "kid", "crv", "alg", "x", "y"] },
    { algorithm: "ES512", members: ["use", "kty", "kid", "crv", "alg", "x", "y"] },
  ] as const)("a generated $algorithm key is served whole and verifies what it signed", async (row) => {
    await using clusters = await startClusters({ clusters: [{ name: "dev", algorithm: row.algorithm }] });
    const dev = clusters.cluster("dev");
    const { keys } = await bodyOf(await fetch(`${dev.issuer}/openid/v1/jwks`));

    expect(keys.map((key: object) => Object.keys(key))).toEqual([row.members]);
    const [key = expect.fail("no key")] = keys;
    const spki = createPublicKey({ key: { ...key }, format: "jwk" }).export({ type: "spki", format: "der" });
    expect(key.kid).toBe(createHash("sha256").update(spki).digest("base64url"));

    const { token } = await dev.mint({ namespace: "payments", serviceAccount: "checkout" });
    const served = createRemoteJWKSet(new URL(`${dev.issuer}/openid/v1/jwks`));
    const { protectedHeader } = await jwtVerify(token, served, {
      issuer: dev.issuer,
      audience: dev.issuer,
      subject: "system:serviceaccount:payments:checkout",
    });
    expect(protectedHeader).toEqual({ alg: row.algorithm, kid: key.kid });
  });

  test("the table above has every algorithm", () => {
    expect(ALGORITHMS).toEqual(["RS256", "ES256", "ES384", "ES512"]);
  });

  test("two clusters have two issuers, and neither verifies the other's tokens", async () => {
    await using clusters = await startClusters({
      clusters: [
        { name: "dev", algorithm: "ES256" },
        { name: "prod", algorithm: "ES256" },
      ],
    });
    const { token } = await clusters.cluster("dev").mint({ namespace: "payments", serviceAccount: "checkout" });
    const foreign = createRemoteJWKSet(new URL(`${clusters.url}/prod/openid/v1/jwks`));

    expect(clusters.cluster("prod").issuer).toBe(`${clusters.url}/prod`);
    await expect(jwtVerify(token, foreign)).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
  });

  test("/version answers as an API server's does", async () => {
    await using dev = await startDev();
    expect(await bodyOf(await dev.call("GET", "/version"))).toMatchObject({ major: "1" });
  });

  test("each request over HTTP is counted, in-process ones are not", async () => {
    await using dev = await startDev();
    await dev.call("GET", "/.well-known/openid-configuration");
    await dev.call("GET", "/openid/v1/jwks");
    await dev.call("GET", "/openid/v1/jwks?again");
    await dev.requestToken({});
    await dev.cluster.mint({ namespace: "payments", serviceAccount: "checkout" });

    expect(dev.cluster.calls).toEqual({ discovery: 1, keys: 2, tokenRequests: 1 });
  });
});

describe("what is not there", () => {
  test.for([
    { method: "GET", path: "/api/v1/namespaces/payments/pods", code: 404 },
    { method: "GET", path: "/api/v1/namespaces/payments/serviceaccounts/checkout/token/more", code: 404 },
    { method: "GET", path: "/api/v1/namespaces/payments/serviceaccounts/checkout/token", code: 405 },
    { method: "DELETE", path: "/api/v1/namespaces/payments/serviceaccounts/checkout/token", code: 405 },
    { method: "POST", path: "/.well-known/openid-configuration", code: 405 },
    { method: "PUT", path: "/openid/v1/jwks", code: 405 },
    { method: "POST", path: "/version", code: 405 },
    { method: "GET", path: "/_tokens", code: 405 },
    { method: "GET", path: "/_rotate", code: 405 },
    { method: "POST", path: "/_faults", code: 405 },
  ])("$method $path is a Status of $code", async ({ method, path, code }) => {
    await using dev = await startDev();
    const response = await dev.call(method, path);

    expect(response.status).toBe(code);
    expect(await bodyOf(response)).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      ...(code === 404
        ? { message: "the server could not find the requested resource", reason: "NotFound" }
        : { message: "the server does not allow this method on the requested resource", reason: "MethodNotAllowed" }),
      details: {},
      code,
    });
  });

  test.for(["", "/", "/nothing", "/_tokens/", "/apis/example.com/v1"])("GET %s is no page", async (path) => {
    await using dev = await startDev();
    const response = await dev.call("GET", path);

    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toBe("404 page not found\n");
  });

  test("another cluster's path is a 404", async () => {
    await using dev = await startDev();
    const response = await fetch(dev.issuer.replace(/dev$/, "prod/openid/v1/jwks"));

    expect(response.status).toBe(404);
  });
});

describe("starting and ending", () => {
  test.for([
    { names: [], message: "clusters: is empty" },
    { names: ["Dev"], message: "DNS-1123" },
    { names: ["a".repeat(64)], message: "DNS-1123" },
    { names: ["dev", "dev"], message: "clusters: names the cluster dev twice" },
  ])("clusters named $names are refused", async ({ names, message }) => {
    const clusters = names.map((name) => ({ name, algorithm: "ES256" as const }));
    await expect(startClusters({ clusters })).rejects.toThrow(message);
  });

  test("a cluster that was not started is not found by name", async () => {
    await using clusters = await startClusters({ clusters: [{ name: "dev", algorithm: "ES256" }] });
    expect(() => clusters.cluster("prod")).toThrow("no cluster prod; there are dev");
  });

  test("who waits for the port finds every cluster there", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const address = free.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    free.close();
    await once(free, "close");

    // RSA keys take their time.
    const starting = startClusters({ port, clusters: [{ name: "dev" }, { name: "prod" }] });
    const first = async (): Promise<Response> =>
      await fetch(`http://127.0.0.1:${port}/prod/version`).catch(async () => {
        await setImmediate();
        return await first();
      });
    const response = await first();
    await using _ = await starting;

    expect(response.status).toBe(200);
  });

  test("a taken port is an error", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;

    await expect(startClusters({ port, clusters: [{ name: "dev", algorithm: "ES256" }] })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    await new Promise((resolve) => taken.close(resolve));
  });

  test.for([
    { type: "ed25519", key: () => generateKeyPairSync("ed25519") },
    { type: "secp256k1", key: () => generateKeyPairSync("ec", { namedCurve: "secp256k1" }) },
  ])("kube-apiserver could not sign with a key of $type: it is refused", ({ key }) => {
    expect(() => signingKey(key().privateKey)).toThrow("a signing key is RSA, or EC on P-256, P-384 or P-521");
  });

  test("a client that goes away within its body leaves the server as it was", async () => {
    await using dev = await startDev();
    const upload = request(`${dev.issuer}${TOKEN_PATH}`, { method: "POST", headers: { "content-length": 100 } });
    const gone = expect(once(upload, "response")).rejects.toMatchObject({ code: "ECONNRESET" });
    upload.write("{");
    while (dev.cluster.calls.tokenRequests === 0) await dev.call("GET", "/version");
    upload.destroy();
    await gone;

    expect((await dev.requestToken({})).status).toBe(201);
  });

  test("disposing twice is disposing once", async () => {
    const clusters = await startClusters({ clusters: [{ name: "dev", algorithm: "ES256" }] });
    await clusters[Symbol.asyncDispose]();
    await clusters[Symbol.asyncDispose]();

    await expect(fetch(`${clusters.url}/dev/version`)).rejects.toThrow("fetch failed");
  });
});
