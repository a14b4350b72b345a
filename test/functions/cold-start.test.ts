import { describe, expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import { builtModule } from "../support/built-function.ts";
import type { ColdStep } from "../support/cold-process.ts";
import { coldStart, effectOf, startColdWorld } from "../support/cold-world.ts";

/** What the ES module import of node:http, or a first `fetch`, loads: 30 to 40 ms of a cold start. */
function costlyModules(steps: readonly ColdStep[]): readonly string[] {
  return (steps.at(-1)?.modules ?? ["nothing was reported"]).filter((name) => /undici|http2/.test(name));
}

describe("a cold authorizer, in a process of its own", () => {
  test("with a snapshot asks SSM twice and no issuer; warm, it asks nobody; and it loads no undici", async () => {
    await using cold = await startColdWorld();
    cold.snapshot("dev");
    const event = restTokenEvent({ authorization: `Bearer ${await cold.world.mint("dev")}` });

    const steps = await coldStart(builtModule("authorizer"), [event, event, event], cold.env);
    expect(steps.map(effectOf)).toEqual([undefined, "Allow", "Allow", "Allow"]);
    expect(cold.strict.outcomes).toEqual(["answered", "answered"]);
    expect(cold.world.cluster("dev").calls).toMatchObject({ discovery: 0, keys: 0 });
    // The one that was opened while the function was loaded.
    expect(cold.strict.connections()).toBe(1);
    expect(costlyModules(steps)).toEqual([]);
  });

  test("without a snapshot asks the issuer too, and loads no undici either", async () => {
    await using cold = await startColdWorld();
    const event = restTokenEvent({ authorization: `Bearer ${await cold.world.mint("dev")}` });

    const steps = await coldStart(builtModule("authorizer"), [event], cold.env);
    expect(steps.map(effectOf)).toEqual([undefined, "Allow"]);
    expect(cold.strict.outcomes).toEqual(["answered", "answered"]);
    expect(cold.world.cluster("dev").calls).toMatchObject({ discovery: 1, keys: 1 });
    expect(costlyModules(steps)).toEqual([]);
  });

  test("sends and signs nothing while it is loaded", async () => {
    await using cold = await startColdWorld();
    await coldStart(builtModule("authorizer"), [], cold.env);
    expect(cold.strict.requests).toEqual([]);
    expect(cold.strict.connections()).toBe(1);
  });

  test("is loaded where SSM cannot be reached, and says so when it is asked", async () => {
    await using cold = await startColdWorld();
    const event = restTokenEvent({ authorization: `Bearer ${await cold.world.mint("dev")}` });
    const env = { ...cold.env, AWS_ENDPOINT_URL_SSM: "https://localhost:1" };
    const steps = await coldStart(builtModule("authorizer"), [event], env);
    expect(steps.map(effectOf)).toEqual([undefined, "PARAMETERS_UNAVAILABLE"]);
  });

  test("of whoami, too, loads no undici", async () => {
    await using cold = await startColdWorld();
    cold.snapshot("dev");
    const audience = "https://gateway.example.com";
    const token = await cold.world.mint("dev", { audiences: [audience] });
    const event = {
      version: "2.0",
      routeKey: "GET /whoami",
      rawPath: "/whoami",
      headers: { authorization: `Bearer ${token}` },
      requestContext: { apiId: "gateway", stage: "$default", http: { method: "GET", path: "/whoami" } },
    };
    const steps = await coldStart(builtModule("whoami"), [event], { ...cold.env, PODGATE_AUDIENCES: audience });
    expect(steps.at(-1)).toMatchObject({ answer: { statusCode: 200 } });
    expect(cold.strict.outcomes).toEqual(["answered", "answered"]);
    expect(costlyModules(steps)).toEqual([]);
  });

  test("the measure is right: a function that imports node:http is seen to load undici", async () => {
    const module = new URL(
      `data:text/javascript,${encodeURIComponent('import "node:http"; export const handler = () => 1;')}`,
    );
    expect(costlyModules(await coldStart(module, [{}], { PATH: process.env["PATH"] }))).not.toEqual([]);
  });
});
