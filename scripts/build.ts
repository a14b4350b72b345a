import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type BuildOptions, build } from "esbuild";

/**
 * Builds what is deployed and what is published: each function as one bundle, `dist/functions/<name>.mjs`; the libraries
 * `podgate` (`requirePodToken`) and `podgate/client` (`createPodFetch`), which leave their dependencies to npm; and the
 * program `podgate`, in pieces that are loaded when they are used. What only it needs is inside it.
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

await rm("dist", { recursive: true, force: true });
const sources = (await readdir("functions")).filter((file) => file.endsWith(".ts"));
const { metafile } = await build({
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
  entryPoints: { podgate: "lib/podgate.ts", client: "client/pod-fetch.ts" },
  outdir: "dist",
  packages: "external",
});
const { dependencies } = JSON.parse(await readFile("package.json", "utf8"));
await build({
  ...common,
  entryPoints: ["cli/podgate.ts"],
  outdir: "dist/cli",
  splitting: true,
  target: "node22.13",
  ...requireInModules,
  external: Object.keys(dependencies),
});
await writeFile("dist/meta.json", JSON.stringify(metafile));
