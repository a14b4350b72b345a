import { createPublicKey, randomInt, sign } from "node:crypto";
import { compactVerify, errors } from "jose";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import type { Algorithm } from "../../lib/issuer/algorithm.ts";
import type { VerificationKey } from "../../lib/issuer/key-set.ts";
import { BearerToken } from "../../lib/token/bearer-token.ts";
import { isSignedBy } from "../../lib/token/signature.ts";
import { readShape } from "../../lib/token/unverified-token.ts";
import { ecKey, rsaKey } from "../issuer/support.ts";
import { base64url, claimsWith } from "./support.ts";

/**
 * Our check of a signature against that of `jose`, an implementation of its own over WebCrypto. A few thousand tokens here;
 * `npm run test:signatures` holds 100,000 against each other.
 */
const TOKENS = Number(process.env["FUZZED_TOKENS"] ?? 2400);

const HASHES = { RS256: "sha256", ES256: "sha256", ES384: "sha384", ES512: "sha512" } as const;
const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" } as const;
const ALGORITHMS = Object.keys(HASHES) as Algorithm[];

function signer(algorithm: Algorithm) {
  const { privateKey } = algorithm === "RS256" ? rsaKey("k1") : ecKey("k1", CURVES[algorithm]);
  const key: VerificationKey = { keyId: "k1", algorithm, key: createPublicKey(privateKey), fingerprint: "f" };
  const signed = (input: string, dsaEncoding: "ieee-p1363" | "der" = "ieee-p1363") =>
    sign(HASHES[algorithm], Buffer.from(input), { key: privateKey, dsaEncoding });
  return { algorithm, key, signed };
}

type Signer = ReturnType<typeof signer>;

const signers: readonly Signer[] = ALGORITHMS.map(signer);

async function byJose(text: string, { key, algorithm }: VerificationKey): Promise<boolean> {
  try {
    await compactVerify(text, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

/** `undefined` where the token is refused before any signature is looked at. */
function byUs(text: string, key: VerificationKey): boolean | undefined {
  const token = readShape(new BearerToken(text));
  return isRefusal(token) ? undefined : isSignedBy(token, key);
}

function pick<T>(items: readonly T[]): T {
  return items[randomInt(items.length)] as T;
}

function compact({ algorithm, signed }: Signer, header: object = {}): string {
  const parts = [{ alg: algorithm, kid: "k1", ...header }, claimsWith({ jti: String(randomInt(2 ** 40)) })];
  const input = parts.map((part) => base64url(JSON.stringify(part))).join(".");
  return `${input}.${signed(input).toString("base64url")}`;
}

/** Splits off the signature, changes it, and puts it back. */
function withSignature(text: string, change: (signature: Buffer, input: string) => Uint8Array): string {
  const end = text.lastIndexOf(".");
  const input = text.slice(0, end);
  return `${input}.${base64url(change(Buffer.from(text.slice(end + 1), "base64url"), input))}`;
}

/** What is done to a good token. The first leaves it good. */
const MUTATIONS: Readonly<Record<string, (text: string, by: Signer) => string>> = {
  none: (text) => text,
  "one bit of the signature": (text) =>
    withSignature(text, (signature) => {
      const at = randomInt(signature.length);
      signature[at] = (signature[at] as number) ^ (1 << randomInt(8));
      return signature;
    }),
  "one character of the text": (text) => {
    const at = randomInt(text.length);
    return `${text.slice(0, at)}${pick([..."ABCDabcd0189-_."])}${text.slice(at + 1)}`;
  },
  "a random signature as long": (text) => withSignature(text, (signature) => signature.map(() => randomInt(256))),
  "a signature cut or lengthened": (text) =>
    withSignature(text, (signature) =>
      pick([
        signature.subarray(0, randomInt(1, signature.length)),
        Buffer.concat([signature, Buffer.alloc(randomInt(1, 9))]),
      ]),
    ),
  "zeros in front": (text) =>
    withSignature(text, (signature) => Buffer.concat([Buffer.alloc(randomInt(1, 3)), signature])),
  "r or s zero": (text) =>
    withSignature(text, (signature) => {
      const half = signature.length / 2;
      return randomInt(2) === 0 ? signature.fill(0, 0, half) : signature.fill(0, half);
    }),
  "r and s exchanged": (text) =>
    withSignature(text, (signature) => {
      const half = signature.length >> 1;
      return Buffer.concat([signature.subarray(half), signature.subarray(0, half)]);
    }),
  "in DER": (text, { signed }) => withSignature(text, (_signature, input) => signed(input, "der")),
  "of another token": (text, by) =>
    `${text.slice(0, text.lastIndexOf("."))}${compact(by).slice(-text.length + text.lastIndexOf("."))}`,
  "of another key": (text, { algorithm }) =>
    withSignature(text, (_signature, input) =>
      pick(signers.filter((other) => other.algorithm !== algorithm)).signed(input),
    ),
  "a header that says another algorithm, signed anew": (_text, by) => compact(by, { alg: pick(ALGORITHMS) }),
  "payload exchanged": (text, by) => {
    const [header, , signature] = text.split(".");
    return [header, compact(by).split(".")[1], signature].join(".");
  },
};

describe.for(ALGORITHMS)("%s: one verdict, ours and that of jose", (algorithm) => {
  test("over good, broken and forged signatures", async () => {
    const by = signers.find((one) => one.algorithm === algorithm) as Signer;
    const seen = { good: 0, bad: 0, misshapen: 0 };
    for (let count = 0; count < TOKENS / ALGORITHMS.length; count++) {
      const [name, mutate] = pick(Object.entries(MUTATIONS));
      const text = mutate(compact(by), by);
      const [ours, theirs] = [byUs(text, by.key), await byJose(text, by.key)];
      // The shape is ours to judge, and stricter: what it refuses is not allowed, whatever jose says of the signature.
      if (ours !== undefined && ours !== theirs) expect.fail(`${name}: ${ours} here, ${theirs} there, for ${text}`);
      if (ours === undefined) seen.misshapen++;
      else seen[ours ? "good" : "bad"]++;
    }
    expect(Math.min(seen.good, seen.bad, seen.misshapen)).toBeGreaterThan(0);
  }, 600_000);

  test("each kind of change has the outcome that it should have", async () => {
    const by = signers.find((one) => one.algorithm === algorithm) as Signer;
    for (const [name, mutate] of Object.entries(MUTATIONS)) {
      if (name === "one character of the text" || name.startsWith("a header")) continue;
      if (algorithm === "RS256" && name === "in DER") continue;
      expect([name, byUs(mutate(compact(by), by), by.key)]).toStrictEqual([name, name === "none"]);
    }
  });
});
