import { describe, expect, test } from "vitest";
import { METHODS } from "../../lib/permission/permission.ts";
import { parsePermissionDocument } from "../../lib/permission/permission-set.ts";
import { faultOf, stored } from "./documents.ts";

const RULE = { service: "orders", methods: ["GET"], paths: ["/v1/*"] };
const WHERE = "parameter /podgate/test/permissions/_all (version 7)";

function withRule(change: object) {
  return { allow: [{ ...RULE, ...change }] };
}

describe("a permission document", () => {
  test("gives its rules, each with the place where it is written", () => {
    const read = parsePermissionDocument(
      stored({ version: 1, allow: [RULE, RULE], deny: [{ ...RULE, service: "*" }] }),
    );

    expect(read).toMatchObject({
      allow: [
        { ...RULE, origin: "/podgate/test/permissions/_all#allow[0]" },
        { ...RULE, origin: "/podgate/test/permissions/_all#allow[1]" },
      ],
      deny: [{ ...RULE, service: "*", origin: "/podgate/test/permissions/_all#deny[0]" }],
      document: { name: "/podgate/test/permissions/_all", version: 7 },
    });
  });

  test.for([{}, { version: 1 }, { allow: [] }, { deny: [] }])("may leave out what it does not need: %j", (document) => {
    expect(parsePermissionDocument(stored(document))).toMatchObject({ allow: [], deny: [] });
  });

  test.for([[["*"]], [["GET"]], [METHODS], [["GET", "GET"]]])("may name the methods %j", ([methods]) => {
    expect(parsePermissionDocument(stored(withRule({ methods }))).allow[0]?.methods).toEqual(methods);
  });

  test.for([
    "*",
    "/",
    "/*",
    "/v1/*/items",
    "/v1/?",
    "/a/...",
    "/a/.hidden",
    "/a..b",
    "/~user/$metadata",
    "/a b",
    "/v1/",
    "/x:y/z@1",
    "/{id}",
    "/a;b",
  ])("may name the path %j", (path) => {
    expect(parsePermissionDocument(stored(withRule({ paths: [path] }))).allow[0]?.paths).toEqual([path]);
  });
});

describe("a permission document that cannot be read is an error that names parameter, member and what is allowed (S24)", () => {
  const path = "is neither * nor a path that begins with / in printable ASCII, without %, ${, // and dot segments";
  const methods = `is not a list of ${METHODS.join(", ")}, nor exactly ["*"]`;

  test.for([
    ["not JSON", "{", "not JSON"],
    ["empty", "", "not JSON"],
    ["a list", [], "it is not a JSON object"],
    ["null", "null", "it is not a JSON object"],
    ["a member twice", '{"deny":[],"deny":[]}', 'the member "deny" is written twice'],
    ["a member twice, once with an escape", '{"deny":[],"d\\u0065ny":[]}', 'the member "deny" is written twice'],
    [
      "a rule's member twice",
      '{"allow":[{"service":"a","service":"b","methods":["GET"],"paths":["*"]}]}',
      'the member "service" is written twice',
    ],
    ["a misspelt deny", { denied: [] }, "denied is unknown; allowed are version, allow, deny"],
    ["__proto__", '{"__proto__":{"allow":[]}}', "__proto__ is unknown; allowed are version, allow, deny"],
    ["constructor", { constructor: 1 }, "constructor is unknown; allowed are version, allow, deny"],
    ["version 0", { version: 0 }, "version is not 1"],
    ["a version in quotes", { version: "1" }, "version is not 1"],
    ["allow as an object", { allow: {} }, "allow is not a list"],
    ["allow null", { allow: null }, "allow is not a list"],
    ["a rule that is a text", { allow: ["GET /"] }, "allow[0] is not an object"],
    ["a rule that is null", { deny: [null] }, "deny[0] is not an object"],
    ["a rule without methods", { allow: [{ service: "a", paths: ["*"] }] }, "allow[0].methods is missing"],
    ["a rule without service", { deny: [{ methods: ["*"], paths: ["*"] }] }, "deny[0].service is missing"],
    ["a rule with more", withRule({ when: 1 }), "allow[0].when is unknown; allowed are service, methods, paths"],
    ["no methods", withRule({ methods: [] }), `allow[0].methods ${methods}`],
    ["a method in lower case", withRule({ methods: ["get"] }), `allow[0].methods ${methods}`],
    ["a method that is none", withRule({ methods: ["TRACE"] }), `allow[0].methods ${methods}`],
    ["* beside a method", withRule({ methods: ["*", "GET"] }), `allow[0].methods ${methods}`],
    ["a method beside *", withRule({ methods: ["GET", "*"] }), `allow[0].methods ${methods}`],
    ["* twice", withRule({ methods: ["*", "*"] }), `allow[0].methods ${methods}`],
    ["methods as a text", withRule({ methods: "GET" }), `allow[0].methods ${methods}`],
    ["no paths", withRule({ paths: [] }), "allow[0].paths is empty"],
    ["paths as a text", withRule({ paths: "/" }), "allow[0].paths is not a list"],
    ["a path that is a number", withRule({ paths: ["/", 1] }), "allow[0].paths[1] is not a string"],
    [
      "an allow for every service",
      withRule({ service: "*" }),
      'allow[0].service is not a DNS-1123 label ("*" is for deny only)',
    ],
    [
      "a service in upper case",
      withRule({ service: "Orders" }),
      'allow[0].service is not a DNS-1123 label ("*" is for deny only)',
    ],
    [
      "a deny for a service that is none",
      { deny: [{ ...RULE, service: "a*" }] },
      'deny[0].service is neither "*" nor a DNS-1123 label',
    ],
    ...[
      "",
      "v1",
      "**",
      "*/x",
      "/%41",
      "/a//b",
      "//",
      "/./a",
      "/a/..",
      "/../a",
      "/a/.",
      "/\u0024{x}",
      "/\u{7f}",
      "/é",
      "/a\n",
      " /a",
    ].map(
      (pattern) =>
        [`the path ${JSON.stringify(pattern)}`, withRule({ paths: [pattern] }), `allow[0].paths[0] ${path}`] as const,
    ),
  ] as const)("%s", ([, document, problem]) => {
    expect(faultOf(() => parsePermissionDocument(stored(document)))).toEqual({
      code: "DOCUMENT_INVALID",
      detail: `${WHERE} cannot be read: ${problem}`,
    });
  });

  test.for([1.5, 2, 1e9])("version %s is too new, which is an error of its own", (version) => {
    expect(faultOf(() => parsePermissionDocument(stored({ version, whatever: true })))).toEqual({
      code: "DOCUMENT_TOO_NEW",
      detail: `${WHERE} has format version ${version}; this release reads 1: upgrade podgate first`,
    });
  });
});
