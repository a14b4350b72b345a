import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { REFUSALS } from "../../lib/errors.ts";
import { PUBLIC_CODES, PUBLIC_PROBLEMS } from "../../lib/gateway/problem.ts";

const page = await readFile("docs/errors.md", "utf8");
const [refusals = "", failures = "", calls = ""] = page.split(/^## (?:No decision|Calls that were not made)$/m);

/** Codes that are no refusals: of no decision, and of calls that were not made, which a caller can tell apart. */
const others = Object.entries(PUBLIC_CODES).filter(([code]) => !(code in REFUSALS));

test("docs/errors.md lists every refusal in the order of the checks, with status and public code", () => {
  const rows = [...refusals.matchAll(/^\| `(\w+)` \| (\d+) \| `(\w+)` \|/gm)].map(([, ...cells]) => cells);
  const expected = Object.entries(REFUSALS).map(([code, { status }]) => [
    code,
    String(status),
    PUBLIC_CODES[code as keyof typeof REFUSALS],
  ]);
  expect(rows).toEqual(expected);
});

test("docs/errors.md lists every error that means no decision", () => {
  const rows = [...failures.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
  const expected = others.filter(([, publicCode]) => publicCode === "UNAVAILABLE").map(([code]) => code);
  expect(rows.sort()).toEqual(expected.sort());
});

test("docs/errors.md lists every failure of an allowed call, with status and public code", () => {
  const rows = [...calls.matchAll(/^\| `(\w+)` \| (\d+) \| `(\w+)` \|/gm)].map(([, ...cells]) => cells.join(" "));
  const expected = others
    .filter(([, publicCode]) => publicCode !== "UNAVAILABLE")
    .map(([code, publicCode]) => `${code} ${PUBLIC_PROBLEMS[publicCode].status} ${publicCode}`);
  expect(rows.sort()).toEqual(expected.sort());
});

test("a refusal's status is the status that its caller reads", () => {
  for (const [code, { status }] of Object.entries(REFUSALS)) {
    expect(PUBLIC_PROBLEMS[PUBLIC_CODES[code as keyof typeof REFUSALS]].status, code).toBe(status);
  }
});
