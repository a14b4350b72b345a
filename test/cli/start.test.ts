import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const FOLDER = new URL("../../dist/cli/", import.meta.url).pathname;

/** Every file that is loaded before a command is: the program, and what it imports at once. */
function loadedAtStart(file = "podgate.mjs", seen = new Map<string, string>()): ReadonlyMap<string, string> {
  if (seen.has(file)) return seen;
  const text = readFileSync(join(FOLDER, file), "utf8");
  seen.set(file, text);
  for (const [, imported = ""] of text.matchAll(/^(?:import|export)\b[^;"']*?["']\.\/([^"']+)["']/gm))
    loadedAtStart(imported, seen);
  return seen;
}

test("the program starts with its command line and nothing that a command needs", () => {
  const loaded = loadedAtStart();
  expect([...loaded.keys()].length).toBeGreaterThan(1);
  const packages = [...loaded.values()].flatMap((text) =>
    [...text.matchAll(/^import\b[^;"']*?["']([^."'][^"']*)["']/gm)].map(([, name]) => name),
  );
  expect(packages.filter((name) => !name?.startsWith("node:"))).toEqual([]);
  const bytes = [...loaded.values()].reduce((sum, text) => sum + text.length, 0);
  // 0.03 s on an idle machine; a whole tenth is what a megabyte takes to be read.
  expect(bytes).toBeLessThan(200_000);
});
