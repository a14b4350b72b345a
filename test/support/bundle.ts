import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

export interface Bundle extends AsyncDisposable {
  /** What `startFunction` takes. */
  readonly module: URL;
}

/** Bundles a function that is not podgate's own, with the same settings that matter as scripts/build.ts. */
export async function bundleInto(outfile: string, source: URL): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    banner: { js: 'import{createRequire as __r}from"node:module";const require=__r(import.meta.url);' },
    legalComments: "none",
    logLevel: "warning",
  });
}

/** The same, into a folder of its own. */
export async function bundleFunction(source: URL): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), "podgate-function-"));
  const outfile = join(folder, "function.mjs");
  await bundleInto(outfile, source);
  return {
    module: pathToFileURL(outfile),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
