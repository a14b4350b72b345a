import { createLocalJWKSet, errors, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { objectUid } from "../../../offline/cluster/objects.ts";
import { type Body, bodyOf, IAT, parts, payloadText, type Started, startDev } from "./support.ts";

const ACCOUNT = { namespace: "payments", serviceAccount: "checkout" };
const CHECKOUT_UID = objectUid({ cluster: "dev", namespace: "payments", kind: "ServiceAccount", name: "checkout" });

async function forge(dev: Started, body: object): Promise<Body> {
  const response = await dev.call("POST", "/_tokens", { ...ACCOUNT, ...body });
  expect(response.status).toBe(201);
  return bodyOf(response);
}

function verify(dev: Started, token: string) {
  return jwtVerify(token, createLocalJWKSet({ keys: [...dev.cluster.keys] }), { currentDate: new Date(IAT * 1000) });
}

describe("POST /_tokens: the families", () => {
  test("projected, the default, is what the TokenRequest API issues", async () => {
    await using dev = await startDev();
    const forged = await forge(dev, {});
    const minted = await dev.cluster.mint(ACCOUNT);

    expect({ ...parts(forged.token).claims, jti: "" }).toEqual({ ...parts(minted.token).claims, jti: "" });
    expect(parts(forged.token)).toEqual({ header: forged.header, claims: forged.claims });
    await expect(verify(dev, forged.token)).resolves.toBeDefined();
  });

  test("legacy has flat claims, no audience and no end, and is signed", async () => {
    await using dev = await startDev();
    const { token } = await forge(dev, { family: "legacy" });
    const { payload } = await verify(dev, token);

    expect(payload).toEqual({
      iss: "kubernetes/serviceaccount",
      "kubernetes.io/serviceaccount/namespace": "payments",
      "kubernetes.io/serviceaccount/secret.name": `checkout-token-${CHECKOUT_UID.slice(0, 5)}`,
      "kubernetes.io/serviceaccount/service-account.name": "checkout",
      "kubernetes.io/serviceaccount/service-account.uid": CHECKOUT_UID,
      sub: "system:serviceaccount:payments:checkout",
    });
  });

  test("extended is pod-bound, warns after 3607 s and lives for a year", async () => {
    await using dev = await startDev();
    const { claims } = parts((await forge(dev, { family: "extended" })).token);

    expect(claims).toMatchObject({
      aud: [dev.issuer],
      exp: IAT + 365 * 24 * 3600,
      "kubernetes.io": { pod: { name: "checkout-0" }, warnafter: IAT + 3607 },
    });
  });

  test.for([
    { family: "expired", iat: IAT - 7200, exp: IAT - 3600, refused: errors.JWTExpired },
    { family: "not-yet-valid", iat: IAT + 3600, exp: IAT + 7200, refused: errors.JWTClaimValidationFailed },
  ])("$family is signed and refused for its time", async ({ family, iat, exp, refused }) => {
    await using dev = await startDev();
    const { token } = await forge(dev, { family });

    expect(parts(token).claims).toMatchObject({ iat, nbf: iat, exp });
    await expect(verify(dev, token)).rejects.toThrow(refused);
  });
});

describe("POST /_tokens: what can be changed", () => {
  test("times, audiences and binding", async () => {
    await using dev = await startDev();
    const { token } = await forge(dev, {
      audiences: ["a"],
      ttlSeconds: 100_000,
      iatOffsetSeconds: -5,
      boundObjectRef: { kind: "Pod", name: "checkout-7" },
      podNode: "none",
    });

    expect(parts(token).claims).toMatchObject({ aud: ["a"], iat: IAT - 5, nbf: IAT - 5, exp: IAT - 5 + 100_000 });
    expect(Object.keys(Object(parts(token).claims["kubernetes.io"]))).toEqual(["namespace", "pod", "serviceaccount"]);
  });

  test("claims by a merge patch: added, replaced, merged and removed", async () => {
    await using dev = await startDev();
    const { token } = await forge(dev, {
      claims: { aud: "one", jti: null, extra: { deep: [1, null] }, "kubernetes.io": { namespace: "orders" } },
    });
    const { claims } = parts(token);

    expect(claims).toMatchObject({ aud: "one", extra: { deep: [1, null] } });
    expect(claims).not.toHaveProperty("jti");
    expect(claims["kubernetes.io"]).toEqual({
      namespace: "orders",
      serviceaccount: { name: "checkout", uid: CHECKOUT_UID },
    });
    await expect(verify(dev, token)).resolves.toBeDefined();
  });

  test("a claim named __proto__ arrives in the token as one", async () => {
    await using dev = await startDev();
    const response = await dev.call(
      "POST",
      "/_tokens",
      '{"namespace":"payments","serviceAccount":"checkout","claims":{"__proto__":{"sub":"x"}}}',
    );

    expect(payloadText((await bodyOf(response)).token)).toContain('"__proto__":{"sub":"x"}');
  });

  test("the header, which the signature covers whatever it says", async () => {
    await using dev = await startDev();
    const { token } = await forge(dev, { header: { alg: "none", kid: null, typ: "JWT", crit: ["exp"] } });

    expect(JSON.parse(Buffer.from(token.split(".", 1).join(""), "base64url").toString())).toEqual({
      alg: "none",
      crit: ["exp"],
      typ: "JWT",
    });
  });

  test("the key: foreign names the published one and is not it", async () => {
    await using dev = await startDev();
    const { token } = await forge(dev, { signedBy: "foreign" });

    expect(parts(token).header.kid).toBe(dev.cluster.keys[0]?.kid);
    await expect(verify(dev, token)).rejects.toThrow(errors.JWSSignatureVerificationFailed);
  });

  test("in-process as over HTTP", async () => {
    await using dev = await startDev();
    const { token } = await dev.cluster.forge({ ...ACCOUNT, family: "expired" });

    expect(parts(token).claims.exp).toBe(IAT - 3600);
  });
});

describe("POST /_tokens: what is refused", () => {
  test.for([
    { body: { ttl: 5 }, message: "ttl: is not a member; allowed: family, namespace, serviceAccount" },
    {
      body: { family: "old" },
      message: "family: is not one of projected, pod, secret, node, extended, legacy, expired, not-yet-valid",
    },
    { body: { namespace: 1 }, message: "namespace: is not a string" },
    { body: { audiences: "a" }, message: "audiences: is not a list" },
    { body: { audiences: [1] }, message: "audiences.0: is not a string" },
    { body: { ttlSeconds: 1.5 }, message: "ttlSeconds: is not a whole number from" },
    { body: { claims: [] }, message: "claims: is not a JSON object" },
    {
      body: { boundObjectRef: { kind: "Pod", name: "x", node: "y" } },
      message: "boundObjectRef.node: is not a member",
    },
    { body: { boundObjectRef: "Pod" }, message: "boundObjectRef: is not a JSON object" },
    { body: { boundObjectRef: { kind: "Job", name: "x" } }, message: "cannot bind token to object of type" },
    { body: { family: "legacy", ttlSeconds: 5 }, message: "ttlSeconds: a legacy token has none" },
    { body: { family: "legacy", audiences: [] }, message: "audiences: a legacy token has none" },
  ])("$body is 400: $message", async ({ body, message }) => {
    await using dev = await startDev();
    const response = await dev.call("POST", "/_tokens", { ...ACCOUNT, ...body });

    expect(response.status).toBe(400);
    expect((await bodyOf(response)).message).toContain(message);
  });

  test("a body without the service account is 400 and names what is missing", async () => {
    await using dev = await startDev();
    const response = await dev.call("POST", "/_tokens");

    expect(response.status).toBe(400);
    expect((await bodyOf(response)).message).toBe("namespace: is missing; serviceAccount: is missing");
  });

  test("a body that is not JSON is 400", async () => {
    await using dev = await startDev();
    const response = await dev.call("POST", "/_tokens", "{");

    expect(response.status).toBe(400);
    expect((await bodyOf(response)).message).toBe("the body: is not JSON");
  });

  test("a name that cannot be a service account's is 404", async () => {
    await using dev = await startDev();
    const response = await dev.call("POST", "/_tokens", { namespace: "payments", serviceAccount: "Checkout" });

    expect(response.status).toBe(404);
  });
});
