import { randomUUID } from "node:crypto";
import { chmod, mkdir, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file beside its place and puts it there in one move, so that whoever reads it, and whoever comes after an end in
 * between, finds it as it was or as it shall be. A link stays one; what may be done with the file stays as it was.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const place = await realpath(path).catch(() => path);
  const mode = await stat(place).then(
    (found) => found.mode & 0o777,
    () => undefined,
  );
  // The folder's readers pass over what begins with a dot.
  const beside = join(dirname(place), `.${basename(place)}.${randomUUID()}.tmp`);
  try {
    await writeFile(beside, text, { flush: true, ...(mode !== undefined && { mode }) });
    // A mode to create with is cut by the umask.
    if (mode !== undefined) await chmod(beside, mode);
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
