import { describe, expect, test } from "vitest";
import { objectUid } from "../../../offline/cluster/objects.ts";
import { bodyOf, IAT, parts, startDev } from "./support.ts";

const GROUP = "authentication.k8s.io";
const CHECKOUT_UID = objectUid({ cluster: "dev", namespace: "payments", kind: "ServiceAccount", name: "checkout" });
const POD_UID = objectUid({ cluster: "dev", namespace: "payments", kind: "Pod", name: "checkout-0" });

function spec(members: object) {
  return { apiVersion: `${GROUP}/v1`, kind: "TokenRequest", spec: members };
}

describe("a TokenRequest that is granted", () => {
  test("is answered 201 with what was defaulted and with the status", async () => {
    await using dev = await startDev();
    const response = await dev.requestToken(spec({ audiences: ["https://podgate.example.com"] }));
    const body = await bodyOf(response);

    expect(response.status).toBe(201);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-cache, private");
    expect(response.headers.get("warning")).toBeNull();
    expect(body).toEqual({
      kind: "TokenRequest",
      apiVersion: `${GROUP}/v1`,
      metadata: {
        name: "checkout",
        namespace: "payments",
        uid: CHECKOUT_UID,
        creationTimestamp: "2026-11-24T00:00:00Z",
      },
      spec: { audiences: ["https://podgate.example.com"], expirationSeconds: 3600, boundObjectRef: null },
      status: { token: expect.any(String), expirationTimestamp: "2026-11-24T01:00:00Z" },
    });
    expect(parts(body.status.token).claims).toMatchObject({
      aud: ["https://podgate.example.com"],
      exp: IAT + 3600,
      sub: "system:serviceaccount:payments:checkout",
    });
  });

  test.for([
    { body: "{}", reason: "an empty object" },
    { body: '{"spec":null,"metadata":null}', reason: "null members" },
    { body: '{"spec":{"audiences":[],"expirationSeconds":null,"boundObjectRef":null}}', reason: "an empty list" },
    { body: '{"kind":"","apiVersion":"","unknown":1}', reason: "empty strings and unknown members" },
  ])("takes defaults for $reason", async ({ body }) => {
    await using dev = await startDev();
    const response = await dev.requestToken(body);

    expect(response.status).toBe(201);
    expect((await bodyOf(response)).spec).toEqual({
      audiences: [dev.issuer],
      expirationSeconds: 3600,
      boundObjectRef: null,
    });
  });

  test.for([
    { contentType: "application/json", why: "JSON" },
    { contentType: "Application/JSON; charset=utf-8", why: "JSON with a parameter" },
    { contentType: undefined, why: "no media type" },
  ])("may be sent as $why", async ({ contentType }) => {
    await using dev = await startDev();
    // A Blob without a type is the one body to which fetch gives no Content-Type.
    const response = await fetch(`${dev.issuer}/api/v1/namespaces/payments/serviceaccounts/checkout/token`, {
      method: "POST",
      body: new Blob(["{}"]),
      ...(contentType === undefined ? {} : { headers: { "content-type": contentType } }),
    });

    expect(response.status).toBe(201);
  });

  test.for([600, 601, 2 ** 32])("may ask for %i seconds", async (expirationSeconds) => {
    await using dev = await startDev();
    const { status } = await bodyOf(await dev.requestToken(spec({ expirationSeconds })));

    expect(parts(status.token).claims.exp).toBe(IAT + expirationSeconds);
  });

  test.for([
    { requested: 7199, granted: 7199, warning: null },
    { requested: 7200, granted: 7200, warning: null },
    {
      requested: 7201,
      granted: 7200,
      warning: '299 - "requested expiration of 7201 seconds shortened to 7200 seconds"',
    },
  ])("for $requested s is granted $granted s where the server's cap is 7200 s", async (row) => {
    await using dev = await startDev({ maxExpirationSeconds: 7200 });
    const response = await dev.requestToken(spec({ expirationSeconds: row.requested }));
    const body = await bodyOf(response);

    expect(response.headers.get("warning")).toBe(row.warning);
    expect(body.spec.expirationSeconds).toBe(row.granted);
    expect(parts(body.status.token).claims.exp).toBe(IAT + row.granted);
  });

  test("may name its own service account, namespace and uid", async () => {
    await using dev = await startDev();
    const metadata = { name: "checkout", namespace: "payments", uid: CHECKOUT_UID };

    expect((await dev.requestToken({ metadata })).status).toBe(201);
  });

  test("may name the bound object's right uid", async () => {
    await using dev = await startDev();
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "checkout-0", uid: POD_UID };
    const response = await dev.requestToken(spec({ boundObjectRef }));

    expect(response.status).toBe(201);
    expect((await bodyOf(response)).spec.boundObjectRef).toEqual(boundObjectRef);
  });

  test.for(["v1", "v2", "", undefined])("may bind with apiVersion %s: only its group counts", async (apiVersion) => {
    await using dev = await startDev();
    const boundObjectRef = { kind: "Pod", name: "checkout-0", ...(apiVersion === undefined ? {} : { apiVersion }) };

    expect((await dev.requestToken(spec({ boundObjectRef }))).status).toBe(201);
  });
});

describe("names, and sizes, of a TokenRequest; its other refusals are those of recorded.test.ts", () => {
  const label = (length: number) => "n".repeat(length);
  test.for([
    { namespace: label(63), name: label(253), status: 201, why: "the longest names" },
    { namespace: label(64), name: "checkout", status: 404, missing: "namespaces", why: "a namespace of 64 characters" },
    { namespace: "payments", name: label(254), status: 404, why: "a name of 254 characters" },
    { namespace: "payments", name: "a.b-c.d", status: 201, why: "a subdomain" },
    { namespace: "pay.ments", name: "checkout", status: 404, missing: "namespaces", why: "a dot in the namespace" },
    { namespace: "payments", name: "Checkout", status: 404, why: "a capital" },
    { namespace: "payments", name: "-checkout", status: 404, why: "a leading hyphen" },
    { namespace: "payments", name: "checkout%0A", status: 404, why: "a newline at the end" },
    { namespace: "payments", name: "a..b", status: 404, why: "an empty label" },
    { namespace: "payments", name: "%63heckout", status: 201, why: "a needless escape" },
    { namespace: "payments", name: "%zz", status: 400, why: "a broken escape" },
  ])("$why is $status", async ({ namespace, name, status, missing = "serviceaccounts" }) => {
    await using dev = await startDev();
    const response = await dev.call("POST", `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {});
    const body = await bodyOf(response);

    expect(response.status).toBe(status);
    if (status === 404) {
      const absent = missing === "namespaces" ? namespace : decodeURIComponent(name);
      expect(body.message).toBe(`${missing} ${JSON.stringify(absent)} not found`);
      expect(body.details).toEqual({ name: absent, kind: missing });
    }
  });

  test.for([
    { bytes: 3 * 1024 * 1024, status: 201 },
    { bytes: 3 * 1024 * 1024 + 1, status: 413 },
  ])("a body of $bytes bytes is $status", async ({ bytes, status }) => {
    await using dev = await startDev();
    const response = await dev.requestToken(`${" ".repeat(bytes - 2)}{}`);

    expect(response.status).toBe(status);
    if (status === 413) {
      expect(await bodyOf(response)).toMatchObject({
        reason: "RequestEntityTooLarge",
        message: "Request entity too large: limit is 3145728",
      });
    }
  });
});

describe("the same in-process", () => {
  test("mint refuses as the API does", async () => {
    await using dev = await startDev();
    const request = { namespace: "payments", serviceAccount: "checkout" };

    await expect(dev.cluster.mint({ ...request, expirationSeconds: 599 })).rejects.toMatchObject({ code: 422 });
    await expect(dev.cluster.mint({ ...request, expirationSeconds: 700.5 })).rejects.toMatchObject({ code: 400 });
    await expect(dev.cluster.mint({ ...request, serviceAccount: "_" })).rejects.toMatchObject({ code: 404 });
  });

  test("mint answers with the status of the TokenRequest", async () => {
    await using dev = await startDev();
    const minted = await dev.cluster.mint({ namespace: "payments", serviceAccount: "checkout", audiences: ["a", "b"] });

    expect(minted.expirationTimestamp).toBe("2026-11-24T01:00:00Z");
    expect(parts(minted.token).claims.aud).toEqual(["a", "b"]);
  });
});
