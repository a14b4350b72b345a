import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { bundledPackages } from "./bundled-packages.ts";

/**
 * Writes `dist/sbom.cdx.json` (CycloneDX): what `npm install podgate` brings, as npm lists it, and what is inside the
 * bundles of `dist`, which no installer can see. Run after the build.
 */
interface Component {
  readonly "bom-ref": string;
  readonly purl?: string;
  readonly properties?: readonly object[];
  readonly [member: string]: unknown;
}

interface Bom {
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly [member: string]: unknown;
}

const npm = promisify(execFile);
const { stdout } = await npm("npm", ["sbom", "--omit=dev", "--sbom-format=cyclonedx"], { maxBuffer: 64 * 1024 * 1024 });
// Without what differs from one run to the next: the same sources give the same file.
const { serialNumber: _, metadata, components, ...bom }: Bom = JSON.parse(stdout);
const { timestamp: __, ...subject } = metadata;

/** As cyclonedx-npm says it. */
const BUNDLED = { name: "cdx:npm:package:bundled", value: "true" };

const inside = new Map(
  (await bundledPackages(JSON.parse(await readFile("dist/meta.json", "utf8")))).map((each) => [
    `${each.name}@${each.version}`,
    each,
  ]),
);
const installed = components.map((component) => {
  const isInside = inside.delete(component["bom-ref"]);
  return isInside ? { ...component, properties: [...(component.properties ?? []), BUNDLED] } : component;
});
const onlyInside = [...inside].map(([reference, { name, version, license }]) => ({
  "bom-ref": reference,
  type: "library",
  name,
  version,
  scope: "required",
  purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
  properties: [BUNDLED],
  licenses: [/[ ()]/.test(license) ? { expression: license } : { license: { id: license } }],
}));
await writeFile(
  "dist/sbom.cdx.json",
  `${JSON.stringify({ ...bom, metadata: subject, components: [...installed, ...onlyInside] }, undefined, 1)}\n`,
);
