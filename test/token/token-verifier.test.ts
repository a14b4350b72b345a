import { describe, expect, test } from "vitest";
import { GatewayError, refuse } from "../../lib/errors.ts";
import { codeOf, settled } from "../issuer/support.ts";
import { ACCOUNT, AUDIENCE, startStack } from "./verifier-stack.ts";

const pod = { kind: "Pod", name: "checkout-7d9" };

describe("a token as a cluster issues it", () => {
  test.for(["RS256", "ES256", "ES384", "ES512"] as const)("%s is verified, where it is allowed", async (algorithm) => {
    await using stack = await startStack({ algorithm });
    stack.register(stack.cluster, { algorithms: [algorithm] });

    expect(await stack.outcome(await stack.token())).toBe("verified");
  });

  test("says which service account of which cluster it is", async () => {
    await using stack = await startStack();
    stack.register(stack.cluster, { group: "nonprod", cluster: "seoul" });
    const { token } = await stack.cluster.mint({ ...ACCOUNT, audiences: ["x", AUDIENCE], boundObjectRef: pod });
    const identity = await stack.verify(token, ["y", AUDIENCE]);

    expect(identity).toStrictEqual({
      cluster: "seoul",
      namespace: "payments",
      serviceAccount: "checkout",
      issuer: stack.cluster.issuer,
      group: "nonprod",
      principal: "seoul/payments/checkout",
      subject: "system:serviceaccount:payments:checkout",
      pod: { name: "checkout-7d9", uid: expect.any(String) },
      node: { name: expect.any(String), uid: expect.any(String) },
      audience: AUDIENCE,
      issuedAt: stack.clock.now(),
      expiresAt: stack.clock.now() + 3600,
      keyId: stack.cluster.keys[0]?.kid,
      tokenId: expect.any(String),
    });
    expect(JSON.stringify(identity)).not.toContain(token);
  });

  test("leaves a trail of what was known: principal and subject after the signature only", async () => {
    await using stack = await startStack();
    const verified = await stack.verifier.verify([`Bearer ${await stack.token()}`], async () => [AUDIENCE]);
    const forged = await stack.cluster.forge({ ...ACCOUNT, signedBy: "foreign" });
    const refused = await stack.verifier.verify([`Bearer ${forged.token}`], async () => [AUDIENCE]);
    const keyId = stack.cluster.keys[0]?.kid;
    const issuer = stack.cluster.issuer;
    const documents = [{ name: "/p/issuers/a", version: 1 }];

    expect(verified.trail).toStrictEqual({
      documents,
      issuer,
      keyId,
      principal: "dev/payments/checkout",
      subject: "system:serviceaccount:payments:checkout",
    });
    expect(refused.trail).toStrictEqual({ documents, issuer, keyId });
  });

  test("the trail says of a token that was verified before that it was", async () => {
    await using stack = await startStack();
    const fields = [`Bearer ${await stack.token()}`];
    const verify = () => stack.verifier.verify(fields, async () => [AUDIENCE]);
    const trails = [await verify(), await verify(), await verify()].map(({ trail }) => trail);

    expect(trails.map(({ comesAgain }) => comesAgain)).toEqual([undefined, true, true]);
    expect({ ...trails[0], comesAgain: true }).toEqual(trails[2]);
  });
});

describe("each step refuses, and nothing after it is asked", () => {
  test("transport and shape: neither store nor issuer nor receiver", async () => {
    await using stack = await startStack();
    const jwk = await stack.cluster.forge({ ...ACCOUNT, header: { jku: stack.cluster.issuer } });
    const asked: string[] = [];
    const codes = [];
    for (const fields of [[], ["Basic x"], ["Bearer x"], [`Bearer ${jwk.token}`]]) {
      const { outcome } = await stack.verifier.verify(fields, async () => {
        asked.push("receiver");
        return [AUDIENCE];
      });
      codes.push("code" in outcome ? outcome.code : "verified");
    }

    expect(codes).toStrictEqual(["TOKEN_MISSING", "AUTHORIZATION_MALFORMED", "TOKEN_MALFORMED", "TOKEN_KEY_EMBEDDED"]);
    expect([asked, stack.reads, stack.fetches]).toStrictEqual([[], [], []]);
  });

  test.for([
    "https:///x",
    "https://issuér.example",
    `https://a${"/".repeat(200)}`,
    "https://http://127.0.0.1",
    "https://A.example",
    "http://169.254.169.254/latest",
    ["https://a.example"],
    { url: "https://a.example" },
    7,
    null,
  ])("an `iss` of %j is ISSUER_MALFORMED without any request (S11)", async (iss) => {
    await using stack = await startStack();
    const { token } = await stack.cluster.forge({ ...ACCOUNT, claims: { iss } });

    expect(await stack.outcome(token)).toBe("ISSUER_MALFORMED");
    expect([stack.reads, stack.fetches]).toStrictEqual([[], []]);
  });

  test("an issuer that is not registered is looked up in the store and never asked (S9)", async () => {
    await using stack = await startStack();
    stack.stored.clear();

    expect(await stack.outcome(await stack.token())).toBe("ISSUER_UNKNOWN");
    expect([stack.reads, stack.fetches]).toStrictEqual([[stack.cluster.issuer], []]);
    expect(stack.cluster.calls).toStrictEqual({ discovery: 0, keys: 0, tokenRequests: 0 });
  });

  test.for([
    { members: { disabled: true }, code: "ISSUER_DISABLED" },
    { members: { url: "https://elsewhere.example" }, code: "ISSUER_DOCUMENT_MISMATCH" },
    { members: { algorithms: ["RS256", "ES384"] }, code: "TOKEN_ALGORITHM_NOT_ALLOWED" },
  ])("an issuer document with $members: $code, and the issuer is not asked", async ({ members, code }) => {
    await using stack = await startStack();
    stack.register(stack.cluster, members);

    expect(await stack.outcome(await stack.token())).toBe(code);
    expect(stack.fetches).toStrictEqual([]);
  });

  test.for(["nobody's", "__proto__", "constructor"])("a kid of %s is KEY_UNKNOWN (S4)", async (kid) => {
    await using stack = await startStack();
    const { token } = await stack.cluster.forge({ ...ACCOUNT, header: { kid } });

    expect(await stack.outcome(token)).toBe("KEY_UNKNOWN");
  });

  test("a key that is in the set and may not be used is KEY_UNFIT", async () => {
    await using stack = await startStack();
    const keys = [...stack.cluster.keys.map((key) => ({ ...key, use: "enc" })), ...stack.other.keys];
    stack.cluster.fault("keys", { kind: "body", body: JSON.stringify({ keys }) });

    expect(await stack.outcome(await stack.token())).toBe("KEY_UNFIT");
  });

  test("what is signed by another key is SIGNATURE_INVALID, and no claim of it is looked at", async () => {
    await using stack = await startStack();
    const { token } = await stack.cluster.forge({
      ...ACCOUNT,
      audiences: ["elsewhere"],
      family: "expired",
      claims: { sub: "nobody" },
      signedBy: "foreign",
    });

    expect(await stack.outcome(token)).toBe("SIGNATURE_INVALID");
  });

  test.for([
    { claims: { exp: "soon" }, code: "TOKEN_CLAIM_INVALID" },
    { claims: { sub: "system:node:n" }, code: "SUBJECT_INVALID" },
    { claims: { "kubernetes.io": { namespace: "kube-system" } }, code: "KUBERNETES_CLAIM_INVALID" },
    { claims: { sub: "system:serviceaccount:kube-system:admin" }, code: "KUBERNETES_CLAIM_INVALID" },
    { claims: { aud: "elsewhere" }, code: "TOKEN_AUDIENCE_MISMATCH" },
    { claims: { aud: null }, code: "TOKEN_AUDIENCE_MISMATCH" },
    { claims: { nbf: 4_000_000_000 }, code: "TOKEN_NOT_YET_VALID" },
    { claims: { exp: 4_000_000_000 }, code: "TOKEN_LIFETIME_TOO_LONG" },
  ])("well signed with $claims: $code", async ({ claims, code }) => {
    await using stack = await startStack();

    expect(await stack.outcome((await stack.cluster.forge({ ...ACCOUNT, claims })).token)).toBe(code);
  });

  test.for([
    { family: "expired", code: "TOKEN_EXPIRED" },
    { family: "not-yet-valid", code: "TOKEN_NOT_YET_VALID" },
    { family: "extended", code: "TOKEN_EXTENDED" },
  ] as const)("a token of the family $family: $code", async ({ family, code }) => {
    await using stack = await startStack();

    expect(await stack.outcome((await stack.cluster.forge({ ...ACCOUNT, family })).token)).toBe(code);
  });

  test("a legacy token is refused by name, though its issuer were registered (S19)", async () => {
    await using stack = await startStack();
    const { namespace, serviceAccount } = ACCOUNT;
    const { token } = await stack.cluster.forge({ namespace, serviceAccount, family: "legacy" });
    const record = stack.stored.get(stack.cluster.issuer);
    if (record !== undefined) stack.stored.set("kubernetes/serviceaccount", record);

    expect(await stack.outcome(token)).toBe("TOKEN_LEGACY");
    expect(stack.reads).toStrictEqual([]);
  });

  test("notBefore and requireBoundPod of the issuer document", async () => {
    await using stack = await startStack();
    const token = await stack.token();
    stack.register(stack.cluster, { requireBoundPod: true });
    expect(await stack.outcome(token)).toBe("TOKEN_NOT_POD_BOUND");
    stack.register(stack.cluster, { notBefore: stack.clock.now() + 1 });
    stack.clock.advance(60);

    expect(await stack.outcome(token)).toBe("TOKEN_REVOKED");
  });
});

describe("the receiver (step 6)", () => {
  const unknown = refuse("API_UNKNOWN", "nobody registered it");

  test("an API that nobody registered: a good token is told so, a bad one is 401 all the same", async () => {
    await using stack = await startStack();
    const forged = await stack.cluster.forge({ ...ACCOUNT, signedBy: "foreign" });

    expect(await stack.outcome(await stack.token(), unknown)).toBe("API_UNKNOWN");
    expect(await stack.outcome(forged.token, unknown)).toBe("SIGNATURE_INVALID");
  });

  test("is asked in one trip with the issuer, once, before either has answered", async () => {
    await using stack = await startStack();
    let asked = 0;
    await stack.verifier.verify([`Bearer ${await stack.token()}`], async () => {
      asked += 1;
      expect(stack.reads).toHaveLength(0);
      return [AUDIENCE];
    });

    expect(asked).toBe(1);
  });

  test("that cannot be read is no decision for a good token, and nothing to a bad one", async () => {
    await using stack = await startStack();
    const down = () => Promise.reject(new GatewayError("PARAMETERS_UNAVAILABLE", "throttled"));
    const forged = await stack.cluster.forge({ ...ACCOUNT, signedBy: "foreign" });
    const { outcome } = await stack.verifier.verify([`Bearer ${forged.token}`], down);

    expect(outcome).toHaveProperty("code", "SIGNATURE_INVALID");
    expect(await codeOf(stack.verifier.verify([`Bearer ${await stack.token()}`], down))).toBe("PARAMETERS_UNAVAILABLE");
  });

  test("a token for one API is refused at every other (S13)", async () => {
    await using stack = await startStack();
    const token = await stack.token();

    expect(await stack.outcome(token, [AUDIENCE])).toBe("verified");
    expect(await stack.outcome(token, ["https://other-api.example.com"])).toBe("TOKEN_AUDIENCE_MISMATCH");
    expect(await stack.outcome(token, [])).toBe("TOKEN_AUDIENCE_MISMATCH");
  });
});

describe("several clusters", () => {
  test("the key of one does not sign for another, under the same kid either (S12)", async () => {
    await using stack = await startStack();
    const forge = (header: { kid?: string }) =>
      stack.other.forge({ ...ACCOUNT, claims: { iss: stack.cluster.issuer }, header });
    const kid = stack.cluster.keys[0]?.kid ?? "";

    expect(await stack.outcome(await stack.token(stack.other))).toBe("verified");
    expect(await stack.outcome((await forge({})).token)).toBe("KEY_UNKNOWN");
    expect(await stack.outcome((await forge({ kid })).token)).toBe("SIGNATURE_INVALID");
  });

  test("one that is out of reach: no decision for its tokens, the other's are verified (R2, R24)", async () => {
    await using stack = await startStack();
    stack.cluster.fault("discovery", { kind: "status", status: 404 });

    expect(await codeOf(stack.outcome(await stack.token()))).toBe("ISSUER_UNREACHABLE");
    expect(await stack.outcome(await stack.token(stack.other))).toBe("verified");
  });

  test("200 tokens on a cold start: one discovery and one key set (R6)", async () => {
    await using stack = await startStack();
    const tokens = await Promise.all(Array.from({ length: 200 }, () => stack.token()));
    const outcomes = await Promise.all(tokens.map((token) => stack.outcome(token)));

    expect(new Set(outcomes)).toStrictEqual(new Set(["verified"]));
    expect(stack.cluster.calls).toMatchObject({ discovery: 1, keys: 1 });
    expect(stack.reads).toHaveLength(1);
  });
});

describe("while a flood of tokens of invented issuers takes every look-up", () => {
  test.for([
    { what: "verified", signedBy: "current", answered: true },
    { what: "refused for its signature", signedBy: "foreign", answered: false },
  ] as const)("an issuer of which a token was $what before is answered at once: $answered", async (row) => {
    await using stack = await startStack();
    await stack.verify((await stack.cluster.forge({ ...ACCOUNT, signedBy: row.signedBy })).token);
    stack.clock.advance(60);
    for (let index = 0; index < 50; index++) {
      const iss = `https://invented-${index}.example`;
      const { token } = await stack.cluster.forge({ ...ACCOUNT, claims: { iss } });
      void stack.verify(token).catch(() => undefined);
    }
    const before = stack.reads.length;
    const verifying = stack.outcome(await stack.token());
    await settled();

    expect(stack.reads.slice(before).includes(stack.cluster.issuer)).toBe(row.answered);
    for (let tenth = 0; tenth < 11; tenth++) {
      stack.clock.advance(0.1);
      await settled();
    }
    expect(await verifying).toBe("verified");
  });
});

describe("rotation of keys over HTTP (R4)", () => {
  test("a token of a new key is verified on the first request after the cooldown; the old key is gone with it", async () => {
    await using stack = await startStack();
    const old = await stack.token();
    await stack.outcome(old);
    await stack.cluster.rotate();
    const fresh = await stack.token();
    expect(await stack.outcome(fresh)).toBe("KEY_UNKNOWN");
    expect(await stack.outcome(old)).toBe("verified");
    stack.clock.advance(10);

    expect(await stack.outcome(fresh)).toBe("verified");
    expect(await stack.outcome(old)).toBe("KEY_UNKNOWN");
  });

  test("a removed key is refused after 300 s where no snapshot is kept", async () => {
    await using stack = await startStack();
    const old = await stack.token();
    await stack.outcome(old);
    await stack.cluster.rotate();
    stack.clock.advance(299);
    expect(await stack.outcome(old)).toBe("verified");
    stack.clock.advance(1);

    expect(await stack.outcome(old)).toBe("KEY_UNKNOWN");
  });
});
