import { describe, expect, test } from "vitest";
import type { AuthorizerKind } from "../../../offline/api-gateway/gateway-request.ts";
import {
  defaultTtlSeconds,
  type KeptAnswer,
  ResultCache,
  ttlProblem,
} from "../../../offline/api-gateway/result-cache.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const kept = (madeFor: string): KeptAnswer => ({
  answer: { form: "simple", isAuthorized: true, context: {} },
  madeFor,
});

describe("what is kept", () => {
  test.for([
    { values: ["a", "b"], found: true, name: "the same values in the same order" },
    { values: ["b", "a"], found: false, name: "another order" },
    { values: ["a"], found: false, name: "fewer values" },
    { values: ["a", "b", ""], found: false, name: "one value more" },
    { values: ["a,b"], found: false, name: "one value that looks like two" },
    { values: ["A", "b"], found: false, name: "another case" },
  ])("$name: found is $found", ({ values, found }) => {
    const cache = new ResultCache(10, new ManualClock());
    cache.keep(["a", "b"], kept("x"));
    expect(cache.find(values)?.madeFor === "x").toBe(found);
  });

  test.for([
    { ttl: 10, after: 9.999, found: true },
    { ttl: 10, after: 10, found: false },
    { ttl: 0, after: 0, found: false },
  ])("for $ttl s, $after s later: found is $found", ({ ttl, after, found }) => {
    const clock = new ManualClock();
    const cache = new ResultCache(ttl, clock);
    cache.keep(["a"], kept("x"));
    clock.advance(after);
    expect(cache.find(["a"]) !== undefined).toBe(found);
  });

  test("a newer answer replaces the older one and lives its own time", () => {
    const clock = new ManualClock();
    const cache = new ResultCache(10, clock);
    cache.keep(["a"], kept("old"));
    clock.advance(9);
    cache.keep(["a"], kept("new"));
    clock.advance(9);
    expect(cache.find(["a"])?.madeFor).toBe("new");
  });

  test("is bounded: the oldest goes first, and what is kept again is not the oldest", () => {
    const cache = new ResultCache(10, new ManualClock(), 2);
    for (const name of ["a", "b", "a", "c"]) cache.keep([name], kept(name));
    expect(["a", "b", "c"].filter((name) => cache.find([name]) !== undefined)).toEqual(["a", "c"]);
  });
});

describe("time to live", () => {
  test.for<[AuthorizerKind, number]>([
    ["rest-token", 300],
    ["rest-request", 300],
    ["http-1.0", 0],
    ["http-2.0", 0],
    ["websocket", 0],
  ])("%s: %i s where nothing is said", ([kind, seconds]) => {
    expect(defaultTtlSeconds(kind)).toBe(seconds);
  });

  test.for<[AuthorizerKind, number, string[], RegExp | undefined]>([
    ["rest-request", 0, [], undefined],
    ["rest-request", 1, ["x"], undefined],
    ["rest-request", 3600, ["x"], undefined],
    ["rest-request", 3601, ["x"], /0 to 3600/],
    ["rest-request", -1, ["x"], /0 to 3600/],
    ["rest-request", 1.5, ["x"], /0 to 3600/],
    ["rest-request", 1, [], /\(300 if not said\) above 0 needs at least one identity source/],
    ["http-2.0", 1, [], /^resultTtlInSeconds above 0 needs at least one identity source/],
    ["http-2.0", 0, [], undefined],
    ["websocket", 0, [], undefined],
    ["websocket", 1, ["x"], /WebSocket/],
  ])("%s, %d s, sources %j: %s", ([kind, seconds, sources, problem]) => {
    expect(ttlProblem(kind, seconds, sources) ?? "none").toMatch(problem ?? /^none$/);
  });
});
