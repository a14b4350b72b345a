import { type FileHandle, open, readFile } from "node:fs/promises";
import type { StoredDocument } from "../../lib/document.ts";
import { isRefusal } from "../../lib/errors.ts";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { readKeySet } from "../../lib/issuer/key-set.ts";
import { parseTrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { isJsonObject, parseJson } from "../../lib/json.ts";
import { readBearerToken } from "../../lib/token/bearer-token.ts";
import { readShape } from "../../lib/token/unverified-token.ts";
import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { quote } from "../wording.ts";

/** A file's text, or standard input's for `-`. Throws `CliError`. */
export async function readText(source: string, { readInput }: Context): Promise<string> {
  if (source === "-") return readInput();
  try {
    return await readFile(source, "utf8");
  } catch (error) {
    throw unreadable(source, error);
  }
}

/** The `Authorization` header for a token that is given as itself, as a file, or on standard input. */
export async function readAuthorization(source: string, context: Context): Promise<string> {
  const isToken = /^(bearer +)?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/i.test(source) && source.length > 60;
  const text = (isToken ? source : await readText(source, context)).trim();
  if (text === "") throw new CliError(EXIT.INPUT, `${quote(source)} holds no token`);
  return /^bearer /i.test(text) ? text : `Bearer ${text}`;
}

/** Lines of a file, or of standard input as they come. Throws `CliError`. */
export async function* readLines(source: string, context: Context): AsyncGenerator<string> {
  if (source === "-") return yield* context.inputLines();
  let file: FileHandle | undefined;
  try {
    file = await open(source);
    yield* file.readLines();
  } catch (error) {
    throw unreadable(source, error);
  } finally {
    await file?.close();
  }
}

function unreadable(file: string, error: unknown): CliError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return new CliError(EXIT.INPUT, `the file ${quote(file)} cannot be read (${code})`);
}

const KEY_MEMBERS = ["kid", "kty", "alg", "use", "crv", "x", "y", "n", "e"];

/** A key set from a file in place of the store's, for the issuer that the token names. Throws `CliError`. */
export async function keysFromFile(
  text: string,
  file: string,
  authorization: readonly string[],
  store: DocumentStore,
  at: number,
): Promise<ReadonlyMap<string, StoredDocument>> {
  let jwks: unknown;
  try {
    jwks = parseJson(text);
  } catch {
    throw new CliError(EXIT.INPUT, `the key set ${quote(file)} is not JSON; expected { "keys": [ … ] }`);
  }
  const fault = readKeySet(jwks);
  if (typeof fault === "string") throw new CliError(EXIT.INPUT, `the key set ${quote(file)} is refused: ${fault}`);
  const bearer = readBearerToken(authorization);
  const token = isRefusal(bearer) ? bearer : readShape(bearer);
  // A token that names no issuer is refused before keys are looked for.
  const url = isRefusal(token) ? undefined : parseIssuerUrl(token.issuer, true);
  const [issuerName, keysName] = url === undefined ? [] : [store.names.issuer(url), store.names.keys(url)];
  if (url === undefined || issuerName === undefined || keysName === undefined) return new Map();
  const stored = (await store.read([issuerName])).get(issuerName);
  if (stored === undefined) return new Map();
  const { keys: source } = parseTrustedIssuer(stored);
  const listed = isJsonObject(jwks) && Array.isArray(jwks["keys"]) ? jwks["keys"] : [];
  const keys = listed.map((jwk) =>
    Object.fromEntries(Object.entries(jwk).filter(([name]) => KEY_MEMBERS.includes(name))),
  );
  const document = JSON.stringify({ issuer: url, fetchedAt: at, source, keys });
  return new Map([[keysName, { name: keysName, version: 1, revision: file, text: document }]]);
}
