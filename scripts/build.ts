import { readdir, rm, writeFile } from "node:fs/promises";
import { type BuildOptions, build } from "esbuild";

/**
 * Builds what is deployed and what is published: each function as one bundle, `dist/functions/<name>.mjs`, and the
 * libraries `podgate` (`requirePodToken`) and `podgate/client` (`createPodFetch`), which leave their dependencies to npm.
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

await rm("dist", { recursive: true, force: true });
const sources = (await readdir("functions")).filter((file) => file.endsWith(".ts"));
const { metafile } = await build({
  ...common,
  entryPoints: sources.map((file) => `functions/${file}`),
  outdir: "dist/functions",
  minify: true,
  // The ES module builds of the SDK are smaller; some of what they use is CommonJS and calls `require`.
  mainFields: ["module", "main"],
  banner: { js: 'import{createRequire as __r}from"node:module";const require=__r(import.meta.url);' },
  metafile: true,
});
await build({
  ...common,
  entryPoints: { podgate: "lib/podgate.ts", client: "client/pod-fetch.ts" },
  outdir: "dist",
  packages: "external",
});
await writeFile("dist/meta.json", JSON.stringify(metafile));
