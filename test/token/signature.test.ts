import { createHmac, createPublicKey, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import type { Algorithm } from "../../lib/issuer/algorithm.ts";
import type { VerificationKey } from "../../lib/issuer/key-set.ts";
import { BearerToken } from "../../lib/token/bearer-token.ts";
import { isSignedBy } from "../../lib/token/signature.ts";
import { readShape, type UnverifiedToken } from "../../lib/token/unverified-token.ts";
import { ecKey, rsaKey } from "../issuer/support.ts";
import { base64url, claimsWith, unsigned } from "./support.ts";
import { ACCOUNT, startStack } from "./verifier-stack.ts";

const rsa = rsaKey("k1").privateKey;
const ec = ecKey("k1").privateKey;

function tokenOf(text: string): UnverifiedToken {
  const token = readShape(new BearerToken(text));
  if (isRefusal(token)) throw new Error(token.code);
  return token;
}

const keyFor = (privateKey: KeyObject, algorithm: Algorithm): VerificationKey => ({
  keyId: "k1",
  algorithm,
  key: createPublicKey(privateKey),
  fingerprint: "f",
});

/** A token whose header says `alg`, signed as `make` does it. */
function signedWith(alg: string, make: (input: string) => Buffer): string {
  const [header, payload] = unsigned({ alg, kid: "k1" }, claimsWith()).split(".");
  const input = `${header}.${payload}`;
  return `${input}.${base64url(make(input))}`;
}
const rs256 = (input: string) => sign("sha256", Buffer.from(input), rsa);
const es256 = (input: string) => sign("sha256", Buffer.from(input), { key: ec, dsaEncoding: "ieee-p1363" });

describe("a signature (step 5)", () => {
  const cases: readonly { what: string; token: string; key: VerificationKey; signed: boolean }[] = [
    { what: "of the key", token: signedWith("RS256", rs256), key: keyFor(rsa, "RS256"), signed: true },
    { what: "of the key, on a curve", token: signedWith("ES256", es256), key: keyFor(ec, "ES256"), signed: true },
    {
      what: "of another key",
      token: signedWith("RS256", rs256),
      key: keyFor(rsaKey("k1").privateKey, "RS256"),
      signed: false,
    },
    { what: "under another algorithm", token: signedWith("ES256", es256), key: keyFor(rsa, "RS256"), signed: false },
    {
      what: "in DER instead of r and s (RFC 7518 §3.4)",
      token: signedWith("ES256", (input) => sign("sha256", Buffer.from(input), ec)),
      key: keyFor(ec, "ES256"),
      signed: false,
    },
    {
      what: "of zeros (CVE-2022-21449)",
      token: signedWith("ES256", () => Buffer.alloc(64)),
      key: keyFor(ec, "ES256"),
      signed: false,
    },
    {
      what: "of one byte",
      token: signedWith("ES256", () => Buffer.alloc(1)),
      key: keyFor(ec, "ES256"),
      signed: false,
    },
    {
      what: "with SHA-512",
      token: signedWith("RS256", (input) => sign("sha512", Buffer.from(input), rsa)),
      key: keyFor(rsa, "RS256"),
      signed: false,
    },
    {
      what: "with PSS padding",
      token: signedWith("RS256", (input) => sign("sha256", Buffer.from(input), { key: rsa, padding: 6 })),
      key: keyFor(rsa, "RS256"),
      signed: false,
    },
    {
      what: "made by HMAC with the public key as its secret",
      token: signedWith("RS256", (input) => hmac(input, rsa)),
      key: keyFor(rsa, "RS256"),
      signed: false,
    },
  ];
  test.for(cases)("$what: $signed", ({ token, key, signed }) => {
    expect(isSignedBy(tokenOf(token), key)).toBe(signed);
  });
});

function hmac(input: string, key: KeyObject): Buffer {
  return createHmac("sha256", createPublicKey(key).export({ type: "spki", format: "pem" }))
    .update(input)
    .digest();
}

describe("`alg` of the token never chooses how a key is used (S1, S2)", () => {
  test.for([
    { alg: "none", outcome: "TOKEN_ALGORITHM" },
    { alg: "HS256", outcome: "TOKEN_ALGORITHM" },
    { alg: "PS256", outcome: "TOKEN_ALGORITHM" },
    { alg: "RS512", outcome: "TOKEN_ALGORITHM" },
    { alg: "ES256", outcome: "KEY_UNFIT" },
    { alg: "ES384", outcome: "TOKEN_ALGORITHM_NOT_ALLOWED" },
    { alg: "RS256", outcome: "verified" },
  ])("an RSA key and a token that says $alg: $outcome", async ({ alg, outcome }) => {
    await using stack = await startStack({ algorithm: "RS256" });
    const { token } = await stack.cluster.forge({ ...ACCOUNT, header: { alg } });

    expect(await stack.outcome(token)).toBe(outcome);
  });

  test("HS256 with the published key as secret, in every form of it, is refused", async () => {
    await using stack = await startStack({ algorithm: "RS256" });
    const [jwk] = stack.cluster.keys;
    if (jwk === undefined) throw new Error("no key");
    const key = createPublicKey({ key: { kty: jwk.kty, n: jwk.n ?? "", e: jwk.e ?? "" }, format: "jwk" });
    const secrets = [
      key.export({ type: "spki", format: "pem" }),
      key.export({ type: "pkcs1", format: "pem" }),
      key.export({ type: "spki", format: "der" }),
      JSON.stringify(jwk),
      jwk.n ?? "",
      Buffer.from(jwk.n ?? "", "base64url"),
      "",
    ];
    const payload = (await stack.token()).split(".")[1];
    for (const secret of secrets) {
      for (const alg of ["HS256", "RS256"]) {
        const input = `${base64url(JSON.stringify({ alg, kid: jwk.kid }))}.${payload}`;
        const mac = createHmac("sha256", secret).update(input).digest("base64url");
        expect(await stack.outcome(`${input}.${mac}`)).toBe(alg === "HS256" ? "TOKEN_ALGORITHM" : "SIGNATURE_INVALID");
      }
    }
  });
});

describe("no changed byte of a token verifies", () => {
  test.for(["RS256", "ES256"] as const)("%s", async (algorithm) => {
    await using stack = await startStack({ algorithm });
    const token = await stack.token();
    expect(await stack.outcome(token)).toBe("verified");
    const bytes = Buffer.from(token, "latin1");
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).filter(([at, byte]) => bytes[at] !== byte);

    await fc.assert(
      fc.asyncProperty(change, async ([at, byte]) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        expect(await stack.outcome(changed.toString("latin1"))).not.toBe("verified");
      }),
      { numRuns: 400 },
    );
  });

  test("nor does one with a byte more or less", async () => {
    await using stack = await startStack();
    const token = await stack.token();
    await stack.verify(token);
    for (let at = 0; at < token.length; at += 7) {
      expect(await stack.outcome(token.slice(0, at) + token.slice(at + 1))).not.toBe("verified");
      expect(await stack.outcome(`${token.slice(0, at)}A${token.slice(at)}`)).not.toBe("verified");
    }
    expect(await stack.outcome(`${token}A`)).not.toBe("verified");
  });
});
