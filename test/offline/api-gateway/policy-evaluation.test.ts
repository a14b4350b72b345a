import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluatePolicy } from "../../../offline/api-gateway/policy-evaluation.ts";

const API = "arn:aws:execute-api:us-east-1:123456789012:offlinerest/dev";
const INVOKE = "execute-api:Invoke";

interface Parts {
  readonly [element: string]: unknown;
}

const statement = (parts: Parts = {}) => ({ Effect: "Allow", Action: INVOKE, Resource: `${API}/GET/v1/*`, ...parts });
const policy = (...statements: unknown[]) => ({ Version: "2012-10-17", Statement: statements });
const without = (parts: Parts, ...names: string[]) =>
  Object.fromEntries(Object.entries(parts).filter(([name]) => !names.includes(name)));
const verdictOf = (document: unknown, resource = `${API}/GET/v1/orders`) =>
  evaluatePolicy(document, INVOKE, resource).verdict;

const allow = statement();
const denyAll = statement({ Effect: "Deny", Resource: "*" });
const denyOther = statement({ Effect: "Deny", Resource: `${API}/DELETE/*` });

describe("which statement wins", () => {
  test.for([
    { name: "an Allow that matches", document: policy(allow), verdict: "allow" },
    { name: "no statement that matches", document: policy(denyOther), verdict: "implicit-deny" },
    { name: "a Deny after the Allow", document: policy(allow, denyAll), verdict: "explicit-deny" },
    { name: "a Deny before the Allow", document: policy(denyAll, allow), verdict: "explicit-deny" },
    { name: "a Deny of something else", document: policy(denyOther, allow), verdict: "allow" },
    { name: "one statement that is not in a list", document: { ...policy(), Statement: allow }, verdict: "allow" },
    { name: "no Version", document: { Statement: [allow] }, verdict: "allow" },
    { name: "the older Version", document: { Version: "2008-10-17", Id: "x", Statement: [allow] }, verdict: "allow" },
    { name: "a Sid", document: policy(statement({ Sid: "read" })), verdict: "allow" },
  ])("$name: $verdict", ({ document, verdict }) => {
    expect(verdictOf(document)).toBe(verdict);
  });
});

describe("Action", () => {
  test.for([
    { Action: "execute-api:Invoke", verdict: "allow" },
    { Action: "EXECUTE-API:invoke", verdict: "allow" },
    { Action: ["s3:GetObject", "execute-api:Invoke"], verdict: "allow" },
    { Action: "execute-api:*", verdict: "allow" },
    { Action: "execute-api:In*", verdict: "allow" },
    { Action: "execute-api:Invok?", verdict: "allow" },
    { Action: "*", verdict: "allow" },
    { Action: "s3:GetObject", verdict: "implicit-deny" },
    { Action: "execute-api:InvalidateCache", verdict: "implicit-deny" },
    { Action: "execute-api:Invoke?", verdict: "implicit-deny" },
    { Action: "execute-api:nvoke", verdict: "implicit-deny" },
  ])("$Action: $verdict", ({ Action, verdict }) => {
    expect(verdictOf(policy(statement({ Action })))).toBe(verdict);
  });

  test.for([
    { NotAction: "s3:*", verdict: "allow" },
    { NotAction: "execute-api:Invoke", verdict: "implicit-deny" },
    { NotAction: ["s3:*", "EXECUTE-API:*"], verdict: "implicit-deny" },
  ])("NotAction $NotAction: $verdict", ({ NotAction, verdict }) => {
    expect(verdictOf(policy({ ...without(statement(), "Action"), NotAction }))).toBe(verdict);
  });
});

describe("Resource", () => {
  test.for([
    { Resource: `${API}/GET/v1/orders`, verdict: "allow" },
    { Resource: [`${API}/POST/v1/orders`, `${API}/GET/v1/orders`], verdict: "allow" },
    { Resource: `${API}/GET/*`, verdict: "allow" },
    { Resource: `${API}/*`, verdict: "allow" },
    { Resource: `${API}/*/orders`, verdict: "allow" },
    { Resource: `${API}/GET/v1/order?`, verdict: "allow" },
    { Resource: "*", verdict: "allow" },
    { Resource: "arn:aws:execute-api:*", verdict: "allow" },
    { Resource: `${API}/GET/v1/order`, verdict: "implicit-deny" },
    { Resource: `${API}/GET/v1/orders/`, verdict: "implicit-deny" },
    { Resource: `${API}/GET/v1/orders?`, verdict: "implicit-deny" },
    { Resource: `${API}/GET/V1/orders`, verdict: "implicit-deny" },
    { Resource: `${API}/get/v1/orders`, verdict: "implicit-deny" },
    { Resource: "arn:aws:execute-api:us-east-1:123456789012:other/*", verdict: "implicit-deny" },
    { Resource: "arn:aws-cn:execute-api:*", verdict: "implicit-deny" },
    { Resource: `${API}/GET/v1.orders`, verdict: "implicit-deny" },
  ])("$Resource: $verdict", ({ Resource, verdict }) => {
    expect(verdictOf(policy(statement({ Resource })))).toBe(verdict);
  });

  test.for([
    { NotResource: `${API}/DELETE/*`, verdict: "allow" },
    { NotResource: `${API}/GET/*`, verdict: "implicit-deny" },
    { NotResource: [`${API}/DELETE/*`, "*"], verdict: "implicit-deny" },
  ])("NotResource $NotResource: $verdict", ({ NotResource, verdict }) => {
    expect(verdictOf(policy({ ...without(statement(), "Resource"), NotResource }))).toBe(verdict);
  });

  test("wildcards in the path of the call stand for themselves", () => {
    expect(verdictOf(policy(statement({ Resource: `${API}/GET/v1/orders` })), `${API}/GET/v1/*`)).toBe("implicit-deny");
    expect(verdictOf(policy(statement({ Resource: `${API}/GET/v1/?` })), `${API}/GET/v1/*`)).toBe("allow");
  });

  test("512 characters are read, 513 are not", () => {
    const longest = `${API}/GET/${"x".repeat(512 - API.length - 5)}`;
    expect(longest).toHaveLength(512);
    expect(verdictOf(policy(allow, statement({ Resource: longest })))).toBe("allow");
    expect(verdictOf(policy(allow, statement({ Resource: `${longest}x` })))).toBe("invalid");
  });

  test("characters of a Resource are counted, not UTF-16 units", () => {
    const longest = `${API}/GET/${"😀".repeat(512 - API.length - 5)}`;
    expect(verdictOf(policy(allow, statement({ Resource: longest })))).toBe("allow");
  });
});

describe("what cannot be read is never an allow", () => {
  test.for<[string, unknown]>([
    ["null", null],
    ["a text", JSON.stringify(policy(allow))],
    ["a list", [allow]],
    ["no Statement", { Version: "2012-10-17" }],
    ["an empty Statement", policy()],
    ["a Statement that is a text", policy("Allow")],
    ["an unknown Version", { ...policy(allow), Version: "2012-10-18" }],
    ["an unknown element of the policy", { ...policy(allow), Statements: [] }],
    ["an Id that is no text", { ...policy(allow), Id: 1 }],
    ["an unknown element of a statement", policy(allow, statement({ Resources: "*" }))],
    ["an element in another case", policy(allow, { ...without(statement(), "Effect"), effect: "Allow" })],
    ["a Principal", policy(allow, statement({ Principal: "*" }))],
    ["a Condition", policy(allow, statement({ Condition: {} }))],
    ["a Sid that is no text", policy(allow, statement({ Sid: 1 }))],
    ["no Effect", policy(allow, without(statement(), "Effect"))],
    ["an Effect in another case", policy(allow, statement({ Effect: "allow" }))],
    ["an Effect that is no text", policy(allow, statement({ Effect: ["Allow"] }))],
    ["neither Action nor NotAction", policy(allow, without(statement(), "Action"))],
    ["Action and NotAction", policy(allow, statement({ NotAction: "s3:*" }))],
    ["an empty Action", policy(allow, statement({ Action: [] }))],
    ["an Action that is no text", policy(allow, statement({ Action: { Invoke: true } }))],
    ["an Action without a service", policy(allow, statement({ Action: "Invoke" }))],
    ["an Action without a name", policy(allow, statement({ Action: "execute-api:" }))],
    ["an Action of three parts", policy(allow, statement({ Action: "execute-api:Invoke:x" }))],
    ["neither Resource nor NotResource", policy(allow, without(statement(), "Resource"))],
    ["Resource and NotResource", policy(allow, statement({ NotResource: "*" }))],
    ["an empty Resource", policy(allow, statement({ Resource: [] }))],
    ["a Resource that is no text", policy(allow, statement({ Resource: ["*", 1] }))],
    ["a Resource that is no ARN", policy(allow, statement({ Resource: "offlinerest/dev/*" }))],
    ["a Resource of two parts", policy(allow, statement({ Resource: "arn:aws" }))],
    ["a wildcard for the service", policy(allow, statement({ Resource: "arn:aws:execute-*:x" }))],
    ["a policy variable", policy(allow, statement({ Effect: "Deny", Resource: `${API}/GET/\${aws:userid}` }))],
  ])("%s", ([, document]) => {
    expect(evaluatePolicy(document, INVOKE, `${API}/GET/v1/orders`)).toMatchObject({
      verdict: "invalid",
      problem: expect.any(String),
    });
  });

  test("8,192 bytes are read, 8,193 are not", () => {
    const pad = (Sid: string) => policy(statement({ Sid }));
    const room = 8192 - Buffer.byteLength(JSON.stringify(pad("")));
    expect(verdictOf(pad("x".repeat(room)))).toBe("allow");
    expect(verdictOf(pad("x".repeat(room + 1)))).toBe("invalid");
    expect(verdictOf(pad(`${"x".repeat(room - 1)}é`))).toBe("invalid");
  });

  test("a statement more never makes an allow of anything but an Allow", () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({
        Effect: fc.constantFrom("Deny", "deny", "ALLOW", ""),
        Action: fc.constant("*"),
        Resource: fc.string(),
      }),
    );
    fc.assert(
      fc.property(anything, (entry) => {
        expect(verdictOf(policy(denyOther, entry))).not.toBe("allow");
      }),
    );
  });
});
