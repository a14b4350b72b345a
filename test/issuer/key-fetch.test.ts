import { describe, expect, test } from "vitest";
import type { Clock } from "../../lib/clock.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { FetchFailureReason } from "../../lib/issuer/fetch-json.ts";
import { fetchKeySet } from "../../lib/issuer/key-fetch.ts";
import { createFetchJson } from "../../lib/net/fetch-json.ts";
import type { DiscoveryFault, KeysFault } from "../../offline/cluster/faults.ts";
import { startDev } from "../offline/cluster/support.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { codeOf, ecKey, failing, ISSUER_URL, issuerWith, Publisher, settled } from "./support.ts";

const { jwk } = ecKey("k1");
const DISCOVERY = `${ISSUER_URL}/.well-known/openid-configuration`;
const KEYS = `${ISSUER_URL}/openid/v1/jwks`;

/** Pauses between attempts are over at once; the deadline of 2.5 s never comes. */
function hastyClock(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  const standing = new ManualClock();
  return {
    pauses,
    now: () => standing.now(),
    wait: async (seconds, signal) => {
      if (seconds >= 1) return standing.wait(seconds, signal);
      pauses.push(seconds);
    },
  };
}

describe("what is asked", () => {
  test("discovery, then the key set, bounded in bytes and bound to the document's network", async () => {
    const publisher = new Publisher().publish([jwk]);
    const certificateAuthority = "-----BEGIN CERTIFICATE-----";
    const issuer = issuerWith({ network: "private", certificateAuthority });
    const keys = await fetchKeySet(issuer, publisher.fetchJson, hastyClock());

    expect([...keys.keys()]).toStrictEqual(["k1"]);
    expect(publisher.asked).toMatchObject([
      { url: DISCOVERY, options: { maxBytes: 65_536, network: "private", certificateAuthority } },
      { url: KEYS, options: { maxBytes: 150_000, network: "private", certificateAuthority } },
    ]);
  });

  test("jwksURL alone, where the document has it, on any host", async () => {
    const publisher = new Publisher();
    publisher.documents.set("https://keys.example/jwks", { keys: [jwk] });
    await fetchKeySet(issuerWith({ jwksURL: "https://keys.example/jwks" }), publisher.fetchJson, hastyClock());

    expect(publisher.asked.map(({ url }) => url)).toStrictEqual(["https://keys.example/jwks"]);
  });
});

describe("attempts (R7, R8)", () => {
  const reasons: readonly { reason: FetchFailureReason; attempts: number }[] = [
    { reason: "connection-failed", attempts: 2 },
    { reason: "name-not-resolved", attempts: 2 },
    { reason: "tls-failed", attempts: 2 },
    { reason: "timed-out", attempts: 2 },
    { reason: "server-error-status", attempts: 2 },
    { reason: "client-error-status", attempts: 1 },
    { reason: "redirected", attempts: 1 },
    { reason: "too-large", attempts: 1 },
    { reason: "content-encoded", attempts: 1 },
    { reason: "not-json", attempts: 1 },
    { reason: "address-refused", attempts: 1 },
  ];
  test.for(reasons)("$reason: $attempts, then ISSUER_UNREACHABLE", async ({ reason, attempts }) => {
    const publisher = new Publisher();
    publisher.failure = failing(reason);

    expect(await codeOf(fetchKeySet(issuerWith(), publisher.fetchJson, hastyClock()))).toBe("ISSUER_UNREACHABLE");
    expect(publisher.asked).toHaveLength(attempts);
  });

  test("the second one can bring the keys, after a pause of at most 0.1 s", async () => {
    const publisher = new Publisher().publish([jwk]);
    publisher.failure = failing("connection-failed");
    const clock = hastyClock();
    const fetched = fetchKeySet(
      issuerWith(),
      async (url, options) => {
        if (publisher.asked.length === 1) publisher.failure = undefined;
        return publisher.fetchJson(url, options);
      },
      clock,
    );

    expect((await fetched).size).toBe(1);
    expect(clock.pauses).toHaveLength(1);
    expect(clock.pauses[0]).toBeLessThanOrEqual(0.1);
  });

  test("an answer that must not be used is not asked for again", async () => {
    const wrongIssuer = new Publisher();
    wrongIssuer.documents.set(DISCOVERY, { issuer: "https://other.example", jwks_uri: KEYS });
    const noKeys = new Publisher().publish([]);

    expect(await codeOf(fetchKeySet(issuerWith(), wrongIssuer.fetchJson, hastyClock()))).toBe("DISCOVERY_INVALID");
    expect(wrongIssuer.asked).toHaveLength(1);
    expect(await codeOf(fetchKeySet(issuerWith(), noKeys.fetchJson, hastyClock()))).toBe("KEY_SET_INVALID");
    expect(noKeys.asked).toHaveLength(2);
  });

  test("an error that is no failure of the fetch is handed on as it is", async () => {
    const publisher = new Publisher();
    publisher.failure = new TypeError("a defect");

    await expect(fetchKeySet(issuerWith(), publisher.fetchJson, hastyClock())).rejects.toThrow(TypeError);
    expect(publisher.asked).toHaveLength(1);
  });

  test("the cause is kept, for whoever looks into it", async () => {
    const publisher = new Publisher();
    publisher.failure = failing("redirected");
    const error: unknown = await fetchKeySet(issuerWith(), publisher.fetchJson, hastyClock()).catch((e: unknown) => e);

    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toHaveProperty("cause", publisher.failure);
  });
});

describe("2.5 s in all (R2, R7)", () => {
  test.for([
    { moment: "before they are over", passed: 2.4, ended: false },
    { moment: "when they are over", passed: 2.5, ended: true },
  ])("$moment a fetch without answer has ended: $ended, and is not begun again", async ({ passed, ended }) => {
    const clock = new ManualClock();
    const publisher = new Publisher().publish([jwk]);
    publisher.hold();
    let outcome: string | undefined;
    const fetched = codeOf(fetchKeySet(issuerWith(), publisher.fetchJson, clock)).then((code) => {
      outcome = code;
    });
    await settled();
    clock.advance(passed);
    await settled();

    expect(outcome).toBe(ended ? "ISSUER_UNREACHABLE" : undefined);
    expect(publisher.asked).toHaveLength(1);
    clock.advance(1);
    await fetched;
  });

  test.for([
    { moment: "before they are over", passed: 2.4, ended: false },
    { moment: "when they are over", passed: 2.5, ended: true },
  ])("$moment a fetch that does not even hear of its end has ended: $ended", async ({ passed, ended }) => {
    const clock = new ManualClock();
    let outcome: string | undefined;
    void codeOf(fetchKeySet(issuerWith(), () => new Promise(() => {}), clock)).then((code) => {
      outcome = code;
    });
    await settled();
    clock.advance(passed);
    await settled();

    expect(outcome).toBe(ended ? "ISSUER_UNREACHABLE" : undefined);
  });

  test("a fetch that ended leaves no wait behind", async () => {
    const clock = new ManualClock();
    await fetchKeySet(issuerWith(), new Publisher().publish([jwk]).fetchJson, clock);

    expect(clock.waiting).toBe(0);
  });
});

describe("a real issuer that misbehaves (fault matrix)", () => {
  // Patient where there is an answer, so that a busy machine changes nothing; short where there will be none.
  const fetchJson = createFetchJson({ allowLoopbackHttp: true, connectSeconds: 10, totalSeconds: 10 });
  const impatient = createFetchJson({ allowLoopbackHttp: true, connectSeconds: 0.3, totalSeconds: 0.3 });
  const endless: readonly string[] = ["hang", "slow-loris"];
  const keysFaults: readonly { fault: KeysFault; code: string; fetches: number }[] = [
    { fault: { kind: "html" }, code: "ISSUER_UNREACHABLE", fetches: 1 },
    { fault: { kind: "truncated" }, code: "ISSUER_UNREACHABLE", fetches: 1 },
    { fault: { kind: "body", body: "{}" }, code: "KEY_SET_INVALID", fetches: 1 },
    { fault: { kind: "empty-keys" }, code: "KEY_SET_INVALID", fetches: 1 },
    { fault: { kind: "private-member" }, code: "KEY_SET_INVALID", fetches: 1 },
    { fault: { kind: "duplicate-kid" }, code: "KEY_SET_INVALID", fetches: 1 },
    { fault: { kind: "huge" }, code: "ISSUER_UNREACHABLE", fetches: 1 },
    { fault: { kind: "gzip-bomb" }, code: "ISSUER_UNREACHABLE", fetches: 1 },
    { fault: { kind: "redirect" }, code: "ISSUER_UNREACHABLE", fetches: 1 },
    { fault: { kind: "status", status: 404 }, code: "ISSUER_UNREACHABLE", fetches: 1 },
    { fault: { kind: "status", status: 503 }, code: "ISSUER_UNREACHABLE", fetches: 2 },
    { fault: { kind: "reset" }, code: "ISSUER_UNREACHABLE", fetches: 2 },
    { fault: { kind: "hang" }, code: "ISSUER_UNREACHABLE", fetches: 2 },
    { fault: { kind: "slow-loris", intervalSeconds: 0.1 }, code: "ISSUER_UNREACHABLE", fetches: 2 },
  ];
  test.for(keysFaults)("key set $fault.kind $fault.status: $code after $fetches", async ({ fault, code, fetches }) => {
    await using dev = await startDev();
    dev.cluster.fault("keys", fault);
    const fetcher = endless.includes(fault.kind) ? impatient : fetchJson;

    expect(await codeOf(fetchKeySet(issuerWith({ url: dev.issuer }), fetcher, hastyClock()))).toBe(code);
    expect(dev.cluster.calls).toMatchObject(
      // A busy machine may spend an attempt of 0.3 s before it has come to the keys.
      fetcher === impatient ? { discovery: fetches } : { discovery: fetches, keys: fetches },
    );
  });

  const discoveryFaults: readonly { fault: DiscoveryFault; code: string }[] = [
    { fault: { kind: "wrong-issuer" }, code: "DISCOVERY_INVALID" },
    { fault: { kind: "foreign-jwks-uri" }, code: "DISCOVERY_INVALID" },
    { fault: { kind: "foreign-jwks-uri", url: "http://169.254.169.254/keys" }, code: "DISCOVERY_INVALID" },
    { fault: { kind: "redirect" }, code: "ISSUER_UNREACHABLE" },
    { fault: { kind: "html" }, code: "ISSUER_UNREACHABLE" },
    { fault: { kind: "huge", bytes: 65_536 }, code: "ISSUER_UNREACHABLE" },
    { fault: { kind: "status", status: 403 }, code: "ISSUER_UNREACHABLE" },
  ];
  test.for(discoveryFaults)("discovery $fault.kind: $code and no request for keys", async ({ fault, code }) => {
    await using dev = await startDev();
    dev.cluster.fault("discovery", fault);

    expect(await codeOf(fetchKeySet(issuerWith({ url: dev.issuer }), fetchJson, hastyClock()))).toBe(code);
    expect(dev.cluster.calls).toMatchObject({ discovery: 1, keys: 0 });
  });

  test("one failure of the connection is got over", async () => {
    await using dev = await startDev();
    dev.cluster.fault("keys", { kind: "reset", times: 1 });
    const keys = await fetchKeySet(issuerWith({ url: dev.issuer }), fetchJson, hastyClock());

    expect([...keys.keys()]).toStrictEqual(dev.cluster.keys.map(({ kid }) => kid));
  });
});
