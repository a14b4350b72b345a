import { type FileHandle, open } from "node:fs/promises";
import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-code.ts";
import { quote } from "../wording.ts";

/** Beyond any token; ten thousand times a projected one. */
const LARGEST_BYTES = 1024 * 1024;

/** Longest name of a file that is looked for (PATH_MAX of Linux). */
const LONGEST_PATH = 4096;

/**
 * The token that a command is given: itself, a file's, or on standard input; white space around it and the name and scheme of an
 * `Authorization` field in front of it do not matter. Throws `CliError`, which never quotes it.
 */
export async function readToken(context: Context, given: string | undefined): Promise<string> {
  const text =
    given === undefined || given === "-" ? await context.readInput(LARGEST_BYTES) : await readGiven(context, given);
  return text.trim().replace(/^(authorization: *)?bearer +/i, "");
}

async function readGiven({ output }: Context, given: string): Promise<string> {
  const text = await readFile(given);
  if (text === undefined && !given.includes("eyJ")) {
    output.note("podgate: there is no file of this name, so the name itself is looked at as a token");
  }
  return text ?? given;
}

/** The file's text; `undefined` where there is no such file. A named pipe (`<(…)`) is one too. */
async function readFile(name: string): Promise<string | undefined> {
  if (name.length > LONGEST_PATH || name.includes("\0") || name === "") return undefined;
  let file: FileHandle;
  try {
    file = await open(name, "r");
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw new CliError(EXIT.INPUT, `${quote(name)} cannot be read (${code})`);
  }
  await using _ = file;
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 65_536 })) {
      bytes += chunk.length;
      if (bytes > LARGEST_BYTES)
        throw new CliError(EXIT.INPUT, `${quote(name)} is larger than ${LARGEST_BYTES} bytes: no token`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(EXIT.INPUT, `${quote(name)} cannot be read (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
