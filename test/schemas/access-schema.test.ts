import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DocumentKind, kindOf } from "../../cli/store/document-store.ts";
import { parseEntry } from "../../cli/store/parsed-document.ts";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { GatewayError } from "../../lib/errors.ts";
import { validateAccess as validate } from "../support/access-schema.ts";

const names = new ParameterNames("/podgate/test");

/** Whether the functions could use the document under this name. */
function isParsed(name: string, document: unknown): boolean {
  const kind = kindOf(name);
  if (kind === undefined) return false;
  const stored = { name: `/podgate/test/${name}`, version: 1, revision: "1", text: JSON.stringify(document) };
  try {
    parseEntry({ name, kind, stored }, names);
    return true;
  } catch (error) {
    if (error instanceof GatewayError) return false;
    throw error;
  }
}

const RULE = { service: "orders", methods: ["GET"], paths: ["/v1/*"] };
const KEY = {
  kid: "a",
  kty: "EC",
  crv: "P-256",
  x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
  y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
};

/** A document of each kind with everything that it may have. */
const WHOLE: Readonly<Record<string, Record<string, unknown>>> = {
  "issuers/oidc.example.com/dev": {
    version: 1,
    url: "https://oidc.example.com/dev",
    cluster: "dev",
    group: "all",
    algorithms: ["RS256", "ES384"],
    maxTokenLifetimeSeconds: 3600,
    requireBoundPod: true,
    notBefore: 1764000000,
    disabled: false,
    discoveryURL: "https://oidc.example.com/x/.well-known/openid-configuration",
    jwksURL: "https://keys.example.com/jwks",
    certificateAuthority: "-----BEGIN CERTIFICATE-----\nx",
    network: "private",
    keys: "static",
    replaces: "https://old.example.com",
  },
  "keys/oidc.example.com/dev": {
    version: 1,
    issuer: "https://oidc.example.com/dev",
    fetchedAt: 1764000000.5,
    source: "static",
    keys: [{ ...KEY, alg: "ES256", use: "sig" }],
  },
  "apis/a1b2c3": {
    version: 1,
    service: "orders",
    audiences: ["orders.example.com"],
    cached: false,
    answers: "policy",
    principals: ["dev/payments/*", "*/*/a.b"],
    account: "123456789012",
    region: "us-east-1",
    stages: { dev: { service: "orders-dev", audiences: ["x"], principals: ["dev/a/b"] }, $default: {} },
  },
  "services/github": {
    version: 1,
    url: "https://api.github.com/v3",
    credential: { type: "header", name: "X-Api-Key", value: "Bearer {secret}", secret: "token" },
    principals: ["dev/*/*"],
    timeoutSeconds: 10,
    identityHeader: "X-Podgate-Principal",
    network: "public",
  },
  "permissions/dev/payments/billing": {
    version: 1,
    allow: [RULE, { service: "github", methods: ["*"], paths: ["*", "/user", "/a?c d"] }],
    deny: [{ ...RULE, service: "*" }],
  },
};

const CREDENTIALS = [
  { type: "none" },
  { type: "basic", username: "", secret: "password" },
  {
    type: "oauth2-client-credentials",
    tokenURL: "https://x.example.com/token?a=b",
    clientId: "a b",
    secret: "s",
    scope: "a b",
  },
  { type: "aws-sigv4", region: "us-east-1", signingName: "execute-api", roleArn: "arn:aws:iam::123456789012:role/a/b" },
];

describe("the schema of a folder's file", () => {
  test.for(Object.entries(WHOLE))("accepts %s, as the functions do", ([name, document]) => {
    expect({
      parsed: isParsed(name, document),
      valid: validate({ [name]: document }),
      errors: validate.errors,
    }).toEqual({
      parsed: true,
      valid: true,
      errors: null,
    });
  });

  test.for(CREDENTIALS)("accepts a credential of type $type", (credential) => {
    const document = { ...WHOLE["services/github"], credential };
    expect(isParsed("services/github", document)).toBe(true);
    expect(validate({ "services/github": document })).toBe(true);
  });

  test.for([
    "permissions/_all",
    "permissions/dev/_all",
    "permissions/dev/payments/_all",
    "permissions/dev/payments/a.b-c",
    "permissions/_group.all/_all",
    "permissions/_group.all/payments/billing",
    "permissions/dev",
    "permissions/dev/payments",
    "permissions/Dev/_all",
    "permissions/_group./_all",
    "permissions/dev/payments/billing/x",
    "permissions/dev/pay_ments/x",
    "permissions/dev/payments/.a",
    "services/Github",
    "services/git.hub",
    "apis/a_b",
    `apis/${"a".repeat(65)}`,
    "secrets/github/token",
    "permission/_all",
  ])("takes the name %s where the functions would find it, and nowhere else", (name) => {
    const kind: DocumentKind = kindOf(name) ?? "permissions";
    const document =
      kind === "services" ? WHOLE["services/github"] : kind === "apis" ? WHOLE["apis/a1b2c3"] : { allow: [] };
    expect(validate({ [name]: document })).toBe(isParsed(name, document));
  });

  test.for<{ name: string; member: string; values: unknown[] }>([
    {
      name: "issuers/oidc.example.com/dev",
      member: "algorithms",
      values: [[], ["HS256"], ["RS256", "RS256"], "RS256", [null]],
    },
    {
      name: "issuers/oidc.example.com/dev",
      member: "cluster",
      values: ["Dev", "", "a.b", "a".repeat(64), "a-", 1, null],
    },
    {
      name: "issuers/oidc.example.com/dev",
      member: "maxTokenLifetimeSeconds",
      values: [599, 600, 86_400, 86_401, 600.5, "600"],
    },
    { name: "issuers/oidc.example.com/dev", member: "notBefore", values: [-1, 0, 1e16, 0.5] },
    {
      name: "issuers/oidc.example.com/dev",
      member: "jwksURL",
      values: ["ftp://a", "https://u@a/b", "https://a/b?c", "https://a/b#c", "http://a", ""],
    },
    { name: "issuers/oidc.example.com/dev", member: "version", values: [0, 1, 2, "1", null] },
    { name: "keys/oidc.example.com/dev", member: "keys", values: [[], [{ ...KEY, d: "x" }], [{ kid: "a" }], {}] },
    { name: "keys/oidc.example.com/dev", member: "source", values: ["file", null] },
    { name: "apis/a1b2c3", member: "audiences", values: [[], [""], ["a b"], ["é"], ["a".repeat(1025)], "a"] },
    {
      name: "apis/a1b2c3",
      member: "principals",
      values: [[], ["a/b"], ["a/b/c/d"], ["*/*/*"], ["A/b/c"], ["a//c"], ["a/b.c/d"]],
    },
    {
      name: "apis/a1b2c3",
      member: "stages",
      values: [{ "a b": {} }, { a: { cached: true } }, [], { a: [] }, { constructor: {} }],
    },
    { name: "apis/a1b2c3", member: "account", values: [123456789012, "1234", "12345678901a"] },
    {
      name: "services/github",
      member: "url",
      values: [
        "https://a.example.com/",
        "https://A.example.com",
        "https://a?b",
        "https://a#b",
        "https://a:443",
        "https://a:8443/b",
        "http://127.0.0.1:4102/x",
        "https://a//b",
        "https://a/../b",
        "https://u@a",
        "ftp://a",
      ],
    },
    { name: "services/github", member: "timeoutSeconds", values: [0, 1, 25, 26, 1.5, "1"] },
    { name: "services/github", member: "identityHeader", values: ["a b", "", "X-A".repeat(30), 1] },
    {
      name: "services/github",
      member: "credential",
      values: [
        {},
        [],
        "none",
        { type: "bearer" },
        { type: "none", secret: "a" },
        { type: "header", name: "X-Key", value: "no secret", secret: "a" },
        { type: "header", name: "X-Key", value: "{secret}", secret: ".." },
        { type: "header", name: "X-Key", value: "{secret}" },
        { type: "basic", username: "a:b", secret: "a" },
        { type: "basic", username: "a".repeat(257), secret: "a" },
        { type: "oauth2-client-credentials", tokenURL: "https://a/b#c", clientId: "a", secret: "a" },
        { type: "oauth2-client-credentials", tokenURL: "https://a/b", clientId: "", secret: "a" },
        { type: "oauth2-client-credentials", tokenURL: "https://a/b", clientId: "a", secret: "a", scope: "a  b" },
        { type: "aws-sigv4", region: "us-east-1", signingName: "sts", roleArn: "arn:aws:iam::123456789012:role/a" },
        { type: "aws-sigv4", region: "us-east-1", signingName: "s3", roleArn: "arn:aws:iam::1:role/a" },
      ],
    },
    {
      name: "permissions/dev/payments/billing",
      member: "allow",
      values: [
        {},
        [[]],
        [{}],
        [{ ...RULE, service: "*" }],
        [{ ...RULE, methods: [] }],
        [{ ...RULE, methods: ["*", "GET"] }],
        [{ ...RULE, methods: ["*", "*"] }],
        [{ ...RULE, methods: ["get"] }],
        [{ ...RULE, methods: ["GET", "GET"] }],
        [{ ...RULE, paths: [] }],
        [{ ...RULE, path: ["/"] }],
        ...[
          "**",
          "",
          "v1",
          "/a//b",
          "/a/../b",
          "/a/..",
          "/a/...",
          "/%61",
          "/$",
          ["/$", "{a}"].join(""),
          "/é",
          "/a\tb",
          "/",
          "/*.x",
          "/.x",
        ].map((path) => [{ ...RULE, paths: [path] }]),
      ],
    },
    {
      name: "permissions/dev/payments/billing",
      member: "deny",
      values: [[{ ...RULE, service: "*" }], [{ ...RULE, service: "**" }], null],
    },
  ])("judges $member of $name as the functions do", ({ name, member, values }) => {
    for (const value of values) {
      const document = { ...WHOLE[name], [member]: value };
      const what = JSON.stringify({ [member]: value });
      expect({ what, valid: validate({ [name]: document }) }).toEqual({ what, valid: isParsed(name, document) });
    }
  });

  test("and of whole documents with anything in any place", () => {
    const anything = fc.constantFrom<unknown>(
      null,
      0,
      1,
      -1,
      "",
      "a",
      "*",
      true,
      [],
      {},
      ["GET"],
      ["*"],
      [RULE],
      ["a/b/c"],
      { type: "none" },
    );
    const mutation = fc.record({
      name: fc.constantFrom(...Object.keys(WHOLE)),
      at: fc.nat(),
      how: fc.constantFrom("remove", "replace", "rename", "add"),
      value: anything,
    });
    let refused = 0;
    fc.assert(
      fc.property(mutation, ({ name, at, how, value }) => {
        const document = structuredClone(WHOLE[name] ?? {});
        const places = placesIn(document);
        const [holder, member] = places[at % places.length] ?? [document, "version"];
        const before = holder[member];
        if (how !== "add" && how !== "replace") delete holder[member];
        if (how === "replace") holder[member] = value;
        if (how === "rename") holder[`${member}x`] = before;
        if (how === "add") holder["novelty"] = value;
        const parsed = isParsed(name, document);
        refused += parsed ? 0 : 1;
        expect(validate({ [name]: document })).toBe(parsed);
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});

/** Every object's member, at any depth. Names below `stages` are free, and the issuer's URL is its document's name. */
function placesIn(value: unknown, path = ""): [Record<string, unknown>, string][] {
  if (Array.isArray(value)) return value.flatMap((item) => placesIn(item, path));
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((member): [Record<string, unknown>, string][] => {
    const here = `${path}/${member}`;
    const isFree = path === "/stages" || ["/url", "/issuer"].includes(here) || path === "/keys";
    return [
      ...(isFree ? [] : [[holder, member] as [Record<string, unknown>, string]]),
      ...placesIn(holder[member], here),
    ];
  });
}
