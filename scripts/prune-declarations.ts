import { readdir, readFile, rm } from "node:fs/promises";
import { posix } from "node:path";

/**
 * Takes out of `dist/types` what no entry of the package leads to: the compiler writes a declaration for every file that an
 * entry imports, and most of them are for the inside alone. Run after the compiler.
 */
const FOLDER = "dist/types";
const IMPORT = /\b(?:from|import)\b\s*\(?\s*"(\.[^"]+)\.ts"/g;

const { exports } = JSON.parse(await readFile("package.json", "utf8")) as {
  exports: Readonly<Record<string, string | { readonly types?: string }>>;
};
const reached = new Set<string>();
const pending = Object.values(exports).flatMap((entry) =>
  typeof entry === "object" && entry.types !== undefined ? [posix.normalize(entry.types)] : [],
);
for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
  if (reached.has(file)) continue;
  reached.add(file);
  const text = await readFile(file, "utf8");
  for (const [, specifier = ""] of text.matchAll(IMPORT)) {
    pending.push(posix.join(posix.dirname(file), `${specifier}.d.ts`));
  }
}
for (const file of await readdir(FOLDER, { recursive: true })) {
  const path = posix.join(FOLDER, file);
  if (file.endsWith(".d.ts") && !reached.has(path)) await rm(path);
}
