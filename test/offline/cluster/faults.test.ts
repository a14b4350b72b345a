import { get, type IncomingMessage } from "node:http";
import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import type { DiscoveryFault, KeysFault } from "../../../offline/cluster/faults.ts";
import { bodyOf, type Started, startDev } from "./support.ts";

const DISCOVERY = "/.well-known/openid-configuration";
const KEYS = "/openid/v1/jwks";

/** A request by node:http, which shows what fetch hides: bytes as they arrive, and bodies as they were encoded. */
function open(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, resolve).once("error", reject);
  });
}

async function rawBody(url: string): Promise<Buffer> {
  return Buffer.concat(await (await open(url)).toArray());
}

async function bodyWith(dev: Started, target: "discovery" | "keys", fault: object) {
  const set = await dev.call("PUT", "/_faults", { [target]: fault });
  expect(set.status).toBe(200);
  return dev.call("GET", target === "keys" ? KEYS : DISCOVERY);
}

describe("faults of both documents", () => {
  const both = ["discovery", "keys"] as const;
  const path = { discovery: DISCOVERY, keys: KEYS };

  test.for(both.flatMap((target) => [400, 404, 500, 599].map((status) => ({ target, status }))))(
    "$target: status $status",
    async ({ target, status }) => {
      await using dev = await startDev();
      const response = await bodyWith(dev, target, { kind: "status", status });

      expect(response.status).toBe(status);
      expect(await bodyOf(response)).toMatchObject({ kind: "Status", code: status });
    },
  );

  test.for(both)("%s: html is a web page with status 200", async (target) => {
    await using dev = await startDev();
    const response = await bodyWith(dev, target, { kind: "html" });

    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html");
    expect(await response.text()).toMatch(/^<html>/);
  });

  test.for(both)("%s: truncated is the beginning of the document", async (target) => {
    await using dev = await startDev();
    const right = await (await dev.call("GET", path[target])).text();
    const cut = await (await bodyWith(dev, target, { kind: "truncated" })).text();

    expect(cut).toBe(right.slice(0, Math.floor(right.length / 2)));
  });

  test.for(both)("%s: redirect leads to the right document, so that following it would work", async (target) => {
    await using dev = await startDev();
    const right = await (await dev.call("GET", path[target])).text();
    const response = await bodyWith(dev, target, { kind: "redirect" });

    expect(response.status).toBe(302);
    expect(await (await fetch(response.headers.get("location") ?? "")).text()).toBe(right);
    expect(dev.cluster.calls[target]).toBe(3);
  });

  test("redirect leads where it is told", async () => {
    await using dev = await startDev();
    const response = await bodyWith(dev, "keys", { kind: "redirect", location: "http://127.0.0.1:1/" });

    expect(response.headers.get("location")).toBe("http://127.0.0.1:1/");
  });

  test.for(both)("%s: huge is a document that would do, of 10 MB", async (target) => {
    await using dev = await startDev();
    const right = await bodyOf(await dev.call("GET", path[target]));
    const text = await (await bodyWith(dev, target, { kind: "huge" })).text();

    expect(text.length).toBeGreaterThan(10_000_000);
    expect(JSON.parse(text)).toMatchObject(right);
  });

  test.for(both)("%s: gzip-bomb is small on the wire and large when read", async (target) => {
    await using dev = await startDev();
    const response = await bodyWith(dev, target, { kind: "gzip-bomb", bytes: 2_000_000 });
    const wire = await rawBody(`${dev.issuer}${path[target]}`);

    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect((await response.text()).length).toBeGreaterThan(2_000_000);
    expect(wire.length).toBeLessThan(20_000);
  });

  test.for(both)("%s: body is any answer", async (target) => {
    await using dev = await startDev();
    const response = await bodyWith(dev, target, { kind: "body", body: '{"x":1}', status: 203, contentType: "text/x" });

    expect(response.status).toBe(203);
    expect(response.headers.get("content-type")).toBe("text/x");
    expect(await response.text()).toBe('{"x":1}');
  });

  test.for(both)("%s: reset ends the connection without an answer", async (target) => {
    await using dev = await startDev();
    await dev.call("PUT", "/_faults", { [target]: { kind: "reset" } });

    await expect(open(`${dev.issuer}${path[target]}`)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test.for(both)("%s: slow is the right answer, not before its time", async (target) => {
    await using dev = await startDev();
    const right = await (await dev.call("GET", path[target])).text();
    const before = performance.now();
    const response = await bodyWith(dev, target, { kind: "slow", delaySeconds: 0.1 });

    expect(await response.text()).toBe(right);
    // Timers may fire a millisecond early.
    expect(performance.now() - before).toBeGreaterThan(98);
  });

  test.for(both)("%s: hang never answers, and closing the server ends it", async (target) => {
    await using dev = await startDev();
    await dev.call("PUT", "/_faults", { [target]: { kind: "hang" } });
    const pending = expect(open(`${dev.issuer}${path[target]}`)).rejects.toMatchObject({ code: "ECONNRESET" });
    await reached(dev, target);
    await dev[Symbol.asyncDispose]();

    await pending;
  });

  test("slow-loris sends one byte at a time, and all of them in the end", async () => {
    await using dev = await startDev();
    const right = await (await dev.call("GET", DISCOVERY)).text();
    dev.cluster.fault("discovery", { kind: "slow-loris", intervalSeconds: 0 });
    const response = await open(`${dev.issuer}${DISCOVERY}`);
    const chunks: Buffer[] = await response.toArray();

    expect(Buffer.concat(chunks).toString()).toBe(right);
    expect(chunks[0]?.length).toBeLessThan(right.length / 2);
  });

  test("slow-loris by default waits a second, and closing the server ends it", async () => {
    await using dev = await startDev();
    dev.cluster.fault("keys", { kind: "slow-loris" });
    const response = await open(`${dev.issuer}${KEYS}`);
    const cut = expect(response.toArray()).rejects.toMatchObject({ code: "ECONNRESET" });
    await dev[Symbol.asyncDispose]();

    expect(response.headers["content-length"]).toMatch(/^\d{3}$/);
    await cut;
  });

  test("a slow answer does not keep a closed server waiting", async () => {
    await using dev = await startDev();
    dev.cluster.fault("keys", { kind: "slow", delaySeconds: 3600 });
    const pending = expect(open(`${dev.issuer}${KEYS}`)).rejects.toMatchObject({ code: "ECONNRESET" });
    await reached(dev, "keys");
    await dev[Symbol.asyncDispose]();

    await pending;
  });
});

describe("faults of the discovery document", () => {
  test.for([
    { fault: { kind: "wrong-issuer" }, member: "issuer", value: /\/dev-other$/ },
    { fault: { kind: "wrong-issuer", issuer: "https://x.example" }, member: "issuer", value: /^https:\/\/x\.example$/ },
    { fault: { kind: "foreign-jwks-uri" }, member: "jwks_uri", value: /^https:\/\/keys\.invalid\// },
    { fault: { kind: "foreign-jwks-uri", url: "http://169.254.169.254/" }, member: "jwks_uri", value: /^http:\/\/169/ },
  ])("$fault changes $member alone", async ({ fault, member, value }) => {
    await using dev = await startDev();
    const right = await bodyOf(await dev.call("GET", DISCOVERY));
    const wrong = await bodyOf(await bodyWith(dev, "discovery", fault));

    expect(wrong[member]).toMatch(value);
    expect(wrong[member]).not.toBe(right[member]);
    expect({ ...wrong, [member]: right[member] }).toEqual(right);
  });
});

describe("faults of the key set", () => {
  test("empty-keys", async () => {
    await using dev = await startDev();
    expect(await bodyOf(await bodyWith(dev, "keys", { kind: "empty-keys" }))).toEqual({ keys: [] });
  });

  test("duplicate-kid adds another key under the same kid", async () => {
    await using dev = await startDev();
    const { keys } = await bodyOf(await bodyWith(dev, "keys", { kind: "duplicate-kid" }));

    expect(keys).toHaveLength(2);
    expect(keys[0]).toEqual(dev.cluster.keys[0]);
    expect(keys[1]?.kid).toBe(keys[0]?.kid);
    expect(keys[1]?.x).toBeTypeOf("string");
    expect(keys[1]?.x).not.toBe(keys[0]?.x);
  });

  test("private-member adds d to the right keys", async () => {
    await using dev = await startDev();
    const { keys } = await bodyOf(await bodyWith(dev, "keys", { kind: "private-member" }));

    expect(keys).toEqual([{ ...dev.cluster.keys[0], d: expect.stringMatching(/^[\w-]{43}$/) }]);
  });
});

describe("setting faults", () => {
  const fault: KeysFault = { kind: "status", status: 500 };

  test("a fault lasts until it is cleared, and its document only", async () => {
    await using dev = await startDev();
    await dev.call("PUT", "/_faults", { keys: fault });

    expect((await dev.call("GET", KEYS)).status).toBe(500);
    expect((await dev.call("GET", KEYS)).status).toBe(500);
    expect((await dev.call("GET", DISCOVERY)).status).toBe(200);
    const cleared = await dev.call("DELETE", "/_faults");
    expect(await bodyOf(cleared)).toEqual({});
    expect((await dev.call("GET", KEYS)).status).toBe(200);
    expect(dev.cluster.calls.keys).toBe(3);
  });

  test("with times it ends by itself", async () => {
    await using dev = await startDev();
    dev.cluster.fault("keys", { ...fault, times: 2 });
    const statuses: number[] = [];
    for (let call = 0; call < 3; call++) statuses.push((await dev.call("GET", KEYS)).status);

    expect(statuses).toEqual([500, 500, 200]);
  });

  test("GET shows what is due, with the times that are left", async () => {
    await using dev = await startDev();
    await dev.call("PUT", "/_faults", { discovery: { kind: "hang" }, keys: { ...fault, times: 2 } });
    await dev.call("GET", KEYS);

    expect(await bodyOf(await dev.call("GET", "/_faults"))).toEqual({
      discovery: { kind: "hang" },
      keys: { ...fault, times: 1 },
    });
  });

  test("PUT replaces all faults", async () => {
    await using dev = await startDev();
    await dev.call("PUT", "/_faults", { keys: fault });
    await dev.call("PUT", "/_faults", { discovery: fault });

    expect((await dev.call("GET", KEYS)).status).toBe(200);
    expect((await dev.call("GET", DISCOVERY)).status).toBe(500);
  });

  test("in-process, one document's fault or all can be cleared", async () => {
    await using dev = await startDev();
    const discovery: DiscoveryFault = { kind: "wrong-issuer" };
    dev.cluster.fault("discovery", discovery);
    dev.cluster.fault("keys", fault);
    expect(() => dev.cluster.clearFaults("key" as "keys")).toThrow(
      "key: is not a member; allowed: discovery, keys, tokenRequests",
    );
    dev.cluster.clearFaults("keys");
    expect(await bodyOf(await dev.call("GET", "/_faults"))).toEqual({ discovery });
    dev.cluster.clearFaults();
    expect(await bodyOf(await dev.call("GET", "/_faults"))).toEqual({});
  });

  test.for([
    { body: [], message: "the body: is not a JSON object" },
    { body: { key: fault }, message: "key: is not a member; allowed: discovery, keys, tokenRequests" },
    { body: { keys: { kind: "explode" } }, message: "keys.kind:" },
    { body: { keys: { kind: "wrong-issuer" } }, message: "keys.kind:" },
    { body: { discovery: { kind: "empty-keys" } }, message: "discovery.kind:" },
    { body: { keys: { ...fault, delay: 1 } }, message: "keys.delay: is not a member; allowed: kind, status, times" },
    { body: { keys: { kind: "status" } }, message: "keys.status: is missing" },
    { body: { keys: { ...fault, status: 399 } }, message: "keys.status: is not a whole number from 400 to 599" },
    { body: { keys: { ...fault, status: 600 } }, message: "keys.status: is not a whole number from 400 to 599" },
    { body: { keys: { ...fault, times: 0 } }, message: "keys.times: is not a whole number from 1" },
    { body: { keys: { kind: "slow", delaySeconds: -1 } }, message: "keys.delaySeconds: is negative" },
  ])("$body is 400 and leaves the faults as they were", async ({ body, message }) => {
    await using dev = await startDev();
    await dev.call("PUT", "/_faults", { discovery: { kind: "hang" } });
    const response = await dev.call("PUT", "/_faults", body);

    expect(response.status).toBe(400);
    expect((await bodyOf(response)).message).toContain(message);
    expect(await bodyOf(await dev.call("GET", "/_faults"))).toEqual({ discovery: { kind: "hang" } });
  });
});

describe("faults of the TokenRequest API", () => {
  const asked = { spec: { audiences: ["orders.example.com"] } };

  test.for([
    [{ kind: "status", status: 500 }, 500, "application/json", '{"kind":"Status"'],
    [{ kind: "html" }, 200, "text/html", "<html>"],
    [{ kind: "truncated" }, 201, "application/json", '{"kind":"TokenRequest"'],
    [{ kind: "body", body: "{}" }, 200, "application/json", "{}"],
  ] as const)("%j", async ([fault, status, type, begins]) => {
    await using dev = await startDev();
    dev.cluster.fault("tokenRequests", { ...fault, times: 1 });
    const response = await dev.requestToken(asked);
    expect({ status: response.status, type: response.headers.get("content-type") }).toEqual({ status, type });
    const text = await response.text();
    expect(text.slice(0, begins.length)).toBe(begins);
    expect(() => decodeJwt(JSON.parse(text).status.token)).toThrow();
    // Gone, and of what else there is nothing was disturbed.
    expect((await dev.requestToken(asked)).status).toBe(201);
  });

  test("a redirect leads a POST to the right answer", async () => {
    await using dev = await startDev();
    await dev.call("PUT", "/_faults", { tokenRequests: { kind: "redirect" } });
    const response = await dev.requestToken(asked);
    expect(response.status).toBe(307);
    const headers = { "content-type": "application/json" };
    const at = response.headers.get("location") ?? "";
    expect((await fetch(at, { method: "POST", headers, body: JSON.stringify(asked) })).status).toBe(201);
  });

  test("one of the connection ends it, and the documents are as they were", async () => {
    await using dev = await startDev();
    dev.cluster.fault("tokenRequests", { kind: "reset" });
    await expect(dev.requestToken(asked)).rejects.toThrow("fetch failed");
    expect((await dev.call("GET", KEYS)).status).toBe(200);
    dev.cluster.clearFaults("tokenRequests");
    expect((await dev.requestToken(asked)).status).toBe(201);
  });

  test("those of documents are none of it", async () => {
    await using dev = await startDev();
    const response = await dev.call("PUT", "/_faults", { tokenRequests: { kind: "empty-keys" } });
    expect(response.status).toBe(400);
    expect((await bodyOf(response)).message).toContain("tokenRequests.kind:");
  });
});

/** Until the request has arrived; each turn is a request of our own, so there is nothing to sleep for. */
async function reached(dev: Started, target: "discovery" | "keys"): Promise<void> {
  while (dev.cluster.calls[target] === 0) await dev.call("GET", "/version");
}

test.for<[string, unknown, RegExp]>([
  ["keyz", { kind: "hang" }, /^keyz: is not a member; allowed: discovery, keys, tokenRequests$/],
  ["keys", { kind: "hangs" }, /^keys.kind: /],
])("a fault of %s that does not exist is refused in the process too: %j", async ([target, fault, message]) => {
  await using dev = await startDev();
  expect(() => dev.cluster.fault(target as never, fault as never)).toThrow(message);
  expect((await fetch(`${dev.issuer}${KEYS}`)).status).toBe(200);
});
