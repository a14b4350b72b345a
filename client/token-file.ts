import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves after so many milliseconds; rejects with the signal's reason when that is aborted first. */
export type Wait = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** The token file cannot be used: no call was made. The message names the file, never what is in it. */
export class PodTokenError extends Error {
  override readonly name: string = "PodTokenError";
}

/** kubelet replaces the file in one step, so a file that is not there is one that another tool, or a start, leaves so. */
const TRIES = 10;
const MILLISECONDS_BETWEEN = 100;

/**
 * The token in the file, read anew. A file that is missing or empty is tried 10 times, 100 ms apart.
 * Rejects with `PodTokenError`: not there after that, not readable, or not a token.
 */
export async function readToken(file: string, wait: Wait, signal?: AbortSignal): Promise<string> {
  for (let left = TRIES - 1; ; left -= 1) {
    const token = await readIfThere(file);
    if (token !== "") return checked(token, file);
    if (left === 0) throw new PodTokenError(`${file} is missing or empty: is the projected volume mounted there?`);
    await wait(MILLISECONDS_BETWEEN, signal);
  }
}

export const systemWait: Wait = async (milliseconds, signal) => {
  signal?.throwIfAborted();
  try {
    await sleep(milliseconds, undefined, { ...(signal !== undefined && { signal }) });
  } catch (error) {
    throw signal?.reason ?? error;
  }
};

async function readIfThere(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw new PodTokenError(`${file} cannot be read`, { cause: error });
  }
}

/** `token68` of RFC 7235 §2.1. A header refuses other text in an error that quotes it. */
function checked(token: string, file: string): string {
  if (!/^[\w.~+/-]+=*$/.test(token)) throw new PodTokenError(`${file} holds no token`);
  return token;
}
