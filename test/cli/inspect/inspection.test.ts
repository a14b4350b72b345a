import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Inspection, inspectToken } from "../../../cli/inspect/inspection.ts";
import { distance, duration, replacedAt, timestamp } from "../../../cli/inspect/moment.ts";
import { isRefusal } from "../../../lib/errors.ts";
import { BearerToken } from "../../../lib/token/bearer-token.ts";
import { readShape } from "../../../lib/token/unverified-token.ts";
import type { ForgeRequest } from "../../../offline/cluster/forge.ts";
import { type StartedCluster, startCluster } from "../../../offline/cluster/start-cluster.ts";

const SIGNATURE = "c2lnbmF0dXJlLWNhbmFyeS00NzEx";
const NOW = 1_800_000_000;

const part = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown, header: unknown = { alg: "RS256", kid: "1" }) =>
  `${part(header)}.${part(claims)}.${SIGNATURE}`;

const KUBERNETES = { namespace: "payments", serviceaccount: { name: "billing", uid: "u-1" } };
const CLAIMS = {
  iss: "https://oidc.example.com/dev",
  sub: "system:serviceaccount:payments:billing",
  aud: ["orders.example.com"],
  iat: NOW - 60,
  nbf: NOW - 60,
  exp: NOW + 3540,
  jti: "j-1",
  "kubernetes.io": KUBERNETES,
};
const POD = { ...KUBERNETES, pod: { name: "billing-0", uid: "u-2" }, node: { name: "n", uid: "u-3" } };

const codesOf = ({ problems }: Inspection) => problems.map(({ code }) => code);
const of = (claims: object, audiences: readonly string[] = []) =>
  inspectToken(jwt({ ...CLAIMS, ...claims }), audiences, NOW);

describe("families of tokens that a cluster issues", () => {
  let cluster: StartedCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const AT = { namespace: "payments", serviceAccount: "billing" };
  const FOR_ORDERS = { ...AT, audiences: ["orders.example.com"] };
  test.for<{ name: string; request: ForgeRequest; codes?: string[] }>([
    { name: "projected-unbound", request: FOR_ORDERS, codes: ["no-pod"] },
    { name: "projected-pod-and-node", request: { ...FOR_ORDERS, family: "pod" } },
    { name: "projected-pod-and-node", request: { ...FOR_ORDERS, family: "pod", podNode: "name-only" } },
    { name: "projected-pod", request: { ...FOR_ORDERS, family: "pod", podNode: "none" } },
    { name: "projected-secret", request: { ...FOR_ORDERS, family: "secret" }, codes: ["no-pod"] },
    { name: "projected-node", request: { ...FOR_ORDERS, family: "node" } },
    { name: "projected-pod-and-node", request: { ...FOR_ORDERS, family: "pod", jti: false }, codes: ["no-token-id"] },
    { name: "projected-pod-and-node", request: { ...AT, family: "pod" }, codes: ["api-server-audience"] },
    { name: "extended", request: { ...AT, family: "extended" }, codes: ["TOKEN_EXTENDED", "api-server-audience"] },
    { name: "legacy-secret", request: { ...AT, family: "legacy" }, codes: ["TOKEN_LEGACY"] },
    { name: "projected-unbound", request: { ...FOR_ORDERS, family: "expired" }, codes: ["TOKEN_EXPIRED", "no-pod"] },
    {
      name: "projected-unbound",
      request: { ...FOR_ORDERS, family: "not-yet-valid" },
      codes: ["TOKEN_NOT_YET_VALID", "TOKEN_NOT_YET_VALID", "no-pod"],
    },
    { name: "irsa", request: { ...AT, audiences: ["sts.amazonaws.com"], family: "pod" }, codes: ["other-reader"] },
    {
      name: "eks-pod-identity",
      request: { ...AT, audiences: ["pods.eks.amazonaws.com"], family: "pod" },
      codes: ["other-reader"],
    },
    {
      name: "azure-workload-identity",
      request: { ...AT, audiences: ["api://AzureADTokenExchange"], family: "pod" },
      codes: ["other-reader"],
    },
  ])("$name: $request", async ({ name, request, codes = [] }) => {
    const { token } = await cluster.forge(request);
    const inspection = inspectToken(token, [], Date.now() / 1000);
    expect({ name: inspection.family.name, codes: codesOf(inspection) }).toEqual({ name, codes });
    expect(inspection.verdict).toBe(codes.some((code) => /^[A-Z]/.test(code)) ? "refused" : "nothing-refused-offline");
  });

  test("a real cluster's legacy token", async () => {
    const text = await readFile("test/fixtures/tokens/legacy-secret-token.txt", "utf8");
    const { family, mend } = inspectToken(text.trim(), [], NOW);
    expect(family.name).toBe("legacy-secret");
    expect(mend).toBe(
      '- serviceAccountToken: { path: token, audience: "<audience of the receiver>", expirationSeconds: 3600 }',
    );
  });

  test.for([
    { validatingWebhookConfiguration: { name: "w", uid: "u" } },
    { attestations: { admissionReviewAPIGroups: ["apps"] } },
  ])("webhook-bound: %j", (bound) => {
    const { family, mend } = of({ "kubernetes.io": { ...KUBERNETES, ...bound } });
    expect({ name: family.name, mend }).toEqual({ name: "webhook-bound", mend: undefined });
  });
});

describe("families of what no cluster issues", () => {
  test.for<[name: string, claims: object]>([
    [
      "github-actions",
      { iss: "https://token.actions.githubusercontent.com", sub: "repo:acme/site:ref:refs/heads/main" },
    ],
    ["github-actions", { iss: "https://token.actions.githubusercontent.com/acme", sub: "repo:acme/site" }],
    ["gitlab", { iss: "https://gitlab.com", sub: "project_path:acme/site" }],
    ["vault", { iss: "https://vault.example.com/v1/identity/oidc", sub: "x" }],
    ["vault", { iss: "https://vault.example.com/v1/team/identity/oidc/provider/default", sub: "x" }],
    ["entra-id", { iss: "https://login.microsoftonline.com/t/v2.0", sub: "x" }],
    ["google", { iss: "https://accounts.google.com", sub: "1" }],
    ["cognito", { iss: "https://cognito-idp.eu-west-1.amazonaws.com/p", sub: "1" }],
    ["keycloak", { iss: "https://id.example.com/realms/main", sub: "1" }],
    ["spiffe", { iss: "https://x.example.com", sub: "spiffe://example.com/ns/a/sa/b" }],
    ["oidc", { iss: "https://x.example.com", sub: "1" }],
    ["oidc", { iss: 7 }],
    ["kubernetes-without-claim", { iss: "https://x.example.com", sub: "system:serviceaccount:a:b" }],
  ])("%s: %j", ([name, claims]) => {
    const inspection = inspectToken(jwt({ ...claims, aud: "a", iat: NOW, exp: NOW + 600 }), [], NOW);
    expect(inspection.family.name).toBe(name);
    expect(inspection.verdict).toBe("refused");
    expect(inspection.mend).toBeUndefined();
  });

  test.for<[name: string, text: string, code: string]>([
    ["empty", "", "AUTHORIZATION_MALFORMED"],
    ["opaque", "hello", "TOKEN_MALFORMED"],
    ["opaque", "a b", "AUTHORIZATION_MALFORMED"],
    ["opaque", "a,b", "AUTHORIZATION_REPEATED"],
    ["opaque", "x".repeat(9000), "TOKEN_TOO_LARGE"],
    ["opaque", "a.b.c", "TOKEN_MALFORMED"],
    ["opaque", "..", "TOKEN_MALFORMED"],
    ["github", "ghp_0123456789abcdefghij", "TOKEN_MALFORMED"],
    ["vault-token", "hvs.CAESI", "TOKEN_MALFORMED"],
    ["google-access-token", "ya29.a0Af", "TOKEN_MALFORMED"],
    ["bootstrap", "abcdef.0123456789abcdef", "TOKEN_MALFORMED"],
    ["eks-api-server", "k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8", "TOKEN_MALFORMED"],
    ["base64-of-a-token", Buffer.from(jwt(CLAIMS)).toString("base64"), "TOKEN_MALFORMED"],
    ["jwe", `${part({ alg: "dir", enc: "A256GCM" })}..aaaa.bbbb.cccc`, "TOKEN_MALFORMED"],
    ["broken-jwt", `${part({ alg: "RS256", kid: "1" })}.!!!.${SIGNATURE}`, "AUTHORIZATION_MALFORMED"],
    ["broken-jwt", `${part({ alg: "RS256", kid: "1" })}.${part("[1]")}.${SIGNATURE}`, "TOKEN_MALFORMED"],
  ])("%s", ([name, text, code]) => {
    const inspection = inspectToken(text, [], NOW);
    expect({ name: inspection.family.name, code: codesOf(inspection)[0] }).toEqual({ name, code });
  });
});

describe("what is wrong, and what mends it", () => {
  const volume = (audience: string) =>
    `- serviceAccountToken: { path: token, audience: ${JSON.stringify(audience)}, expirationSeconds: 3600 }`;

  test.for<{ what: string; claims: object; audiences?: string[]; codes: string[]; mend?: string }>([
    {
      what: "no audience",
      claims: { aud: [] },
      codes: ["TOKEN_AUDIENCE_MISMATCH"],
      mend: volume("<audience of the receiver>"),
    },
    {
      what: "an audience of a wrong type",
      claims: { aud: { a: 1 } },
      codes: ["TOKEN_AUDIENCE_MISMATCH"],
      mend: volume("<audience of the receiver>"),
    },
    {
      what: "another audience than the receiver's",
      claims: {},
      audiences: ["a.example.com"],
      codes: ["TOKEN_AUDIENCE_MISMATCH"],
      mend: volume("a.example.com"),
    },
    { what: "the receiver's audience", claims: {}, audiences: ["a.example.com", "orders.example.com"], codes: [] },
    {
      what: "the API server's audience",
      claims: { aud: ["https://kubernetes.default.svc.cluster.local", "k3s"] },
      codes: ["api-server-audience"],
      mend: volume("<audience of the receiver>"),
    },
    { what: "several audiences", claims: { aud: ["a", "b"] }, codes: ["several-audiences"] },
    { what: "a day of life", claims: { exp: CLAIMS.iat + 86_400 }, codes: [] },
    {
      what: "more than a day",
      claims: { exp: CLAIMS.iat + 86_401 },
      codes: ["TOKEN_LIFETIME_TOO_LONG"],
      mend: volume("orders.example.com"),
    },
    { what: "no end", claims: { exp: undefined }, codes: ["TOKEN_CLAIM_INVALID"] },
    { what: "an issuer that is no URL", claims: { iss: "https://u@x" }, codes: ["ISSUER_MALFORMED"] },
    {
      what: "a service account without a uid",
      claims: { "kubernetes.io": { ...POD, serviceaccount: { name: "billing" } } },
      codes: ["KUBERNETES_CLAIM_INVALID"],
    },
    {
      what: "two things wrong",
      claims: { exp: NOW - 31, iat: NOW - 100_000 },
      codes: ["TOKEN_EXPIRED", "TOKEN_LIFETIME_TOO_LONG"],
      mend: volume("orders.example.com"),
    },
    { what: "within the clocks' leeway", claims: { exp: NOW - 29 }, codes: [] },
  ])("$what", ({ claims, audiences = [], codes, mend }) => {
    const inspection = of({ "kubernetes.io": POD, ...claims }, audiences);
    expect({ codes: codesOf(inspection), mend: inspection.mend }).toEqual({ codes, mend });
  });

  test.for<[what: string, header: object, code: string]>([
    ["no signature", { alg: "none" }, "TOKEN_ALGORITHM"],
    ["a shared secret", { alg: "HS256", kid: "1" }, "TOKEN_ALGORITHM"],
    ["no kid", { alg: "RS256" }, "TOKEN_KEY_ID"],
    ["a key of its own", { alg: "RS256", kid: "1", jwk: {} }, "TOKEN_KEY_EMBEDDED"],
    ["an extension", { alg: "RS256", kid: "1", crit: ["x"] }, "TOKEN_HEADER_UNSUPPORTED"],
  ])("a header with %s", ([, header, code]) => {
    expect(codesOf(inspectToken(jwt(CLAIMS, header), [], NOW))[0]).toBe(code);
  });

  test("the claims are in words", () => {
    const shown = Object.fromEntries(
      of({ "kubernetes.io": POD, groups: ["a"] }).claims.map(({ name, value, words }) => [
        name,
        `${value} ${words ?? ""}`,
      ]),
    );
    expect(shown).toMatchObject({
      iss: "https://oidc.example.com/dev the cluster that signed it; podgate knows it by issuers/oidc.example.com/dev",
      sub: "system:serviceaccount:payments:billing service account billing of namespace payments",
      exp: `${NOW + 3540} ends in 59 min, 2027-01-15T08:59:00Z`,
      iat: `${NOW - 60} issued 1 min ago, 2027-01-15T07:59:00Z`,
      "kubernetes.io pod": "billing-0 uid u-2",
      "kubernetes.io namespace": "payments ",
      groups: '["a"] ',
    });
  });
});

describe("kubelet replaces a file", () => {
  test.for<[life: number, after: number]>([
    [600, 470],
    [3600, 2870],
    [86_400, 69_110],
    [108_000, 86_390],
    [200_000, 86_390],
  ])("of a life of %i s after %i s", ([life, after]) => {
    expect(replacedAt(NOW, NOW + life) - NOW).toBe(after);
  });

  test("of a pod, and of no one else; of an extended one by the life that was asked for", () => {
    expect(of({ "kubernetes.io": POD }).kubeletReplacesAt).toBe(CLAIMS.iat + 2870);
    expect(of({}).kubeletReplacesAt).toBeUndefined();
    const warnafter = CLAIMS.iat + 3607;
    const extended = of({ "kubernetes.io": { ...POD, warnafter }, exp: NOW + 31_536_000 });
    expect(extended.kubeletReplacesAt).toBe(CLAIMS.iat + 3607 - 721 - 10);
  });
});

describe("moments in words", () => {
  test.for<[seconds: number, words: string]>([
    [0, "0 s"],
    [59, "59 s"],
    [60, "1 min"],
    [3599, "59 min"],
    [3600, "1 h"],
    [5400, "1 h 30 min"],
    [86_400, "1 day"],
    [180_000, "2 days 2 h"],
    [31_536_000, "1 year"],
    [34_300_800, "1 year 32 days"],
  ])("%i s is %s", ([seconds, words]) => expect(duration(seconds)).toBe(words));

  test("of numbers that are no time", () => {
    expect([distance(Number.POSITIVE_INFINITY), distance(-Number.POSITIVE_INFINITY)]).toEqual(["never", "always"]);
    expect([timestamp(1e300), timestamp(Number.NaN), timestamp(-1)]).toEqual([
      "no moment of any calendar",
      "no moment of any calendar",
      "1969-12-31T23:59:59Z",
    ]);
  });
});

describe("hostile tokens", () => {
  const safely = (text: string) => {
    const inspection = inspectToken(text, [], NOW);
    const said = JSON.stringify(inspection);
    expect(said).not.toContain(SIGNATURE);
    // Escapes that JSON adds are over ASCII; what a terminal obeys would be there as it is.
    expect(JSON.stringify(inspection, (_, value) => value)).not.toMatch(
      /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/,
    );
    for (const { name, value, words = "" } of [...inspection.header, ...inspection.claims]) {
      expect(`${name}${value}${words}`).not.toMatch(/\p{C}/u);
      expect(name.length + value.length).toBeLessThan(2200);
    }
    return inspection;
  };

  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

  test.for<{ what: string; text: string; shows?: string }>([
    {
      what: "control characters",
      text: jwt({ ...CLAIMS, sub: "\u001b]0;owned\u0007\u009b31m", "\u001b[2J": 1 }),
      shows: "\\u001b]0;owned\\u0007\\u009b31m",
    },
    {
      what: "letters that run backwards",
      text: jwt({ ...CLAIMS, jti: 7, aud: "\u202egpj.exe", exp: 0 }),
      shows: "\\u202egpj.exe",
    },
    { what: "half a character", text: jwt('{"iss":"\\ud800x"}'), shows: "\\ud800x" },
    { what: "deep JSON", text: jwt(nested(2000)) },
    { what: "JSON deeper than the stack", text: jwt(nested(200_000)) },
    { what: "a huge claim", text: jwt({ ...CLAIMS, x: "y".repeat(500_000) }), shows: "… (500000 characters)" },
    {
      what: "a huge list",
      text: jwt({ ...CLAIMS, x: Array(50_000).fill(1) }),
      shows: "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, …]",
    },
    {
      what: "many claims",
      text: jwt(Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`c${index}`, index]))),
      shows: "4960 more",
    },
    {
      what: "a member twice",
      text: jwt('{"iss":"https://a.example.com","iss":"https://b.example.com"}'),
      shows: "https://b.example.com",
    },
    {
      what: "names of prototypes",
      text: jwt('{"__proto__":{"x":1},"constructor":2,"hasOwnProperty":3}'),
      shows: "__proto__",
    },
    { what: "numbers beyond numbers", text: jwt('{"exp":1e400,"iat":-1e400,"nbf":1e300}') },
    {
      what: "bytes that are no text",
      text: `${part({ alg: "RS256" })}.${Buffer.from([0xff, 0xfe]).toString("base64url")}.${SIGNATURE}`,
    },
    {
      what: "base64 with its padding",
      text: `${Buffer.from('{"alg":"RS256"}').toString("base64")}.${Buffer.from('{"iss":"x"}').toString("base64")}.${SIGNATURE}`,
    },
    { what: "many dots", text: ".".repeat(100_000) },
    { what: "a kubernetes.io that is a list", text: jwt({ ...CLAIMS, "kubernetes.io": [1] }) },
  ])("with $what are shown escaped and bounded", ({ text, shows }) => {
    const inspection = safely(text);
    expect(inspection.verdict).toBe("refused");
    if (shows !== undefined)
      expect(inspection.claims.map(({ name, value }) => `${name} ${value}`).join("\n")).toContain(shows);
    expect(JSON.stringify(inspection).length).toBeLessThan(40_000);
  });

  test("whatever they are, are looked at, and judged as the functions judge their shape", () => {
    const anyJwt = fc
      .tuple(
        fc.json({ maxDepth: 4 }),
        fc.dictionary(
          fc.constantFrom("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "kubernetes.io", "x"),
          fc.jsonValue(),
        ),
      )
      .map(([header, claims]) => jwt(claims, header));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          anyJwt,
          anyJwt.map((text) => text.slice(1)),
        ),
        (text) => {
          const { problems, verdict } = safely(text);
          const shape = readShape(new BearerToken(text));
          if (isRefusal(shape)) expect(verdict).toBe("refused");
          if (isRefusal(shape) && !/[, ]|^$/.test(text)) expect(problems[0]?.code).toBe(shape.code);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
