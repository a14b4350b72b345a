import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createPermissionSource } from "../../lib/aws/document-sources.ts";
import { type ParameterName, ParameterNames } from "../../lib/aws/parameter-names.ts";
import type { StoredDocument } from "../../lib/document.ts";
import { decide } from "../../lib/permission/decide.ts";
import { ManualClock } from "../support/manual-clock.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Bytes in use once everything that can go is gone. */
function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** A permission source over a store in which every principal has the document `own`, or none. */
function startSource(own: string | undefined) {
  const calls: (readonly ParameterName[])[] = [];
  const permissions = createPermissionSource({
    names: new ParameterNames("/podgate/test"),
    read: async (names) => {
      calls.push(names);
      const [name] = names;
      if (name === undefined || own === undefined) return new Map();
      return new Map<string, StoredDocument>([[name, { name, version: 1, revision: "1@0", text: own }]]);
    },
    clock: new ManualClock(),
    maxAgeSeconds: 60,
    maxStaleSeconds: 300,
    holdoff: { until: 0 },
    onStale: () => {},
  });
  const findOne = (number: number) =>
    permissions.find({ cluster: "prod-seoul", namespace: "payments", serviceAccount: `account-${number}` }, "prod");
  return {
    calls,
    findOne,
    /** Asks about principals with these numbers; a document that cannot be read is none of the matter here. */
    find: async (from: number, to: number) => {
      for (let number = from; number < to; number++) await Promise.resolve(findOne(number)).catch(() => undefined);
    },
  };
}

const own = JSON.stringify({
  allow: [
    { service: "github", methods: ["GET"], paths: ["/repos/acme/*", "/user"] },
    { service: "orders", methods: ["*"], paths: ["/v1/*"] },
  ],
  deny: [{ service: "orders", methods: ["DELETE"], paths: ["*"] }],
});

/** As large as a standard parameter may be: 4,096 characters. */
const full = JSON.stringify({
  allow: Array.from({ length: 65 }, (_, index) => ({ service: "orders", methods: ["GET"], paths: [`/v1/${index}/*`] })),
});

/** As many patterns as go in, each with two wildcards, so that none is compared by its beginning and end alone. */
const wild = JSON.stringify({
  allow: [
    { service: "orders", methods: ["GET"], paths: Array.from({ length: 448 }, (_, at) => `/?${at.toString(36)}*?`) },
  ],
});

test("1,000 documents of nothing but wildcards take no more once each of their patterns was tried", async () => {
  const source = startSource(wild);
  const refuse = async (from: number, to: number) => {
    const access = { service: "orders", method: "GET", path: `/${"!".repeat(100)}` };
    for (let number = from; number < to; number++) {
      expect(decide(await source.findOne(number), access).effect).toBe("refuse");
    }
  };
  await refuse(0, 10);
  await source.find(10, 1010);
  const inUse = () => heapInUse() + process.memoryUsage().arrayBuffers;
  const before = inUse();
  await refuse(10, 1010);
  expect(inUse() - before).toBeLessThan(10_000_000);
});

/** Megabytes with Node 24: under 1, 7, 9 and 108, without the first thousand. Beyond 4,096 principals nothing is added, so fewer of the slow ones do. */
test.for([
  { principals: 100_000, documents: "no document", text: undefined, megabytes: 50 },
  { principals: 20_000, documents: "a document of their own", text: own, megabytes: 50 },
  { principals: 20_000, documents: "a document that cannot be read", text: '{"alow":[]}', megabytes: 50 },
  { principals: 4500, documents: "a document as large as can be", text: full, megabytes: 200 },
])("$principals principals with $documents leave less than $megabytes MB behind (R16)", async (row) => {
  const { principals, text, megabytes } = row;
  const source = startSource(text);
  await source.find(0, 1000);
  const before = heapInUse();
  await source.find(1000, principals);
  source.calls.length = 0;
  expect(heapInUse() - before).toBeLessThan(megabytes * 1_000_000);
  // What is kept is used after it was measured, so that it cannot have been collected before.
  await source.find(principals - 1000, principals);
  expect(source.calls).toHaveLength(0);
});

test("4,096 principals are kept and one more pushes out the one that was not asked about for longest (R16)", async () => {
  const source = startSource(undefined);
  await source.find(0, 4096);
  source.calls.length = 0;
  await source.find(0, 4096);
  expect(source.calls).toHaveLength(0);
  await source.find(4096, 4097);
  await source.find(1, 4096);
  expect(source.calls).toHaveLength(1);
  await source.find(0, 1);
  expect(source.calls).toHaveLength(2);
});
