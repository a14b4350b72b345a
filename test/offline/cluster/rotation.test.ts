import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { bodyOf, parts, type Started, startDev } from "./support.ts";

async function served(dev: Started): Promise<string[]> {
  const { keys } = await bodyOf(await dev.call("GET", "/openid/v1/jwks"));
  return keys.map((key: { kid: string }) => key.kid);
}

async function signer(dev: Started): Promise<string | undefined> {
  const { token } = await dev.cluster.mint({ namespace: "payments", serviceAccount: "checkout" });
  return parts(token).header.kid;
}

describe("rotation of a cluster's keys", () => {
  test("at once: the new key signs, the old one is gone", async () => {
    await using dev = await startDev();
    const before = await served(dev);
    const { token } = await dev.cluster.mint({ namespace: "payments", serviceAccount: "checkout" });
    const response = await dev.call("POST", "/_rotate");
    const after = await served(dev);

    expect(response.status).toBe(200);
    expect(await bodyOf(response)).toEqual({ signing: after[0], published: after });
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    expect(await signer(dev)).toBe(after[0]);
    await expect(jwtVerify(token, createLocalJWKSet({ keys: [...dev.cluster.keys] }))).rejects.toMatchObject({
      code: "ERR_JWKS_NO_MATCHING_KEY",
    });
  });

  test("keeping the old key: both are served, the new one signs, old and new tokens verify", async () => {
    await using dev = await startDev();
    const [old] = await served(dev);
    const { token } = await dev.cluster.mint({ namespace: "payments", serviceAccount: "checkout" });
    await dev.call("POST", "/_rotate", { keepOld: true });
    const after = await served(dev);
    const keys = createRemoteJWKSet(new URL(`${dev.issuer}/openid/v1/jwks`));

    expect(after).toEqual([old, await signer(dev)]);
    expect(after[1]).not.toBe(old);
    await expect(jwtVerify(token, keys, { currentDate: new Date("2026-11-24") })).resolves.toBeDefined();
  });

  test("step by step: published, then used, then alone", async () => {
    await using dev = await startDev();
    const [old] = await served(dev);

    const published = await dev.cluster.rotate({ step: "publish" });
    const fresh = published.published[1];
    expect(published).toEqual({ signing: old, published: [old, fresh] });
    expect(await served(dev)).toEqual([old, fresh]);
    expect(await signer(dev)).toBe(old);

    expect(await dev.cluster.rotate({ step: "use" })).toEqual({ signing: fresh, published: [old, fresh] });
    expect(await signer(dev)).toBe(fresh);

    expect(await dev.cluster.rotate({ step: "withdraw" })).toEqual({ signing: fresh, published: [fresh] });
    expect(await served(dev)).toEqual([fresh]);
  });

  test("a published key that is withdrawn before its use never signs", async () => {
    await using dev = await startDev();
    const [old] = await served(dev);
    await dev.cluster.rotate({ step: "publish" });

    expect(await dev.cluster.rotate({ step: "withdraw" })).toEqual({ signing: old, published: [old] });
  });

  test("to another algorithm: discovery names those in the key set, sorted", async () => {
    await using dev = await startDev();
    await dev.cluster.rotate({ algorithm: "ES384", keepOld: true });
    const document = await bodyOf(await dev.call("GET", "/.well-known/openid-configuration"));

    expect(document.id_token_signing_alg_values_supported).toEqual(["ES256", "ES384"]);
  });

  test.for([
    { body: { step: "use" }, message: "nothing to use" },
    { body: { step: "withdraw" }, message: "nothing to withdraw" },
    { body: { step: "publish", keepOld: true }, message: "keepOld is for a rotation without step" },
    { body: { step: "use", algorithm: "ES256" }, message: "algorithm is for a new key" },
    { body: { step: "renew" }, message: "step: is not one of publish, use, withdraw" },
    { body: { keep: true }, message: "keep: is not a member; allowed: step, keepOld, algorithm" },
    { body: { keepOld: "yes" }, message: "keepOld: is not true or false" },
    { body: { algorithm: "PS256" }, message: "algorithm: is not one of RS256, ES256, ES384, ES512" },
    { body: [], message: "the body:" },
  ])("$body is 400 and changes nothing", async ({ body, message }) => {
    await using dev = await startDev();
    const before = await served(dev);
    const response = await dev.call("POST", "/_rotate", body);

    expect(response.status).toBe(400);
    expect((await bodyOf(response)).message).toContain(message);
    expect(await served(dev)).toEqual(before);
  });

  test.for<[unknown, RegExp]>([
    [{ step: "publih" }, /^step: is not one of publish, use, withdraw$/],
    [{ keepold: true }, /^keepold: is not a member; allowed: step, keepOld, algorithm$/],
  ])("%j is refused in the process as over HTTP, and changes nothing", async ([rotation, message]) => {
    await using dev = await startDev();
    const before = await served(dev);
    await expect(dev.cluster.rotate(rotation as never)).rejects.toThrow(message);
    expect(await bodyOf(await dev.call("POST", "/_rotate", rotation))).toMatchObject({
      message: expect.stringMatching(message),
    });
    expect(await served(dev)).toEqual(before);
  });
});
