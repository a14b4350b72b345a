import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { isRefusal, REFUSALS } from "../../lib/errors.ts";
import { BearerToken } from "../../lib/token/bearer-token.ts";
import { readShape } from "../../lib/token/unverified-token.ts";
import { startDev } from "../offline/cluster/support.ts";
import { base64url, claimsWith, HEADER, kubernetesWith, shapeOf, unsigned } from "./support.ts";

const untouched = Object.getOwnPropertyNames(Object.prototype);
afterEach(() => expect(Object.getOwnPropertyNames(Object.prototype)).toStrictEqual(untouched));

const header = base64url(JSON.stringify(HEADER));
const payload = base64url(JSON.stringify(claimsWith()));

test("a token of kube-apiserver is read: what names key and issuer, and the claims", () => {
  const shape = readShape(new BearerToken(unsigned()));

  expect(shape).toMatchObject({ algorithm: "RS256", keyId: "k1", issuer: "https://oidc.example.com/id/A" });
  expect(shape).toHaveProperty("claims.sub", "system:serviceaccount:payments:checkout");
});

describe("three parts of strict base64url (S6, RFC 7515 §2)", () => {
  test.for([
    { what: "three parts", token: `${header}.${payload}.c2ln`, outcome: "read" },
    { what: "no dot", token: header, outcome: "TOKEN_MALFORMED" },
    { what: "two parts", token: `${header}.${payload}`, outcome: "TOKEN_MALFORMED" },
    { what: "four parts", token: `${header}.${payload}.c2ln.c2ln`, outcome: "TOKEN_MALFORMED" },
    { what: "a dot at the end", token: `${header}.${payload}.c2ln.`, outcome: "TOKEN_MALFORMED" },
    { what: "five parts, as a JWE", token: `${header}.a.b.c.d`, outcome: "TOKEN_MALFORMED" },
    { what: "8,192 dots", token: ".".repeat(8192), outcome: "TOKEN_MALFORMED" },
    { what: "two dots alone", token: "..", outcome: "TOKEN_MALFORMED" },
    { what: "no header", token: `.${payload}.c2ln`, outcome: "TOKEN_MALFORMED" },
    { what: "no payload, as with detached content", token: `${header}..c2ln`, outcome: "TOKEN_MALFORMED" },
    { what: "no signature", token: `${header}.${payload}.`, outcome: "TOKEN_MALFORMED" },
    { what: "padding", token: `${header}.${payload}.c2lnbg==`, outcome: "TOKEN_MALFORMED" },
    { what: "padding in the header", token: `${base64url("{} ")}=.${payload}.c2ln`, outcome: "TOKEN_MALFORMED" },
    { what: "plain base64", token: `${header}.${payload}.+/+/`, outcome: "TOKEN_MALFORMED" },
    { what: "unused bits that are zero", token: `${header}.${payload}.c2lnbg`, outcome: "read" },
    { what: "unused bits that are set", token: `${header}.${payload}.c2lnbh`, outcome: "TOKEN_MALFORMED" },
    { what: "unused bits that are set in the header", token: `e31.${payload}.c2ln`, outcome: "TOKEN_MALFORMED" },
    { what: "a length that cannot be", token: `${header}.${payload}.c2lnc`, outcome: "TOKEN_MALFORMED" },
    { what: "white space inside", token: `${header}. ${payload}.c2ln`, outcome: "AUTHORIZATION_MALFORMED" },
    { what: "a line feed at the end", token: `${header}.${payload}.c2ln\n`, outcome: "AUTHORIZATION_MALFORMED" },
    {
      what: "JSON serialisation",
      token: `{"payload":"${payload}","signature":"c2ln"}`,
      outcome: "AUTHORIZATION_MALFORMED",
    },
  ])("$what: $outcome", ({ token, outcome }) => {
    expect(shapeOf(token)).toBe(outcome);
  });

  const padded = (length: number) => {
    const text = JSON.stringify({ ...HEADER, x: "" });
    // 768 bytes are 1,024 characters; three bytes more are four.
    return base64url(JSON.stringify({ ...HEADER, x: "x".repeat(length - text.length) }));
  };
  test.for([
    { length: 768, characters: 1024, outcome: "read" },
    { length: 769, characters: 1026, outcome: "TOKEN_MALFORMED" },
  ])("a header of $characters characters: $outcome (S7)", ({ length, characters, outcome }) => {
    expect(padded(length)).toHaveLength(characters);
    expect(shapeOf(`${padded(length)}.${payload}.c2ln`)).toBe(outcome);
  });
});

describe("JSON objects, each member once (S10)", () => {
  const good = JSON.stringify(HEADER);
  test.for([
    { what: "a list as header", header: "[]", claims: "{}" },
    { what: "null as header", header: "null", claims: "{}" },
    { what: "text as header", header: '"RS256"', claims: "{}" },
    { what: "no JSON as header", header: "alg: RS256", claims: "{}" },
    { what: "`alg` twice", header: '{"alg":"none","alg":"RS256","kid":"k1"}', claims: "{}" },
    { what: "`alg` twice, once in escapes", header: '{"\\u0061lg":"none","alg":"RS256","kid":"k1"}', claims: "{}" },
    { what: "`kid` twice", header: '{"alg":"RS256","kid":"k1","kid":"k2"}', claims: "{}" },
    { what: "a list as payload", header: good, claims: "[]" },
    { what: "a number as payload", header: good, claims: "1" },
    { what: "`iss` twice", header: good, claims: '{"iss":"https://a","iss":"https://b"}' },
    { what: "a member twice, nested", header: good, claims: '{"kubernetes.io":{"namespace":"a","namespace":"b"}}' },
    { what: "a byte order mark", header: good, claims: "\u{feff}{}" },
    { what: "a byte order mark in the header", header: `\u{feff}${good}`, claims: "{}" },
    { what: "more after the end", header: good, claims: "{}{}" },
    { what: "6,000 brackets", header: good, claims: `{"a":${"[".repeat(3000)}${"]".repeat(2990)}}` },
  ])("$what is TOKEN_MALFORMED", ({ header, claims }) => {
    expect(shapeOf(unsigned(header, claims))).toBe("TOKEN_MALFORMED");
  });

  test("invalid UTF-8 is TOKEN_MALFORMED", () => {
    const latin = base64url(Buffer.from('{"iss":"ä"}', "latin1"));

    expect(shapeOf(`${header}.${latin}.c2ln`)).toBe("TOKEN_MALFORMED");
    expect(shapeOf(`${latin}.${payload}.c2ln`)).toBe("TOKEN_MALFORMED");
  });

  test("`__proto__` gives no member to header or claims (S20)", () => {
    expect(shapeOf(unsigned('{"__proto__":{"alg":"RS256","kid":"k1"}}'))).toBe("TOKEN_ALGORITHM");
    expect(shapeOf(unsigned('{"alg":"RS256","__proto__":{"kid":"k1"}}'))).toBe("TOKEN_KEY_ID");
    const shape = readShape(new BearerToken(unsigned(HEADER, '{"__proto__":{"iss":"https://a","exp":1}}')));
    expect(isRefusal(shape) ? shape.code : shape.issuer).toBeUndefined();
    expect(shape).toHaveProperty("claims.code", "TOKEN_CLAIM_INVALID");
  });
});

describe("`alg` (S1)", () => {
  test.for(["RS256", "ES256", "ES384", "ES512"])("%s is read", (alg) => {
    expect(shapeOf(unsigned({ ...HEADER, alg }))).toBe("read");
  });

  test.for([
    ...["none", "None", "NONE", "nOnE", "none ", "", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512"],
    ...["RS384", "RS512", "RS1", "rs256", "RS256 ", " RS256", "ES256K", "EdDSA", "Ed25519", "dir", "RSA-OAEP"],
    ...["A128KW", "PBES2-HS256+A128KW", "__proto__", "constructor", "toString"],
    null,
    0,
    true,
    ["RS256"],
    { toString: "RS256" },
    undefined,
  ])("%j is TOKEN_ALGORITHM", (alg) => {
    expect(shapeOf(unsigned({ ...HEADER, alg }))).toBe("TOKEN_ALGORITHM");
  });
});

describe("`typ` (S5)", () => {
  test.for([
    { header: HEADER, outcome: "read" },
    { header: { ...HEADER, typ: "JWT" }, outcome: "read" },
    { header: { ...HEADER, typ: "jwt" }, outcome: "TOKEN_TYPE" },
    { header: { ...HEADER, typ: "at+jwt" }, outcome: "TOKEN_TYPE" },
    { header: { ...HEADER, typ: "JWE" }, outcome: "TOKEN_TYPE" },
    { header: { ...HEADER, typ: "" }, outcome: "TOKEN_TYPE" },
    { header: { ...HEADER, typ: null }, outcome: "TOKEN_TYPE" },
    { header: { ...HEADER, typ: ["JWT"] }, outcome: "TOKEN_TYPE" },
  ])("$header: $outcome", ({ header, outcome }) => {
    expect(shapeOf(unsigned(header))).toBe(outcome);
  });
});

describe("members of the header that are refused, whatever their value (S3, S5)", () => {
  const values = [null, false, "", [], {}, "https://evil.example/keys"];

  test.for(["crit", "b64", "zip", "cty", "enc"])("%s is TOKEN_HEADER_UNSUPPORTED", (member) => {
    for (const value of [...values, ["exp"]]) {
      expect(shapeOf(unsigned({ ...HEADER, [member]: value }))).toBe("TOKEN_HEADER_UNSUPPORTED");
    }
  });

  test.for(["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"])("%s is TOKEN_KEY_EMBEDDED", (member) => {
    for (const value of values) {
      expect(shapeOf(unsigned({ ...HEADER, [member]: value }))).toBe("TOKEN_KEY_EMBEDDED");
    }
  });

  test("a member that nobody knows is of no account (RFC 7515 §4)", () => {
    expect(shapeOf(unsigned({ ...HEADER, "x-note": "hello" }))).toBe("read");
  });
});

describe("`kid` (S4)", () => {
  test.for([
    { kid: "k", outcome: "read" },
    { kid: "k".repeat(256), outcome: "read" },
    { kid: "__proto__", outcome: "read" },
    { kid: "../../etc/passwd", outcome: "read" },
    { kid: "k".repeat(257), outcome: "TOKEN_KEY_ID" },
    { kid: "", outcome: "TOKEN_KEY_ID" },
    { kid: undefined, outcome: "TOKEN_KEY_ID" },
    { kid: null, outcome: "TOKEN_KEY_ID" },
    { kid: 1, outcome: "TOKEN_KEY_ID" },
    { kid: ["k1"], outcome: "TOKEN_KEY_ID" },
    { kid: { k1: 1 }, outcome: "TOKEN_KEY_ID" },
  ])("$kid: $outcome", ({ kid, outcome }) => {
    expect(shapeOf(unsigned({ ...HEADER, kid }))).toBe(outcome);
  });
});

describe("legacy tokens (S19)", () => {
  test("one that was published: a Secret's token, without expiry and audience", () => {
    const token = readFileSync(new URL("../fixtures/tokens/legacy-secret-token.txt", import.meta.url), "utf8").trim();

    expect(shapeOf(token)).toBe("TOKEN_LEGACY");
  });

  test.for([
    { what: "by their issuer", claims: claimsWith({ iss: "kubernetes/serviceaccount" }) },
    {
      what: "by one flat claim, whatever else they say",
      claims: claimsWith({ "kubernetes.io/serviceaccount/namespace": null }),
    },
    {
      what: "by a flat claim that is not known yet",
      claims: claimsWith({ "kubernetes.io/serviceaccount/new": "x" }),
    },
  ])("are told $what, with a kid or without", ({ claims }) => {
    expect(shapeOf(unsigned(HEADER, claims))).toBe("TOKEN_LEGACY");
    expect(shapeOf(unsigned({ alg: "RS256" }, claims))).toBe("TOKEN_LEGACY");
  });

  test.for([{ iss: "kubernetes/serviceaccount/" }, { iss: ["kubernetes/serviceaccount"] }, { iss: "x" }])(
    "$iss is no legacy issuer",
    ({ iss }) => {
      expect(shapeOf(unsigned(HEADER, claimsWith({ iss })))).toBe("read");
    },
  );
});

describe("extended tokens", () => {
  test.for([
    { warnafter: 1_795_003_607, outcome: "TOKEN_EXTENDED" },
    { warnafter: null, outcome: "TOKEN_EXTENDED" },
    { warnafter: undefined, outcome: "read" },
  ])("`warnafter` $warnafter: $outcome", ({ warnafter, outcome }) => {
    expect(shapeOf(unsigned(HEADER, claimsWith({ "kubernetes.io": kubernetesWith({ warnafter }) })))).toBe(outcome);
  });

  test("`warnafter` anywhere else means nothing", () => {
    expect(shapeOf(unsigned(HEADER, claimsWith({ warnafter: 1 })))).toBe("read");
    expect(shapeOf(unsigned(HEADER, claimsWith({ "kubernetes.io": ["warnafter"] })))).toBe("read");
  });
});

test("tokens as a cluster makes them: legacy and extended by their codes, the others read", async () => {
  await using dev = await startDev();
  const account = { namespace: "payments", serviceAccount: "checkout" };
  const outcomes = [];
  for (const family of ["projected", "expired", "not-yet-valid", "legacy", "extended"] as const) {
    outcomes.push(shapeOf((await dev.cluster.forge({ ...account, family })).token));
  }

  expect(outcomes).toStrictEqual(["read", "read", "read", "TOKEN_LEGACY", "TOKEN_EXTENDED"]);
});

test("of several faults the first in the order of the table of refusals is told", () => {
  const legacy = claimsWith({ iss: "kubernetes/serviceaccount", "kubernetes.io": kubernetesWith({ warnafter: 1 }) });
  const extended = claimsWith({ "kubernetes.io": kubernetesWith({ warnafter: 1 }) });

  const told = [
    shapeOf(unsigned({ alg: "none", typ: "x", crit: [], jwk: {} }, legacy, "+")),
    shapeOf(unsigned({ alg: "none", typ: "x", crit: [], jwk: {} }, legacy)),
    shapeOf(unsigned({ alg: "RS256", typ: "x", crit: [], jwk: {} }, legacy)),
    shapeOf(unsigned({ alg: "RS256", crit: [], jwk: {} }, legacy)),
    shapeOf(unsigned({ alg: "RS256", crit: [] }, legacy)),
    shapeOf(unsigned({ alg: "RS256" }, legacy)),
    shapeOf(unsigned({ alg: "RS256" }, extended)),
    shapeOf(unsigned({ alg: "RS256" })),
  ];
  expect(told).toStrictEqual(Object.entries(REFUSALS).flatMap(([code, { step }]) => (step === "shape" ? [code] : [])));
});

test("no refusal repeats the token", () => {
  const canary = "canary".repeat(20);
  for (const token of [
    unsigned({ ...HEADER, alg: { canary } }),
    unsigned({ ...HEADER, kid: [canary] }),
    unsigned({ ...HEADER, jwk: canary }),
    unsigned(HEADER, `{${canary}`),
    unsigned(HEADER, claimsWith({ "kubernetes.io/serviceaccount/secret.name": canary })),
  ]) {
    const refusal = JSON.stringify(readShape(new BearerToken(token)));
    expect(refusal).not.toContain("canary");
    expect(refusal).not.toContain(token.slice(0, 20));
  }
});
