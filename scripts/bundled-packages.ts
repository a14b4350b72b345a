import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The part of esbuild's metafile that is read here. */
export interface Metafile {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, unknown>> }>>;
}

/** A package of which something is inside a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license: string;
  /** The author, where the manifest says one. */
  readonly holder: string | undefined;
  /** Files that begin with LICENSE, LICENCE, COPYING or NOTICE, in that order of names. */
  readonly texts: readonly string[];
}

const FOLDER = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const LEGAL = /^(licen[cs]e|copying|notice)/i;

/** By name and version. Throws Error for a package that does not say its licence: nobody may ship it. */
export async function bundledPackages({ outputs }: Metafile): Promise<readonly BundledPackage[]> {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = new Set(inputs.flatMap((input) => FOLDER.exec(input)?.[0] ?? []));
  const packages = new Map<string, BundledPackage>();
  for (const folder of folders) {
    const manifest: Record<string, unknown> = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const { name, version, license } = manifest;
    if (typeof name !== "string" || typeof version !== "string" || typeof license !== "string") {
      throw new Error(`${folder}/package.json does not say name, version and licence`);
    }
    const legal = (await readdir(folder)).filter((file) => LEGAL.test(file)).sort();
    const texts = await Promise.all(legal.map((file) => readFile(join(folder, file), "utf8")));
    packages.set(`${name}@${version}`, {
      name,
      version,
      license,
      holder: authorOf(manifest["author"]),
      texts: texts.map((text) => text.trim()),
    });
  }
  return [...packages.keys()].sort().flatMap((key) => packages.get(key) ?? []);
}

function authorOf(author: unknown): string | undefined {
  const name = typeof author === "object" && author !== null && "name" in author ? author.name : author;
  return typeof name === "string" ? name : undefined;
}
