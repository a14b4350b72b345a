import { generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ecdsaSignatureDer } from "../../lib/token/ecdsa-signature-der.ts";

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("hex");

/** r and s side by side, each as long as a coordinate. */
function sideBySide(r: string, s: string, coordinateBytes: number): Buffer {
  return Buffer.from([r, s].map((number) => number.padStart(2 * coordinateBytes, "0")).join(""), "hex");
}

describe("r and s as DER (RFC 3279 §2.2.3, X.690 §8.3)", () => {
  test.for([
    { r: "01", s: "02", der: "3006020101020102" },
    { r: "7f", s: "80", der: "300702017f02020080" },
    { r: "00", s: "00", der: "3006020100020100" },
    { r: "0100", s: "ff", der: "30080202010002" + "0200ff" },
    { r: "ff".repeat(32), s: "7f".repeat(32), der: `3045022100${"ff".repeat(32)}0220${"7f".repeat(32)}` },
  ])("r $r, s $s", ({ r, s, der }) => {
    expect(hex(ecdsaSignatureDer(sideBySide(r, s, 32), 32))).toBe(der);
  });

  test("a length of more than 127 bytes is written in two", () => {
    const digits = `01${"ff".repeat(65)}`;
    const der = `308188${`0242${digits}`.repeat(2)}`;
    expect(hex(ecdsaSignatureDer(sideBySide(digits, digits, 66), 66))).toBe(der);
  });

  test.for([0, 1, 63, 65, 96, 128])("a signature of P-256 with %i bytes is none", (bytes) => {
    expect(ecdsaSignatureDer(new Uint8Array(bytes), 32)).toBeUndefined();
  });
});

describe("OpenSSL reads what is made here as it reads what Node makes of the same (`ieee-p1363`)", () => {
  const curves = [
    { namedCurve: "P-256", hash: "sha256", bytes: 32 },
    { namedCurve: "P-384", hash: "sha384", bytes: 48 },
    { namedCurve: "P-521", hash: "sha512", bytes: 66 },
  ];
  test.for(curves)("$namedCurve", ({ namedCurve, hash, bytes }) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    const input = Buffer.from("input");
    const good = sign(hash, input, { key: privateKey, dsaEncoding: "ieee-p1363" });
    const handMade = (signature: Uint8Array) => {
      const der = ecdsaSignatureDer(signature, bytes);
      return der !== undefined && verify(hash, input, publicKey, der);
    };
    expect(handMade(good)).toBe(true);
    const anySignature = fc.oneof(
      fc.uint8Array({ minLength: 2 * bytes, maxLength: 2 * bytes }),
      fc.uint8Array({ maxLength: 3 * bytes }),
      fc.tuple(fc.nat(2 * bytes - 1), fc.nat(255)).map(([at, byte]) => Uint8Array.from(good).fill(byte, at, at + 1)),
      fc.tuple(fc.nat(2 * bytes), fc.constantFrom(0, 0xff)).map(([at, byte]) => Uint8Array.from(good).fill(byte, at)),
    );
    fc.assert(
      fc.property(anySignature, (signature) => {
        const byNode = verify(hash, input, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
        expect(handMade(signature)).toBe(byNode);
      }),
      { numRuns: 300 },
    );
  });

  test("numbers that begin with zeros", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const input = Buffer.from("input");
    // One signature in 128 begins with a zero byte in r or s.
    const short = Array.from({ length: 2000 }, () =>
      sign("sha256", input, { key: privateKey, dsaEncoding: "ieee-p1363" }),
    ).filter((signature) => signature[0] === 0 || signature[32] === 0);
    expect(short.length).toBeGreaterThan(0);
    for (const signature of short) {
      expect(verify("sha256", input, publicKey, ecdsaSignatureDer(signature, 32) ?? signature)).toBe(true);
    }
  });
});
