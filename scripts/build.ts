import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type BuildOptions, build } from "esbuild";
import { noticesOf } from "./notices.ts";

/**
 * Builds what is deployed and what is published: each function as one bundle, `dist/functions/<name>.mjs`; the libraries
 * `podgate` (`requirePodToken`) and `podgate/client` (`createPodFetch`), which leave their dependencies to npm;
 * `podgate/offline`, and the program `podgate`, both in pieces that are loaded when they are used: what only they need is
 * inside them.
 */
const common = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  legalComments: "none",
  logLevel: "warning",
} satisfies BuildOptions;

/** For what is CommonJS and calls `require`. */
const requireInModules = {
  banner: { js: 'import{createRequire as __r}from"node:module";const require=__r(import.meta.url);' },
} satisfies BuildOptions;

/** The oldest Node that other projects may run the libraries on. */
const OLDEST_NODE = "node20";

const { dependencies } = JSON.parse(await readFile("package.json", "utf8")) as { dependencies: object };

await rm("dist", { recursive: true, force: true });
const sources = (await readdir("functions")).filter((file) => file.endsWith(".ts"));
const functions = await build({
  ...common,
  entryPoints: sources.map((file) => `functions/${file}`),
  outdir: "dist/functions",
  minify: true,
  // The ES module builds of the SDK are smaller; some of what they use is CommonJS.
  mainFields: ["module", "main"],
  ...requireInModules,
  metafile: true,
});
await build({
  ...common,
  target: OLDEST_NODE,
  entryPoints: { podgate: "lib/podgate.ts", client: "client/pod-fetch.ts" },
  outdir: "dist",
  packages: "external",
});
const offline = await build({
  ...common,
  target: OLDEST_NODE,
  entryPoints: {
    "podgate-offline": "offline/podgate-offline.ts",
    // Loaded by its path, by serverless-offline: it shares its state with the plugin.
    "authentication-provider": "offline/api-gateway/authentication-provider.ts",
  },
  outdir: "dist/offline",
  splitting: true,
  ...requireInModules,
  external: Object.keys(dependencies),
  metafile: true,
});
const cli = await build({
  ...common,
  entryPoints: ["cli/podgate.ts"],
  outdir: "dist/cli",
  splitting: true,
  target: "node22.13",
  ...requireInModules,
  external: Object.keys(dependencies),
  metafile: true,
});
const outputs = Object.assign({}, ...[functions, offline, cli].map(({ metafile }) => metafile.outputs));
const metafile = { outputs };
await writeFile("dist/meta.json", JSON.stringify(metafile));
await writeFile("dist/THIRD_PARTY_NOTICES.txt", await noticesOf(metafile));
