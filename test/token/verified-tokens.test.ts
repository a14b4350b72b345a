import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import type { IssuerUrl } from "../../lib/issuer/issuer-url.ts";
import type { KeySet, VerificationKey } from "../../lib/issuer/key-set.ts";
import { BearerToken } from "../../lib/token/bearer-token.ts";
import { readClaims, type TokenClaims } from "../../lib/token/token-claims.ts";
import { digestOf, type SignedToken, VerifiedTokens } from "../../lib/token/verified-tokens.ts";
import { generateSigningKey } from "../../offline/cluster/signing-key.ts";
import { asRead, claimsWith, unsigned } from "./support.ts";
import { ACCOUNT, type Stack, startStack } from "./verifier-stack.ts";

/** Puts a snapshot into the store whose keys count how often they are taken to check a signature. */
function countChecks(stack: Stack): { checks: number; fingerprint: string | undefined; renew(): void } {
  stack.registerWithKeys(stack.cluster);
  const record = stack.stored.get(stack.cluster.issuer);
  if (record?.keySet === undefined) throw new Error("no snapshot");
  const { keySet } = record;
  const counter = {
    checks: 0,
    /** What the keys say of themselves instead, as if they had been replaced. */
    fingerprint: undefined as string | undefined,
    /** Dates the snapshot of now, as the schedule does, so that its keys serve. */
    renew: () => {
      stack.stored.set(stack.cluster.issuer, { ...record, keySet: { ...keySet, keys, fetchedAt: stack.clock.now() } });
    },
  };
  const counted = (key: VerificationKey): VerificationKey => ({
    keyId: key.keyId,
    algorithm: key.algorithm,
    get fingerprint() {
      return counter.fingerprint ?? key.fingerprint;
    },
    get key() {
      counter.checks += 1;
      return key.key;
    },
  });
  const keys: KeySet = new Map([...keySet.keys].map(([keyId, key]) => [keyId, "unfit" in key ? key : counted(key)]));
  counter.renew();
  return counter;
}

describe("a token that comes again (S45)", () => {
  test("costs no check of its signature", async () => {
    await using stack = await startStack();
    const counter = countChecks(stack);
    const token = await stack.token();
    const first = await stack.verify(token);
    expect(counter.checks).toBe(1);

    for (let again = 0; again < 10; again++) expect(await stack.verify(token)).toStrictEqual(first);
    expect(counter.checks).toBe(1);
  });

  test("is the same caller, in the same object, as long as issuer document and audience are the same", async () => {
    await using stack = await startStack();
    stack.registerWithKeys(stack.cluster);
    const token = await stack.token();
    await stack.verify(token);
    const again = await stack.verify(token);
    expect(await stack.verify(token)).toBe(again);

    stack.registerWithKeys(stack.cluster, { group: "blue" });
    stack.clock.advance(60);
    expect(await stack.verify(token)).toStrictEqual({ ...again, group: "blue" });
  });

  test("for another of its audiences is the same caller with that audience", async () => {
    await using stack = await startStack();
    stack.registerWithKeys(stack.cluster);
    const { token } = await stack.cluster.forge({ ...ACCOUNT, claims: { aud: ["a", "b"] } });
    const audiences: unknown[] = [];
    for (const asked of ["a", "a", "a", "b", "b", "a", "c"]) {
      const outcome = await stack.verify(token, [asked]);
      audiences.push(isRefusal(outcome) ? outcome.code : outcome.audience);
    }
    expect(audiences).toEqual(["a", "a", "a", "b", "b", "a", "TOKEN_AUDIENCE_MISMATCH"]);
  });

  test("after 1,000 others is checked anew: the memory is bounded", async () => {
    await using stack = await startStack();
    const counter = countChecks(stack);
    const token = await stack.token();
    await stack.verify(token);
    const others = await Promise.all(Array.from({ length: 1000 }, () => stack.token()));
    for (const other of others) await stack.verify(other);
    expect(counter.checks).toBe(1001);

    expect(await stack.outcome(token)).toBe("verified");
    expect(counter.checks).toBe(1002);
  });

  test("is checked anew when its key is another one, once", async () => {
    await using stack = await startStack();
    const counter = countChecks(stack);
    const token = await stack.token();
    for (let use = 0; use < 3; use++) await stack.verify(token);
    expect(counter.checks).toBe(1);
    counter.fingerprint = "another";

    for (let use = 0; use < 3; use++) expect(await stack.outcome(token)).toBe("verified");
    expect(counter.checks).toBe(2);
  });

  test("a token with a wrong signature is never remembered, nor does it displace the right one", async () => {
    await using stack = await startStack();
    const counter = countChecks(stack);
    const token = await stack.token();
    const forged = `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(86)}`;
    await stack.verify(token);

    expect(await stack.outcome(forged)).toBe("SIGNATURE_INVALID");
    expect(await stack.outcome(forged)).toBe("SIGNATURE_INVALID");
    expect(counter.checks).toBe(3);
    expect(await stack.outcome(token)).toBe("verified");
    expect(counter.checks).toBe(3);
  });

  test("a token whose claims are refused for good is not remembered", async () => {
    await using stack = await startStack();
    const counter = countChecks(stack);
    const { token } = await stack.cluster.forge({ ...ACCOUNT, claims: { sub: "nobody" } });

    expect(await stack.outcome(token)).toBe("SUBJECT_INVALID");
    expect(await stack.outcome(token)).toBe("SUBJECT_INVALID");
    expect(counter.checks).toBe(2);
  });

  test("an expired token is let go: if it comes again, it is checked anew and refused", async () => {
    await using stack = await startStack();
    const counter = countChecks(stack);
    const token = await stack.token();
    await stack.verify(token);
    stack.clock.advance(3630);
    counter.renew();
    expect(await stack.outcome(token)).toBe("TOKEN_EXPIRED");
    expect(counter.checks).toBe(1);

    expect(await stack.outcome(token)).toBe("TOKEN_EXPIRED");
    expect(counter.checks).toBe(2);
  });

  test("two tokens that differ in one byte are two", async () => {
    await using stack = await startStack();
    const [one, two] = [await stack.token(), await stack.token()];
    const first = await stack.verify(one);
    const second = await stack.verify(two);

    expect(isRefusal(first) || isRefusal(second) || first.tokenId === second.tokenId).toBe(false);
  });
});

describe.for([
  { uses: 1, remembered: "its signature" },
  { uses: 2, remembered: "its claims too" },
])("what is checked again on each use, after $uses: $remembered", ({ uses }) => {
  const verifiedBefore = async () => {
    const stack = await startStack();
    stack.registerWithKeys(stack.cluster);
    const token = await stack.token();
    for (let use = 0; use < uses; use++) expect(await stack.outcome(token)).toBe("verified");
    return { stack, token };
  };

  test("the key is still there", async () => {
    const { stack, token } = await verifiedBefore();
    await using _ = stack;
    await stack.cluster.rotate();
    stack.registerWithKeys(stack.cluster);
    stack.clock.advance(60);

    expect(await stack.outcome(token)).toBe("KEY_UNKNOWN");
  });

  test("it is the very same key, not another under its kid", async () => {
    const { stack, token } = await verifiedBefore();
    await using _ = stack;
    const { jwk } = await generateSigningKey("ES256");
    const kid = stack.cluster.keys[0]?.kid ?? "";
    const { issuer } = stack.cluster;
    stack.registerWithKeys({ ...stack.cluster, issuer, name: "dev", keys: [{ ...jwk, kid }] });
    stack.clock.advance(60);

    expect(await stack.outcome(token)).toBe("SIGNATURE_INVALID");
  });

  test("the key may still be used", async () => {
    const { stack, token } = await verifiedBefore();
    await using _ = stack;
    stack.registerWithKeys(stack.cluster, { algorithms: ["RS256"] });
    stack.clock.advance(60);

    expect(await stack.outcome(token)).toBe("TOKEN_ALGORITHM_NOT_ALLOWED");
  });

  test.for([
    { members: { disabled: true }, code: "ISSUER_DISABLED" },
    { members: { notBefore: 1_795_000_001 }, code: "TOKEN_REVOKED" },
    { members: { maxTokenLifetimeSeconds: 600 }, code: "TOKEN_LIFETIME_TOO_LONG" },
    { members: { requireBoundPod: true }, code: "TOKEN_NOT_POD_BOUND" },
  ])("the issuer document: with $members by now it is $code", async ({ members, code }) => {
    const { stack, token } = await verifiedBefore();
    await using _ = stack;
    stack.registerWithKeys(stack.cluster, members);
    stack.clock.advance(60);

    expect(await stack.outcome(token)).toBe(code);
  });

  test("the issuer is still registered, and its cluster has the name of now", async () => {
    const { stack, token } = await verifiedBefore();
    await using _ = stack;
    stack.registerWithKeys(stack.cluster, { cluster: "renamed" });
    stack.clock.advance(60);
    expect(await stack.verify(token)).toHaveProperty("principal", "renamed/payments/checkout");
    stack.stored.clear();
    stack.clock.advance(60);

    expect(await stack.outcome(token)).toBe("ISSUER_UNKNOWN");
  });

  test("the audience", async () => {
    const { stack, token } = await verifiedBefore();
    await using _ = stack;

    expect(await stack.outcome(token, ["https://other-api.example.com"])).toBe("TOKEN_AUDIENCE_MISMATCH");
    expect(await stack.outcome(token)).toBe("verified");
  });

  test.for([
    { moment: "a second before exp and the skew", passed: 3629, outcome: "verified" },
    { moment: "at exp and the skew", passed: 3630, outcome: "TOKEN_EXPIRED" },
  ])("the time: $moment it is $outcome", async ({ passed, outcome }) => {
    const { stack, token } = await verifiedBefore();
    await using _ = stack;
    stack.clock.advance(passed);

    expect(await stack.outcome(token)).toBe(outcome);
  });
});

describe("the memory itself", () => {
  const signed: SignedToken = {
    algorithm: "RS256",
    keyId: "k1",
    issuerUrl: "https://oidc.example.com" as IssuerUrl,
    claims: readClaims(asRead(claimsWith())) as TokenClaims,
    fingerprint: "f",
  };
  const digest = (text: string) => digestOf(new BearerToken(text));

  test("knows a token by its whole text", () => {
    const memory = new VerifiedTokens();
    const text = unsigned();
    memory.remember(digest(text), signed);

    expect(memory.recall(digest(text))).toBe(signed);
    expect(memory.recall(digest(`${text}A`))).toBeUndefined();
    expect(memory.recall(digest(text.slice(1)))).toBeUndefined();
  });

  test("takes a token that came once and one that came again", () => {
    const memory = new VerifiedTokens();
    memory.remember(digest("one"), "f");
    expect(memory.recall(digest("one"))).toBe("f");
    memory.remember(digest("one"), signed);

    expect(memory.recall(digest("one"))).toBe(signed);
  });

  test("keeps nothing of the text", () => {
    const text = unsigned();
    expect(text).not.toContain(digest(text));
    expect(digest(text)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test("forgets what has expired", () => {
    const memory = new VerifiedTokens();
    memory.remember(digest("one"), signed);
    memory.remember(digest("two"), signed);
    memory.forget(digest("one"));

    expect(memory.recall(digest("one"))).toBeUndefined();
    expect(memory.recall(digest("two"))).toBeDefined();
  });

  test("never has more than 1,000, and for sure the 500 that were used last", () => {
    const memory = new VerifiedTokens();
    const remembered = (count: number) =>
      Array.from({ length: count }, (_, age) => digest(`${2299 - age}`)).filter(
        (of) => memory.recall(of) !== undefined,
      );
    for (let index = 0; index < 2300; index++) memory.remember(digest(`${index}`), signed);

    // Asked from the newest on: what is found in the older generation moves on, and pushes nothing out that is asked for later.
    expect(remembered(500)).toHaveLength(500);
    expect(remembered(2300).length).toBeLessThan(1000);
  });

  test("one that is used again and again stays, whatever comes between", () => {
    const memory = new VerifiedTokens();
    memory.remember(digest("kept"), signed);
    for (let index = 0; index < 5000; index++) {
      memory.remember(digest(`${index}`), "f");
      if (index % 400 === 0) expect(memory.recall(digest("kept"))).toBe(signed);
    }
    expect(memory.recall(digest("0"))).toBeUndefined();
  });

  test("forgets in both generations", () => {
    const memory = new VerifiedTokens();
    memory.remember(digest("one"), signed);
    for (let index = 0; index < 600; index++) memory.remember(digest(`${index}`), "f");
    expect(memory.recall(digest("one"))).toBe(signed);
    memory.forget(digest("one"));

    expect(memory.recall(digest("one"))).toBeUndefined();
  });
});
