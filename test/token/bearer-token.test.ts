import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import { BearerToken, readBearerToken } from "../../lib/token/bearer-token.ts";
import { readShape } from "../../lib/token/unverified-token.ts";

/** The token, or the code by which the header is refused; whether the token is one is another matter. */
const outcomeOf = (fields: readonly string[]) => {
  const read = readBearerToken(fields);
  if (isRefusal(read)) return read.code;
  const shape = readShape(read);
  return isRefusal(shape) && shape.step === "transport" ? shape.code : read.reveal();
};

describe("one Authorization field with one token (S21)", () => {
  test.for([
    { fields: ["Bearer abc"], token: "abc" },
    { fields: ["bearer abc"], token: "abc" },
    { fields: ["BEARER abc"], token: "abc" },
    { fields: ["bEaReR abc"], token: "abc" },
    { fields: ["Bearer   abc"], token: "abc" },
    { fields: ["Bearer a.b-c_d~e+f/g=="], token: "a.b-c_d~e+f/g==" },
  ])("$fields gives $token", ({ fields, token }) => {
    expect(outcomeOf(fields)).toBe(token);
  });

  test.for([
    { fields: [], code: "TOKEN_MISSING" },
    { fields: [""], code: "TOKEN_MISSING" },
    { fields: ["", ""], code: "AUTHORIZATION_REPEATED" },
    { fields: ["", "Bearer abc"], code: "AUTHORIZATION_REPEATED" },
    { fields: ["Bearer abc", ""], code: "AUTHORIZATION_REPEATED" },
    { fields: ["Bearer abc", "Bearer abc"], code: "AUTHORIZATION_REPEATED" },
    { fields: ["Bearer abc", "Basic abc"], code: "AUTHORIZATION_REPEATED" },
    { fields: ["Bearer abc,Bearer def"], code: "AUTHORIZATION_REPEATED" },
    { fields: ["Bearer abc, Basic def"], code: "AUTHORIZATION_REPEATED" },
    { fields: ["Bearer abc,"], code: "AUTHORIZATION_REPEATED" },
    { fields: [",Bearer abc"], code: "AUTHORIZATION_REPEATED" },
    { fields: ["Bearer"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer "], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearerabc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["abc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: [" "], code: "AUTHORIZATION_MALFORMED" },
    { fields: [" Bearer abc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer abc "], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer abc def"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer\tabc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer \tabc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer\u00a0abc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer \u00a0abc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer abc\n"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer abc\r\nX: y"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer abc\0"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer ab\u212a"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer ab\u017f"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ['Bearer "abc"'], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer token=abc;"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Basic abc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Token abc"], code: "AUTHORIZATION_MALFORMED" },
    { fields: ["Bearer: abc"], code: "AUTHORIZATION_MALFORMED" },
  ])("$fields is $code", ({ fields, code }) => {
    expect(outcomeOf(fields)).toBe(code);
  });
});

describe("size (S7)", () => {
  test.for([
    { what: "a token of 8,192 bytes", field: `Bearer ${"a".repeat(8192)}`, code: undefined },
    { what: "a token of 8,193 bytes", field: `Bearer ${"a".repeat(8193)}`, code: "TOKEN_TOO_LARGE" },
    {
      what: "8,193 bytes of which one is no token's",
      field: `Bearer ${"a".repeat(8192)} `,
      code: "AUTHORIZATION_MALFORMED",
    },
    { what: "a field as long as is looked at", field: `Bearer${" ".repeat(58)}${"a".repeat(8192)}`, code: undefined },
    { what: "one space more", field: `Bearer${" ".repeat(59)}${"a".repeat(8192)}`, code: "TOKEN_TOO_LARGE" },
    // Anything but the length would be told by another code: the length is looked at first.
    { what: "a megabyte of commas", field: ",".repeat(1_000_000), code: "TOKEN_TOO_LARGE" },
    { what: "a megabyte of spaces", field: `Bearer ${" ".repeat(1_000_000)}`, code: "TOKEN_TOO_LARGE" },
    { what: "a megabyte of dots", field: `Bearer ${".".repeat(1_000_000)}`, code: "TOKEN_TOO_LARGE" },
  ])("$what: $code", ({ field, code }) => {
    const read = readBearerToken([field]);
    expect(isRefusal(read) ? read.code : undefined).toBe(code);
  });
});

test("a token shows its text to nobody who does not ask for it (S41)", () => {
  const token = new BearerToken("canary");
  const shown = [
    `${token}`,
    String(token),
    JSON.stringify({ token }),
    inspect(token, { showHidden: true }),
    [token].join(),
  ];

  expect(token.reveal()).toBe("canary");
  expect(shown.join()).not.toContain("canary");
});

test("no refusal repeats what was sent", () => {
  const sent = [["Basic canary"], ["Bearer canary canary"], ["canary,canary"], ["canary".repeat(2000)], ["canary", ""]];

  for (const fields of sent) expect(JSON.stringify(readBearerToken(fields))).not.toContain("canary");
});
