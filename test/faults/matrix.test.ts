import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readPage } from "../docs/page.ts";

/** The rows of docs/faults.md: fault, what happens, bound, and the tests that show it. */
const rows = readPage("faults")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| fault "))
  .map((line) => {
    const [fault = "", happens = "", bound = "", shown = ""] = line.slice(2, -2).split(" | ");
    const tests = shown.split(/; (?=`)/).map((each) => {
      const [, file = "", title = ""] = /^`([a-z/-]+)`: (.+)$/.exec(each) ?? [];
      return { file: `test/${file}.test.ts`, title };
    });
    return { fault, happens, bound, tests };
  });

describe("each row of docs/faults.md names tests that are there", () => {
  test("the table has all its rows", () => {
    expect(rows).toHaveLength(27);
    for (const { happens, bound } of rows) expect([happens, bound]).not.toContain("");
  });

  test.for(rows)("$fault", ({ tests }) => {
    for (const { file, title } of tests) {
      const source = readFileSync(file, "utf8");
      expect(source, file).toContain(title);
      expect(source, file).not.toMatch(/\b(test|describe)(\.\w+)*\.(skip|todo|only|fails)\b/);
    }
  });

  test("and `npm run test:faults` runs them", () => {
    const script: string = JSON.parse(readFileSync("package.json", "utf8")).scripts["test:faults"];
    const run = script.split(" ").filter((word) => word.startsWith("test/"));
    for (const { file } of rows.flatMap(({ tests }) => tests)) {
      expect(
        run.some((path) => file === path || file.startsWith(`${path}/`)),
        file,
      ).toBe(true);
    }
  });
});
