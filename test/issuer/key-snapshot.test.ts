import { describe, expect, test } from "vitest";
import { readKeySet } from "../../lib/issuer/key-set.ts";
import { compareKeySets, snapshotText } from "../../lib/issuer/key-snapshot.ts";
import { belongsTo, parseStoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import { ecKey, ISSUER_URL, issuerWith, rsaKey, START } from "./support.ts";

const [k1, k2, rsa] = [ecKey("k1").jwk, ecKey("k2", "P-384").jwk, rsaKey("rsa").jwk];

function keySetOf(keys: readonly object[]) {
  const keySet = readKeySet({ keys });
  if (typeof keySet === "string") throw new Error(keySet);
  return keySet;
}

function stored(text: string) {
  return parseStoredKeySet({ name: "/p/keys/a", version: 1, revision: "1", text });
}

describe("the snapshot of a key set", () => {
  test("reads back as the very same keys, dated in whole seconds", () => {
    const keys = keySetOf([k1, k2, rsa]);
    const read = stored(snapshotText(issuerWith(), keys, START + 0.9));
    expect(read).toMatchObject({ issuer: ISSUER_URL, fetchedAt: START, source: "discovered" });
    expect(compareKeySets(read.keys, keys)).toBe("same");
    expect([...read.keys.keys()]).toEqual(["k1", "k2", "rsa"]);
  });

  test.for([
    { members: {}, from: `${ISSUER_URL}/.well-known/openid-configuration` },
    { members: { discoveryURL: "https://b.example/openid" }, from: "https://b.example/openid" },
    {
      members: { discoveryURL: "https://b.example/openid", jwksURL: "https://b.example/jwks" },
      from: "https://b.example/jwks",
    },
  ])("of an issuer with $members says that it was taken from $from", ({ members, from }) => {
    const issuer = issuerWith(members);
    const read = stored(snapshotText(issuer, keySetOf([k1]), START));
    expect(read.from).toBe(from);
    expect(belongsTo(read, issuer, START)).toBe(true);
  });

  test.for([
    { what: "for encryption", key: { ...k2, use: "enc" } },
    { what: "for other operations", key: { ...k2, key_ops: ["deriveBits"] } },
    { what: "too weak", key: rsaKey("weak", 1024).jwk },
    { what: "of a type that no token uses", key: { kty: "OKP", crv: "Ed25519", x: k1.x, kid: "ed" } },
  ])("leaves out a key that is $what: it could come back as one that may be used", ({ key }) => {
    const read = stored(snapshotText(issuerWith(), keySetOf([k1, key]), START));
    expect([...read.keys.keys()]).toEqual(["k1"]);
  });

  test.for([
    ["n", rsa],
    ["e", rsa],
    ["x", k1],
    ["y", k2],
  ] as const)("of a key whose %s is written with a zero in front holds the same key", ([member, key]) => {
    const written = Buffer.concat([Buffer.alloc(1), Buffer.from(String(key[member]), "base64url")]);
    const keys = keySetOf([{ ...key, [member]: written.toString("base64url") }]);
    expect(compareKeySets(stored(snapshotText(issuerWith(), keys, START)).keys, keys)).toBe("same");
  });

  test("holds no member of the issuer's but the material", () => {
    const keys = keySetOf([{ ...k1, x5c: ["MII"], x5u: "https://evil.example", note: "hello" }]);
    const { x, y, crv, kty } = k1;
    expect(JSON.parse(snapshotText(issuerWith(), keys, START)).keys).toEqual([
      { kid: "k1", alg: "ES256", use: "sig", kty, crv, x, y },
    ]);
  });
});

describe("what became of a key set", () => {
  test.for([
    { before: [k1], after: [k1], change: "same" },
    { before: [k1, k2], after: [k2, k1], change: "same" },
    { before: [k1], after: [k1, { ...k2, use: "enc" }], change: "same" },
    { before: [k1], after: [k1, k2], change: "changed" },
    { before: [k1, k2], after: [k2], change: "changed" },
    { before: [k1], after: [{ ...k1, kid: "renamed" }], change: "changed" },
    { before: [k1], after: [k2], change: "replaced" },
    { before: [k1], after: [{ ...ecKey("k1").jwk }], change: "replaced" },
  ])("$#: $change", ({ before, after, change }) => {
    expect(compareKeySets(keySetOf(before), keySetOf(after))).toBe(change);
  });
});
