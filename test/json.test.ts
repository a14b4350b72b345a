import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { decodeUtf8, isJsonObject, JsonFault, parseJson } from "../lib/json.ts";

const untouched = Object.getOwnPropertyNames(Object.prototype);
afterEach(() => expect(Object.getOwnPropertyNames(Object.prototype)).toStrictEqual(untouched));

function outcomeOf(text: string): "read" | "refused" {
  try {
    parseJson(text);
    return "read";
  } catch (error) {
    if (error instanceof JsonFault) return "refused";
    throw error;
  }
}

describe("a member written twice (RFC 8259 §4, S10)", () => {
  test.for([
    { json: '{"a":1,"b":2}', outcome: "read" },
    { json: '{"a":1,"a":1}', outcome: "refused" },
    { json: '{"a":1,"\\u0061":2}', outcome: "refused" },
    { json: '{"\\u0061":1,"\\u0061":2}', outcome: "refused" },
    { json: '{"a":1,"A":2}', outcome: "read" },
    { json: '{"a":{"a":{"a":1}}}', outcome: "read" },
    { json: '{"a":{"b":1},"b":1}', outcome: "read" },
    { json: '{"a":{"b":1,"b":2}}', outcome: "refused" },
    { json: '{"a":{},"a":{}}', outcome: "refused" },
    { json: '{"a":{"b":{}},"c":[],"a":1}', outcome: "refused" },
    { json: '[{"a":1},{"a":1}]', outcome: "read" },
    { json: '[{"a":1},{"a":1,"a":1}]', outcome: "refused" },
    { json: '{"a":["a","a"],"b":"a"}', outcome: "read" },
    { json: '{"a":"{\\"a\\":1,\\"a\\":2}"}', outcome: "read" },
    { json: '{"a":"\\"","b":"}","c":"{"}', outcome: "read" },
    { json: '{"a":"}","a":1}', outcome: "refused" },
    { json: '{"\\"":1,"\\"":2}', outcome: "refused" },
    { json: '{"\\\\":1,"\\\\":2}', outcome: "refused" },
    { json: '{"\\\\":1,"\\"":2}', outcome: "read" },
    { json: '{"":1,"":2}', outcome: "refused" },
    { json: '{ "a" \t\r\n : 1 , "a" : 2 }', outcome: "refused" },
    { json: '{"a":":","b":"a"}', outcome: "read" },
    { json: '{"__proto__":1,"__proto__":2}', outcome: "refused" },
    { json: '{"/":1,"\\/":2}', outcome: "refused" },
  ])("$json is $outcome", ({ json, outcome }) => {
    expect(outcomeOf(json)).toBe(outcome);
  });

  test("is named in the fault, and cut where it is long", () => {
    const name = "n".repeat(1000);

    expect(() => parseJson(`{"${name}":1,"${name}":2}`)).toThrow(`the member "${"n".repeat(64)}" is written twice`);
  });
});

describe("text that is not JSON", () => {
  test.for(["", " ", "{", "{'a':1}", "{a:1}", '{"a":1,}', '{"a":1}x', "NaN", "01", "\u{feff}{}", '{"a":"\n"}', '"'])(
    "%j is refused",
    (text) => {
      expect(outcomeOf(text)).toBe("refused");
    },
  );

  test("the fault does not quote it", () => {
    expect(() => parseJson('{"secret":canary}')).toThrow(/^not JSON$/);
  });

  test("nesting of any depth is read or refused, and never breaks out", () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const deep = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
      expect(["read", "refused"]).toContain(outcomeOf(deep));
    }
  });
});

describe("what is read", () => {
  test("an object has no prototype, at any depth, so nothing is there that was not written", () => {
    const value = parseJson('{"a":[{"b":{}}]}');
    if (!isJsonObject(value) || !Array.isArray(value["a"])) throw new Error("not read");

    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.getPrototypeOf(value["a"][0])).toBeNull();
    expect(Object.getPrototypeOf(value["a"][0].b)).toBeNull();
    expect(value["toString"]).toBeUndefined();
    expect("constructor" in value).toBe(false);
  });

  test.for([
    '{"__proto__":{"iss":"https://evil"}}',
    '{"a":{"__proto__":{"iss":"https://evil"}}}',
    '{"constructor":{"prototype":{"iss":"https://evil"}}}',
    '{"__proto__":null}',
    '{"__proto__":{"__proto__":{"iss":"x"}}}',
  ])("%s supplies no other member (S20)", (json) => {
    const value = parseJson(json);
    if (!isJsonObject(value)) throw new Error("not read");

    expect(value["iss"]).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.keys(value)).toStrictEqual(Object.keys(JSON.parse(json)));
    expect(Reflect.get({}, "iss")).toBeUndefined();
  });

  test("agrees with JSON.parse for every text without a repeated member", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 2, "\t"), (text, space) => {
        const spaced = JSON.stringify(JSON.parse(text), null, space);
        expect(JSON.stringify(parseJson(spaced))).toBe(JSON.stringify(JSON.parse(spaced)));
      }),
    );
  });

  test("any member that is written again, however escaped, refuses the whole", () => {
    const escaped = (name: string) =>
      `"${[...Array(name.length).keys()].map((at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`;
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.json(),
        fc.boolean(),
        fc.nat(3),
        (name, value, spelledOut, depth) => {
          const again = spelledOut ? escaped(name) : JSON.stringify(name);
          const once = `{${JSON.stringify(name)}:${value}}`;
          const twice = `{${JSON.stringify(name)}:${value},${again}:${value}}`;
          const wrap = (json: string) => `${'{"x":['.repeat(depth)}${json}${"]}".repeat(depth)}`;
          const unique = JSON.stringify(JSON.parse(once));
          expect(outcomeOf(wrap(unique))).toBe("read");
          expect(outcomeOf(wrap(twice))).toBe("refused");
        },
      ),
    );
  });
});

describe("bytes to text", () => {
  test.for([
    { what: "ASCII", bytes: [0x7b, 0x7d], text: "{}" },
    { what: "four bytes of UTF-8", bytes: [0xf0, 0x9f, 0x94, 0x91], text: "🔑" },
    { what: "a byte order mark, which stays and then is no JSON", bytes: [0xef, 0xbb, 0xbf, 0x7b], text: "\u{feff}{" },
  ])("$what is decoded", ({ bytes, text }) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBe(text);
  });

  test.for([
    { what: "a lone continuation byte", bytes: [0x80] },
    { what: "an overlong slash", bytes: [0xc0, 0xaf] },
    { what: "a surrogate", bytes: [0xed, 0xa0, 0x80] },
    { what: "a sequence that is cut", bytes: [0xf0, 0x9f] },
    { what: "beyond U+10FFFF", bytes: [0xf4, 0x90, 0x80, 0x80] },
    { what: "Latin-1", bytes: [0x22, 0xe4, 0x22] },
  ])("$what is refused", ({ bytes }) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(JsonFault);
  });
});

test.for([
  { value: {}, is: true },
  { value: Object.create(null), is: true },
  { value: [], is: false },
  { value: null, is: false },
  { value: "{}", is: false },
  { value: undefined, is: false },
])("a JSON object: $value is $is", ({ value, is }) => {
  expect(isJsonObject(value)).toBe(is);
});
