import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inflateRawSync } from "node:zlib";

/** Unpacks an archive as Lambda does. @returns the names of its files, sorted */
export async function unzip(archive: string, folder: string): Promise<readonly string[]> {
  const bytes = await readFile(archive);
  // APPNOTE.TXT 4.3.16 and 4.3.12: the end record says where the directory is, which says where the files are.
  const end = bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");
  const names: string[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const name = bytes.toString("utf8", at + 46, at + 46 + (nameLength ?? 0));
    const local = bytes.readUInt32LE(at + 42);
    const data = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.subarray(data, data + bytes.readUInt32LE(at + 20));
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed));
    names.push(name);
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return names.sort();
}
