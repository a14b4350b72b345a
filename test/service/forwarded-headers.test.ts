import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Field,
  isFieldName,
  isFieldValue,
  passingAnswerFields,
  passingRequestFields,
  spelling,
} from "../../lib/service/forwarded-headers.ts";

const OWN = ["authorization", "x-api-key", "X-Podgate-Principal"];

/** The spellings of a name that a service may take for it. */
const spellingsOf = (name: string) => [
  name.toLowerCase(),
  name.toUpperCase(),
  name.replaceAll("-", "_"),
  name.replace("-", "_").toUpperCase(),
  name.replaceAll("-", "."),
];

describe("a caller's header that does not reach the service, in any spelling (S37)", () => {
  test.for([
    "Connection",
    "Proxy",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
    "Proxy-Connection",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Host",
    "Content-Length",
    "Expect",
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Anything",
    "X-Real-IP",
    "X-Amz-Security-Token",
    "X-Amz-Date",
    "X-Amzn-Trace-Id",
    "X-Amzn-Oidc-Data",
    "Cookie",
    "Authorization",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Podgate-Principal",
    "X-Api-Key",
  ])("%s", (name) => {
    for (const spelt of spellingsOf(name)) expect(passingRequestFields([[spelt, "close"]], OWN)).toEqual([]);
  });
});

describe("a caller's header that reaches the service", () => {
  test.for([
    "accept",
    "accept-encoding",
    "content-type",
    "content-encoding",
    "if-none-match",
    "range",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-request-id",
    "x-forward",
    "x-am",
    "x-api-key-2",
    "podgate-client",
    "te-x",
    "hosts",
    "cookies",
    "authorization2",
    "x-http-methods",
  ])("%s", (name) => {
    expect(passingRequestFields([[name, "v"]], OWN)).toEqual([[name, "v"]]);
  });

  test("keeps its value, its repetitions and its place; its name becomes lower case", () => {
    const sent: Field[] = [
      ["X-B", " 2 "],
      ["Accept", "text/html"],
      ["x-b", ""],
      ["X_B", "3"],
      ["Host", "evil.example"],
    ];
    expect(passingRequestFields(sent, [])).toEqual([
      ["x-b", " 2 "],
      ["accept", "text/html"],
      ["x-b", ""],
      ["x_b", "3"],
    ]);
  });
});

describe("what Connection names is for one connection, in requests and answers alike (RFC 9110 §7.6.1)", () => {
  test.for([
    { connection: "x-a", passes: ["x-b"] },
    { connection: "close, X-A ,x-b", passes: [] },
    { connection: "X_A", passes: ["x-b"] },
    { connection: "x-a\t,\tx-b", passes: [] },
    { connection: "", passes: ["x-a", "x-b"] },
    { connection: "x-ab", passes: ["x-a", "x-b"] },
  ])("Connection: $connection", ({ connection, passes }) => {
    const fields: Field[] = [
      ["X-A", "1"],
      ["X-B", "2"],
      ["Connection", connection],
    ];
    expect(passingRequestFields(fields, []).map(([name]) => name)).toEqual(passes);
    expect(passingAnswerFields(fields, []).map(([name]) => name)).toEqual(passes);
  });

  test("each of several Connection fields counts", () => {
    const fields: Field[] = [
      ["connection", "x-a"],
      ["CONNECTION", "x-b"],
      ["x-a", "1"],
      ["x-b", "2"],
    ];
    expect(passingRequestFields(fields, [])).toEqual([]);
  });
});

describe("a service's header that does not come back (S38)", () => {
  test.for([
    "Connection",
    "Keep-Alive",
    "Transfer-Encoding",
    "Trailer",
    "Upgrade",
    "Proxy-Authenticate",
    "Set-Cookie",
    "Content-Length",
    "Podgate-Error",
    "Podgate-Decision",
    "Podgate-Anything",
    "Authorization",
    "X-Api-Key",
  ])("%s", (name) => {
    for (const spelt of spellingsOf(name)) expect(passingAnswerFields([[spelt, "v"]], OWN)).toEqual([]);
  });

  test.for(["location", "www-authenticate", "etag", "content-encoding", "x-amzn-requestid", "via", "x-podgate-error"])(
    "but %s does",
    (name) => {
      expect(passingAnswerFields([[name, "v"]], OWN)).toEqual([[name, "v"]]);
    },
  );
});

describe("what HTTP can carry", () => {
  test.for([
    ["x-a", true],
    ["X_A.b!#$%&'*+^`|~9", true],
    ["__proto__", true],
    ["", false],
    [":path", false],
    ["x a", false],
    ["x-a ", false],
    ["x-a\r", false],
    ["x-a\n", false],
    ["x\0", false],
    ["x-é", false],
    ["x(a)", false],
  ] as const)("as a name, %j: %s", ([name, verdict]) => {
    expect(isFieldName(name)).toBe(verdict);
  });

  test.for([
    ["", true],
    ["a b\tc", true],
    ["é\u00ff\u0080", true],
    ["\u0100", false],
    ["\r", false],
    ["a\nb", false],
    ["a\n", false],
    ["\0", false],
    ["\u001b[31m", false],
    ["\u007f", false],
    ["😀", false],
  ] as const)("as a value, %j: %s", ([value, verdict]) => {
    expect(isFieldValue(value)).toBe(verdict);
  });
});

test("whatever a caller sends, nothing that a service could take for podgate's own goes on", () => {
  const name = fc.oneof(
    fc.constantFrom(...OWN).chain((own) => fc.constantFrom(...spellingsOf(own))),
    fc.string({ maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string())), (fields) => {
      const own = OWN.map(spelling);
      for (const [passed] of passingRequestFields(fields, OWN)) expect(own).not.toContain(spelling(passed));
    }),
  );
});
