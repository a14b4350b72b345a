import { generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readKeySet } from "../../lib/issuer/key-set.ts";
import { ecKey, rsaKey } from "./support.ts";

const good = ecKey("good").jwk;
const rsa = rsaKey("rsa").jwk;
const ed25519 = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });

/** What becomes of one key in a set that has a good one too. */
function judge(jwk: Readonly<Record<string, unknown>>): "usable" | "unfit" | "set refused" | "left out" {
  const keys = readKeySet({ keys: [good, { kid: "k", ...jwk }] });
  if (typeof keys === "string") return "set refused";
  const key = keys.get("k");
  if (key === undefined) return "left out";
  return "unfit" in key ? "unfit" : "usable";
}

/** The same number with some bits of it replaced. */
const withBytes = (text: string | undefined, change: (bytes: Buffer) => Buffer) =>
  change(Buffer.from(text ?? "", "base64url")).toString("base64url");

const modulus = (bits: number) => {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff);
  bytes[0] = 0xff >> ((8 - (bits % 8)) % 8);
  return bytes.toString("base64url");
};
const exponent = (value: number) => Buffer.from(value.toString(16).padStart(8, "0"), "hex").toString("base64url");

describe("algorithm of a key: bound by its type, not by a token (S2)", () => {
  test.for([
    { what: "RSA", jwk: rsa, algorithm: "RS256" },
    { what: "P-256", jwk: ecKey("").jwk, algorithm: "ES256" },
    { what: "P-384", jwk: ecKey("", "P-384").jwk, algorithm: "ES384" },
    { what: "P-521", jwk: ecKey("", "P-521").jwk, algorithm: "ES512" },
  ])("$what: $algorithm, said or not", ({ jwk, algorithm }) => {
    for (const alg of [{}, { alg: algorithm }]) {
      const keys = readKeySet({ keys: [{ ...jwk, ...alg, kid: "k" }] });
      expect(typeof keys === "string" ? keys : keys.get("k")).toMatchObject({ keyId: "k", algorithm });
    }
  });

  test.for([
    { alg: "RS384" },
    { alg: "PS256" },
    { alg: "HS256" },
    { alg: "ES256" },
    { alg: "none" },
    { alg: "" },
    { alg: null },
    { alg: ["RS256"] },
  ])("an RSA key with alg $alg is unfit", ({ alg }) => {
    expect(judge({ ...rsa, kid: "k", alg })).toBe("unfit");
  });

  test("a P-256 key with the algorithm of another curve is unfit", () => {
    expect(judge({ ...ecKey("k").jwk, alg: "ES384" })).toBe("unfit");
  });
});

describe("use and key_ops (S2)", () => {
  test.for([
    { members: { use: "sig" }, verdict: "usable" },
    { members: { key_ops: ["verify"] }, verdict: "usable" },
    { members: { key_ops: ["sign", "verify"] }, verdict: "usable" },
    { members: { use: "sig", key_ops: ["verify"] }, verdict: "usable" },
    { members: { use: "enc" }, verdict: "unfit" },
    { members: { use: "SIG" }, verdict: "unfit" },
    { members: { use: null }, verdict: "unfit" },
    { members: { use: ["sig"] }, verdict: "unfit" },
    { members: { key_ops: [] }, verdict: "unfit" },
    { members: { key_ops: ["encrypt"] }, verdict: "unfit" },
    { members: { key_ops: "verify" }, verdict: "unfit" },
    { members: { key_ops: null }, verdict: "unfit" },
    { members: { use: "sig", key_ops: ["wrapKey"] }, verdict: "unfit" },
    { members: { x5c: ["MIIB"], x5u: "https://evil.example", ext: true }, verdict: "usable" },
  ])("$members: $verdict", ({ members, verdict }) => {
    expect(judge({ ...ecKey("k").jwk, ...members })).toBe(verdict);
  });
});

describe("strength of RSA keys (S8)", () => {
  test.for([
    { bits: 1024, verdict: "unfit" },
    { bits: 2047, verdict: "unfit" },
    { bits: 2048, verdict: "usable" },
    { bits: 2049, verdict: "usable" },
    { bits: 4096, verdict: "usable" },
    { bits: 8192, verdict: "usable" },
    { bits: 8193, verdict: "unfit" },
    { bits: 16_384, verdict: "unfit" },
  ])("a modulus of $bits bits: $verdict", ({ bits, verdict }) => {
    expect(judge({ kty: "RSA", n: modulus(bits), e: "AQAB" })).toBe(verdict);
  });

  test.for([
    { e: 1, verdict: "unfit" },
    { e: 3, verdict: "unfit" },
    { e: 17, verdict: "unfit" },
    { e: 65_535, verdict: "unfit" },
    { e: 65_536, verdict: "unfit" },
    { e: 65_537, verdict: "usable" },
    { e: 65_538, verdict: "unfit" },
    { e: 65_539, verdict: "usable" },
    { e: 0, verdict: "unfit" },
  ])("a public exponent of $e: $verdict", ({ e, verdict }) => {
    expect(judge({ ...rsa, kid: "k", e: exponent(e) })).toBe(verdict);
  });

  test("keys as they are really made: 1,024 bits and exponent 3 are unfit", () => {
    expect(judge(rsaKey("k", 1024).jwk)).toBe("unfit");
    expect(judge(rsaKey("k", 2048, 3).jwk)).toBe("unfit");
  });
});

describe("keys that cannot be used stay in the set as unfit", () => {
  const { x, y, ...point } = ecKey("k").jwk;
  const cases: readonly { what: string; jwk: Readonly<Record<string, unknown>> }[] = [
    { what: "Ed25519", jwk: ed25519 },
    { what: "secp256k1", jwk: ecKey("k", "secp256k1").jwk },
    { what: "a curve named constructor", jwk: { ...point, crv: "constructor", x, y } },
    { what: "a curve named __proto__", jwk: { ...point, crv: "__proto__", x, y } },
    { what: "a curve that is an object", jwk: { ...point, crv: { toString: 1, valueOf: 1 }, x, y } },
    { what: "a curve in a list", jwk: { ...point, crv: ["P-256"], x, y } },
    { what: "no curve", jwk: { kty: "EC", x, y } },
    { what: "no type", jwk: { x, y } },
    { what: "an unknown type", jwk: { kty: "AKP", alg: "ML-DSA-44" } },
    { what: "a type in lower case", jwk: { ...rsa, kid: "k", kty: "rsa" } },
    { what: "RSA without a modulus", jwk: { kty: "RSA", e: "AQAB" } },
    { what: "RSA without an exponent", jwk: { kty: "RSA", n: rsa.n } },
    { what: "a modulus that is a number", jwk: { kty: "RSA", n: 1, e: "AQAB" } },
    { what: "EC without y", jwk: { ...point, x } },
    { what: "an x that is an object", jwk: { ...point, x: {}, y } },
    { what: "a point that is not on the curve", jwk: { ...point, x, y: withBytes(y, (b) => b.fill(1)) } },
    { what: "a point of another curve", jwk: { ...ecKey("k", "P-384").jwk, crv: "P-256" } },
  ];
  test.for(cases)("$what", ({ jwk }) => {
    expect(judge(jwk)).toBe("unfit");
  });

  test("the reason is in words", () => {
    const keys = readKeySet({ keys: [good, { ...ed25519, kid: "k" }] });

    expect(typeof keys === "string" ? keys : keys.get("k")).toStrictEqual({ keyId: "k", unfit: expect.any(String) });
  });
});

describe("a key without a usable `kid` is left out", () => {
  test.for([{ kid: undefined }, { kid: "" }, { kid: 1 }, { kid: null }, { kid: ["k"] }])("$kid", ({ kid }) => {
    const keys = readKeySet({ keys: [good, { ...ecKey("").jwk, kid }] });

    expect(typeof keys === "string" ? keys : [...keys.keys()]).toStrictEqual(["good"]);
  });
});

describe("a set that is refused whole (S8)", () => {
  test.for(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])("one key has the secret member %s", (member) => {
    expect(judge({ ...ecKey("k").jwk, [member]: "AQAB" })).toBe("set refused");
    expect(judge({ ...ecKey("k").jwk, kid: undefined, [member]: null })).toBe("set refused");
  });

  test("a private key as it is exported", () => {
    const jwk: JsonWebKey = ecKey("k").privateKey.export({ format: "jwk" });
    expect(judge({ ...jwk })).toBe("set refused");
  });

  test("a symmetric key, even without its value", () => {
    expect(judge({ kty: "oct", k: "c2VjcmV0" })).toBe("set refused");
    expect(judge({ kty: "oct" })).toBe("set refused");
  });

  test("one `kid` twice, for the same or another key, fit or not", () => {
    expect(typeof readKeySet({ keys: [good, good] })).toBe("string");
    expect(typeof readKeySet({ keys: [good, ecKey("good").jwk] })).toBe("string");
    expect(typeof readKeySet({ keys: [{ ...ed25519, kid: "good" }, good] })).toBe("string");
  });

  test.for([
    { count: 64, verdict: "object" },
    { count: 65, verdict: "string" },
  ])("$count keys", ({ count, verdict }) => {
    const keys = Array.from({ length: count }, (_, index) => ({ ...good, kid: `k${index}` }));

    expect(typeof readKeySet({ keys })).toBe(verdict);
  });

  const documents: readonly { what: string; document: unknown }[] = [
    { what: "no key", document: { keys: [] } },
    { what: "no usable key", document: { keys: [{ ...ed25519, kid: "k" }] } },
    { what: "only keys without kid", document: { keys: [{ ...good, kid: undefined }] } },
    { what: "a key that is null", document: { keys: [good, null] } },
    { what: "a key that is text", document: { keys: [good, "key"] } },
    { what: "no list", document: { keys: { 0: good } } },
    { what: "an empty object", document: {} },
    { what: "a list instead of an object", document: [good] },
    { what: "null", document: null },
    { what: "text", document: "<html>" },
  ];
  test.for(documents)("$what", ({ document }) => {
    expect(typeof readKeySet(document)).toBe("string");
  });
});

test("`kid`s are own entries and no others (S4)", () => {
  const keys = readKeySet({ keys: [good] });
  if (typeof keys === "string") throw new Error(keys);

  for (const keyId of ["__proto__", "constructor", "toString", "goo", "goodx", "GOOD", ""]) {
    expect(keys.get(keyId)).toBeUndefined();
  }
});

test("a fingerprint is that of the key's material: same key same, other key other", () => {
  const fingerprint = (jwk: JsonWebKey) => {
    const keys = readKeySet({ keys: [jwk] });
    const key = typeof keys === "string" ? undefined : keys.get("good");
    return key !== undefined && "fingerprint" in key ? key.fingerprint : undefined;
  };

  expect(fingerprint({ ...good, use: "sig", alg: "ES256" })).toBe(fingerprint(good));
  expect(fingerprint(good)).toBeTypeOf("string");
  expect(fingerprint(ecKey("good").jwk)).not.toBe(fingerprint(good));
});
