// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a seed are written like this
import { GetParametersByPathCommand } from "@aws-sdk/client-ssm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { issuerName } from "../../../offline/parameter-store/issuer-name.ts";
import { readSeed } from "../../../offline/parameter-store/seed.ts";
import { SeedError } from "../../../offline/parameter-store/seed-reader.ts";
import { startStoreAndClient } from "./store-and-client.ts";

const VARIABLES = { clusters: "http://127.0.0.1:4100", gateway: "http://127.0.0.1:3000", api: "offlinerest" };

describe("names of issuers", () => {
  test.for([
    {
      url: "https://oidc.eks.ap-northeast-2.amazonaws.com/id/B0678E",
      name: "oidc.eks.ap-northeast-2.amazonaws.com/id/B0678E",
    },
    { url: "https://eastus.oic.prod-aks.azure.com/t/u/", name: "eastus.oic.prod-aks.azure.com/t/u_2F" },
    { url: "http://127.0.0.1:4100/dev", name: "http_3A/_2F127.0.0.1_3A4100/dev" },
    { url: "https://h/a_b~c", name: "h/a_5Fb_7Ec" },
    { url: "https://h//a", name: "h/_2Fa" },
    { url: "https://h/a//", name: "h/a/_2F" },
    { url: "https://h/é", name: "h/_C3_A9" },
    { url: "https://h", name: "h" },
  ])("$url is $name", ({ url, name }) => {
    expect(issuerName(url)).toBe(name);
  });

  test("every name has legal characters and no empty level, and gives its URL back", () => {
    const url = fc.string({ unit: "grapheme" }).map((rest) => `https://h${rest}`);
    fc.assert(
      fc.property(url, (text) => {
        fc.pre(text.isWellFormed());
        const name = issuerName(text);
        expect(name).toMatch(/^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/);
        const bytes = name.replaceAll(/_([0-9A-F]{2})/g, "%$1");
        expect(`https://${decodeURIComponent(bytes)}`).toBe(text);
      }),
    );
  });
});

describe("a seed", () => {
  const SEED = `
prefix: /podgate/offline
issuers:
  - url: \${clusters}/dev
    cluster: dev
documents:
  apis/\${api}:
    service: orders
    audiences: ["\${gateway}"]
    cached: true
  permissions/dev/default/api:
    allow: [{ service: echo, methods: [GET], paths: ["*"] }]
secrets:
  secrets/echo/token: a \${api} token
`;

  test("gives issuers by their URL, documents as JSON and secrets as SecureStrings, variables put in", () => {
    expect(readSeed(SEED, VARIABLES).parameters).toEqual([
      {
        name: "/podgate/offline/issuers/http_3A/_2F127.0.0.1_3A4100/dev",
        value: '{"url":"http://127.0.0.1:4100/dev","cluster":"dev"}',
        type: "String",
      },
      {
        name: "/podgate/offline/apis/offlinerest",
        value: '{"service":"orders","audiences":["http://127.0.0.1:3000"],"cached":true}',
        type: "String",
      },
      {
        name: "/podgate/offline/permissions/dev/default/api",
        value: '{"allow":[{"service":"echo","methods":["GET"],"paths":["*"]}]}',
        type: "String",
      },
      { name: "/podgate/offline/secrets/echo/token", value: "a offlinerest token", type: "SecureString" },
    ]);
  });

  test("is what a store started with it answers", async () => {
    await using run = await startStoreAndClient({ parameters: readSeed(SEED, VARIABLES).parameters });

    const { Parameters } = await run.client.send(
      new GetParametersByPathCommand({ Path: "/podgate/offline", Recursive: true }),
    );
    expect(Parameters?.map(({ Name }) => Name?.split("/")[3])).toEqual(["apis", "issuers", "permissions", "secrets"]);
  });

  test("keeps JSON as it is: order, null, numbers, nesting, __proto__", () => {
    const text = 'prefix: /p\ndocuments: { d: { z: 1.5, a: null, "1": [true, [{}]], __proto__: { x: y } } }';
    expect(readSeed(text).parameters[0]?.value).toBe('{"1":[true,[{}]],"z":1.5,"a":null,"__proto__":{"x":"y"}}');
  });

  test("may reuse a value by an anchor, and leave a section empty or out", () => {
    const text = "prefix: /p\nissuers:\nsecrets:\ndocuments:\n  a: &a { allow: [] }\n  b: *a\n";
    expect(readSeed(text).parameters.map(({ name, value }) => `${name} ${value}`)).toEqual([
      '/p/a {"allow":[]}',
      '/p/b {"allow":[]}',
    ]);
  });

  test("puts a variable in as it is, however it looks", () => {
    const text = 'prefix: /p\ndocuments: { d: { v: "${v}" } }';
    expect(readSeed(text, { v: '$& ${w} "}' }).parameters[0]?.value).toBe('{"v":"$& ${w} \\"}"}');
  });
});

describe("a seed that cannot be used is one line with file, line and fault", () => {
  test.for([
    { what: "no mapping", text: "- a", message: "1: a seed is a mapping" },
    { what: "nothing", text: "", message: "1: a seed is a mapping" },
    { what: "no YAML", text: 'prefix: /p\nsecrets: { a: "canary', message: /^2: not YAML: / },
    { what: "two documents", text: "prefix: /p\n---\nprefix: /q", message: /: not YAML: multiple docs$/ },
    { what: "no prefix", text: "\ndocuments: {}", message: "2: prefix is missing" },
    { what: "a relative prefix", text: "prefix: p", message: /^1: prefix is one to three levels/ },
    { what: "a prefix of four levels", text: "prefix: /a/b/c/d", message: /^1: prefix is one to three levels/ },
    {
      what: "an unknown section",
      text: "prefix: /p\nsecret: {}",
      message: /^2: unknown member secret: known are prefix/,
    },
    {
      what: "a section given twice",
      text: "prefix: /p\nsecrets: {}\nsecrets: {}",
      message: "3: not YAML: duplicate key",
    },
    {
      what: "a name given twice",
      text: "prefix: /p\ndocuments:\n  a: {}\n  a: {}",
      message: "4: not YAML: duplicate key",
    },
    {
      what: "a name given twice by a variable",
      text: "prefix: /p\ndocuments:\n  offlinerest: {}\n  ${api}: {}",
      message: "4: offlinerest is given twice",
    },
    {
      what: "a member given twice by a variable",
      text: "prefix: /p\ndocuments:\n  d:\n    offlinerest: 1\n    ${api}: 2",
      message: "5: offlinerest is given twice",
    },
    {
      what: "a name in two sections",
      text: "prefix: /p\ndocuments:\n  a: {}\nsecrets:\n  a: x",
      message: "5: /p/a is given twice",
    },
    {
      what: "an issuer given twice",
      text: "prefix: /p\nissuers:\n  - url: https://a\n  - url: https://a",
      message: "4: /p/issuers/a is given twice",
    },
    {
      what: "an unknown variable in a value",
      text: "prefix: /p\ndocuments:\n  a:\n    b:\n      - ${port}",
      message: "5: unknown variable port: known are clusters, gateway, api",
    },
    {
      what: "an unknown variable in a key",
      text: "prefix: /p\ndocuments:\n  a/${b}: {}",
      message: /^3: unknown variable b:/,
    },
    {
      what: "a variable by an inherited name",
      text: "prefix: /p\ndocuments:\n  ${toString}: {}",
      message: /^3: unknown variable toString:/,
    },
    {
      what: "issuers as a mapping",
      text: "prefix: /p\nissuers: {}",
      message: "2: issuers is a list of issuer documents",
    },
    {
      what: "an issuer without url",
      text: "prefix: /p\nissuers:\n  - cluster: a",
      message: /^3: an issuer is a document with/,
    },
    {
      what: "an issuer that is text",
      text: "prefix: /p\nissuers:\n  - https://a",
      message: /^3: an issuer is a document with/,
    },
    {
      what: "an issuer without a scheme",
      text: "prefix: /p\nissuers:\n  - url: a",
      message: /^3: url begins with https/,
    },
    {
      what: "a document that is text",
      text: "prefix: /p\ndocuments:\n  a: '{}'",
      message: "3: a is a document, that is a mapping",
    },
    { what: "documents as a list", text: "prefix: /p\ndocuments: []", message: "2: documents is a mapping" },
    {
      what: "a secret that is a number",
      text: "prefix: /p\nsecrets:\n  a: 4711",
      message: "3: a is text (a number needs quotes)",
    },
    { what: "an empty secret", text: "prefix: /p\nsecrets:\n  a: ''", message: "3: a is empty" },
    {
      what: "a number that JSON lacks",
      text: "prefix: /p\ndocuments:\n  a: { b: .nan }",
      message: "3: not a value of JSON",
    },
    {
      what: "an alias without an anchor",
      text: "prefix: /p\ndocuments:\n  a: *b",
      message: "3: an alias without an anchor",
    },
    {
      what: "a value within itself",
      text: "prefix: /p\ndocuments:\n  a: &a { b: *a }",
      message: "3: deeper than 50 levels",
    },
    { what: "an empty key", text: "prefix: /p\ndocuments:\n  '': {}", message: "3: a key is text" },
    { what: "a key that is a list", text: "prefix: /p\ndocuments:\n  ? [a]\n  : {}", message: "3: a key is text" },
    {
      what: "an illegal name",
      text: "prefix: /p\ndocuments:\n  a:b: {}",
      message: /^3: \/p\/a:b is refused by the parameter store: Parameter name: /,
    },
    {
      what: "a value that is too long",
      text: `prefix: /p\nsecrets:\n  a: ${"canary ".repeat(1400)}`,
      message:
        "3: /p/a is refused by the parameter store: Advanced tier parameters support a maximum parameter value of 8192 characters.",
    },
  ])("$what", ({ text, message }) => {
    const said = seedErrorOf(() => readSeed(text, VARIABLES, "seed.yml"));
    expect(said).toMatch(/^seed\.yml:/);
    expect(said).not.toMatch(/\n|canary/);
    const rest = said.slice("seed.yml:".length);
    if (typeof message === "string") expect(rest).toBe(message);
    else expect(rest).toMatch(message);
  });
});

function seedErrorOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof SeedError) return error.message;
    throw error;
  }
  return "no error";
}
