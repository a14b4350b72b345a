import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/** What `npm pack` made of the build. */
export interface Packed extends AsyncDisposable {
  readonly tarball: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  /** From the package's root, sorted. */
  readonly files: readonly string[];
}

/** The build is there: `prepack`, which would make it again under the feet of other tests, is left out. */
export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), "podgate-packed-"));
  await run(process.execPath, ["scripts/sbom.ts"], { cwd: ROOT });
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const { stdout } = await run("npm", args, { cwd: ROOT });
  const [{ filename, size, unpackedSize, files }] = JSON.parse(stdout);
  return {
    tarball: join(folder, filename),
    bytes: size,
    unpackedBytes: unpackedSize,
    files: files.map(({ path }: { path: string }) => path).sort(),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** A project of somebody else's, in a folder of its own, that has podgate out of the tarball. */
export interface Project extends AsyncDisposable {
  readonly folder: string;
  /** Runs a script of Node with the tests' own Node. Never rejects; ends it where it does not end by itself. */
  node(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
}

interface Ended {
  /** Null where it had to be killed. */
  readonly exitCode: number | null;
  readonly output: string;
}

export interface ProjectParts {
  /** Copied as they are. */
  readonly from?: string;
  /** Files by their path, with their text. */
  readonly files?: Readonly<Record<string, string>>;
  /** Packages that the project has beside podgate and what podgate depends on. */
  readonly packages?: readonly string[];
}

/** Nothing that is tested here takes so long. */
const END_AFTER_MILLISECONDS = 45_000;

/**
 * podgate is unpacked; what it depends on, and the `packages`, are those of this project, by links: `npm install` would get
 * the same ones from the registry. `npm run test:install` has npm do it.
 */
export async function startProject(packed: Packed, parts: ProjectParts): Promise<Project> {
  const { from, files = {}, packages = [] } = parts;
  const folder = await mkdtemp(join(tmpdir(), "podgate-project-"));
  if (from !== undefined) await cp(from, folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await (process.env["PACKAGES_BY"] === "npm" ? install : link)(folder, packed, packages);

  return {
    folder,
    node: (args, env = {}) =>
      new Promise((resolve) => {
        const options = {
          cwd: folder,
          // Nothing of the machine's, and nothing of the test runner that this runs in.
          env: { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1", ...env },
          timeout: END_AFTER_MILLISECONDS,
          killSignal: "SIGKILL",
        } as const;
        const child = execFile(process.execPath, [...args], options, (_error, stdout, stderr) => {
          resolve({ exitCode: child.exitCode, output: `${stdout}${stderr}` });
        });
      }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

async function link(folder: string, { tarball }: Packed, packages: readonly string[]): Promise<void> {
  const modules = join(folder, "node_modules");
  await mkdir(modules, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", modules]);
  await rename(join(modules, "package"), join(modules, "podgate"));
  const { dependencies } = JSON.parse(await readFile(join(modules, "podgate/package.json"), "utf8"));
  for (const name of new Set([...Object.keys(dependencies), ...packages])) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  }
}

async function install(folder: string, { tarball }: Packed, packages: readonly string[]): Promise<void> {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const versions: Readonly<Record<string, string>> = { ...devDependencies, ...dependencies };
  const { overrides } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  // An example says itself what it needs, by a tarball of another place.
  const named = overrides === undefined ? packages.map((name) => `${name}@${versions[name]}`) : [];
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...named], { cwd: folder });
}
