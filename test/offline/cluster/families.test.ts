import { describe, expect, test } from "vitest";
import type { ForgeRequest } from "../../../offline/cluster/forge.ts";
import { objectUid } from "../../../offline/cluster/objects.ts";
import { type Stack, startStack } from "../../token/verifier-stack.ts";
import { parts } from "./support.ts";

const ACCOUNT = { namespace: "payments", serviceAccount: "checkout" };
const HOUR = 3600;
const YEAR = 365 * 24 * HOUR;

function ref(kind: "ServiceAccount" | "Pod" | "Secret" | "Node", name: string) {
  return { name, uid: objectUid({ cluster: "dev", namespace: kind === "Node" ? "" : "payments", kind, name }) };
}
const POD = ref("Pod", "checkout-0");
const NODE = ref("Node", "dev-node-1");

/** What the claim `kubernetes.io` of each family holds beside namespace and service account, and what podgate says of it. */
const FAMILIES: readonly {
  readonly family: string;
  readonly request: Partial<ForgeRequest>;
  readonly bound: object;
  readonly lifetime?: number;
  readonly code?: string;
}[] = [
  { family: "projected, not bound", request: { family: "projected" }, bound: {} },
  { family: "pod and node", request: { family: "pod" }, bound: { node: NODE, pod: POD } },
  {
    family: "pod and node without its uid",
    request: { family: "pod", podNode: "name-only" },
    bound: { node: { name: NODE.name }, pod: POD },
  },
  { family: "pod", request: { family: "pod", podNode: "none" }, bound: { pod: POD } },
  { family: "secret", request: { family: "secret" }, bound: { secret: ref("Secret", "checkout-key") } },
  { family: "node", request: { family: "node" }, bound: { node: NODE } },
  {
    family: "extended",
    request: { family: "extended" },
    bound: { node: NODE, pod: POD, warnafter: 3607 },
    lifetime: YEAR,
    code: "TOKEN_EXTENDED",
  },
];

async function forge(stack: Stack, request: Partial<ForgeRequest>): Promise<string> {
  const audiences = request.family === "legacy" ? {} : { audiences: ["https://api.example.com"] };
  return (await stack.cluster.forge({ ...ACCOUNT, ...audiences, ...request })).token;
}

describe("every family of tokens", () => {
  test.for(FAMILIES)("$family", async ({ request, bound, lifetime = HOUR, code = "verified" }) => {
    await using stack = await startStack();
    const token = await forge(stack, request);
    const { header, claims } = parts(token);
    const { iat = 0 } = claims;
    const warnafter = "warnafter" in bound ? { warnafter: iat + 3607 } : {};

    expect(Object.keys(header)).toEqual(["alg", "kid"]);
    expect(claims).toEqual({
      aud: ["https://api.example.com"],
      exp: iat + lifetime,
      iat,
      iss: stack.cluster.issuer,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      "kubernetes.io": {
        namespace: "payments",
        ...bound,
        ...warnafter,
        serviceaccount: ref("ServiceAccount", "checkout"),
      },
      nbf: iat,
      sub: "system:serviceaccount:payments:checkout",
    });
    expect(await stack.outcome(token)).toBe(code);
  });

  test("without jti, as before 1.29: of one token, or of a whole cluster", async () => {
    await using stack = await startStack({ jti: false });
    const { token } = await stack.cluster.mint({ ...ACCOUNT, audiences: ["https://api.example.com"] });
    expect(parts(token).claims).not.toHaveProperty("jti");
    expect(await stack.outcome(token)).toBe("verified");

    await using newer = await startStack();
    const forged = await forge(newer, { jti: false });
    expect(parts(forged).claims).not.toHaveProperty("jti");
    expect(await newer.outcome(forged)).toBe("verified");
  });

  test("a legacy token is flat, for anyone and for ever", async () => {
    await using stack = await startStack();
    const token = await forge(stack, { family: "legacy" });
    const flat = "kubernetes.io/serviceaccount/";

    expect(parts(token).claims).toEqual({
      iss: "kubernetes/serviceaccount",
      [`${flat}namespace`]: "payments",
      [`${flat}secret.name`]: expect.stringMatching(/^checkout-token-[0-9a-f]{5}$/),
      [`${flat}service-account.name`]: "checkout",
      [`${flat}service-account.uid`]: ref("ServiceAccount", "checkout").uid,
      sub: "system:serviceaccount:payments:checkout",
    });
    expect(await stack.outcome(token)).toBe("TOKEN_LEGACY");
  });

  test.for([
    { family: "expired", code: "TOKEN_EXPIRED" },
    { family: "not-yet-valid", code: "TOKEN_NOT_YET_VALID" },
  ] as const)("$family", async ({ family, code }) => {
    await using stack = await startStack();
    expect(await stack.outcome(await forge(stack, { family }))).toBe(code);
  });

  test("what the API server itself gives a pod that says nothing is extended, and podgate says so", async () => {
    await using stack = await startStack();
    const { token } = await stack.cluster.mint({
      ...ACCOUNT,
      expirationSeconds: 3607,
      boundObjectRef: { kind: "Pod", name: "checkout-0" },
    });
    expect(await stack.outcome(token, [stack.cluster.issuer])).toBe("TOKEN_EXTENDED");
  });

  test("a token of another time ends at its own", async () => {
    await using stack = await startStack();
    stack.cluster.setClock({ offsetSeconds: -2 * HOUR });
    expect(await stack.outcome(await forge(stack, {}))).toBe("TOKEN_EXPIRED");
    stack.cluster.setClock({ time: stack.clock.now() + HOUR });
    expect(await stack.outcome(await forge(stack, {}))).toBe("TOKEN_NOT_YET_VALID");
    stack.cluster.setClock();
    expect(await stack.outcome(await forge(stack, {}))).toBe("verified");
  });
});
