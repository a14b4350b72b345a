import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { type IssuerUrl, parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { isDnsLabel, isDnsSubdomain } from "../../lib/names.ts";
import { startParameterStore } from "../../offline/parameter-store/parameter-store.ts";

const PREFIX = "/podgate/test";
const names = new ParameterNames(PREFIX);

function wellFormed(text: string): IssuerUrl {
  const url = parseIssuerUrl(text, true);
  if (url === undefined) throw new Error(`${text} is no issuer URL`);
  return url;
}

/** What SSM takes (PutParameter, `Name`). */
const SSM_NAME = /^(?:\/[A-Za-z0-9_.-]+){1,15}$/;

describe("names of an issuer's parameters", () => {
  test.for([
    {
      url: "https://oidc.eks.ap-northeast-2.amazonaws.com/id/B0678E",
      name: "oidc.eks.ap-northeast-2.amazonaws.com/id/B0678E",
    },
    { url: "https://eastus.oic.prod-aks.azure.com/t/u/", name: "eastus.oic.prod-aks.azure.com/t/u_2F" },
    { url: "http://127.0.0.1:4100/dev", name: "http_3A/_2F127.0.0.1_3A4100/dev" },
    { url: "https://a.example", name: "a.example" },
    { url: "https://a.example/", name: "a.example_2F" },
    { url: "https://a.example/_2F", name: "a.example/_5F2F" },
    { url: "https://a.example:8443/~x", name: "a.example_3A8443/_7Ex" },
  ])("$url is $name", ({ url, name }) => {
    expect(names.issuer(wellFormed(url))).toBe(`${PREFIX}/issuers/${name}`);
    expect(names.keys(wellFormed(url))).toBe(`${PREFIX}/keys/${name}`);
  });

  /** Slashes and escapes that try to look like each other, far outside of what is a well-formed issuer. */
  const hostile = fc
    .array(fc.constantFrom("/", "//", "_", "_2F", "_2f", "2F", "a", "A", ".", "-", "~", ":", "http:", "%2F", "é"), {
      maxLength: 12,
    })
    .map((parts) => `https://x${parts.join("")}`);

  test("a name reads back as its issuer, so no two issuers share one", () => {
    fc.assert(
      fc.property(hostile, (url) => {
        const name = names.issuer(url as IssuerUrl)?.slice(`${PREFIX}/issuers/`.length) ?? "";
        const bytes = name.replaceAll(/_([0-9A-F]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        expect(`https://${Buffer.from(bytes, "latin1").toString()}`).toBe(url);
      }),
    );
  });

  const label = fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,8}[a-z0-9])?$/);
  const issuers = fc
    .tuple(
      fc.oneof(
        fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `https://${labels.join(".")}`),
        fc.constantFrom("http://127.0.0.1", "http://localhost"),
      ),
      fc.option(fc.integer({ min: 1, max: 65_535 })),
      fc.array(fc.stringMatching(/^[A-Za-z0-9._~:-]{1,12}$/), { maxLength: 9 }),
      fc.boolean(),
    )
    .map(([host, port, segments, slash]) =>
      [host, port === null ? "" : `:${port}`, ...segments.map((each) => `/${each}`), slash ? "/" : ""].join(""),
    )
    .filter((url) => parseIssuerUrl(url, true) !== undefined);

  test("the store accepts the name of every well-formed issuer", async () => {
    await using store = await startParameterStore();
    fc.assert(
      fc.property(issuers, (url) => {
        for (const name of [names.issuer(wellFormed(url)), names.keys(wellFormed(url))]) {
          expect(name).toMatch(SSM_NAME);
          expect(store.put(name ?? "", url).value).toBe(url);
          store.delete(name ?? "");
        }
      }),
      { numRuns: 300 },
    );
  });

  test.for([
    { characters: 900, fits: true },
    { characters: 901, fits: false },
  ])("an issuer whose name has $characters characters fits: $fits", ({ characters, fits }) => {
    const path = "_".repeat(280);
    const url = `https://a.b/${path}${"x".repeat(characters - `${PREFIX}/issuers/a.b/`.length - 3 * path.length)}`;
    const name = names.issuer(wellFormed(url));
    expect(name?.length).toBe(fits ? characters : undefined);
    expect(names.keys(wellFormed(url))).toBeDefined();
  });

  const segments = (count: number) => "/x".repeat(count);
  test.for([
    { prefix: "/a/b/c", url: `https://a.b${segments(10)}`, levels: 15 },
    { prefix: "/a/b/c", url: `http://localhost${segments(9)}`, levels: 15 },
    { prefix: "/a/b/c", url: `http://localhost${segments(10)}`, levels: undefined },
  ])("$url below $prefix has $levels levels", ({ prefix, url, levels }) => {
    const below = new ParameterNames(prefix);
    expect(below.issuer(wellFormed(url))?.match(/\//g)?.length).toBe(levels);
    expect(below.keys(wellFormed(url))?.match(/\//g)?.length).toBe(levels);
  });
});

describe("names of permission documents", () => {
  const principal = { cluster: "prod-seoul", namespace: "payments", serviceAccount: "checkout.v2" };

  test("without a group: own, namespace, cluster, everybody", () => {
    expect(names.permissions(principal, undefined)).toEqual([
      `${PREFIX}/permissions/prod-seoul/payments/checkout.v2`,
      `${PREFIX}/permissions/prod-seoul/payments/_all`,
      `${PREFIX}/permissions/prod-seoul/_all`,
      `${PREFIX}/permissions/_all`,
    ]);
  });

  test("with a group: the same three levels of the group as well", () => {
    expect(names.permissions(principal, "prod")).toEqual([
      `${PREFIX}/permissions/prod-seoul/payments/checkout.v2`,
      `${PREFIX}/permissions/prod-seoul/payments/_all`,
      `${PREFIX}/permissions/prod-seoul/_all`,
      `${PREFIX}/permissions/_group.prod/payments/checkout.v2`,
      `${PREFIX}/permissions/_group.prod/payments/_all`,
      `${PREFIX}/permissions/_group.prod/_all`,
      `${PREFIX}/permissions/_all`,
    ]);
  });

  test.for([
    { part: "cluster", value: "_all" },
    { part: "cluster", value: "_group.prod" },
    { part: "cluster", value: "a.b" },
    { part: "namespace", value: "_all" },
    { part: "namespace", value: ".." },
    { part: "namespace", value: "a/b" },
    { part: "namespace", value: "a:1" },
    { part: "namespace", value: "" },
    { part: "namespace", value: "a".repeat(64) },
    { part: "serviceAccount", value: "_all" },
    { part: "serviceAccount", value: "a/../b" },
    { part: "serviceAccount", value: "a:1" },
    { part: "serviceAccount", value: "a\n" },
    { part: "serviceAccount", value: "Ä" },
    { part: "serviceAccount", value: "a".repeat(254) },
  ])("no name is built from the $part $value (S43)", ({ part, value }) => {
    expect(() => names.permissions({ ...principal, [part]: value }, undefined)).toThrow(TypeError);
  });

  test.for(["_all", "", "a/b", "a.b"])("no name is built from the group %j (S43)", (group) => {
    expect(() => names.permissions(principal, group)).toThrow(TypeError);
  });

  const label = fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/).filter(isDnsLabel);
  const subdomain = fc
    .array(label, { minLength: 1, maxLength: 4 })
    .map((labels) => labels.join("."))
    .filter(isDnsSubdomain);
  const principals = fc.record({ cluster: label, namespace: label, serviceAccount: subdomain });

  test("the store accepts every name, and Kubernetes names stand in them as they are", async () => {
    await using store = await startParameterStore();
    fc.assert(
      fc.property(principals, fc.option(label, { nil: undefined }), (each, group) => {
        const built = names.permissions(each, group);
        expect(new Set(built).size).toBe(group === undefined ? 4 : 7);
        expect(built[0]?.split("/").slice(-3)).toEqual([each.cluster, each.namespace, each.serviceAccount]);
        for (const name of built) {
          expect(store.put(name, "{}").name).toBe(name);
          store.delete(name);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("names of receiver documents", () => {
  test.for([
    { apiId: "a1b2c3d4e5", name: `${PREFIX}/apis/a1b2c3d4e5` },
    { apiId: "a".repeat(64), name: `${PREFIX}/apis/${"a".repeat(64)}` },
    { apiId: "a".repeat(65), name: undefined },
    { apiId: "", name: undefined },
    { apiId: "..", name: undefined },
    { apiId: "a/b", name: undefined },
    { apiId: "a:1", name: undefined },
    { apiId: "a\n", name: undefined },
  ])("the API $apiId is $name", ({ apiId, name }) => {
    expect(names.api(apiId)).toBe(name);
  });
});

describe("names of service documents", () => {
  test.for([
    { service: "github", name: `${PREFIX}/services/github` },
    { service: "a".repeat(63), name: `${PREFIX}/services/${"a".repeat(63)}` },
    { service: "a".repeat(64), name: undefined },
    { service: "", name: undefined },
    { service: "*", name: undefined },
    { service: "GitHub", name: undefined },
    { service: "a.b", name: undefined },
    { service: "..", name: undefined },
    { service: "a/b", name: undefined },
    { service: "a:1", name: undefined },
    { service: "a\n", name: undefined },
  ])("the service $service is $name (S43)", ({ service, name }) => {
    expect(names.service(service)).toBe(name);
  });
});

describe("names of secrets", () => {
  test.for([
    { service: "github", secret: "token", name: `${PREFIX}/secrets/github/token` },
    { service: "github", secret: "A_b.c-9", name: `${PREFIX}/secrets/github/A_b.c-9` },
    { service: "github", secret: ".a", name: `${PREFIX}/secrets/github/.a` },
    { service: "github", secret: "a".repeat(64), name: `${PREFIX}/secrets/github/${"a".repeat(64)}` },
    { service: "github", secret: "a".repeat(65), name: undefined },
    { service: "github", secret: "", name: undefined },
    { service: "github", secret: ".", name: undefined },
    { service: "github", secret: "..", name: undefined },
    { service: "github", secret: "...", name: undefined },
    { service: "github", secret: "../orders/token", name: undefined },
    { service: "github", secret: "a/b", name: undefined },
    { service: "github", secret: "a:1", name: undefined },
    { service: "github", secret: "a b", name: undefined },
    { service: "github", secret: "a\n", name: undefined },
    { service: "github", secret: "ä", name: undefined },
    { service: "..", secret: "token", name: undefined },
    { service: "git/hub", secret: "token", name: undefined },
    { service: "", secret: "token", name: undefined },
  ])("the secret $secret of $service is $name (S43)", ({ service, secret, name }) => {
    expect(names.secret(service, secret)).toBe(name);
  });

  test("the store accepts every name, and none is another service's", async () => {
    await using store = await startParameterStore();
    const service = fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
    fc.assert(
      fc.property(service, fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/), (each, secret) => {
        const name = names.secret(each, secret);
        if (name === undefined) {
          expect(secret).toMatch(/^\.+$/);
          return;
        }
        expect(name.split("/").slice(-3)).toEqual(["secrets", each, secret]);
        expect(store.put(name, "s").name).toBe(name);
        store.delete(name);
      }),
      { numRuns: 200 },
    );
  });
});
