import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { objectUid } from "../../../offline/cluster/objects.ts";
import { IAT, parts, payloadText, startDev } from "./support.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ACCOUNT = { namespace: "payments", serviceAccount: "checkout" };
const uid = (kind: "ServiceAccount" | "Pod" | "Secret" | "Node", name: string, namespace = "payments") =>
  objectUid({ cluster: "dev", namespace, kind, name });
const ref = (kind: "ServiceAccount" | "Pod" | "Secret", name: string) => ({ name, uid: uid(kind, name) });
const node = (name: string) => ({ name, uid: uid("Node", name, "") });
const serviceaccount = ref("ServiceAccount", "checkout");
/** Where checkout-0 runs. */
const NODE = "dev-node-1";

describe("claims of a bound token (kubernetes pkg/serviceaccount/claims.go)", () => {
  test.for([
    { binding: "nothing", podNode: "full", bound: undefined, more: {} },
    {
      binding: "a pod whose node is unknown",
      podNode: "none",
      bound: { kind: "Pod", name: "checkout-0" },
      more: { pod: ref("Pod", "checkout-0") },
    },
    {
      binding: "a pod and its node",
      podNode: "full",
      bound: { kind: "Pod", name: "checkout-0" },
      more: { node: node(NODE), pod: ref("Pod", "checkout-0") },
    },
    {
      binding: "a pod whose Node object is gone",
      podNode: "name-only",
      bound: { kind: "Pod", name: "checkout-0" },
      more: { node: { name: NODE }, pod: ref("Pod", "checkout-0") },
    },
    {
      binding: "a secret",
      podNode: "full",
      bound: { kind: "Secret", name: "checkout-key" },
      more: { secret: ref("Secret", "checkout-key") },
    },
    {
      binding: "a node",
      podNode: "full",
      bound: { kind: "Node", name: "worker.example.com" },
      more: { node: node("worker.example.com") },
    },
  ] as const)("bound to $binding", async ({ podNode, bound, more }) => {
    await using dev = await startDev({ podNode });
    const { token } = await dev.cluster.mint({
      ...ACCOUNT,
      audiences: ["https://podgate.example.com"],
      expirationSeconds: 900,
      ...(bound === undefined ? {} : { boundObjectRef: { apiVersion: "v1", ...bound } }),
    });
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: [...dev.cluster.keys] }), {
      currentDate: new Date(IAT * 1000),
    });

    expect(protectedHeader).toEqual({ alg: "ES256", kid: dev.cluster.keys[0]?.kid });
    expect(payload).toEqual({
      aud: ["https://podgate.example.com"],
      exp: IAT + 900,
      iat: IAT,
      iss: dev.issuer,
      jti: expect.stringMatching(UUID),
      "kubernetes.io": { namespace: "payments", ...more, serviceaccount },
      nbf: IAT,
      sub: "system:serviceaccount:payments:checkout",
    });
  });

  test("members are in alphabetical order, at every depth", async () => {
    await using dev = await startDev();
    const { token } = await dev.cluster.mint({ ...ACCOUNT, boundObjectRef: { kind: "Pod", name: "checkout-0" } });

    const names = [...payloadText(token).matchAll(/"([^"]+)":/g)].map(([, name]) => name);
    expect(names).toEqual([
      ...["aud", "exp", "iat", "iss", "jti", "kubernetes.io"],
      ...["namespace", "node", "name", "uid", "pod", "name", "uid", "serviceaccount", "name", "uid"],
      ...["nbf", "sub"],
    ]);
    expect(Buffer.from(token.split(".", 1).join(""), "base64url").toString()).toMatch(
      /^\{"alg":"ES256","kid":"[^"]+"\}$/,
    );
  });

  test("no two tokens have the same jti", async () => {
    await using dev = await startDev();
    const [one, two] = [await dev.cluster.mint(ACCOUNT), await dev.cluster.mint(ACCOUNT)];

    expect(parts(one.token).claims.jti).not.toBe(parts(two.token).claims.jti);
  });
});

describe("extended tokens (kubernetes pkg/registry/core/serviceaccount/storage/token.go)", () => {
  const pod = { kind: "Pod", apiVersion: "v1", name: "checkout-0" };
  const year = 365 * 24 * 3600;

  test.for([
    { when: "pod-bound, 3607 s, no audience", expirationSeconds: 3607, bound: pod, audience: "none", extended: true },
    { when: "pod-bound, 3607 s, the issuer", expirationSeconds: 3607, bound: pod, audience: "issuer", extended: true },
    { when: "pod-bound, 3606 s", expirationSeconds: 3606, bound: pod, audience: "none", extended: false },
    { when: "pod-bound, 3608 s", expirationSeconds: 3608, bound: pod, audience: "none", extended: false },
    { when: "not bound", expirationSeconds: 3607, bound: undefined, audience: "none", extended: false },
    {
      when: "secret-bound",
      expirationSeconds: 3607,
      bound: { ...pod, kind: "Secret" },
      audience: "none",
      extended: false,
    },
    { when: "another audience", expirationSeconds: 3607, bound: pod, audience: "other", extended: false },
    { when: "another audience too", expirationSeconds: 3607, bound: pod, audience: "both", extended: false },
  ] as const)("$when: extended is $extended", async ({ expirationSeconds, bound, audience, extended }) => {
    await using dev = await startDev();
    const audiences = { none: [], issuer: [dev.issuer], other: ["other"], both: [dev.issuer, "other"] }[audience];
    const { token, expirationTimestamp } = await dev.cluster.mint({
      ...ACCOUNT,
      audiences,
      expirationSeconds,
      ...(bound === undefined ? {} : { boundObjectRef: bound }),
    });
    const { claims } = parts(token);

    expect(claims.exp).toBe(IAT + (extended ? year : expirationSeconds));
    expect((claims["kubernetes.io"] as { warnafter?: number }).warnafter).toBe(extended ? IAT + 3607 : undefined);
    // Never the real end: a kubelet must ask again after what it asked for.
    expect(Date.parse(expirationTimestamp) / 1000).toBe(IAT + expirationSeconds);
  });

  test("their lifetime is the cluster's", async () => {
    await using dev = await startDev({ extendedExpirationSeconds: 90 * 24 * 3600 });
    const { token } = await dev.cluster.mint({ ...ACCOUNT, expirationSeconds: 3607, boundObjectRef: pod });

    expect(parts(token).claims.exp).toBe(IAT + 90 * 24 * 3600);
  });
});

describe("uids", () => {
  const base = { cluster: "dev", namespace: "payments", kind: "Pod", name: "checkout-0" } as const;

  test("are UUIDs, the same for the same name", () => {
    expect(objectUid(base)).toMatch(UUID);
    expect(objectUid({ ...base })).toBe(objectUid(base));
  });

  test.for([
    { part: "cluster", other: { cluster: "prod" } },
    { part: "namespace", other: { namespace: "orders" } },
    { part: "kind", other: { kind: "Secret" } },
    { part: "name", other: { name: "checkout-1" } },
  ] as const)("differ by $part", ({ other }) => {
    expect(objectUid({ ...base, ...other })).not.toBe(objectUid(base));
  });
});
