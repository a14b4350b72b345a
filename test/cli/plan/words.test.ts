import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { reportOf } from "../../../cli/plan/report.ts";
import { planOf, type Texts } from "./killed-apply.ts";

type Documents = Readonly<Record<string, object>>;

const textsOf = (documents: Documents): Texts =>
  new Map(Object.entries(documents).map(([name, document]) => [name, JSON.stringify(document)]));

function linesOf(before: Documents, after: Documents): string[] {
  return reportOf(planOf(textsOf(before), textsOf(after))).changes.flatMap(({ lines }) => lines);
}

const rule = (service: string, methods: string[], ...paths: string[]) => ({ service, methods, paths });
const EVERYBODY = "permissions/_all";
const BILLING = "permissions/prod-seoul/payments/billing";
const ISSUER = { url: "https://c.example.com", cluster: "prod-seoul" };

describe("permissions, in words of access", () => {
  test.for<{ what: string; before: Documents; after: Documents; lines: string[] }>([
    {
      what: "a service account gains",
      before: {},
      after: { [BILLING]: { allow: [rule("github", ["GET"], "/repos/acme/*")] } },
      lines: ["payments/billing in cluster prod-seoul gains GET /repos/acme/* on github"],
    },
    {
      what: "everybody in a cluster loses",
      before: { "permissions/dev/_all": { allow: [rule("orders", ["*"], "*")] } },
      after: {},
      lines: ["everybody in cluster dev loses every method * on orders"],
    },
    {
      what: "a wider path is a gain of the rest, and no loss",
      before: { "permissions/_group.prod/payments/_all": { allow: [rule("orders", ["GET"], "/v1/*")] } },
      after: { "permissions/_group.prod/payments/_all": { allow: [rule("orders", ["GET"], "/v1/*", "/v2/*")] } },
      lines: ["everybody in namespace payments of group prod gains GET /v2/* on orders"],
    },
    {
      what: "a gain that a deny refuses",
      before: { [EVERYBODY]: { deny: [rule("*", ["DELETE"], "*")] } },
      after: {
        [EVERYBODY]: { deny: [rule("*", ["DELETE"], "*")] },
        [BILLING]: { allow: [rule("orders", ["GET", "DELETE"], "/v1/*")] },
      },
      lines: [
        "payments/billing in cluster prod-seoul gains GET /v1/* on orders",
        "payments/billing in cluster prod-seoul gains DELETE /v1/* on orders (refused all the same: permissions/_all denies it)",
      ],
    },
    {
      what: "a loss that another level makes good, by the group of the cluster too",
      before: {
        "issuers/c.example.com": { ...ISSUER, group: "prod" },
        [BILLING]: { allow: [rule("orders", ["GET"], "/a")] },
      },
      after: {
        "issuers/c.example.com": { ...ISSUER, group: "prod" },
        [BILLING]: {},
        "permissions/_group.prod/_all": { allow: [rule("orders", ["GET"], "/*")] },
      },
      lines: [
        "everybody in group prod gains GET /* on orders",
        "payments/billing in cluster prod-seoul loses GET /a on orders (keeps it, by permissions/_group.prod/_all)",
      ],
    },
    {
      what: "a loss that another level would make good, were it not denied now",
      before: {
        [EVERYBODY]: { allow: [rule("orders", ["GET"], "/*")] },
        [BILLING]: { allow: [rule("orders", ["GET"], "/a")] },
      },
      after: {
        [EVERYBODY]: { allow: [rule("orders", ["GET"], "/*")] },
        [BILLING]: { deny: [rule("orders", ["GET"], "/a")] },
      },
      lines: [
        "payments/billing in cluster prod-seoul loses GET /a on orders",
        "payments/billing in cluster prod-seoul is denied GET /a on orders",
      ],
    },
    {
      what: "a gain that another level gave already, and a deny took back",
      before: {
        [EVERYBODY]: { allow: [rule("orders", ["GET"], "/*")] },
        [BILLING]: { deny: [rule("orders", ["GET"], "/a")] },
      },
      after: {
        [EVERYBODY]: { allow: [rule("orders", ["GET"], "/*")] },
        [BILLING]: { allow: [rule("orders", ["GET"], "/a")] },
      },
      lines: [
        "payments/billing in cluster prod-seoul gains GET /a on orders",
        "payments/billing in cluster prod-seoul is denied no longer GET /a on orders",
      ],
    },
    {
      what: "a loss that another level makes good in part: denies of a level above and of one below take some of it",
      before: {
        [EVERYBODY]: { allow: [rule("orders", ["GET"], "/*")], deny: [rule("orders", ["GET"], "/v1/admin/*")] },
        "permissions/dev/_all": { allow: [rule("orders", ["GET"], "/v1/*", "/v2")] },
        "permissions/dev/shop/cart": { deny: [rule("*", ["GET"], "/v1/x")] },
        "permissions/prod/shop/cart": { deny: [rule("*", ["GET"], "/v2")] },
      },
      after: {
        [EVERYBODY]: { allow: [rule("orders", ["GET"], "/*")], deny: [rule("orders", ["GET"], "/v1/admin/*")] },
        "permissions/dev/_all": {},
        "permissions/dev/shop/cart": { deny: [rule("*", ["GET"], "/v1/x")] },
        "permissions/prod/shop/cart": { deny: [rule("*", ["GET"], "/v2")] },
      },
      lines: [
        "everybody in cluster dev loses GET /v1/* on orders (keeps it, by permissions/_all, but for what permissions/_all and 1 more deny)",
        "everybody in cluster dev loses GET /v2 on orders (keeps it, by permissions/_all)",
      ],
    },
    {
      what: "a gain of what another level gave already, but for a deny of a group of the cluster",
      before: {
        "issuers/c.example.com": { ...ISSUER, group: "prod" },
        [EVERYBODY]: { allow: [rule("orders", ["GET"], "/*")] },
        "permissions/_group.prod/payments/_all": { deny: [rule("orders", ["GET"], "/v1/admin")] },
      },
      after: {
        "issuers/c.example.com": { ...ISSUER, group: "prod" },
        [EVERYBODY]: { allow: [rule("orders", ["GET"], "/*")] },
        "permissions/_group.prod/payments/_all": { deny: [rule("orders", ["GET"], "/v1/admin")] },
        [BILLING]: { allow: [rule("orders", ["GET"], "/v1/*")] },
      },
      lines: [
        "payments/billing in cluster prod-seoul gains GET /v1/* on orders (had it already, by permissions/_all, but for what permissions/_group.prod/payments/_all denies)",
      ],
    },
    {
      what: "denies that come and go",
      before: { [EVERYBODY]: { deny: [rule("orders", ["GET"], "/a")] } },
      after: { [EVERYBODY]: { deny: [rule("orders", ["POST"], "/a")] } },
      lines: ["everybody is denied POST /a on orders", "everybody is denied no longer GET /a on orders"],
    },
    {
      what: "the same in another way",
      before: { [EVERYBODY]: { allow: [rule("orders", ["GET"], "/a"), rule("orders", ["GET"], "/b")] } },
      after: { [EVERYBODY]: { allow: [rule("orders", ["GET"], "/a", "/b")] } },
      lines: ["says the same in another way: nobody gains or loses anything"],
    },
    {
      what: "the order of members",
      before: { "issuers/c.example.com": ISSUER },
      after: { "issuers/c.example.com": { cluster: "prod-seoul", url: ISSUER.url } },
      lines: [],
    },
  ])("$what", ({ before, after, lines }) => {
    expect(linesOf(before, after)).toEqual(lines);
  });
});

const KEYS = ["1", "2"].map((kid) => ({
  kid,
  ...generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }),
}));
const keySet = (...keys: object[]) => ({
  "keys/c.example.com": { issuer: ISSUER.url, fetchedAt: 1, source: "static", keys },
});
const API = { service: "orders", audiences: ["orders.example.com"] };
const SERVICE = {
  url: "https://api.example.com",
  credential: { type: "header", name: "X-Key", value: "canary {secret}", secret: "a" },
};

describe("other documents, in words of who gets in", () => {
  test.for<{ what: string; before: Documents; after: Documents; lines: string[] }>([
    {
      what: "a new issuer",
      before: {},
      after: { "issuers/c.example.com": ISSUER },
      lines: ["everybody in cluster prod-seoul may present tokens: issuer https://c.example.com"],
    },
    {
      what: "an issuer that goes",
      before: { "issuers/c.example.com": ISSUER },
      after: {},
      lines: ["everybody in cluster prod-seoul loses everything: tokens of https://c.example.com are refused"],
    },
    {
      what: "an issuer that goes, and was disabled",
      before: { "issuers/c.example.com": { ...ISSUER, disabled: true } },
      after: {},
      lines: ["https://c.example.com was disabled, and is known no longer: nobody loses anything"],
    },
    {
      what: "an issuer that is disabled",
      before: { "issuers/c.example.com": ISSUER },
      after: { "issuers/c.example.com": { ...ISSUER, disabled: true } },
      lines: ["everybody in cluster prod-seoul loses everything: https://c.example.com is disabled"],
    },
    {
      what: "another group",
      before: { "issuers/c.example.com": { ...ISSUER, group: "a" } },
      after: { "issuers/c.example.com": { ...ISSUER, group: "b" } },
      lines: [
        "everybody in cluster prod-seoul loses what group a has",
        "everybody in cluster prod-seoul gains what group b has",
      ],
    },
    {
      what: "another name",
      before: { "issuers/c.example.com": ISSUER },
      after: { "issuers/c.example.com": { ...ISSUER, cluster: "prod" } },
      lines: [
        "callers of https://c.example.com are prod/… and no longer prod-seoul/…: they have the permissions of the one and not of the other",
      ],
    },
    {
      what: "a shorter lifetime",
      before: { "issuers/c.example.com": ISSUER },
      after: { "issuers/c.example.com": { ...ISSUER, maxTokenLifetimeSeconds: 3600 } },
      lines: ["maxTokenLifetimeSeconds: the default becomes 3600"],
    },
    {
      what: "another place for its keys",
      before: { "issuers/c.example.com": ISSUER },
      after: { "issuers/c.example.com": { ...ISSUER, jwksURL: "https://keys.example.com/c" } },
      lines: [
        'jwksURL: the default becomes "https://keys.example.com/c"',
        "keys are looked for at https://keys.example.com/c: until refresh-keys has been there (5 minutes at most, or invoke it), functions without a way there answer tokens of https://c.example.com with 5xx",
      ],
    },
    {
      what: "the place for its keys, where they are static",
      before: { "issuers/c.example.com": { ...ISSUER, keys: "static" } },
      after: { "issuers/c.example.com": { ...ISSUER, keys: "static", jwksURL: "https://keys.example.com/c" } },
      lines: ['jwksURL: the default becomes "https://keys.example.com/c"'],
    },
    {
      what: "keys",
      before: keySet(KEYS[0] ?? {}),
      after: keySet(KEYS[1] ?? {}),
      lines: ["tokens signed by key 1 are refused", "tokens signed by key 2 are accepted"],
    },
    {
      what: "a new API",
      before: {},
      after: { "apis/a1": { ...API, stages: { dev: { service: "orders-dev" } } } },
      lines: [
        "API a1 is orders, by tokens for orders.example.com, open to everybody with permissions",
        "  at stage dev: orders-dev, by tokens for orders.example.com, open to everybody with permissions",
      ],
    },
    {
      what: "another audience, fewer callers and a stage",
      before: { "apis/a1": API },
      after: {
        "apis/a1": { ...API, audiences: ["b"], principals: ["prod/*/*"], stages: { dev: { audiences: ["c"] } } },
      },
      lines: [
        "tokens for orders.example.com are accepted no longer at API a1",
        "tokens for b are accepted at API a1",
        "API a1 is open to prod/*/* with permissions, no longer to everybody with permissions",
        "  at stage dev: orders, by tokens for c, open to prod/*/* with permissions",
      ],
    },
    {
      what: "a service that goes elsewhere, with another credential",
      before: { "services/x": SERVICE },
      after: { "services/x": { ...SERVICE, url: "https://b.example.com", credential: { type: "none" } } },
      lines: [
        "calls of service x go to https://b.example.com, no longer to https://api.example.com",
        "credential is another one",
      ],
    },
  ])("$what", ({ before, after, lines }) => {
    expect(linesOf(before, after)).toEqual(lines);
  });
});
