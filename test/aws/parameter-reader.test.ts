import fc from "fast-check";
import { expect, test } from "vitest";
import type { ParameterName } from "../../lib/aws/parameter-names.ts";
import { batchReads } from "../../lib/aws/parameter-reader.ts";
import type { StoredDocument } from "../../lib/document.ts";
import { GatewayError } from "../../lib/errors.ts";
import { codeOf, named } from "./store-and-reader.ts";

/** A reader behind which everything exists, and the calls that reached it. Calls with a failing name fail. */
function recordingReader(failing: string[] = []) {
  const calls: (readonly string[])[] = [];
  const read = batchReads(async (names) => {
    calls.push(names);
    if (names.some((name) => failing.includes(name))) throw new GatewayError("PARAMETERS_UNAVAILABLE", "struck");
    return new Map(names.map((name) => [name, documentOf(name)]));
  });
  return { calls, read: (...names: string[]) => read(names.map(named)) };
}

function documentOf(name: ParameterName): StoredDocument {
  return { name, version: 1, revision: "1", text: "{}" };
}

/** `a0` to `a<count - 1>`. */
function many(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index}`);
}

test("reads of one turn are one call, each name in it once", async () => {
  const { calls, read } = recordingReader();
  const [first, second] = await Promise.all([read("a", "b"), read("b", "c"), Promise.resolve().then(() => read("d"))]);
  expect(calls).toEqual([["a", "b", "c", "d"]]);
  expect(first.has("a") && first.has("b")).toBe(true);
  expect(second.has("b") && second.has("c")).toBe(true);
});

test("a read of a later turn is a call of its own", async () => {
  const { calls, read } = recordingReader();
  await read("a");
  await read("a");
  expect(calls).toEqual([["a"], ["a"]]);
});

test.for([
  { reads: [many("a", 7), many("b", 3)], calls: [10] },
  { reads: [many("a", 7), many("b", 4)], calls: [7, 4] },
  { reads: [many("a", 7), [...many("a", 7), ...many("b", 3)]], calls: [10] },
  { reads: [many("a", 10), ["a3"], ["b"]], calls: [10, 1] },
  { reads: [many("a", 10), many("b", 10), many("c", 2)], calls: [10, 10, 2] },
])("reads of $reads are calls of $calls names", async ({ reads, calls: sizes }) => {
  const { calls, read } = recordingReader();
  await Promise.all(reads.map((names) => read(...names)));
  expect(calls.map(({ length }) => length)).toEqual(sizes);
});

test("a failing call fails those who asked in it and nobody else", async () => {
  const { read } = recordingReader(["a0"]);
  const asked = [read(...many("a", 7)), read("a1", "z"), read(...many("b", 7)), read("b1")];
  expect(await Promise.all(asked.map(codeOf))).toEqual([
    "PARAMETERS_UNAVAILABLE",
    "PARAMETERS_UNAVAILABLE",
    "answered",
    "answered",
  ]);
  expect(await codeOf(read("b0"))).toBe("answered");
});

test("whatever is asked in one turn, a call has one to ten names, none twice, and everyone gets an answer of one call", async () => {
  const request = fc.uniqueArray(fc.constantFrom(...many("n", 14)), { minLength: 1, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
      const { calls, read } = recordingReader();
      const answers = await Promise.all(requests.map((names) => read(...names)));
      for (const call of calls) {
        expect(call.length).toBeGreaterThan(0);
        expect(call.length).toBeLessThanOrEqual(10);
        expect(new Set(call).size).toBe(call.length);
      }
      answers.forEach((answer, index) => {
        expect([...answer.keys()]).toEqual(expect.arrayContaining(requests[index] ?? []));
      });
    }),
  );
});
