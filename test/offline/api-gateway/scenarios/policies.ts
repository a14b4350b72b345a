import { expect } from "vitest";
import type { AuthorizerKind } from "../../../../offline/api-gateway/gateway-request.ts";
import { arnOf, policy, statement, twinOf } from "../twins.ts";
import type { Scenario } from "./scenario.ts";

type Options = Parameters<typeof twinOf>[2];

const callUnder = async (kind: AuthorizerKind, statements: object[], options: Options = {}) =>
  twinOf(kind, () => policy(...statements), options).call();
const statusUnder = async (kind: AuthorizerKind, statements: object[], options: Options = {}) =>
  (await callUnder(kind, statements, options)).status;

export const policies = {
  "policy-deny-wins": async (kind) => {
    const [allow, deny] = [statement("*"), statement(arnOf(kind), { Effect: "Deny" })];
    expect(await statusUnder(kind, [allow])).toBe(200);
    const { status, body } = await callUnder(kind, [deny, allow]);
    expect(status).toBe(403);
    expect(body).toMatch(kind.startsWith("http") ? /^\{"message":"Forbidden"\}$/ : /with an explicit deny"\}$/);
  },
  "policy-implicit-deny": async (kind) => {
    const { status, body } = await callUnder(kind, [statement(`${arnOf(kind)}x`)]);
    expect(status).toBe(403);
    expect(body).toMatch(kind.startsWith("http") ? /^\{"message":"Forbidden"\}$/ : /access this resource"\}$/);
  },
  "policy-wildcards": async (kind) => {
    const arn = arnOf(kind);
    const [api = ""] = arn.split("/");
    expect(await statusUnder(kind, [statement(`${api}/*`)])).toBe(200);
    expect(await statusUnder(kind, [statement(`${arn.slice(0, -1)}?`)])).toBe(200);
    expect(await statusUnder(kind, [statement(`${arn}?`)])).toBe(403);
    expect(await statusUnder(kind, [statement(arn.replace(/.$/, (last) => last.toUpperCase()))])).toBe(403);
  },
  "policy-wildcard-span": async (kind) => {
    const arn = arnOf(kind);
    // In the middle of a part, the region; at the end of one, the account.
    const [inside, atEnd] = [arn.replace("us-east-1:123456789012", "us-*12"), arn.replace("123456789012", "*")];
    const [allow, deny] = [statement("*"), statement(inside, { Effect: "Deny" })];
    for (const [wildcardSpan, allowed, denied] of [
      ["refusing", 403, 403],
      ["iam", 403, 200],
      ["text", 200, 403],
    ] as const) {
      const options = { settings: { wildcardSpan } };
      expect(await statusUnder(kind, [statement(inside)], options)).toBe(allowed);
      expect(await statusUnder(kind, [allow, deny], options)).toBe(denied);
      expect(await statusUnder(kind, [statement(atEnd)], options)).toBe(200);
      expect(await statusUnder(kind, [statement("arn:aws:execute-api:*")], options)).toBe(200);
    }
    expect(await statusUnder(kind, [statement(inside)])).toBe(403);
    expect(await statusUnder(kind, [allow, deny])).toBe(403);
  },
  "policy-resource-length": async (kind) => {
    const longest = arnOf(kind).padEnd(512, "*");
    expect(await statusUnder(kind, [statement(longest)])).toBe(200);
    expect(await statusUnder(kind, [statement(`${longest}*`)])).toBe(500);
  },
  "policy-conditions": async (kind) => {
    const from = (range: string) => statement("*", { Condition: { IpAddress: { "aws:SourceIp": range } } });
    expect(await statusUnder(kind, [from("127.0.0.0/8")])).toBe(200);
    expect(await statusUnder(kind, [from("10.0.0.0/8")])).toBe(403);
    expect(await statusUnder(kind, [from("127.0.0.0/8")], { settings: { policyConditions: "refused" } })).toBe(500);
  },
  "policy-condition-missing-key": async (kind) => {
    const when = (operator: string) => statement("*", { Condition: { [operator]: { "aws:SourceVpc": "vpc-1" } } });
    expect(await statusUnder(kind, [when("StringEquals")])).toBe(403);
    expect(await statusUnder(kind, [when("StringNotEquals")])).toBe(200);
    expect(await statusUnder(kind, [when("StringEqualsIfExists")])).toBe(200);
  },
} satisfies Record<string, Scenario>;
