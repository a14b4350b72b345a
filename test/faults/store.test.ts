import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import type { Bundle } from "../support/bundle.ts";
import { startHttpServer } from "../support/faulty-server.ts";
import { bundleSteppedAuthorizer, startSteppedWorld } from "../support/stepped-world.ts";
import { auditOf } from "../support/verdict.ts";
import { startWorld } from "../support/world.ts";
import { countedIn } from "./faulty-issuer.ts";

let stepper: Bundle;
beforeAll(async () => {
  stepper = await bundleSteppedAuthorizer();
});
afterAll(() => stepper[Symbol.asyncDispose]());

describe.concurrent("a store that fails while documents are in hand (R10, R13)", () => {
  test.for([
    "hang",
    "internal-error",
    "truncate",
    "expired-credentials",
    "wrong-clock",
    "unrecognized-client",
  ] as const)(
    "%s: they serve until 360 s after they were read, which is counted, then no decision; two attempts a try",
    async (kind) => {
      await using stepped = await startSteppedWorld(stepper);
      const { world, ask, at } = stepped;
      expect(auditOf(await ask(await world.mint("staging"))).code).toBe("ALLOWED");
      world.store.fault({ kind });
      const told: unknown[] = [];
      for (const seconds of [60, 359.9, 360]) {
        await at(seconds);
        world.store.forgetCalls();
        const result = await ask(await world.mint("staging"));
        told.push([auditOf(result).code, countedIn(result, "StaleDocumentsServed") > 0]);
        expect(world.store.calls.length).toBeLessThanOrEqual(2);
      }
      expect(told).toEqual([
        ["ALLOWED", true],
        ["ALLOWED", true],
        ["PARAMETERS_UNAVAILABLE", false],
      ]);
    },
  );
});

test.concurrent("a store whose answer has no end: no decision, in two connections that are closed again", async ({
  expect,
}) => {
  await using world = await startWorld();
  const open = new Set<NodeJS.Timeout>();
  await using endless = await startHttpServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    const timer = setInterval(() => response.write(" ".repeat(65_536)), 5);
    open.add(timer);
    response.on("close", () => {
      clearInterval(timer);
      open.delete(timer);
    });
  });
  await using authorizer = await world.start("authorizer", {
    AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${endless.port}`,
  });
  const event = restTokenEvent({ authorization: `Bearer ${await world.mint("staging")}`, path: "/v1/status" });
  expect(auditOf(await authorizer.call(event)).code).toBe("PARAMETERS_UNAVAILABLE");
  expect(endless.connections).toBeLessThanOrEqual(2);
  await expect.poll(() => open.size).toBe(0);
  await authorizer.end();
  expect(authorizer.stderr).toBe("");
});

describe.concurrent("calls of the store", () => {
  test("two for a cold start, none for a thousand warm calls, and a revocation is in force after 60 s", async () => {
    await using stepped = await startSteppedWorld(stepper);
    const { world, authorizer, ask, codeOf, at } = stepped;
    const tokens = [await world.mint("staging"), await world.mint("staging", { serviceAccount: "web" })];
    const [token = ""] = tokens;
    const cold = await ask(token);
    expect(auditOf(cold).code).toBe("ALLOWED");
    expect([world.store.calls.length, countedIn(cold, "StoreCalls"), countedIn(cold, "ColdStarts")]).toEqual([2, 2, 1]);

    world.store.forgetCalls();
    // Ages are up to a tenth less than they say.
    await at(53.9);
    const event = restTokenEvent({ authorization: `Bearer ${token}`, path: "/v1/status" });
    await authorizer.callAll(
      Array.from({ length: 1000 }, () => event),
      10,
    );
    expect(world.store.calls).toEqual([]);

    world.put("permissions/_all", { deny: [{ service: "*", methods: ["*"], paths: ["*"] }] });
    await at(60);
    expect(await codeOf(token)).toBe("ACCESS_DENIED");
    // Issuer and receiver in one call, permissions in another.
    expect(world.store.calls).toHaveLength(2);
  });
});
