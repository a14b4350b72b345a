import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { startCluster } from "../../../offline/cluster/start-cluster.ts";
import { bodyOf, parts } from "./support.ts";

const ACCOUNT = { namespace: "payments", serviceAccount: "billing" };

describe("startCluster", () => {
  test("needs no argument: its url is the issuer of tokens that its key set verifies, with RS256", async () => {
    await using cluster = await startCluster();
    const { token } = await cluster.mint({ ...ACCOUNT, audiences: ["orders.example.com"] });
    const keys = createRemoteJWKSet(new URL(`${cluster.url}/openid/v1/jwks`));
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: cluster.url,
      audience: "orders.example.com",
    });

    expect(cluster.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/dev$/);
    expect(protectedHeader).toEqual({ alg: "RS256", kid: cluster.keys[0]?.kid });
    expect(payload.sub).toBe("system:serviceaccount:payments:billing");
    expect(await bodyOf(await fetch(`${cluster.url}/.well-known/openid-configuration`))).toMatchObject({
      issuer: cluster.url,
    });
  });

  test("rotates, forges, fails and keeps time as its options and calls say", async () => {
    await using cluster = await startCluster({ name: "staging", algorithm: "ES256", maxExpirationSeconds: 700 });
    cluster.setClock({ time: 1_795_478_400 });
    expect(parts((await cluster.mint(ACCOUNT)).token).claims).toMatchObject({
      iss: cluster.issuer,
      exp: 1_795_479_100,
    });
    expect((await cluster.forge({ ...ACCOUNT, family: "legacy" })).claims["iss"]).toBe("kubernetes/serviceaccount");

    const before = cluster.keys;
    expect((await cluster.rotate()).signing).toBe(cluster.keys[0]?.kid);
    expect(cluster.keys).not.toEqual(before);

    cluster.fault("keys", { kind: "status", status: 503 });
    expect((await fetch(`${cluster.url}/openid/v1/jwks`)).status).toBe(503);
    cluster.clearFaults();
    expect((await fetch(`${cluster.url}/openid/v1/jwks`)).status).toBe(200);
    expect(cluster.calls.keys).toBe(2);
  });

  test("two of them do not know of each other, and neither listens after its disposal", async () => {
    const one = await startCluster({ algorithm: "ES256" });
    await using other = await startCluster({ algorithm: "ES256" });
    await one[Symbol.asyncDispose]();

    await expect(fetch(`${one.url}/version`)).rejects.toThrow("fetch failed");
    expect((await fetch(`${other.url}/version`)).status).toBe(200);
    expect(one.url).not.toBe(other.url);
  });

  test.for<[unknown, string]>([
    [{ name: "Dev" }, "name: is not a DNS-1123 label"],
    [{ nam: "dev" }, "nam: is not a member; allowed: port, name, key, shape, algorithm, podNode, jti, audiences,"],
    [{ algorithm: "HS256" }, "algorithm: is not one of RS256, ES256, ES384, ES512"],
    [{ podNode: "half" }, "podNode: is not one of full, name-only, none"],
    [{ jti: "false" }, "jti: is not true or false"],
    [{ audiences: "orders" }, "audiences: is not a list"],
    [{ audiences: [] }, "audiences: is empty"],
    [{ maxExpirationSeconds: 599 }, "maxExpirationSeconds: is not a whole number from 600 to 4294967296"],
    [{ extendedExpirationSeconds: 0 }, "extendedExpirationSeconds: is not a whole number from 1 to"],
    [{ key: "PEM" }, "key: is no signing key"],
    // The system would take it for the path of a socket.
    [{ port: "4100" }, "port: is not a whole number from 0 to 65535"],
    [null, "startCluster: the argument: is not a JSON object"],
  ])("%j is refused: %s", async ([options, message]) => {
    const started = startCluster(options as object);
    await expect(started).rejects.toThrow(TypeError);
    await expect(started).rejects.toThrow(message);
  });

  test("options that are undefined are not given", async () => {
    const options = { name: undefined, port: undefined, shape: undefined, algorithm: "ES256" };
    await using cluster = await startCluster(options as object);
    expect(cluster.url).toMatch(/\/dev$/);
  });

  test.for<[object, string]>([
    [{ audiences: "orders" }, "audiences: is not a list"],
    [{ audiences: [1] }, "audiences.0: is not a string"],
    [{ namespace: 7 }, "namespace: is not a string"],
    [{ expirationSeconds: "3600" }, "expirationSeconds: is not a number"],
    [{ boundObjectRef: { kind: "Pod", nam: "a" } }, "boundObjectRef.nam: is not a member; allowed: kind, apiVersion,"],
    [{ ttl: 600 }, "ttl: is not a member; allowed: namespace, serviceAccount, audiences,"],
  ])("a token that no TokenRequest could ask for is not minted: %j", async ([wish, message]) => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    await expect(cluster.mint({ ...ACCOUNT, ...wish })).rejects.toThrow(message);
  });
});
