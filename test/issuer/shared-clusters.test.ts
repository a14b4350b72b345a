import { expect, test } from "vitest";
import { sharedClusters } from "../../lib/issuer/shared-clusters.ts";
import { parseTrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";

interface Members {
  readonly name: string;
  readonly cluster?: string;
  readonly replaces?: string;
  readonly disabled?: boolean;
}

function issuer({ name, cluster = "prod", ...members }: Members) {
  const text = JSON.stringify({ url: `https://${name}.example`, cluster, ...members });
  return parseTrustedIssuer({ name: `/p/issuers/${name}.example`, version: 1, revision: "1", text });
}

const a: Members = { name: "a" };
const b: Members = { name: "b" };

test.for<{ what: string; issuers: Members[]; shared: number }>([
  { what: "two clusters", issuers: [a, { ...b, cluster: "other" }], shared: 0 },
  { what: "two issuers of one", issuers: [a, b], shared: 1 },
  { what: "one of which is disabled", issuers: [a, { ...b, disabled: true }], shared: 0 },
  { what: "one of which replaces the other, by URL", issuers: [a, { ...b, replaces: "https://a.example" }], shared: 0 },
  { what: "one of which replaces the other, by name", issuers: [a, { ...b, replaces: "a.example" }], shared: 0 },
  { what: "one of which replaces a third", issuers: [a, { ...b, replaces: "c.example" }], shared: 1 },
  { what: "one of which replaces itself", issuers: [a, { ...b, replaces: "b.example" }], shared: 1 },
  {
    what: "two that replace each other",
    issuers: [
      { ...a, replaces: "b.example" },
      { ...b, replaces: "a.example" },
    ],
    shared: 1,
  },
  { what: "one of which has a name that nobody gave", issuers: [a, { name: "undefined" }], shared: 1 },
  {
    what: "three in a row",
    issuers: [a, { ...b, replaces: "a.example" }, { name: "c", replaces: "b.example" }],
    shared: 0,
  },
  { what: "three, one of which replaces one", issuers: [a, b, { name: "c", replaces: "b.example" }], shared: 1 },
])("$what: $shared clusters are shared", ({ issuers, shared }) => {
  expect(sharedClusters(issuers.map(issuer))).toHaveLength(shared);
});
