import { expect, test } from "vitest";
import { CHECKS } from "../../cli/explain/checks.ts";
import { REFUSALS, type RefusalCode } from "../../lib/errors.ts";

test("every code of a refusal belongs to one check, in the order in which the functions look for them", () => {
  expect(CHECKS.flatMap(({ codes }) => codes)).toEqual(Object.keys(REFUSALS));
});

test("a check is of the step that its codes are of", () => {
  const steps = CHECKS.map(({ codes }) => [...new Set(codes.map((code: RefusalCode) => REFUSALS[code].step))]);
  expect(steps).toEqual(CHECKS.map(({ step }) => [step]));
});
