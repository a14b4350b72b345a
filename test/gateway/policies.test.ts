import { describe, expect, test } from "vitest";
import { Policies } from "../../lib/gateway/policies.ts";
import { wholePolicy } from "../../lib/gateway/policy.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { granting, type PlainRule } from "../permission/documents.ts";
import type { PolicyAnswer } from "./answering.ts";
import { answerOf, api, decidedOn, identityOf, READ, requestOf, verdict } from "./answering.ts";

const WRITE: PlainRule = { service: "orders", methods: ["POST"], paths: ["/v1/*"] };

function asked(operation = "GET/v1/x", kind: "rest" | "websocket" = "rest") {
  const { arn, method, path } = requestOf(kind, operation);
  return { arn, access: { service: "orders", method, path }, websocket: kind === "websocket" };
}

const ask = (policies: Policies, granted: PermissionSet, operation: string, identity = identityOf()) => {
  const request = requestOf("rest", operation);
  return answerOf(decidedOn(granted, request, identity), request, api(), policies).answer as PolicyAnswer;
};

describe("a built policy", () => {
  test("serves every call of its caller on the API and stage, until the permissions are other ones", () => {
    const policies = new Policies();
    const granted = granting({ allow: [READ] });
    const first = policies.whole("prod/a/b", granted, asked("GET/v1/x"));
    expect(policies.whole("prod/a/b", granted, asked("GET/v1/y"))).toBe(first);
    expect(policies.whole("prod/a/b", granting({ allow: [READ, WRITE] }), asked()).document).not.toEqual(
      first.document,
    );
  });

  test.for([
    {
      what: "another caller",
      other: () => ({ principal: "prod/a/c", granted: granting({ allow: [WRITE] }), of: asked() }),
    },
    ...[
      { stage: "prod" },
      { apiId: "other" },
      { account: "210987654321" },
      { region: "eu-1" },
      { partition: "aws-cn" },
    ].map((part) => ({
      what: `another stage or API: ${Object.entries(part)}`,
      other: () => {
        const of = asked();
        return { principal: "prod/a/b", granted: undefined, of: { ...of, arn: { ...of.arn, ...part } } };
      },
    })),
    {
      what: "another service behind the same stage",
      other: () => {
        const of = asked();
        return { principal: "prod/a/b", granted: undefined, of: { ...of, access: { ...of.access, service: "other" } } };
      },
    },
    {
      what: "another kind of API",
      other: () => ({ principal: "prod/a/b", granted: undefined, of: asked("$connect", "websocket") }),
    },
  ])("is not handed to $what", ({ other }) => {
    const policies = new Policies();
    const ours = granting({ allow: [READ] });
    policies.whole("prod/a/b", ours, asked());
    const { principal, granted = ours, of } = other();
    expect(policies.whole(principal, granted, of).document).toEqual(wholePolicy(granted, of));
  });

  test("is kept beside those of other stages", () => {
    const policies = new Policies();
    const granted = granting({ allow: [READ] });
    const [one, other] = [asked(), { ...asked(), arn: { ...asked().arn, stage: "other" } }];
    const first = policies.whole("prod/a/b", granted, one);
    const second = policies.whole("prod/a/b", granted, other);
    expect(second).not.toBe(first);
    expect([policies.whole("prod/a/b", granted, one), policies.whole("prod/a/b", granted, other)]).toEqual([
      first,
      second,
    ]);
    expect(policies.whole("prod/a/b", granted, one)).toBe(first);
  });

  test("keeps the Deny of one call, and its decision's id, out of the answers to others", () => {
    const policies = new Policies();
    const granted = granting({ allow: [READ] });
    const refused = ask(policies, granted, "POST/v1/x");
    const allowed = ask(policies, granted, "GET/v1/x");
    expect([verdict(refused, "POST/v1/x"), verdict(refused, "GET/v1/x")]).toEqual(["explicit-deny", "allow"]);
    expect([verdict(allowed, "POST/v1/x"), verdict(allowed, "GET/v1/x")]).not.toContain("explicit-deny");
    expect(allowed.policyDocument.Statement).toHaveLength(1);
  });

  test.for([
    { what: "of as many callers", of: (number: number) => [`prod/a/${number}`, "test"] },
    { what: "of one caller on as many stages", of: (number: number) => ["prod/a/0", `${number}`] },
    { what: "of 64 callers on 16 stages each", of: (number: number) => [`prod/a/${number % 64}`, `${number >> 6}`] },
  ])("is one of at most 1,024, $what; that it went shows in nothing but its being built again", ({ of }) => {
    const policies = new Policies();
    const granted = granting({ allow: [READ] });
    const whole = (number: number) => {
      const [principal = "", stage = ""] = of(number);
      return policies.whole(principal, granted, { ...asked(), arn: { ...asked().arn, stage } });
    };
    const numbers = Array.from({ length: 1024 }, (_, number) => number);
    const first = numbers.map((number) => whole(number));
    expect(numbers.filter((number) => whole(number) !== first[number])).toEqual([]);

    const last = whole(1024);
    const again = whole(0);
    expect(again).not.toBe(first[0]);
    expect(again).toEqual(first[0]);
    expect(whole(1024)).toBe(last);
  });

  test.for([
    { what: "that no answer has room for", paths: Array.from({ length: 200 }, (_, at) => `/${at}`), kept: false },
    { what: "with a resource that is too long", paths: [`/${"x".repeat(500)}`], kept: false },
    { what: "that an answer has room for", paths: ["/v1/*"], kept: true },
  ])("$what is kept: $kept; its size is", ({ paths, kept }) => {
    const granted = granting({ allow: [{ service: "orders", methods: ["GET"], paths }] });
    const whole = wholePolicy(granted, asked());
    const { document, bytes } = new Policies().whole("prod/a/b", granted, asked());
    expect(document).toEqual(kept ? whole : undefined);
    expect(bytes).toBe(JSON.stringify(whole).length);
  });

  test("of permissions that were read anew takes no room beside those of before", () => {
    const policies = new Policies();
    const nothing = granting({});
    const kept = policies.whole("prod/a/0", nothing, asked());
    for (let reading = 0; reading < 3000; reading++) policies.whole("prod/a/1", granting({ allow: [READ] }), asked());
    expect(policies.whole("prod/a/0", nothing, asked())).toBe(kept);
  });
});

test("what an answer holds beside its policy never takes more than is reckoned with", () => {
  const longest = identityOf({
    cluster: "c".repeat(63),
    namespace: "n".repeat(63),
    serviceAccount: "s".repeat(253),
    principal: `${"c".repeat(63)}/${"n".repeat(63)}/${"s".repeat(253)}`,
    subject: `system:serviceaccount:${"n".repeat(63)}:${"s".repeat(253)}`,
    pod: { name: "p".repeat(253), uid: "u" },
    audience: '"'.repeat(1024),
    expiresAt: 1.7976931348623157e308,
  });
  const answer = ask(new Policies(), granting({ allow: [READ] }), "GET/v1/x", longest);
  expect(JSON.stringify({ ...answer, policyDocument: undefined }).length).toBeLessThan(4096);
});
