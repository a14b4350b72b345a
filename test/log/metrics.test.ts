import { describe, expect, test } from "vitest";
import { counted, directive, Metrics } from "../../lib/log/metrics.ts";

const DECISIONS = directive([["prefix", "outcome"]], { Decisions: "Count" });

/** Metrics of an environment that has written its first record. */
function started(): Metrics {
  const metrics = new Metrics("/podgate/prod");
  metrics.embed([], 0);
  return metrics;
}

describe("what a record counts, in CloudWatch's embedded metric format", () => {
  test("the first of an environment counts a cold start", () => {
    expect(new Metrics("/podgate/prod").embed([DECISIONS], 1_795_000_000.9999)).toEqual({
      prefix: "/podgate/prod",
      _aws: {
        Timestamp: 1_795_000_000_999,
        CloudWatchMetrics: [
          {
            Namespace: "podgate",
            Dimensions: [["prefix", "outcome"]],
            Metrics: [{ Name: "Decisions", Unit: "Count" }],
          },
          { Namespace: "podgate", Dimensions: [["prefix"]], Metrics: [{ Name: "ColdStarts", Unit: "Count" }] },
        ],
      },
      ColdStarts: 1,
    });
  });

  test("where nothing happened since the last one, its own metrics alone", () => {
    expect(started().embed([DECISIONS], 1)).toEqual({
      prefix: "/podgate/prod",
      _aws: { Timestamp: 1000, CloudWatchMetrics: [DECISIONS] },
    });
  });

  test("what happened since the last one, once", () => {
    const metrics = started();
    metrics.count("StoreCalls");
    metrics.count("StoreCalls");
    metrics.count("StaleDocumentsServed");
    expect(metrics.embed([DECISIONS], 1)).toMatchObject({
      StoreCalls: 2,
      StaleDocumentsServed: 1,
      _aws: {
        CloudWatchMetrics: [
          DECISIONS,
          {
            Dimensions: [["prefix"]],
            Metrics: [
              { Name: "StoreCalls", Unit: "Count" },
              { Name: "StaleDocumentsServed", Unit: "Count" },
            ],
          },
        ],
      },
    });
    expect(metrics.embed([DECISIONS], 1)).not.toHaveProperty("StoreCalls");
  });

  test("the age of the oldest key set in use, whole seconds, beside what is counted and in no line of its own", () => {
    const metrics = started();
    for (const age of [12.4, 299.6, 40]) metrics.noteKeySetAge(age);
    expect(metrics.embed([DECISIONS], 1)).not.toHaveProperty("KeySetAge");
    metrics.count("StoreCalls");
    expect(metrics.embed([DECISIONS], 1)).toMatchObject({ KeySetAge: 300 });
    metrics.count("StoreCalls");
    expect(metrics.embed([DECISIONS], 1)).not.toHaveProperty("KeySetAge");
  });
});

describe("a counted call", () => {
  test("that answers is counted once, and hands its answer on", async () => {
    const metrics = started();
    const ask = counted(async (name: string) => `${name}!`, metrics, "StoreCalls", "StoreFailures");
    expect(await ask("a")).toBe("a!");
    const members = metrics.embed([], 0);
    expect(members).toMatchObject({ StoreCalls: 1 });
    expect(members).not.toHaveProperty("StoreFailures");
  });

  test("that rejects is counted by both names, and rejects with the same", async () => {
    const metrics = started();
    const fault = new Error("down");
    const ask = counted(() => Promise.reject(fault), metrics, "IssuerRequests", "IssuerFailures");
    await expect(ask()).rejects.toBe(fault);
    expect(metrics.embed([], 0)).toMatchObject({ IssuerRequests: 1, IssuerFailures: 1 });
  });
});
