import { describe, expect, test } from "vitest";
import { belongsTo, parseStoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import { codeOf, ecKey, ISSUER_URL, issuerWith, START, storedWith } from "./support.ts";

const { jwk } = ecKey("k1");
const DISCOVERY = `${ISSUER_URL}/.well-known/openid-configuration`;

describe("key set document", () => {
  test("is read, with its keys", () => {
    const stored = storedWith([{ ...jwk, use: "sig", alg: "ES256" }], { version: 1, source: "static" });

    expect(stored).toMatchObject({ issuer: ISSUER_URL, fetchedAt: START, source: "static" });
    expect(stored.document).toStrictEqual({ name: "/p/keys/a", version: 1 });
    expect([...stored.keys.keys()]).toStrictEqual(["k1"]);
  });

  test.for([
    { members: { issuer: undefined } },
    { members: { issuer: 1 } },
    { members: { fetchedAt: undefined } },
    { members: { fetchedAt: "now" } },
    { members: { fetchedAt: null } },
    { members: { source: undefined } },
    { members: { source: "fetched" } },
    { members: { keys: undefined } },
    { members: { keys: [] } },
    { members: { keys: {} } },
    { members: { keys: [null] } },
    { members: { keys: [{ ...jwk, kid: undefined }] } },
    { members: { keys: [{ ...jwk, kid: 1 }] } },
    { members: { keys: [{ ...jwk, d: "AQAB" }] } },
    { members: { keys: [{ ...jwk, x5c: [] }] } },
    { members: { keys: [{ ...jwk, key_ops: ["verify"] }] } },
    { members: { keys: [jwk, jwk] } },
    { members: { keys: [{ ...jwk, use: "enc" }] } },
    { members: { keys: [{ ...jwk, crv: 256 }] } },
    { members: { from: 1 } },
    { members: { expiresAt: 1 } },
  ])("$members is refused", async ({ members }) => {
    expect(await codeOf(() => storedWith([jwk], members))).toBe("DOCUMENT_INVALID");
  });

  test("`fetchedAt` beyond every number is refused", async () => {
    // 1e400 reads as Infinity: a set that would be newest for ever.
    const text = `{"issuer":"${ISSUER_URL}","fetchedAt":1e400,"source":"discovered","keys":[${JSON.stringify(jwk)}]}`;

    expect(await codeOf(() => parseStoredKeySet({ name: "/p", version: 1, revision: "1", text }))).toBe(
      "DOCUMENT_INVALID",
    );
  });

  test("a later format is an error of its own", async () => {
    expect(await codeOf(() => storedWith([jwk], { version: 2 }))).toBe("DOCUMENT_TOO_NEW");
  });
});

describe("a stored set belongs to an issuer", () => {
  test.for([
    { what: "of this issuer, just fetched", stored: {}, issuer: {}, belongs: true },
    { what: "of years ago, which is another question", stored: { fetchedAt: 0 }, issuer: {}, belongs: true },
    { what: "60 s ahead", stored: { fetchedAt: START + 60 }, issuer: {}, belongs: true },
    { what: "61 s ahead", stored: { fetchedAt: START + 61 }, issuer: {}, belongs: false },
    { what: "of another issuer", stored: { issuer: "https://other.example" }, issuer: {}, belongs: false },
    { what: "of this issuer with a slash", stored: { issuer: `${ISSUER_URL}/` }, issuer: {}, belongs: false },
    { what: "of before the member `from`", stored: {}, issuer: { jwksURL: "https://b.example/jwks" }, belongs: true },
    { what: "from where it is discovered", stored: { from: DISCOVERY }, issuer: {}, belongs: true },
    {
      what: "from the `jwksURL`",
      stored: { from: "https://b.example/jwks" },
      issuer: { jwksURL: "https://b.example/jwks" },
      belongs: true,
    },
    {
      what: "from before there was a `jwksURL`",
      stored: { from: DISCOVERY },
      issuer: { jwksURL: "https://b.example/jwks" },
      belongs: false,
    },
    {
      what: "from another `discoveryURL`",
      stored: { from: "https://b.example/old" },
      issuer: { discoveryURL: "https://b.example/new" },
      belongs: false,
    },
    { what: "from a `jwksURL` of before", stored: { from: "https://b.example/jwks" }, issuer: {}, belongs: false },
    {
      what: "a snapshot that was made static",
      stored: { source: "static", from: "https://b.example/old" },
      issuer: { keys: "static" },
      belongs: true,
    },
    { what: "static, for a static issuer", stored: { source: "static" }, issuer: { keys: "static" }, belongs: true },
    { what: "static, for one that is fetched", stored: { source: "static" }, issuer: {}, belongs: false },
    { what: "fetched, for a static issuer", stored: {}, issuer: { keys: "static" }, belongs: false },
  ])("$what: $belongs", ({ stored, issuer, belongs }) => {
    expect(belongsTo(storedWith([jwk], stored), issuerWith(issuer), START)).toBe(belongs);
  });
});
