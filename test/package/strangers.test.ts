import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Packed, type Project, pack, startProject } from "./packed.ts";

/** The authorizer that the README leaves to its reader. */
const AUTHORIZER = `
import { createRemoteJWKSet, jwtVerify } from "jose";
export async function handler({ authorizationToken, methodArn }) {
  const issuer = process.env.ISSUER;
  const keys = createRemoteJWKSet(new URL(issuer + "/openid/v1/jwks"));
  const token = authorizationToken.replace("Bearer ", "");
  const { payload } = await jwtVerify(token, keys, { issuer, audience: "orders" });
  const Statement = [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: methodArn }];
  return { principalId: payload.sub, policyDocument: { Version: "2012-10-17", Statement } };
}
`;

// Whole programs run here, beside other tests.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

let packed: Packed;
let project: Project;
/** Blocks of README and docs/offline.md by the file that they name. */
let written: Readonly<Record<string, string>>;

beforeAll(async () => {
  const pages = ["../../README.md", "../../docs/offline.md"].map((page) => new URL(page, import.meta.url));
  const texts = await Promise.all(pages.map((page) => readFile(page, "utf8")));
  const blocks = texts.flatMap((text) => [...text.matchAll(/^```js ([\w.-]+)\n(.*?)^```$/gms)]);
  written = Object.fromEntries(blocks.map(([, file = "", text = ""]) => [file, text]));
  packed = await pack();
  project = await startProject(packed, {
    files: { ...written, "authorizer.mjs": AUTHORIZER, "package.json": "{}" },
    packages: ["vitest", "jose", "@aws-sdk/client-ssm"],
  });
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await packed[Symbol.asyncDispose]();
});

function filesWith(runner: string): string[] {
  return Object.keys(written).filter((file) => written[file]?.includes(runner));
}

describe("what README and docs/offline.md say, in a project of somebody else's, from the tarball", () => {
  test("each part of the library has a test of its own", () => {
    const used = (name: string) => Object.values(written).filter((text) => text.includes(`${name}(`)).length;
    for (const part of ["startCluster", "startParameterStore", "apiGateway", "mintToken"]) {
      expect(used(part), part).toBeGreaterThanOrEqual(2);
    }
    for (const text of Object.values(written)) expect(text.split("\n").length).toBeLessThan(30);
  });

  test("vitest: files side by side pass, and vitest ends", async () => {
    const files = filesWith('"vitest"');
    expect(files.length).toBeGreaterThanOrEqual(3);
    const { exitCode, output } = await project.node(["node_modules/vitest/vitest.mjs", "run", ...files]);
    expect(output).toContain(`${files.length} passed (${files.length})`);
    expect(exitCode).toBe(0);
  });

  test("node:test, ES modules and CommonJS: files side by side pass, and each process ends by itself", async () => {
    const files = filesWith("node:test");
    expect(files.length).toBeGreaterThanOrEqual(3);
    const { exitCode, output } = await project.node([
      "--test",
      "--test-concurrency=3",
      "--test-reporter=tap",
      ...files,
    ]);
    expect(output).toMatch(new RegExp(`^# pass ${files.length}$`, "m"));
    expect(exitCode).toBe(0);
  });
});

/** Starts everything, uses it, and says what still listens once it is disposed of. */
const LEFTOVERS = `
import { connect } from "node:net";
import { apiGateway, mintToken, startCluster, startParameterStore } from "podgate/offline";

const [cluster, store] = [await startCluster({ algorithm: "ES256" }), await startParameterStore()];
const gateway = apiGateway({ authorizer: () => new Promise(() => {}), kind: "http-2.0" });
await mintToken(cluster);
// Connections that are kept, and one that never gets an answer.
await fetch(cluster.url + "/openid/v1/jwks").then((response) => response.text());
store.fault({ kind: "hang" });
const hanging = fetch(store.url, { method: "POST", headers: { "x-amz-target": "AmazonSSM.GetParameter" }, body: "{}" });
const ended = hanging.then(() => "answered", () => "ended");
while (store.calls.length === 0) await new Promise(setImmediate);
for (const part of [gateway, store, cluster]) await part[Symbol.asyncDispose]();
await cluster[Symbol.asyncDispose]();
const left = [];
for (const { port } of [cluster, store].map(({ url }) => new URL(url))) {
  const socket = connect(Number(port), "127.0.0.1");
  left.push(await new Promise((resolve) => socket.on("connect", () => resolve(port)).on("error", ({ code }) => resolve(code))));
}
console.log(JSON.stringify([...left, await ended]));
`;

test("disposed of, nothing listens, no connection is left and the process ends by itself", async () => {
  const { exitCode, output } = await project.node(["--input-type=module", "--eval", LEFTOVERS]);
  expect(output.trim()).toBe('["ECONNREFUSED","ECONNREFUSED","ended"]');
  expect(exitCode).toBe(0);
});

test("a test that fails leaves nothing that keeps its process", async () => {
  const failing = `
import { test } from "node:test";
import { startCluster } from "podgate/offline";
test("fails", async () => {
  await using cluster = await startCluster({ algorithm: "ES256" });
  throw new Error("in the middle of " + typeof cluster.url);
});
`;
  const { exitCode, output } = await project.node(["--input-type=module", "--eval", failing]);
  expect(output).toContain("in the middle of string");
  expect(exitCode).toBe(1);
});

test("without Serverless nothing of the plugin is loaded, and to load the package takes no part of it", async () => {
  const script = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
const { default: Plugin, ...library } = await import("podgate/offline");
new Plugin({ pluginManager: {}, classes: {}, service: {} }, {});
console.log(JSON.stringify({ parts: Object.keys(library), loaded: loaded.filter((url) => !/^node:/.test(url)).length, packages: loaded.filter((url) => /valibot|jose/.test(url)) }));
`;
  const { output } = await project.node(["--input-type=module", "--eval", script]);
  const { parts, loaded, packages } = JSON.parse(output);
  expect(parts.sort()).toEqual(["apiGateway", "integrationEvent", "mintToken", "startCluster", "startParameterStore"]);
  expect(packages).toEqual([]);
  expect(loaded).toBeLessThan(10);
});

/** What a stranger's compiler has to accept, and to refuse. */
const TYPED = `
import Plugin, { apiGateway, integrationEvent, mintToken, type Seed, startCluster, startParameterStore, type TokenWish } from "podgate/offline";
import { createPodFetch } from "podgate/client";
import { handler } from "podgate/functions/authorizer";

export async function use(): Promise<string> {
  await using cluster = await startCluster({ name: "dev", algorithm: "ES256" });
  const seed: Seed = { prefix: "/a", issuers: [{ url: cluster.url, cluster: "dev" }] };
  await using store = await startParameterStore({ seed });
  await using gateway = apiGateway({ authorizer: handler, kind: "http-2.0", enableSimpleResponses: true });
  const wish: TokenWish = { audience: "a", family: "expired" };
  const { status } = await gateway.call({ path: "/" });
  const event: object = integrationEvent("http-2.0", { path: "/" });
  // @ts-expect-error a kind of API that does not exist
  apiGateway({ authorizer: () => 1, kind: "soap" });
  // @ts-expect-error a misspelt member
  await mintToken(cluster, { famly: "expired" });
  // @ts-expect-error a misspelt section
  await startParameterStore({ seed: { prefix: "/a", docments: {} } });
  return [store.url, status, await mintToken(cluster, wish), event, Plugin, createPodFetch].join();
}
`;

/** The middleware's types are middy's, whose own declarations name a package that nobody has. */
const MIDDLEWARE = `
import middy from "@middy/core";
import { requirePodToken } from "podgate";

export const handler = middy()
  .use(requirePodToken({ service: "orders", audiences: ["orders.example.com"] }))
  .handler(async (_event: unknown, { podgate }) => ({ statusCode: 200, body: podgate.identity.principal }));
`;

describe.each([
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
])("types, moduleResolution $moduleResolution", ({ module, moduleResolution }) => {
  test.for([
    { of: "offline, client and functions", text: TYPED, skipLibCheck: false },
    { of: "the middleware", text: MIDDLEWARE, skipLibCheck: true },
  ])("of $of are complete: skipLibCheck $skipLibCheck, no library of the browser, an older target", async (each) => {
    const { text, skipLibCheck } = each;
    const compilerOptions = {
      ...{ module, moduleResolution, target: "es2022", lib: ["es2022"], types: ["node"] },
      ...{ strict: true, noEmit: true, skipLibCheck },
    };
    await using typed = await startProject(packed, {
      files: {
        "package.json": '{ "type": "module" }',
        "tsconfig.json": JSON.stringify({ compilerOptions, include: ["use.ts"] }),
        "use.ts": text,
      },
      packages: ["typescript", "@types/node", "@types/aws-lambda"],
    });
    const { exitCode, output } = await typed.node(["node_modules/typescript/bin/tsc", "-p", "."]);
    expect(output).toBe("");
    expect(exitCode).toBe(0);
  });
});
