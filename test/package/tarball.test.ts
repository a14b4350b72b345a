import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Packed, pack } from "./packed.ts";

const run = promisify(execFile);

// Whole programs run here, beside other tests.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

let packed: Packed;

beforeAll(async () => {
  packed = await pack();
});
afterAll(() => packed[Symbol.asyncDispose]());

/** One after the other. */
async function inside(...files: readonly string[]): Promise<string> {
  const args = ["-xzOf", packed.tarball, ...files.map((file) => `package/${file}`)];
  const { stdout } = await run("tar", args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** What bundles load when they need it. */
const laterFiles = ["lazy/fetch-json.mjs", "lazy/sdk-ssm.mjs", "lazy/sdk-sts.mjs"];

describe("the tarball", () => {
  test("holds what is published, and nothing else", async () => {
    const functions = await readdir("functions");
    const rest = packed.files.filter(
      (file) => !/^dist\/(types\/.+\.d\.ts|(cli|offline)\/[\w-]+-[A-Z0-9]{8}\.mjs)$/.test(file),
    );
    expect(rest).toEqual([
      "LICENSE",
      "README.md",
      "dist/THIRD_PARTY_NOTICES.txt",
      "dist/cli/podgate.mjs",
      "dist/client.mjs",
      ...[...functions.map((file) => file.replace(/ts$/, "mjs")), ...laterFiles]
        .map((file) => `dist/functions/${file}`)
        .sort(),
      // AWS STS is forward's alone.
      ...laterFiles.filter((file) => !file.includes("sts")).map((file) => `dist/${file}`),
      "dist/offline/authentication-provider.mjs",
      "dist/offline/podgate-offline.mjs",
      "dist/podgate.mjs",
      "dist/sbom.cdx.json",
      "package.json",
      "schemas/access.schema.json",
      "schemas/cases.schema.json",
    ]);
    expect(packed.files.filter((file) => /\.map$|test|fixture|sample|seed\.yaml/.test(file))).toEqual([]);
  });

  test("has every file that an entry names", async () => {
    const { exports, bin = {} } = JSON.parse(await inside("package.json"));
    const named = [exports, bin]
      .flatMap(Object.values)
      .flatMap((entry) => (typeof entry === "string" ? entry : Object.values(entry)));
    expect(named.length).toBeGreaterThan(10);
    for (const file of named) expect(packed.files).toContain(String(file).replace("./", ""));
  });

  test("is small: what is downloaded, and what is on the disk", () => {
    expect(packed.bytes).toBeLessThan(1_250_000);
    expect(packed.unpackedBytes).toBeLessThan(5_000_000);
  });

  test("runs nothing when it is installed, and brings at most five packages itself", async () => {
    const { scripts, dependencies, bundleDependencies } = JSON.parse(await inside("package.json"));
    for (const name of ["preinstall", "install", "postinstall", "prepare"]) expect(scripts).not.toHaveProperty(name);
    expect(Object.keys(dependencies).length).toBeLessThanOrEqual(5);
    expect(bundleDependencies).toBeUndefined();
  });

  test("refers to no source map", async () => {
    const code = packed.files.filter((file) => /\.(mjs|ts)$/.test(file));
    const text = await inside(...code);
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(text).not.toMatch(/^\/\/# sourceMappingURL=/m);
  });
});

/** Of JavaScript that Node 22 does not have, and Node 24 does; syntax is the compiler's to lower. */
const YOUNGER_THAN_NODE_22 =
  /\b(AsyncDisposableStack|DisposableStack|Float16Array|RegExp\.escape|Promise\.try|Error\.isError|Math\.f16round)\b|\bawait using\b/;

test("what other projects run, they may run on Node 22", async () => {
  const code = packed.files.filter((file) => /^dist\/(offline\/.+|podgate|client)\.mjs$/.test(file));
  expect(code.length).toBeGreaterThan(10);
  expect(YOUNGER_THAN_NODE_22.exec(await inside(...code))?.[0]).toBeUndefined();
});

describe("what tools say of it", () => {
  test("publint: nothing", async () => {
    const tarball = await readFile(packed.tarball);
    const { messages } = await publint({ pack: { tarball: Uint8Array.from(tarball).buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  test("are the types wrong: in no way, for importing and for bundling", async () => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(packed.tarball)));
    if (result.types === false) throw new Error("no types at all");
    expect(Object.keys(result.entrypoints)).toEqual(
      expect.arrayContaining([".", "./client", "./offline", "./functions/authorizer"]),
    );
    // It is for ES modules: require() works where Node can (20.19, 22.12), which TypeScript learnt after "node16".
    const problems = result.problems.filter(
      (problem) => !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)),
    );
    expect(problems).toEqual([]);
  });
});

describe("what is inside bundles", () => {
  interface Component {
    readonly name: string;
    readonly version: string;
    readonly properties?: readonly { readonly name: string; readonly value: string }[];
    readonly licenses?: readonly object[];
  }

  /** Packages of which a comment of esbuild, a path of `node_modules`, is left in the published code. */
  async function packagesInComments(): Promise<string[]> {
    const chunks = packed.files.filter((file) => /^dist\/offline\/.+\.mjs$/.test(file));
    const text = await inside(...chunks);
    const names = text.matchAll(/^(?:\/\/ | +")node_modules\/((?:@[^/]+\/)?[^/]+)\//gm);
    return [...new Set([...names].map(([, name = ""]) => name))];
  }

  test("each package is in the notices, with a licence, and in the SBOM as bundled", async () => {
    const bom: { bomFormat: string; components: readonly Component[] } = JSON.parse(await inside("dist/sbom.cdx.json"));
    expect(bom.bomFormat).toBe("CycloneDX");
    const bundled = bom.components.filter(({ properties = [] }) =>
      properties.some(({ name, value }) => name === "cdx:npm:package:bundled" && value === "true"),
    );
    const notices = await inside("dist/THIRD_PARTY_NOTICES.txt");
    for (const { name, version, licenses } of bundled) {
      expect(notices).toMatch(new RegExp(`^${name} ${version} \\(.+\\)$`, "m"));
      expect(licenses, name).toHaveLength(1);
    }
    const names = bundled.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["@aws-sdk/client-ssm", "@middy/core", "jose", "yaml"]));
    const seen = await packagesInComments();
    expect(seen).toContain("yaml");
    expect(names).toEqual(expect.arrayContaining(seen));
    expect(notices).toContain("Copyright Eemeli Aro");
    expect(notices).not.toContain("undefined");
  });

  test("the SBOM has what an installation brings too, and nothing of development", async () => {
    const { components } = JSON.parse(await inside("dist/sbom.cdx.json")) as { components: readonly Component[] };
    const names = components.map(({ name }) => name);
    const { dependencies } = JSON.parse(await inside("package.json"));
    expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)));
    // What only what it depends on depends on, and development too.
    expect(names).toEqual(expect.arrayContaining(["@aws-sdk/core", "@smithy/core", "@middy/util"]));
    for (const name of ["vitest", "esbuild", "osls", "serverless-offline", "oidc-provider", "typescript"]) {
      expect(names).not.toContain(name);
    }
    expect(new Set(components.map(({ name, version }) => `${name}@${version}`)).size).toBe(components.length);
  });
});
