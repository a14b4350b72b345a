import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = new URL("../../", import.meta.url).pathname;
const SOURCES = ["cli", "client", "functions", "lib", "offline", "scripts", "package-lock.json"];

/** For vitest's `globalSetup`: builds everything where `dist` is missing or older than what it is made from. */
export async function setup(): Promise<void> {
  const built = await oldest("dist/functions");
  const changed = Math.max(...(await Promise.all(SOURCES.map(newest))));
  if (built > changed) return;
  await promisify(execFile)("npm", ["run", "--silent", "build"], { cwd: ROOT });
}

async function newest(path: string): Promise<number> {
  return Math.max(0, ...(await modificationTimes(path)));
}

/** 0 where there is nothing. */
async function oldest(path: string): Promise<number> {
  const times = await modificationTimes(path);
  return times.length === 0 ? 0 : Math.min(...times);
}

async function modificationTimes(path: string): Promise<number[]> {
  const found = await stat(join(ROOT, path)).catch(() => undefined);
  if (found === undefined) return [];
  if (found.isFile()) return [found.mtimeMs];
  const entries = await readdir(join(ROOT, path), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).mtimeMs));
}
