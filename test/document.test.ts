import { describe, expect, test } from "vitest";
import { formatVersion, parseDocument, type StoredDocument } from "../lib/document.ts";
import { list, object, optional, type Reader, text, wholeNumber, wrong } from "../lib/document-reader.ts";
import { GatewayError } from "../lib/errors.ts";

const reader = object({
  version: formatVersion,
  name: text(),
  limits: optional(list(object({ max: optional(wholeNumber(0, 9)) }))),
});

function stored(text: string): StoredDocument {
  return { name: "/podgate/test/x", version: 3, revision: "3@0", text };
}

/** What is wrong with the text, as the operator reads it. */
function faultOf(text: string): { code: string; fault: string } {
  try {
    parseDocument(stored(text), reader);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { code: error.code, fault: error.message.replace(/^parameter \/podgate\/test\/x \(version 3\) /, "") };
  }
  return { code: "none", fault: "none" };
}

test("a document is what its reader says", () => {
  expect(parseDocument(stored('{"version":1,"name":"a","limits":[{"max":1},{}]}'), reader)).toEqual({
    version: 1,
    name: "a",
    limits: [{ max: 1 }, {}],
  });
});

describe("a document that cannot be read is DOCUMENT_INVALID, naming parameter and member", () => {
  test.for([
    { text: "", fault: "not JSON" },
    { text: "{", fault: "not JSON" },
    { text: '{"name":"secret-4711",}', fault: "not JSON" },
    { text: '\uFEFF{"name":"a"}', fault: "not JSON" },
    { text: '{"name":"a","name":"a"}', fault: 'the member "name" is written twice' },
    { text: '{"name":"a","\\u006eame":"a"}', fault: 'the member "name" is written twice' },
    { text: '{"name":"a","limits":[{"max":1,"max":2}]}', fault: 'the member "max" is written twice' },
    { text: "[]", fault: "it is not a JSON object" },
    { text: "null", fault: "it is not a JSON object" },
    { text: '"a"', fault: "it is not a JSON object" },
    { text: "{}", fault: "name is missing" },
    { text: '{"name":1}', fault: "name is not a string" },
    { text: '{"name":null}', fault: "name is not a string" },
    { text: '{"name":"a","nmae":"b"}', fault: "nmae is unknown; allowed are version, name, limits" },
    { text: '{"name":"a","__proto__":{}}', fault: "__proto__ is unknown; allowed are version, name, limits" },
    { text: '{"name":"a","toString":1}', fault: "toString is unknown; allowed are version, name, limits" },
    { text: '{"name":"a","limits":{}}', fault: "limits is not a list" },
    { text: '{"name":"a","limits":null}', fault: "limits is not a list" },
    { text: '{"name":"a","limits":[{"min":1}]}', fault: "limits[0].min is unknown; allowed are max" },
    { text: '{"name":"a","limits":[{},{"max":"1"}]}', fault: "limits[1].max is not a whole number from 0 to 9" },
    { text: '{"name":"a","limits":[[]]}', fault: "limits[0] is not an object" },
    { text: '{"name":"a","limits":[null,1]}', fault: "limits[0] is not an object; limits[1] is not an object" },
    { text: '{"name":"a","version":0}', fault: "version is not 1" },
    { text: '{"name":"a","version":"1"}', fault: "version is not 1" },
    { text: '{"name":"a","version":null}', fault: "version is not 1" },
    // Five are enough to go on with.
    {
      text: '{"name":1,"limits":[1,2,3,4,5]}',
      fault: /^name is not a string(; limits\[[0-3]\] is not an object){4}$/,
    },
    { text: `{"name":"a","${"x".repeat(100)}":1}`, fault: /^x{64} is unknown/ },
  ])("$text", ({ text, fault }) => {
    const found = faultOf(text);
    expect(found.code).toBe("DOCUMENT_INVALID");
    expect(found.fault).toMatch(/^cannot be read: /);
    const told = found.fault.slice("cannot be read: ".length);
    if (typeof fault === "string") expect(told).toBe(fault);
    else expect(told).toMatch(fault);
  });

  test("of 100,000 brackets is one more of them", () => {
    expect(faultOf("[".repeat(100_000) + "]".repeat(100_000)).code).toBe("DOCUMENT_INVALID");
  });
});

describe("a document of a newer format is DOCUMENT_TOO_NEW, whatever else is in it", () => {
  test.for([
    { text: '{"version":2}', version: "2" },
    { text: '{"version":2,"name":"a","novelty":{}}', version: "2" },
    { text: '{"version":1.5,"name":"a"}', version: "1.5" },
  ])("$text", ({ text, version }) => {
    expect(faultOf(text)).toEqual({
      code: "DOCUMENT_TOO_NEW",
      fault: `has format version ${version}; this release reads 1: upgrade podgate first`,
    });
  });
});

describe("a document as a whole", () => {
  const options = object({ a: optional(text()) });

  test.for(["[]", '["a"]'])(
    "the list %s is refused where an object has to be, though no member is required",
    (text) => {
      const outer = object({ options });
      expect(() => parseDocument(stored(`{"options":${text}}`), outer)).toThrow("options is not an object");
    },
  );

  test("a rule over the whole document is told of the document", () => {
    const whole: Reader<unknown> = (_, reading) => wrong(reading, "has neither a nor b");
    expect(() => parseDocument(stored("{}"), whole)).toThrow("cannot be read: the document has neither a nor b");
  });

  test("an object without members is accepted", () => {
    expect(parseDocument(stored("{}"), options)).toEqual({});
  });
});
