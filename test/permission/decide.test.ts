import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import { type Decision, decide } from "../../lib/permission/decide.ts";
import { METHODS } from "../../lib/permission/permission.ts";
import { granting } from "./documents.ts";
import { anyAccess, anyDocument, anyRule, isAllowed } from "./generators.ts";

function codeOf(decision: Decision): string {
  return isRefusal(decision) ? decision.code : "ALLOWED";
}

const READ_V1 = { service: "orders", methods: ["GET"], paths: ["/v1/*"] } as const;
const ALL_V1 = { service: "orders", methods: ["*"], paths: ["/v1/*"] } as const;
const EVERYTHING = { service: "orders", methods: ["*"], paths: ["*"] } as const;

describe("an access is allowed by a rule with its service, method and path", () => {
  test.for([
    ["orders", "GET", "/v1/x", "ALLOWED"],
    ["orders", "GET", "/v1/", "ALLOWED"],
    ["orders", "GET", "/v1", "ACCESS_NOT_ALLOWED"],
    ["orders", "GET", "/V1/x", "ACCESS_NOT_ALLOWED"],
    ["orders", "GET", "/v2/x", "ACCESS_NOT_ALLOWED"],
    ["orders", "GET", "/admin/v1/x", "ACCESS_NOT_ALLOWED"],
    ["orders", "HEAD", "/v1/x", "ACCESS_NOT_ALLOWED"],
    ["order", "GET", "/v1/x", "ACCESS_NOT_ALLOWED"],
    ["orders-dev", "GET", "/v1/x", "ACCESS_NOT_ALLOWED"],
    ["*", "GET", "/v1/x", "ACCESS_NOT_ALLOWED"],
  ] as const)("%s %s %s is %s by GET /v1/* on orders", ([service, method, path, code]) => {
    expect(codeOf(decide(granting({ allow: [READ_V1] }), { service, method, path }))).toBe(code);
  });

  test("all methods on /v1/* do not allow GET /admin/v1/x", () => {
    const access = { service: "orders", method: "GET", path: "/admin/v1/x" };
    expect(codeOf(decide(granting({ allow: [ALL_V1] }), access))).toBe("ACCESS_NOT_ALLOWED");
  });

  test.for(METHODS)("* means the method %s", (method) => {
    expect(codeOf(decide(granting({ allow: [ALL_V1] }), { service: "orders", method, path: "/v1/x" }))).toBe("ALLOWED");
  });

  test.for(["TRACE", "PROPFIND", "get", "", "*", "GET ", "constructor"])(
    "%j is no method, whatever is allowed",
    (method) => {
      const access = { service: "orders", method, path: "/v1/x" };
      expect(codeOf(decide(granting({ allow: [EVERYTHING] }), access))).toBe("METHOD_UNKNOWN");
    },
  );

  test("nothing stored, and nothing said, allows nothing (S24)", () => {
    const access = { service: "orders", method: "GET", path: "/" };
    expect(codeOf(decide(granting(), access))).toBe("ACCESS_NOT_ALLOWED");
    expect(codeOf(decide(granting({}, {}), access))).toBe("ACCESS_NOT_ALLOWED");
  });

  test("the decision names the rule", () => {
    const access = { service: "orders", method: "GET", path: "/v1/x" };
    expect(decide(granting({}, { allow: [ALL_V1, READ_V1] }), access)).toEqual({
      effect: "allow",
      rule: "/p/1#allow[0]",
    });
    expect(decide(granting({ allow: [ALL_V1] }, { deny: [READ_V1] }), access)).toMatchObject({
      code: "ACCESS_DENIED",
      rule: "/p/1#deny[0]",
      status: 403,
    });
  });
});

describe("a deny wins over every allow, wherever it is written", () => {
  const access = { service: "orders", method: "GET", path: "/v1/x" };
  test.for([
    ["before", granting({ deny: [READ_V1] }, { allow: [EVERYTHING] })],
    ["after", granting({ allow: [EVERYTHING] }, { deny: [READ_V1] })],
    ["beside", granting({ allow: [READ_V1], deny: [READ_V1] })],
    ["wider", granting({ allow: [READ_V1], deny: [{ service: "*", methods: ["*"], paths: ["*"] }] })],
  ] as const)("%s", ([, granted]) => {
    expect(codeOf(decide(granted, access))).toBe("ACCESS_DENIED");
  });

  test("a deny for another method, path or service does not matter", () => {
    const deny = [
      { ...READ_V1, methods: ["POST" as const] },
      { ...READ_V1, paths: ["/v1/y"] },
      { ...READ_V1, service: "other" },
    ];
    expect(codeOf(decide(granting({ allow: [READ_V1], deny }), access))).toBe("ALLOWED");
  });
});

describe("a path that can be read as two is refused whatever the rules say (S30)", () => {
  test.for([
    "",
    "v1",
    "//",
    "/v1//x",
    "/v1/x//",
    "/.",
    "/..",
    "/v1/../x",
    "/v1/./x",
    "/v1/..",
    "/v1/%2e%2e/x",
    "/v1/%",
    "/v1\\x",
    "/v1;x",
    "/v1?x",
    "/v1#x",
    "/v1\u0000",
    "/v1\u001f",
    "/v1\r\nx",
    "/v1\u007f",
    "/v1\u0080",
    "/v1\u009f",
  ])("%j", (path) => {
    const granted = granting({ allow: [EVERYTHING] });
    expect(codeOf(decide(granted, { service: "orders", method: "GET", path }))).toBe("PATH_AMBIGUOUS");
  });

  test.for([
    "/",
    "/v1/",
    "/v1/...",
    "/v1/.x",
    "/v1/x.",
    "/v1/a..b",
    "/v1/a b",
    "/v1/*",
    "/v1/$x",
    "/v1/\u0024{x}",
    "/v1/a:b@c",
    "/v1/\u00a0",
    "/v1/é",
    "/v1/\u{1f511}",
  ])("%j is one", (path) => {
    const granted = granting({ allow: [EVERYTHING] });
    expect(codeOf(decide(granted, { service: "orders", method: "GET", path }))).toBe("ALLOWED");
  });
});

describe("permissions add up", () => {
  test("granting more never turns an allow into a refusal", () => {
    fc.assert(
      fc.property(fc.array(anyDocument, { maxLength: 3 }), anyRule, anyAccess, (documents, rule, access) => {
        const before = isAllowed(granting(...documents), access);
        const after = isAllowed(granting(...documents, { allow: [rule] }), access);
        expect(after || !before).toBe(true);
      }),
    );
  });

  test("denying more never turns a refusal into an allow", () => {
    fc.assert(
      fc.property(fc.array(anyDocument, { maxLength: 3 }), anyRule, anyAccess, (documents, rule, access) => {
        const before = isAllowed(granting(...documents), access);
        const after = isAllowed(granting(...documents, { deny: [rule] }), access);
        expect(before || !after).toBe(true);
      }),
    );
  });

  test("the order of documents does not matter", () => {
    fc.assert(
      fc.property(fc.array(anyDocument, { maxLength: 4 }), anyAccess, (documents, access) => {
        expect(isAllowed(granting(...documents.toReversed()), access)).toBe(isAllowed(granting(...documents), access));
      }),
    );
  });
});
