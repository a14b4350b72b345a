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
  readonly scope?: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
  readonly [member: string]: unknown;
}

interface Bom {
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
  readonly [member: string]: unknown;
}

const npm = promisify(execFile);
// Not `--omit=dev`, by which npm also leaves out what is a dependency of a development dependency besides (npm 11.19).
const args = ["sbom", "--package-lock-only", "--sbom-format=cyclonedx"];
const { stdout } = await npm("npm", args, { maxBuffer: 64 * 1024 * 1024 });
// Without what differs from one run to the next: the same sources give the same file.
const { serialNumber: _, metadata, components, dependencies, ...bom }: Bom = JSON.parse(stdout);
const { timestamp: __, ...subject } = metadata;

const installed = components.filter(
  ({ scope, properties = [] }) =>
    scope === "required" && !properties.some(({ name }) => name === "cdx:npm:package:development"),
);
const known = new Set([subject.component["bom-ref"], ...installed.map((component) => component["bom-ref"])]);
const edges = dependencies
  .filter(({ ref }) => known.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => known.has(other)) }));

/** As cyclonedx-npm says it. */
const BUNDLED = { name: "cdx:npm:package:bundled", value: "true" };

const inside = new Map(
  (await bundledPackages(JSON.parse(await readFile("dist/meta.json", "utf8")))).map((each) => [
    `${each.name}@${each.version}`,
    each,
  ]),
);
const marked = installed.map((component) => {
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
  `${JSON.stringify({ ...bom, metadata: subject, components: [...marked, ...onlyInside], dependencies: edges }, undefined, 1)}\n`,
);
