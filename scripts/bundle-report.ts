import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";

/** Bytes of each bundle against its budget, and packages that must not be inside: what is loaded is cold-start time. */
interface Budget {
  readonly minifiedBytes: number;
  readonly mustNotContain: readonly string[];
}

const budgets: Record<string, Budget> = JSON.parse(await readFile("scripts/bundle-budgets.json", "utf8"));
const metafile: { outputs: Record<string, { inputs: Record<string, unknown> }> } = JSON.parse(
  await readFile("dist/meta.json", "utf8"),
);

let failed = false;
for (const file of await readdir("dist/functions")) {
  const name = basename(file, ".mjs");
  const bundle = await readFile(`dist/functions/${file}`);
  const inputs = Object.keys(metafile.outputs[`dist/functions/${file}`]?.inputs ?? {});
  const budget = budgets[name];
  const problems =
    budget === undefined
      ? ["has no budget in scripts/bundle-budgets.json"]
      : [
          ...(bundle.length > budget.minifiedBytes ? [`is over its budget of ${budget.minifiedBytes} bytes`] : []),
          ...budget.mustNotContain
            .filter((unwanted) => inputs.some((input) => input.includes(`node_modules/${unwanted}/`)))
            .map((unwanted) => `contains ${unwanted}`),
        ];
  console.log(
    `${name.padEnd(14)} ${String(bundle.length).padStart(8)} bytes ${String(gzipSync(bundle).length).padStart(8)} gzip  ${problems.join("; ") || "ok"}`,
  );
  failed ||= problems.length > 0;
}
process.exitCode = failed ? 1 : 0;
