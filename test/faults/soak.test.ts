import { expect, test } from "vitest";
import { grownMegabytes, runSoak } from "../../bench/soak.ts";

test("20,000 decisions while keys rotate, rights change and everything fails in turn: right, and nothing is left (R26)", {
  timeout: 120_000,
}, async () => {
  const figures = await runSoak(20_000, 500);
  expect(figures.wrong).toBe(0);
  expect(Object.keys(figures.verdicts).toSorted()).toEqual(["Unauthorized", "allowed", "denied"]);
  expect(grownMegabytes(figures).heap).toBeLessThan(5);
  expect(grownMegabytes(figures).rss).toBeLessThan(20);
  expect(figures.after.open.length).toBeLessThanOrEqual(figures.before.open.length);
});
