import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Packed, type Project, pack, startProject } from "./packed.ts";

// Whole programs run here, beside other tests.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

let packed: Packed;

beforeAll(async () => {
  packed = await pack();
});
afterAll(() => packed[Symbol.asyncDispose]());

describe.each(["rest-api", "http-api"])("examples/%s, from the tarball", (name) => {
  let project: Project;

  beforeAll(async () => {
    const from = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
    const { dependencies, devDependencies } = JSON.parse(await readFile(`${from}/package.json`, "utf8"));
    const { podgate, ...packages } = { ...dependencies, ...devDependencies };
    expect(podgate).toBe(`file:../../${basename(packed.tarball)}`);
    project = await startProject(packed, { from, packages: Object.keys(packages) });
  });
  afterAll(() => project[Symbol.asyncDispose]());

  test("its own tests pass, and end", async () => {
    const { exitCode, output } = await project.node(["--test", "--test-reporter=tap", "test/*.test.mjs"]);
    expect(output).toMatch(/^# fail 0$/m);
    expect(output).toMatch(/^# pass [1-9][0-9]*$/m);
    expect(exitCode).toBe(0);
  });

  test("it can be packaged, and podgate's plugin has no part in that", async () => {
    const { exitCode, output } = await project.node(["node_modules/osls/bin/serverless.js", "package"]);
    expect(output).not.toMatch(/podgate|warning/i);
    expect(exitCode).toBe(0);
  });
});
