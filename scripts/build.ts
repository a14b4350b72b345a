import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { noticesOf } from "./notices.ts";

/**
 * Builds what is deployed and what is published: each function as one bundle, `dist/functions/<name>.mjs`, beside the files
 * that some of them load later; the libraries `podgate` (`requirePodToken`) and `podgate/client` (`createPodFetch`), which
 * leave their dependencies to npm; `podgate/offline`, and the program `podgate`, both in pieces that are loaded when they
 * are used: what only they need is inside them.
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

/** The ES module builds of the SDK and of AWS's signer are smaller; some of what they use is CommonJS. */
const modulesFirst = { mainFields: ["module", "main"] } satisfies BuildOptions;

/** The oldest Node that other projects may run the libraries on. */
const OLDEST_NODE = "node20";

/**
 * What most environments never need: files of their own beside the bundles, loaded by `import()`. Apart, and not by
 * esbuild's code splitting: that would move what both sides use into a third file, which every cold start reads.
 */
const LAZY = {
  "sdk-ssm": "lib/aws/sdk-ssm.ts",
  "sdk-sts": "lib/aws/sdk-sts.ts",
  "fetch-json": "lib/net/fetch-json.ts",
};

/** Functions that use the SDK each time, and so have it inside. */
const WITH_SDK = ["refresh-keys.ts"];

const lazyFiles: Plugin = {
  name: "lazy-files",
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\// }, ({ kind, path }) => {
      const name = basename(path, ".ts");
      return kind === "dynamic-import" && name in LAZY ? { path: `./lazy/${name}.mjs`, external: true } : undefined;
    });
  },
};

/** Only `forward` assumes roles. Code that never gets there is left out of the program, but what it imports would not be. */
const noSts: Plugin = {
  name: "no-sts",
  setup({ onResolve }) {
    onResolve({ filter: /\/sdk-sts\.ts$/ }, ({ path }) => ({ path: `unused:${path}`, external: true }));
  },
};

/**
 * Leaves out what packages import later, for bundles with parts of them that never get there. Followed, such an import
 * makes esbuild initialise all that it leads to in steps, and leave nothing of it out. `bundle-report` finds one that stays.
 */
const nothingLater: Plugin = {
  name: "nothing-later",
  setup({ onResolve }) {
    onResolve({ filter: /^/ }, ({ kind, path, importer }) =>
      kind === "dynamic-import" && importer.includes("/node_modules/")
        ? { path: `unused:${path}`, external: true }
        : undefined,
    );
  },
};

/**
 * Node's own modules as `process.getBuiltinModule` gives them: importing one as an ES module reads every member it has,
 * which loads what nobody asked for (of node:http and undici 30 ms, of the others 5 ms of a cold start together).
 */
const builtins: Plugin = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "builtin", sideEffects: false } : undefined,
    );
    onLoad({ filter: /^/, namespace: "builtin" }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => name !== "default");
      const members = names.map((name) => `export const ${name} = /* @__PURE__ */ member(${JSON.stringify(name)});`);
      const all = `/* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)})`;
      const source = `const member = (name) => ${all}[name];\nexport default ${all};`;
      return { contents: [source, ...members].join("\n"), loader: "js" };
    });
  },
};

const { dependencies } = JSON.parse(await readFile("package.json", "utf8")) as { dependencies: object };
const external = Object.keys(dependencies);

await rm("dist", { recursive: true, force: true });
const sources = (await readdir("functions")).filter((file) => file.endsWith(".ts"));
const deployed = { ...common, ...modulesFirst, minify: true, metafile: true } satisfies BuildOptions;
const entries = (files: readonly string[]) => ({
  entryPoints: files.map((file) => `functions/${file}`),
  outdir: "dist/functions",
});
const functions = await build({
  ...deployed,
  ...entries(sources.filter((file) => !WITH_SDK.includes(file))),
  plugins: [lazyFiles, nothingLater, builtins],
});
const withSdk = await build({ ...deployed, ...entries(WITH_SDK), ...requireInModules, plugins: [lazyFiles] });
const lazy = await build({
  ...deployed,
  entryPoints: LAZY,
  outdir: "dist/functions/lazy",
  ...requireInModules,
  plugins: [builtins],
});
const library = { ...common, ...modulesFirst, target: OLDEST_NODE, external, metafile: true } satisfies BuildOptions;
const libraries = await build({
  ...library,
  entryPoints: { podgate: "lib/podgate.ts", client: "client/pod-fetch.ts" },
  outdir: "dist",
  plugins: [lazyFiles, nothingLater],
});
const { "sdk-sts": _, ...lazyOfLibrary } = LAZY;
const lazyLibraries = await build({ ...library, entryPoints: lazyOfLibrary, outdir: "dist/lazy" });
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
  external,
  metafile: true,
});
const cli = await build({
  ...common,
  entryPoints: ["cli/podgate.ts"],
  outdir: "dist/cli",
  splitting: true,
  target: OLDEST_NODE,
  ...requireInModules,
  external,
  metafile: true,
  plugins: [noSts],
});
const built = [functions, withSdk, lazy, libraries, lazyLibraries, offline, cli];
const outputs = Object.assign({}, ...built.map(({ metafile }) => metafile.outputs));
const metafile = { outputs };
await writeFile("dist/meta.json", JSON.stringify(metafile));
await writeFile("dist/THIRD_PARTY_NOTICES.txt", await noticesOf(metafile));
