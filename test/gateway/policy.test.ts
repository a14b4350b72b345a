import { describe, expect, test } from "vitest";
import { parseExecuteApiArn } from "../../lib/gateway/execute-api-arn.ts";
import {
  askedCallOnly,
  denyEverything,
  denyingAsked,
  isNameable,
  type PolicyDocument,
  wholePolicy,
} from "../../lib/gateway/policy.ts";
import type { Method } from "../../lib/permission/permission.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { evaluatePolicy } from "../../offline/api-gateway/policy-evaluation.ts";
import { granting } from "../permission/documents.ts";

const STAGE = "arn:aws-cn:execute-api:cn-north-1:123456789012:abc123/dev";

function asked(operation = "GET/v1/x", websocket = false) {
  const method = operation.slice(0, operation.indexOf("/"));
  const path = operation.slice(operation.indexOf("/"));
  return { arn: parseExecuteApiArn(`${STAGE}/${operation}`), access: { service: "orders", method, path }, websocket };
}

function resources(policy: PolicyDocument, effect: "Allow" | "Deny"): readonly string[] {
  return policy.Statement.filter(({ Effect }) => Effect === effect)
    .flatMap(({ Resource }) => Resource)
    .map((resource) => resource.replace(`${STAGE}/`, ""));
}

function allowed(granted: PermissionSet, websocket = false): readonly string[] {
  return resources(wholePolicy(granted, asked(websocket ? "$connect" : undefined, websocket)), "Allow");
}

/** The policy of a caller whose asked call is refused. */
function denying(granted: PermissionSet, operation: string, websocket = false): PolicyDocument {
  const call = asked(operation, websocket);
  return denyingAsked(wholePolicy(granted, call), call.arn);
}

function verdict(policy: PolicyDocument, operation: string): string {
  return evaluatePolicy(policy, "execute-api:Invoke", `${STAGE}/${operation}`).verdict;
}

const VERBS: readonly Method[] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

interface Written {
  readonly methods: readonly (Method | "*")[];
  readonly paths: readonly string[];
  readonly expected: readonly string[];
}

describe("a rule is written as full ARNs, no method ever a wildcard beside a path (S26)", () => {
  test.for<Written>([
    { methods: ["GET"], paths: ["/v1/*", "/user"], expected: ["GET/v1/*", "GET/user"] },
    { methods: ["GET", "POST"], paths: ["/v?/x"], expected: ["GET/v?/x", "POST/v?/x"] },
    { methods: ["*"], paths: ["/v1/*"], expected: VERBS.map((verb) => `${verb}/v1/*`) },
    { methods: ["*"], paths: ["/*"], expected: VERBS.map((verb) => `${verb}/*`) },
    { methods: ["GET"], paths: ["*"], expected: ["GET/*"] },
    { methods: ["*"], paths: ["*"], expected: ["*"] },
    { methods: ["CONNECT"], paths: ["*", "/"], expected: [] },
    { methods: ["CONNECT", "GET"], paths: ["/"], expected: ["GET/"] },
    { methods: [...VERBS, "CONNECT"], paths: ["*"], expected: VERBS.map((verb) => `${verb}/*`) },
  ])("$methods on $paths", ({ methods, paths, expected }) => {
    expect(allowed(granting({ allow: [{ service: "orders", methods, paths }] }))).toEqual(expected);
  });

  test("all methods on /v1/* do not allow GET /admin/v1/x", () => {
    const granted = granting({ allow: [{ service: "orders", methods: ["*"], paths: ["/v1/*"] }] });
    const policy = wholePolicy(granted, asked());
    expect(verdict(policy, "GET/v1/x")).toBe("allow");
    expect(verdict(policy, "GET/admin/v1/x")).toBe("implicit-deny");
  });

  test("rules of all documents add up, each resource once, denies beside them", () => {
    const read = { service: "orders", methods: ["GET"], paths: ["/v1/*"] } as const;
    const deny = { service: "*", methods: ["GET"], paths: ["/v1/secret"] } as const;
    const policy = wholePolicy(granting({ allow: [read, read] }, { allow: [read], deny: [deny, deny] }), asked());

    expect(policy).toEqual({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "execute-api:Invoke", Resource: [`${STAGE}/GET/v1/*`] },
        { Effect: "Deny", Action: "execute-api:Invoke", Resource: [`${STAGE}/GET/v1/secret`] },
      ],
    });
  });

  test("rules for other services are left out, denies for every service are not", () => {
    const other = { service: "github", methods: ["GET"], paths: ["/user"] } as const;
    const read = { service: "orders", methods: ["GET"], paths: ["/v1/*"] } as const;
    const policy = wholePolicy(granting({ allow: [other, read], deny: [other, { ...other, service: "*" }] }), asked());
    expect(resources(policy, "Allow")).toEqual(["GET/v1/*"]);
    expect(resources(policy, "Deny")).toEqual(["GET/user"]);
  });

  test("who may call nothing is denied everything on this API and stage", () => {
    const other = { service: "github", methods: ["GET"], paths: ["/user"] } as const;
    for (const granted of [
      granting(),
      granting({ allow: [other] }),
      granting({ deny: [{ ...other, service: "*" }] }),
    ]) {
      expect(wholePolicy(granted, asked())).toEqual(denyEverything(asked().arn));
    }
    expect(resources(denyEverything(asked().arn), "Deny")).toEqual(["*"]);
    expect(resources(denyEverything(asked().arn), "Allow")).toEqual([]);
  });
});

describe("a WebSocket's policy holds $connect and nothing else", () => {
  test.for([
    { methods: ["CONNECT"], paths: ["/"], expected: ["$connect"] },
    { methods: ["CONNECT"], paths: ["*"], expected: ["$connect"] },
    { methods: ["*"], paths: ["/*"], expected: ["$connect"] },
    { methods: ["*"], paths: ["*"], expected: ["$connect"] },
    { methods: ["GET"], paths: ["/"], expected: [] },
    { methods: ["CONNECT"], paths: ["/x"], expected: [] },
  ] as const)("$methods on $paths", ({ methods, paths, expected }) => {
    expect(allowed(granting({ allow: [{ service: "orders", methods, paths }] }), true)).toEqual(expected);
  });

  test("a refused $connect is denied, though its name holds a sign that policies know", () => {
    const everything = { service: "orders", methods: ["*"], paths: ["*"] } as const;
    const granted = granting({ allow: [everything], deny: [{ ...everything, methods: ["CONNECT"], paths: ["/"] }] });
    const policy = denying(granted, "$connect", true);
    expect(resources(policy, "Deny")).toEqual(["$connect", "?connect"]);
    expect(verdict(policy, "$connect")).toBe("explicit-deny");
  });
});

describe("a refused call is denied beside the whole policy, as it arrived (S29)", () => {
  const everything = granting({ allow: [{ service: "orders", methods: ["*"], paths: ["*"] }] });

  test.for([
    ["GET/v1/x", "GET/v1/x"],
    ["GET/v1/*", "GET/v1/?"],
    ["GET/v1/?", "GET/v1/?"],
    ["GET/v1/\u0024{x}", "GET/v1/?{x}"],
    ["GET/$$*", "GET/???"],
    ["GET/a%2Fb", "GET/a%2Fb"],
    ["GET/v1//x", "GET/v1//x"],
    ["GET/a\r\nb", "GET/a\r\nb"],
    ["TRACE/v1/x", "TRACE/v1/x"],
    ["GET/\u{1f511}", "GET/\u{1f511}"],
  ] as const)("%j", ([operation, resource]) => {
    const policy = denying(everything, operation);
    expect(resources(policy, "Allow")).toEqual(["*"]);
    expect(resources(policy, "Deny")).toEqual([resource]);
    expect(verdict(policy, operation)).toBe("explicit-deny");
    expect(verdict(policy, "GET/other/path")).toBe("allow");
  });

  /** An operation whose ARN has this many characters. */
  function operationOf(length: number, character = "a"): string {
    return "GET/".padEnd(length - STAGE.length - 1, character);
  }

  test.for([
    { characters: 511, resource: 511, cut: false },
    { characters: 512, resource: 512, cut: false },
    { characters: 513, resource: 512, cut: true },
    { characters: 2000, resource: 512, cut: true },
  ])("an ARN of $characters characters is denied by $resource of them", ({ characters, resource, cut }) => {
    const operation = operationOf(characters);
    const policy = denying(everything, operation);
    const [denied = ""] = policy.Statement[1]?.Resource ?? [];
    expect(denied).toHaveLength(resource);
    expect(denied.endsWith("a*")).toBe(cut);
    expect(verdict(policy, operation)).toBe("explicit-deny");
  });

  test.for([
    { sign: "é", bytes: 512, cut: false },
    { sign: "é", bytes: 514, cut: true },
    { sign: "\u0001", bytes: 512, cut: false },
    { sign: "\u0001", bytes: 518, cut: true },
    { sign: '"', bytes: 512, cut: false },
    { sign: '"', bytes: 514, cut: true },
  ])("bytes of JSON count, not characters: $bytes of $sign are cut: $cut", ({ sign, bytes, cut }) => {
    const bytesOf = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2;
    const size = bytesOf(sign);
    const signs = Math.floor((bytes - operationOf(0).length - STAGE.length - 1) / size);
    const operation = `GET/${"a".repeat(bytes - STAGE.length - 5 - signs * size)}${sign.repeat(signs)}`;
    expect(bytesOf(`${STAGE}/${operation}`)).toBe(bytes);
    const policy = denying(everything, operation);
    const [denied = ""] = policy.Statement[1]?.Resource ?? [];
    expect(denied.endsWith("*")).toBe(cut);
    expect(bytesOf(denied)).toBeLessThanOrEqual(512);
    expect(bytesOf(denied)).toBeGreaterThan(512 - size);
    expect(verdict(policy, operation)).toBe("explicit-deny");
  });

  test.for([0, 1])("a cut does not halve a character (offset %d)", (offset) => {
    const operation = `${operationOf(480 + offset)}${"\u{1f511}".repeat(40)}`;
    const policy = denying(everything, operation);
    const [denied = ""] = policy.Statement[1]?.Resource ?? [];
    expect(denied.isWellFormed()).toBe(true);
    expect(denied.length).toBeLessThanOrEqual(512);
    // What API Gateway reads is UTF-8.
    const received = JSON.parse(Buffer.from(JSON.stringify(policy)).toString());
    expect(verdict(received, operation)).toBe("explicit-deny");
  });
});

describe("a call alone, where answers are not kept", () => {
  test("is allowed, or denied as it arrived", () => {
    expect(askedCallOnly(asked().arn, false).Statement).toEqual([
      { Effect: "Allow", Action: "execute-api:Invoke", Resource: [`${STAGE}/GET/v1/x`] },
    ]);
    expect(resources(askedCallOnly(asked("GET/v1/*").arn, true), "Deny")).toEqual(["GET/v1/?"]);
  });

  test.for([
    ["GET/v1/x", true],
    ["GET/v1/$x", true],
    ["GET/v1/{x}", true],
    ["$connect", true],
    ["GET/v1/*", false],
    ["GET/v1/?", false],
    ["GET/v1/\u0024{x}", false],
    ["GET/".padEnd(512 - STAGE.length - 1, "a"), true],
    ["GET/".padEnd(513 - STAGE.length - 1, "a"), false],
  ] as const)("%s can be allowed by name: %s", ([operation, nameable]) => {
    expect(isNameable(parseExecuteApiArn(`${STAGE}/${operation}`))).toBe(nameable);
  });
});
