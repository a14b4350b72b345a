import { readdir, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

/** Bundles every function into `dist/functions/<name>.mjs`, which is what is deployed and what is tested. */
const outdir = "dist/functions";

await rm(outdir, { recursive: true, force: true });
const functions = (await readdir("functions")).filter((file) => file.endsWith(".ts"));
const result = await build({
  entryPoints: functions.map((file) => `functions/${file}`),
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  minify: true,
  platform: "node",
  target: "node24",
  format: "esm",
  // The ES module builds of the SDK are smaller; some of what they use is CommonJS and calls `require`.
  mainFields: ["module", "main"],
  banner: { js: 'import{createRequire as __r}from"node:module";const require=__r(import.meta.url);' },
  metafile: true,
  legalComments: "none",
  logLevel: "warning",
});
await writeFile("dist/meta.json", JSON.stringify(result.metafile));
for (const [file, { bytes }] of Object.entries(result.metafile.outputs)) {
  console.log(`${file} ${bytes.toLocaleString("en")} bytes`);
}
