import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";

/**
 * What each function loads when it starts, and all that it ships with the files that it may load later, against a budget of
 * bytes; and packages that must not be inside. What is loaded is cold-start time.
 */
interface Budget {
  readonly startBytes: number;
  readonly shippedBytes: number;
  readonly mustNotLoad: readonly string[];
  readonly mustNotShip: readonly string[];
}

interface Output {
  readonly inputs: Record<string, unknown>;
  readonly imports: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
}

const FOLDER = "dist/functions";
const budgets: Record<string, Budget> = JSON.parse(await readFile("scripts/bundle-budgets.json", "utf8"));
const { outputs }: { outputs: Record<string, Output> } = JSON.parse(await readFile("dist/meta.json", "utf8"));

/** Files that a function loads by `import()`, each by its path. Anything else outside of it is a mistake of the build. */
function laterFiles(file: string): { readonly files: string[]; readonly strangers: string[] } {
  const imported = [...new Set((outputs[file]?.imports ?? []).map(({ path }) => path))];
  const files = imported.filter((path) => path.startsWith("./lazy/")).map((path) => `${FOLDER}/${path.slice(2)}`);
  return { files, strangers: imported.filter((path) => !path.startsWith("./lazy/") && !path.startsWith("node:")) };
}

function packagesIn(files: readonly string[], unwanted: readonly string[]): string[] {
  const inputs = files.flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
  return unwanted.filter((name) => inputs.some((input) => input.includes(`node_modules/${name}/`)));
}

function problemsOf(file: string, start: number, shipped: number, budget: Budget | undefined): string[] {
  if (budget === undefined) return ["has no budget in scripts/bundle-budgets.json"];
  const { files, strangers } = laterFiles(file);
  return [
    ...(start > budget.startBytes ? [`starts over its budget of ${budget.startBytes} bytes`] : []),
    ...(shipped > budget.shippedBytes ? [`ships over its budget of ${budget.shippedBytes} bytes`] : []),
    ...packagesIn([file], budget.mustNotLoad).map((name) => `loads ${name}`),
    ...packagesIn([file, ...files], budget.mustNotShip).map((name) => `ships ${name}`),
    ...strangers.map((path) => `imports ${path}, which is no file of its own`),
  ];
}

let failed = false;
console.log(`${"".padEnd(14)} ${"start".padStart(8)} ${"gzip".padStart(8)} ${"shipped".padStart(8)}`);
for (const entry of await readdir(FOLDER, { withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = `${FOLDER}/${entry.name}`;
  const name = basename(entry.name, ".mjs");
  const bundle = await readFile(file);
  const later = await Promise.all(laterFiles(file).files.map(async (each) => (await readFile(each)).length));
  const shipped = later.reduce((sum, bytes) => sum + bytes, bundle.length);
  const problems = problemsOf(file, bundle.length, shipped, budgets[name]);
  const bytes = [bundle.length, gzipSync(bundle).length, shipped].map((each) => String(each).padStart(8));
  console.log(`${name.padEnd(14)} ${bytes.join(" ")}  ${problems.join("; ") || "ok"}`);
  failed ||= problems.length > 0;
}
process.exitCode = failed ? 1 : 0;
