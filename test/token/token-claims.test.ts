import { afterEach, describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import { readClaims, type TokenClaims } from "../../lib/token/token-claims.ts";
import { asRead, claimsWith, kubernetesWith } from "./support.ts";

const untouched = Object.getOwnPropertyNames(Object.prototype);
afterEach(() => expect(Object.getOwnPropertyNames(Object.prototype)).toStrictEqual(untouched));

/** Refusal code, or "read". */
function outcomeOf(changes: Readonly<Record<string, unknown>>): string {
  const claims = readClaims(asRead(claimsWith(changes)));
  return isRefusal(claims) ? claims.code : "read";
}

function read(changes: Readonly<Record<string, unknown>>): TokenClaims {
  const claims = readClaims(asRead(claimsWith(changes)));
  if (isRefusal(claims)) throw new Error(claims.code);
  return claims;
}

test("the claims of a pod-bound token are read", () => {
  expect(read({})).toStrictEqual({
    iss: "https://oidc.example.com/id/A",
    aud: ["https://api.example.com"],
    exp: 1_795_003_600,
    iat: 1_795_000_000,
    nbf: 1_795_000_000,
    jti: "6b0b5b5e-0c52-4a8c-a4a8-2f6a5b6f3f77",
    sub: "system:serviceaccount:payments:checkout",
    namespace: "payments",
    serviceAccount: "checkout",
    pod: { name: "checkout-7d9", uid: "0a1b2c3d-0000-4000-8000-000000000002" },
    node: { name: "node-1", uid: "0a1b2c3d-0000-4000-8000-000000000001" },
  });
});

describe("times are finite numbers (S14, RFC 7519 §2 NumericDate)", () => {
  test.for([
    { changes: { exp: 1_795_003_600.5, iat: 0, nbf: -1 }, outcome: "read" },
    { changes: { nbf: undefined }, outcome: "read" },
    ...["exp", "iat"].map((claim) => ({ changes: { [claim]: undefined }, outcome: "TOKEN_CLAIM_INVALID" })),
    ...["exp", "iat", "nbf"].flatMap((claim) =>
      [null, "1795003600", "", true, [1_795_003_600], {}].map((value) => ({
        changes: { [claim]: value },
        outcome: "TOKEN_CLAIM_INVALID",
      })),
    ),
  ])("$changes: $outcome", ({ changes, outcome }) => {
    expect(outcomeOf(changes)).toBe(outcome);
  });

  test.for(["exp", "iat", "nbf"])("`%s: 1e400`, which reads as Infinity, is refused", (claim) => {
    for (const infinite of ["1e400", "-1e400"]) {
      const text = JSON.stringify(claimsWith({ [claim]: "@" })).replace('"@"', infinite);
      const claims = readClaims(asRead(text));
      expect(isRefusal(claims) && claims.code).toBe("TOKEN_CLAIM_INVALID");
    }
  });
});

describe("`iss` is a string (S11)", () => {
  test.for([undefined, null, 1, ["https://oidc.example.com/id/A"], {}])("%j is refused", (iss) => {
    expect(outcomeOf({ iss })).toBe("TOKEN_CLAIM_INVALID");
  });
});

describe("`aud` is a string or a list of strings (S13)", () => {
  test.for([
    { aud: "a", read: ["a"] },
    { aud: ["a"], read: ["a"] },
    { aud: ["a", "b"], read: ["a", "b"] },
    { aud: [], read: [] },
    { aud: undefined, read: [] },
    { aud: null, read: [] },
    { aud: 1, read: [] },
    { aud: { a: 1 }, read: [] },
    { aud: ["a", 1], read: [] },
    { aud: [["a"]], read: [] },
    { aud: ["a", null], read: [] },
  ])("$aud is read as $read", ({ aud, read: expected }) => {
    expect(read({ aud }).aud).toStrictEqual(expected);
  });
});

describe("`sub` (S17)", () => {
  /** The same in the `kubernetes.io` claim, so that only `sub` decides. */
  const account = (namespace: string, name: string) => ({
    sub: `system:serviceaccount:${namespace}:${name}`,
    "kubernetes.io": kubernetesWith({ namespace, serviceaccount: { name, uid: "u" } }),
  });
  test.for([
    { changes: account("n", "s"), outcome: "read" },
    { changes: account("n".repeat(63), "s".repeat(253)), outcome: "read" },
    { changes: account("n", "a.b-c.d"), outcome: "read" },
    { changes: account("n".repeat(64), "s"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "s".repeat(254)), outcome: "SUBJECT_INVALID" },
    { changes: account("a.b", "s"), outcome: "SUBJECT_INVALID" },
    { changes: account("", "s"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", ""), outcome: "SUBJECT_INVALID" },
    { changes: account("N", "s"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "S"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "_all"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "*"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "a/b"), outcome: "SUBJECT_INVALID" },
    { changes: account("../n", "s"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "s\n"), outcome: "SUBJECT_INVALID" },
    { changes: account("n\n", "s"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "s\0"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "s:x"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "s:"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", " s"), outcome: "SUBJECT_INVALID" },
    { changes: account("n", "s\u0435"), outcome: "SUBJECT_INVALID" },
    { changes: { sub: "system:serviceaccount:payments" }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: "system:serviceaccount:" }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: "system:serviceaccounts:payments:checkout" }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: "System:serviceaccount:payments:checkout" }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: " system:serviceaccount:payments:checkout" }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: "x\nsystem:serviceaccount:payments:checkout" }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: "system:node:payments:checkout" }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: "" }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: undefined }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: null }, outcome: "SUBJECT_INVALID" },
    { changes: { sub: ["system:serviceaccount:payments:checkout"] }, outcome: "SUBJECT_INVALID" },
  ])("$changes.sub: $outcome", ({ changes, outcome }) => {
    expect(outcomeOf(changes)).toBe(outcome);
  });
});

describe("the `kubernetes.io` claim says the same as `sub` (S18)", () => {
  const account = (changes: Readonly<Record<string, unknown>>) => ({
    serviceaccount: { name: "checkout", uid: "u", ...changes },
  });
  test.for([
    { claim: {}, outcome: "read" },
    { claim: account({}), outcome: "read" },
    { claim: account({ uid: "u".repeat(128) }), outcome: "read" },
    { claim: { namespace: "other" }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { namespace: undefined }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { namespace: ["payments"] }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { namespace: "payments " }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { serviceaccount: undefined }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { serviceaccount: "checkout" }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { serviceaccount: [] }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: account({ name: "other" }), outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: account({ name: undefined }), outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: account({ uid: "" }), outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: account({ uid: undefined }), outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: account({ uid: 1 }), outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: account({ uid: "u".repeat(129) }), outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: account({ uid: "a\nb" }), outcome: "KUBERNETES_CLAIM_INVALID" },
  ])("$claim: $outcome", ({ claim, outcome }) => {
    expect(outcomeOf({ "kubernetes.io": kubernetesWith(claim) })).toBe(outcome);
  });

  test.for([undefined, null, "payments", [], 1, {}])("a claim that is %j is refused", (claim) => {
    expect(outcomeOf({ "kubernetes.io": claim })).toBe("KUBERNETES_CLAIM_INVALID");
  });

  test("what stands in `__proto__` is not there (S20)", () => {
    const hidden = `{"__proto__":${JSON.stringify(kubernetesWith())}}`;
    const text = JSON.stringify(claimsWith({ "kubernetes.io": "@" })).replace('"@"', hidden);
    const claims = readClaims(asRead(text));
    const whole = readClaims(asRead(`{"__proto__":${JSON.stringify(claimsWith())}}`));

    expect(isRefusal(claims) && claims.code).toBe("KUBERNETES_CLAIM_INVALID");
    expect(isRefusal(whole) && whole.code).toBe("TOKEN_CLAIM_INVALID");
  });
});

describe("what a token is bound to", () => {
  test.for([
    { claim: { pod: undefined, node: undefined }, outcome: "read" },
    { claim: { pod: undefined, node: undefined, secret: { name: "s", uid: "u" } }, outcome: "read" },
    { claim: { pod: { name: "p.q", uid: "u" } }, outcome: "read" },
    { claim: { node: { name: "node-1" } }, outcome: "read" },
    { claim: { pod: { name: "p" } }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { pod: { uid: "u" } }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { pod: { name: "p\n", uid: "u" } }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { pod: { name: "p", uid: "" } }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { pod: null }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { pod: "p" }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { pod: {} }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { node: {} }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { node: { name: "node-1", uid: 1 } }, outcome: "KUBERNETES_CLAIM_INVALID" },
    { claim: { node: { name: "Node" } }, outcome: "KUBERNETES_CLAIM_INVALID" },
  ])("$claim: $outcome", ({ claim, outcome }) => {
    expect(outcomeOf({ "kubernetes.io": kubernetesWith(claim) })).toBe(outcome);
  });
});

test.for([{ jti: undefined }, { jti: 1 }, { jti: null }])("a `jti` of $jti is none", ({ jti }) => {
  expect(read({ jti }).jti).toBeUndefined();
});
