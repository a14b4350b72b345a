import { readFileSync } from "node:fs";
import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { issuerWith, storedWith } from "../issuer/support.ts";
import { startStack } from "./verifier-stack.ts";

interface Recorded {
  readonly keys: readonly object[];
  readonly tokens: Readonly<Record<string, string>>;
}
/** Tokens that a real kube-apiserver issued, see test/fixtures/provenance.md. */
const { keys, tokens }: Recorded = JSON.parse(
  readFileSync(new URL("../fixtures/kube-apiserver/tokens.json", import.meta.url), "utf8"),
);

const POD = { name: "checkout-full" };
const CASES = [
  { name: "an empty object", outcome: {} },
  { name: "two audiences", outcome: {} },
  { name: "a pod and its node", outcome: { pod: POD, node: { name: "worker-1" } } },
  {
    name: "a pod whose Node object is gone",
    outcome: { pod: { name: "checkout-name-only" }, node: { name: "worker-2" } },
  },
  { name: "a pod without a node", outcome: { pod: { name: "checkout-none" } } },
  { name: "a secret", outcome: {} },
  { name: "a node", outcome: { node: { name: "worker-1" } } },
  { name: "extended: pod-bound, 3607 s", outcome: { code: "TOKEN_EXTENDED" } },
  { name: "capped: no audience", outcome: {} },
];

describe("tokens of kube-apiserver 1.34.1", () => {
  test.for(CASES)("$name", async ({ name, outcome }) => {
    await using stack = await startStack();
    const token = tokens[name] ?? expect.fail(`no token of "${name}" was recorded`);
    const { iss = "", aud = [], iat = 0, exp = 0 } = decodeJwt(token);
    const stored = { issuer: iss, fetchedAt: iat, source: "static" };
    stack.stored.set(iss, {
      issuer: issuerWith({ url: iss, cluster: "real", keys: "static" }),
      keySet: storedWith([...keys], stored),
    });
    stack.clock.advance(iat - stack.clock.now());

    const audiences = [aud].flat();
    expect(await stack.verify(token, audiences)).toMatchObject(
      "code" in outcome
        ? outcome
        : { ...outcome, principal: "real/payments/checkout", issuer: iss, audience: audiences[0], expiresAt: exp },
    );
  });

  test("the table above has every one", () => {
    expect(CASES.map(({ name }) => name)).toEqual(Object.keys(tokens));
  });
});
