import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createPermissionSource } from "../../lib/aws/document-sources.ts";
import { type ParameterName, ParameterNames } from "../../lib/aws/parameter-names.ts";
import type { StoredDocument } from "../../lib/document.ts";
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
  });
  return {
    calls,
    /** Asks about principals with these numbers; a document that cannot be read is none of the matter here. */
    find: async (from: number, to: number) => {
      for (let number = from; number < to; number++) {
        const principal = { cluster: "prod-seoul", namespace: "payments", serviceAccount: `account-${number}` };
        await permissions.find(principal, "prod").catch(() => undefined);
      }
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

/** Figures of Node 24: 1 MB, 22 MB and 26 MB. Beyond 10,000 principals nothing is added, so fewer of the slow ones do. */
test.for([
  { principals: 100_000, documents: "no document", text: undefined },
  { principals: 20_000, documents: "a document of their own", text: own },
  { principals: 20_000, documents: "a document that cannot be read", text: '{"alow":[]}' },
])("$principals principals with $documents leave less than 50 MB behind (R16)", async ({ principals, text }) => {
  const source = startSource(text);
  await source.find(0, 1000);
  const before = heapInUse();
  await source.find(1000, principals);
  source.calls.length = 0;
  expect(heapInUse() - before).toBeLessThan(50_000_000);
  // What is kept is used after it was measured, so that it cannot have been collected before.
  await source.find(principals - 1000, principals);
  expect(source.calls).toHaveLength(0);
});

test("10,000 principals are kept and one more pushes out the one that was not asked about for longest (R16)", async () => {
  const source = startSource(undefined);
  await source.find(0, 10_000);
  source.calls.length = 0;
  await source.find(0, 10_000);
  expect(source.calls).toHaveLength(0);
  await source.find(10_000, 10_001);
  await source.find(1, 10_000);
  expect(source.calls).toHaveLength(1);
  await source.find(0, 1);
  expect(source.calls).toHaveLength(2);
});
