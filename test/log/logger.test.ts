import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LOG_LEVELS } from "../../lib/config.ts";
import { createLogger, formatRecord } from "../../lib/log/logger.ts";
import { startClusters } from "../../offline/cluster/clusters.ts";

/** The text `value` as a reader of the line gets it. */
function logged(value: unknown): unknown {
  const record: { value: unknown } = JSON.parse(formatRecord({ value }));
  return record.value;
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

describe("levels", () => {
  test.for([
    { minimum: "debug", written: ["debug", "info", "warn", "error"] },
    { minimum: "info", written: ["info", "warn", "error"] },
    { minimum: "warn", written: ["warn", "error"] },
    { minimum: "error", written: ["error"] },
  ] as const)("from $minimum on: $written", ({ minimum, written }) => {
    const lines: string[] = [];
    const logger = createLogger(minimum, (line) => lines.push(line));
    for (const level of LOG_LEVELS) logger.log(level, { text: "x" });
    expect(lines).toEqual(written.map((level) => `{"level":"${level}","text":"x"}`));
  });

  test("records that are always written have no level to be left out by", () => {
    const lines: string[] = [];
    createLogger("error", (line) => lines.push(line)).always({ type: "decision" });
    expect(lines).toEqual(['{"type":"decision"}']);
  });
});

describe("a line of log", () => {
  test.for([
    { what: "ESC of an ANSI sequence", text: "\u001b[31mred" },
    { what: "line feed", text: "a\nb" },
    { what: "carriage return", text: "a\rb" },
    { what: "NUL", text: "a\u0000b" },
    { what: "DEL", text: "a\u007fb" },
    { what: "C1 control sequence introducer", text: "a\u009b31m" },
    { what: "next line", text: "a\u0085b" },
    { what: "line separator", text: "a\u2028b" },
    { what: "paragraph separator", text: "a\u2029b" },
    { what: "right-to-left override", text: "a\u202eb" },
    { what: "zero-width space", text: "a\u200bb" },
    { what: "half of a surrogate pair", text: "a\ud83db" },
    { what: "emoji", text: "a😀b" },
    { what: "quote and backslash", text: 'a"\\b' },
  ])("is printable ASCII though a text holds $what, which a reader gets back", ({ text }) => {
    expect(formatRecord({ text })).toMatch(/^[ -~]+$/);
    expect(logged(text)).toBe(text);
  });

  test.for([
    { characters: 255, logged: "x".repeat(255) },
    { characters: 256, logged: "x".repeat(256) },
    { characters: 257, logged: `${"x".repeat(255)}…` },
    { characters: 100_000, logged: `${"x".repeat(255)}…` },
  ])("has at most 256 characters of a text: $characters", (row) => {
    expect(logged("x".repeat(row.characters))).toBe(row.logged);
  });

  test("cuts texts wherever they are in the record, and keeps numbers, lists and null", () => {
    expect(logged({ list: ["x".repeat(300), 1, null, true], not: undefined })).toEqual({
      list: [`${"x".repeat(255)}…`, 1, null, true],
    });
  });

  test("whatever is logged, it is one line of JSON in printable ASCII", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string({ unit: "binary" }), (record, text) => {
        const line = formatRecord({ ...record, text });
        expect(line).toMatch(/^[ -~]+$/);
        expect(JSON.parse(line)).toBeTypeOf("object");
      }),
    );
  });
});

test("a record that needs no cleaning is written as it would be after cleaning", () => {
  const text = fc.oneof(
    fc.string({
      unit: fc.constantFrom("e", "y", "J", "A", "-", ".", " ", '"', "/", "\\", "é", "\u007f"),
      maxLength: 40,
    }),
    fc.nat(600).map((length) => "x".repeat(length)),
  );
  const value = fc.oneof(text, fc.integer(), fc.array(fc.oneof(text, fc.integer()), { maxLength: 80 }));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), (values) => {
      // A backslash anywhere has every text of the record cleaned.
      const cleaned = formatRecord({ values, last: "\\" });
      expect(`${formatRecord({ values }).slice(0, -1)},"last":"\\\\"}`).toBe(cleaned);
    }),
    { numRuns: 1000 },
  );
});

describe("tokens in a line of log", () => {
  const header = base64url('{"alg":"RS256","kid":"k"}');
  const payload = base64url('{"iss":"https://a.example","sub":"canary-4711"}');
  const token = `${header}.${payload}.c2lnbmF0dXJl`;

  test.for([
    { where: "alone", text: token, expected: "[token]" },
    { where: "in a path", text: `/v1/${token}/x`, expected: "/v1/[token]/x" },
    { where: "in a header", text: `Bearer ${token}`, expected: "Bearer [token]" },
    { where: "glued to a name", text: `name${token}`, expected: "[token]" },
    { where: "behind another part", text: `a.b.${token}.c`, expected: "[token]" },
    { where: "behind something that begins like a token", text: `eyJx.${token}`, expected: "[token]" },
    { where: "twice", text: `${token} ${token}`, expected: "[token] [token]" },
    { where: "without a signature", text: `${header}.${payload}.`, expected: "[token]" },
    {
      where: "with a header that begins with a space",
      text: `${base64url('{ "alg":"RS256"}')}.${payload}.x`,
      expected: "[token]",
    },
    {
      where: "where the cut would halve it",
      text: `${"x ".repeat(120)}${token}`,
      expected: `${"x ".repeat(120)}[token]`,
    },
  ])("$where: $expected", ({ text, expected }) => {
    expect(logged(text)).toBe(expected);
  });

  test.for([
    "https://keycloak-internal.mycompany-production.com/realms/honey-production",
    "https://oidc.eks.ap-northeast-2.amazonaws.com/id/B0678ED568FC12BBC37256BBA2A4BB53",
    "/podgate/prod/permissions/prod-seoul/monkey-payments-system/checkout.service.v2",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6.short.x",
    "1.2.3",
  ])("%s is no token and stays", (text) => {
    expect(logged(text)).toBe(text);
  });

  test("whatever surrounds a token and wherever it stands, none of its parts is in the line", async () => {
    await using clusters = await startClusters({ clusters: [{ name: "dev", algorithm: "ES256" }] });
    const minted = await clusters.cluster("dev").mint({ namespace: "payments", serviceAccount: "checkout" });
    const around = fc.string({
      unit: fc.constantFrom("e", "y", "J", ".", "/", "-", " ", "A", "é", "\n"),
      maxLength: 300,
    });
    fc.assert(
      fc.property(around, around, (before, after) => {
        const text = `${before}${minted.token}${after}`;
        const line = formatRecord({ text, list: [text], member: { of: { member: text } } });
        for (const part of minted.token.split(".")) expect(line).not.toContain(part.slice(0, 16));
      }),
    );
  });

  test("a long hostile text takes no longer than a harmless one of its length, give or take", () => {
    const time = (text: string) => {
      const before = process.cpuUsage();
      for (let round = 0; round < 5; round++) formatRecord({ text });
      return process.cpuUsage(before).user / 1000;
    };
    const length = 300_000;
    time("x".repeat(length));
    // Quadratic work would take ten thousand times as long.
    expect(time("eyJ".repeat(length / 3))).toBeLessThan(50 * time("x ".repeat(length / 2)) + 50);
  });
});
