import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Bundle } from "../support/bundle.ts";
import { startHttpServer, startHttpsServer, tlsFixture } from "../support/faulty-server.ts";
import { bundleSteppedAuthorizer, START, startSteppedWorld } from "../support/stepped-world.ts";
import { auditOf } from "../support/verdict.ts";
import { countedIn, putSnapshot, startKeyEnd, startUnreachable, WAYS } from "./faulty-issuer.ts";

let stepper: Bundle;
beforeAll(async () => {
  stepper = await bundleSteppedAuthorizer();
});
afterAll(() => stepper[Symbol.asyncDispose]());

describe.concurrent("an issuer to which no way leads", () => {
  test.for(WAYS)("%s, keys in hand: calls go on for 7,200 s, which is counted, then no decision (R1)", async (way) => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, ask, at, authorizer } = stepped;
    await using end = await startUnreachable(way);
    if (way === "the name is not found") await authorizer.apply("setAddresses", [[]]);
    world.register("staging", { group: "all", ...end.members });
    putSnapshot(world, "staging", START);
    const told: unknown[] = [];
    for (const seconds of [0, 1499, 1500, 7199, 7200]) {
      await at(seconds);
      const before = end.connections;
      const result = await ask(await world.mint("staging"));
      told.push([seconds, auditOf(result).code, countedIn(result, "StaleKeysServed")]);
      expect(end.connections - before).toBeLessThanOrEqual(2);
    }
    expect(told).toEqual([
      [0, "ALLOWED", 0],
      [1499, "ALLOWED", 0],
      [1500, "ALLOWED", 1],
      [7199, "ALLOWED", 1],
      [7200, "ISSUER_UNREACHABLE", 0],
    ]);
  });

  test.for(WAYS)("%s, nothing in hand: no decision, after two attempts at most (R2)", async (way) => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, ask, authorizer } = stepped;
    await using end = await startUnreachable(way);
    if (way === "the name is not found") await authorizer.apply("setAddresses", [[]]);
    world.register("staging", { group: "all", ...end.members });
    const result = await ask(await world.mint("staging"));
    expect(auditOf(result)).toMatchObject({ outcome: "error", code: "ISSUER_UNREACHABLE" });
    expect(result.error?.message).toBe("ISSUER_UNREACHABLE");
    expect(countedIn(result, "IssuerFailures")).toBeLessThanOrEqual(2);
    expect(end.connections).toBeLessThanOrEqual(2);
  });
});

describe.concurrent("a discovery document that must not be followed: one request, and none to where it leads", () => {
  test.for([
    { what: "a redirect", fault: { kind: "redirect" }, code: "ISSUER_UNREACHABLE" },
    { what: "another issuer", fault: { kind: "wrong-issuer" }, code: "DISCOVERY_INVALID" },
    { what: "keys on another host", fault: { kind: "foreign-jwks-uri" }, code: "DISCOVERY_INVALID" },
    {
      what: "keys on a private address",
      fault: { kind: "foreign-jwks-uri", url: "https://10.0.0.1/k" },
      code: "DISCOVERY_INVALID",
    },
    {
      what: "keys at the metadata address",
      fault: { kind: "foreign-jwks-uri", url: "http://169.254.169.254/k" },
      code: "DISCOVERY_INVALID",
    },
    { what: "keys on another port", fault: { kind: "foreign-jwks-uri", url: "the canary" }, code: "DISCOVERY_INVALID" },
  ] as const)("$what", async ({ fault, code }, { expect }) => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, ask, at } = stepped;
    const staging = world.cluster("staging");
    await using canary = await startHttpServer((_request, response) => response.end("{}"));
    const url = "url" in fault && fault.url === "the canary" ? { url: `http://127.0.0.1:${canary.port}/keys` } : {};
    staging.fault("discovery", { ...fault, ...url } as { kind: "redirect" });

    const cold = await ask(await world.mint("staging"));
    expect(auditOf(cold).code).toBe(code);
    expect(staging.calls).toMatchObject({ discovery: 1, keys: 0 });

    // With keys in hand the same answer is refused, and the keys serve on.
    putSnapshot(world, "staging", START);
    await at(1500);
    const warm = await ask(await world.mint("staging"));
    expect([auditOf(warm).code, countedIn(warm, "StaleKeysServed")]).toEqual(["ALLOWED", 1]);
    expect(staging.calls).toMatchObject({ discovery: 2, keys: 0 });
    expect(canary.connections).toBe(0);
  });
});

describe.concurrent("a key set without end", () => {
  test("announced as 10 MB is not read at all, and one that is not announced is left after 150,000 bytes", async () => {
    for (const announced of [true, false]) {
      await using stepped = await startSteppedWorld(stepper);
      const { world, ask, authorizer } = stepped;
      let sent = 0;
      const ended = Promise.withResolvers<void>();
      await using end = await startKeyEnd((_request, response) => {
        const length = announced ? { "content-length": "10000000" } : {};
        response.writeHead(200, { "content-type": "application/json", ...length });
        response.on("close", ended.resolve);
        const more = () => {
          while (!response.destroyed && response.write(" ".repeat(10_000))) sent += 10_000;
        };
        response.on("drain", more);
        more();
      });
      world.register("staging", { group: "all", ...end.members });
      const { heapBytes } = await authorizer.state();
      const result = await ask(await world.mint("staging"));
      expect(auditOf(result)).toMatchObject({ code: "ISSUER_UNREACHABLE", outcome: "error" });
      await ended.promise;
      // What is not read fills the buffers of two sockets.
      expect(sent).toBeLessThan(8_000_000);
      expect(end.connections).toBe(1);
      expect((await authorizer.state()).heapBytes - heapBytes).toBeLessThan(4_000_000);
    }
  });

  test("that comes byte by byte is left after 1.5 s, and again: two connections, none of them open any more", async ({
    expect,
  }) => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, ask } = stepped;
    const timers = new Set<NodeJS.Timeout>();
    await using end = await startKeyEnd((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const timer = setInterval(() => response.write(" "), 50);
      timers.add(timer);
      response.on("close", () => {
        clearInterval(timer);
        timers.delete(timer);
      });
    });
    world.register("staging", { group: "all", ...end.members });
    expect(auditOf(await ask(await world.mint("staging"))).code).toBe("ISSUER_UNREACHABLE");
    expect(end.connections).toBeLessThanOrEqual(2);
    await expect.poll(() => timers.size).toBe(0);
  });
});

describe.concurrent("DNS rebinding (S35)", () => {
  test.for([
    { later: ["10.0.0.1"], what: "a private address" },
    { later: ["169.254.169.254"], what: "the metadata address" },
    { later: ["127.0.0.1", "10.0.0.1"], what: "a set with one private address" },
    { later: ["::ffff:169.254.169.254"], what: "the metadata address as IPv6" },
  ])(
    "a name that was good and becomes $what: no byte goes there, and the keys serve on",
    async ({ later }, { expect }) => {
      await using stepped = await startSteppedWorld(stepper);
      const { world, ask, at, authorizer } = stepped;
      const { keys } = world.cluster("staging");
      await using server = await startHttpsServer((_request, response) => response.end(JSON.stringify({ keys })));
      const jwksURL = `https://localhost:${server.port}/keys`;
      world.register("staging", { group: "all", jwksURL, certificateAuthority: tlsFixture("root.pem") });
      await authorizer.apply("setAddresses", [["127.0.0.1"], later]);

      expect(auditOf(await ask(await world.mint("staging"))).code).toBe("ALLOWED");
      // One look-up for one connection: what DNS says a moment later is not asked.
      expect(await authorizer.apply("lookupsMade")).toBe(1);
      expect(server.connections).toBe(1);

      await at(300);
      const refreshed = await ask(await world.mint("staging"));
      expect([auditOf(refreshed).code, countedIn(refreshed, "StaleKeysServed")]).toEqual(["ALLOWED", 1]);
      expect(await authorizer.apply("lookupsMade")).toBe(2);
      expect(server.connections).toBe(1);
    },
  );
});
