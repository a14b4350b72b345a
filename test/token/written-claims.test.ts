import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import { decodeUtf8, JsonFault, type JsonObject, parseJson } from "../../lib/json.ts";
import { BearerToken } from "../../lib/token/bearer-token.ts";
import { readClaims, type TokenClaims } from "../../lib/token/token-claims.ts";
import { readShape } from "../../lib/token/unverified-token.ts";
import { readWrittenClaims } from "../../lib/token/written-claims.ts";
import { boundClaims, signCompact } from "../../offline/cluster/claims.ts";
import { generateSigningKey } from "../../offline/cluster/signing-key.ts";
import { asRead, base64url, claimsWith, HEADER, kubernetesWith, unsigned } from "./support.ts";

const payloadOf = (token: string) => Buffer.from(token.split(".")[1] ?? "", "base64url").toString();

const recorded: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("../fixtures/kube-apiserver/tokens.json", import.meta.url), "utf8"),
).tokens;

describe("claims as kube-apiserver writes them", () => {
  test.for(Object.keys(recorded))("recorded: %s", (name) => {
    // An extended token is refused whatever else it says, and one bound to a Secret is rare; neither need be quick.
    expect(readWrittenClaims(payloadOf(recorded[name] ?? "")) !== undefined).toBe(!/^(?:extended|a secret)/.test(name));
  });

  test("as the cluster offline writes them", async () => {
    const key = await generateSigningKey("ES256");
    const ref = { name: "checkout", uid: "0a1b2c3d-0000-4000-8000-000000000001" };
    const claims = boundClaims({
      issuer: "https://oidc.example.com/id/A",
      namespace: "payments",
      serviceAccount: ref,
      binding: { pod: ref, node: { name: "node-1" } },
      audiences: ["a", "b"],
      issuedAt: 1_795_000_000,
      lifetimeSeconds: 3600,
    });

    const payload = payloadOf(signCompact({}, claims, key));
    expect(readWrittenClaims(payload)).toStrictEqual(readClaims(asRead(payload)));
  });

  const usual = JSON.stringify(claimsWith());
  const withKubernetes = (changes: object) =>
    JSON.stringify(claimsWith({ "kubernetes.io": kubernetesWith({ ...changes }) }));
  const named = (namespace: string, name: string) =>
    JSON.stringify(
      claimsWith({
        sub: `system:serviceaccount:${namespace}:${name}`,
        "kubernetes.io": kubernetesWith({ namespace, serviceaccount: { name, uid: "u" } }),
      }),
    );
  test.for([
    { what: "the usual ones", json: usual, is: true },
    { what: "no `jti`", json: JSON.stringify(claimsWith({ jti: undefined })), is: true },
    { what: "an audience that is no list", json: JSON.stringify(claimsWith({ aud: "a" })), is: false },
    { what: "a member twice", json: usual.replace('"iat"', '"exp":1,"iat"'), is: false },
    { what: "a member twice in a row", json: usual.replace('"iat":', '"iat":1,"iat":'), is: false },
    { what: "a member twice, nested", json: usual.replace('"node":', '"namespace":"x","node":'), is: false },
    { what: "a member twice, deepest", json: usual.replace('"name":', '"name":"x","name":'), is: false },
    { what: "an object twice", json: usual.replace('"pod":', '"pod":{"name":"x"},"pod":'), is: false },
    { what: "a member more", json: usual.replace('"iat"', '"http://x":1,"iat"'), is: false },
    {
      what: "a member more, nested",
      json: JSON.stringify(claimsWith({ "kubernetes.io": kubernetesWith({ x: 1 }) })),
      is: false,
    },
    { what: "another order", json: JSON.stringify({ sub: "s", ...claimsWith() }), is: false },
    { what: "white space", json: JSON.stringify(claimsWith(), null, 1), is: false },
    { what: "a line feed behind", json: `${usual}\n`, is: false },
    { what: "an escape", json: usual.replace("payments", "p\\u0061yments"), is: false },
    { what: "a name in escapes", json: usual.replace('"iat"', '"\\u0069at"'), is: false },
    { what: "a quote in a text", json: usual.replace("payments", 'pay\\"ments'), is: false },
    { what: "another character for the dot", json: usual.replace("kubernetes.io", "kubernetesXio"), is: false },
    { what: "a fraction", json: usual.replace('"nbf":', '"nbf":0.5'), is: false },
    { what: "nothing", json: "", is: false },
    { what: "no pod, no node", json: withKubernetes({ pod: undefined, node: undefined }), is: true },
    {
      what: "a secret",
      json: JSON.stringify(
        claimsWith({
          "kubernetes.io": {
            namespace: "payments",
            secret: { name: "" },
            serviceaccount: kubernetesWith()["serviceaccount"],
          },
        }),
      ),
      is: false,
    },
    { what: "a node without uid", json: withKubernetes({ node: { name: "node-1" } }), is: true },
    { what: "several audiences", json: JSON.stringify(claimsWith({ aud: ["a", "", "b,c"] })), is: true },
    { what: "no audience", json: JSON.stringify(claimsWith({ aud: [] })), is: false },
    { what: "an empty `iss`", json: JSON.stringify(claimsWith({ iss: "", jti: "" })), is: true },
    {
      what: "`iss` of a legacy token",
      json: JSON.stringify(claimsWith({ iss: "kubernetes/serviceaccount" })),
      is: false,
    },
    { what: "one that begins so", json: JSON.stringify(claimsWith({ iss: "kubernetes/serviceaccounts" })), is: true },
    { what: "DEL", json: JSON.stringify(claimsWith({ iss: "a\u007f" })), is: false },
    { what: "a control character", json: usual.replace("payments", "pay\u0001ments"), is: false },
    { what: "what is not ASCII", json: JSON.stringify(claimsWith({ iss: "https://\u00e4" })), is: false },
    { what: "a number of 16 digits", json: usual.replace(/"exp":1/, '"exp":9007191'), is: true },
    { what: "a number of 17 digits", json: usual.replace(/"exp":1/, '"exp":12345671'), is: true },
    { what: "the largest number", json: usual.replace(/"exp":[0-9]+/, `"exp":${"9".repeat(308)}`), is: true },
    { what: "a number beyond", json: usual.replace(/"iat":[0-9]+/, `"iat":${"9".repeat(309)}`), is: false },
    { what: "a number with a zero in front", json: usual.replace('"exp":', '"exp":0'), is: false },
    { what: "zero", json: JSON.stringify(claimsWith({ nbf: 0 })), is: true },
    { what: "another `sub`", json: usual.replace("payments:checkout", "payments:checkouts"), is: false },
    { what: "another namespace", json: usual.replace("payments:checkout", "payment:checkout"), is: false },
    { what: "a namespace of 63", json: named("n".repeat(63), "s"), is: true },
    { what: "a namespace of 64", json: named("n".repeat(64), "s"), is: false },
    { what: "a name of 128", json: named("n", "s".repeat(128)), is: true },
    { what: "a name of 129", json: named("n", "s".repeat(129)), is: false },
    { what: "a name of 253", json: named("n", "s".repeat(253)), is: false },
    { what: "a name of 254", json: named("n", "s".repeat(254)), is: false },
    { what: "a namespace that is no label", json: named("a.b", "s"), is: false },
    { what: "a name of several parts", json: named("a--b", "a.b--c.d"), is: true },
    { what: "an empty part", json: named("a", "a..b"), is: false },
    { what: "a part that ends with a hyphen", json: named("a", "a-.b"), is: false },
    { what: "a part that begins with a hyphen", json: named("a", "a.-b"), is: false },
    {
      what: "a uid of 128",
      json: withKubernetes({ serviceaccount: { name: "checkout", uid: "u".repeat(128) } }),
      is: true,
    },
    {
      what: "a uid of 129",
      json: withKubernetes({ serviceaccount: { name: "checkout", uid: "u".repeat(129) } }),
      is: false,
    },
    { what: "an empty uid", json: withKubernetes({ serviceaccount: { name: "checkout", uid: "" } }), is: false },
    { what: "a pod without uid", json: withKubernetes({ pod: { name: "p" } }), is: false },
    { what: "a pod's name of 129", json: withKubernetes({ pod: { name: "p".repeat(129), uid: "u" } }), is: false },
    { what: "a pod's uid of 129", json: withKubernetes({ pod: { name: "p", uid: "u".repeat(129) } }), is: false },
    { what: "a node's name of 129", json: withKubernetes({ node: { name: "n".repeat(129) } }), is: false },
  ])("$what: $is", ({ json, is }) => {
    expect(readWrittenClaims(json) !== undefined).toBe(is);
    if (is) expect(readWrittenClaims(json)).toStrictEqual(readClaims(asRead(json)));
  });
});

/** Any text that kube-apiserver could be made to write, and what it could not. */
const text = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("a", "payments", ":", "{}", ",", "iss", "", "https://oidc.example.com/id/A"),
  },
  { weight: 1, arbitrary: fc.constantFrom("é", "\u2028", "\u007f", "kubernetes/serviceaccount") },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);
const name = fc.constantFrom("a", "payments", "billing-6f7d9c5b8d-x2x9k", "x".repeat(63));
const uid = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("u", "0a1b2c3d-0000-4000-8000-000000000002", "U".repeat(128)) },
  { weight: 1, arbitrary: fc.constantFrom("U".repeat(129), "", "u_") },
);
const wideName = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("a", "a.b-c.d", "x".repeat(128)) },
  { weight: 1, arbitrary: fc.oneof(text, fc.constantFrom("x".repeat(129), "x".repeat(254))) },
);
const object = fc.record({ name: wideName, uid }, { requiredKeys: ["name"] });
const seconds = fc.oneof(
  { weight: 9, arbitrary: fc.nat() },
  { weight: 1, arbitrary: fc.constantFrom(0, 2 ** 53, 1e16, -1, 0.5) },
);
const claims = fc
  .record({ namespace: name, account: wideName, own: fc.oneof({ weight: 9, arbitrary: fc.constant("") }, text) })
  .chain(({ namespace, account, own }) =>
    fc.record(
      {
        aud: fc.array(text, { minLength: 1, maxLength: 3 }),
        exp: seconds,
        iat: seconds,
        iss: text,
        jti: text,
        "kubernetes.io": fc.record(
          {
            namespace: fc.constant(namespace),
            node: object,
            pod: object,
            serviceaccount: fc.record({ name: fc.constant(account), uid }),
          },
          { requiredKeys: ["namespace", "serviceaccount"] },
        ),
        nbf: seconds,
        sub: fc.constant(`system:serviceaccount:${namespace}:${account}${own}`),
      },
      { requiredKeys: ["aud", "exp", "iat", "iss", "kubernetes.io", "nbf", "sub"] },
    ),
  );

/** A member out of one place, put into any other; white space, an escape, any piece of JSON; a piece cut out or put twice. */
const change = fc.tuple(fc.constantFrom("member", "space", "escape", "piece", "cut", "twice"), fc.nat(), fc.nat());
const MEMBER = /"[^"]*":(?:"[^"]*"|[0-9]+|\{[^{}]*\}|\[[^\]]*\])/g;
const PIECES = [
  ...[
    '"',
    "\\",
    "{",
    "}",
    ",",
    ":",
    "\n",
    "\u0000",
    "\u0001",
    "\u001f",
    "\u007f",
    "\u00e9",
    "\ud800",
    "0",
    "e9",
    "1e400",
    "-",
    ".",
  ],
  ...[
    '"exp":1,',
    ',"uid":"x"',
    ',"a"',
    "\\ud800",
    "12345678901234567890",
    "9".repeat(309),
    '"warnafter":1,',
    '"kubernetes.io/serviceaccount/x":"",',
  ],
];

function changed(json: string, [kind, first, second]: readonly [string, number, number]): string {
  const at = second % (json.length + 1);
  const inserted = (piece: string, place = at) => json.slice(0, place) + piece + json.slice(place);
  if (kind === "member") {
    const members = [...json.matchAll(MEMBER)];
    const [member = ""] = members[first % Math.max(1, members.length)] ?? [];
    const target = members[second % Math.max(1, members.length)];
    return inserted(`${member},`, target?.index ?? 0);
  }
  if (kind === "space") return inserted([" ", "\t", "\r", "\n"][first % 4] ?? "");
  if (kind === "piece") return inserted(PIECES[first % PIECES.length] ?? "");
  if (kind === "cut") return json.slice(0, at) + json.slice(at + (first % 20));
  if (kind === "twice") return inserted(json.slice(at, at + 1 + (first % 40)));
  const code = json.charCodeAt(at).toString(16).padStart(4, "0");
  return at < json.length ? `${json.slice(0, at)}\\u${code}${json.slice(at + 1)}` : json;
}

/** What JSON and the rules for claims say of the bytes, or why they say nothing. */
function readAsJson(bytes: Buffer): TokenClaims | string {
  try {
    const read = readClaims(parseJson(decodeUtf8(bytes)) as JsonObject);
    return isRefusal(read) ? read.code : read;
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return error.message;
  }
}

const asItCame = (bytes: Buffer) => readWrittenClaims(bytes.toString("latin1"));

describe("whatever is read so", () => {
  test("is what a sorted map of printable ASCII gives, where it breaks no rule", () => {
    let read = 0;
    fc.assert(
      fc.property(claims, (value) => {
        const json = JSON.stringify(value);
        const expected = readAsJson(Buffer.from(json));
        const isPlain = /^[ !-[\]-~]*$/.test(json) && [value.exp, value.iat, value.nbf].every(isWhole);
        const found = readWrittenClaims(json);
        if (found !== undefined) read += 1;
        const isLegacy = value.iss === "kubernetes/serviceaccount";
        const isUnusual = /"(?:name|uid)":"[^"]{129}/.test(json);
        if (isPlain && !isLegacy && !isUnusual && typeof expected !== "string") expect(found).toStrictEqual(expected);
        else expect(found).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  test("is what JSON and the rules for claims read, however it was changed (S10)", () => {
    let read = 0;
    const faults = new Set<string>();
    const originals = Object.values(recorded).map(payloadOf);
    const original = fc.oneof(
      claims.map((value) => JSON.stringify(value)),
      fc.constantFrom(JSON.stringify(claimsWith()), ...originals),
    );
    fc.assert(
      fc.property(original, fc.array(change, { maxLength: 3 }), fc.boolean(), (first, changes, isLatin) => {
        const json = changes.reduce(changed, first);
        // In Latin-1 too, of which much is no UTF-8.
        const bytes = Buffer.from(json, isLatin ? "latin1" : "utf8");
        const expected = readAsJson(bytes);
        if (typeof expected === "string") faults.add(expected);
        const found = asItCame(bytes);
        if (found === undefined) return;
        read += 1;
        expect(found).toStrictEqual(expected);
        // And no token of a kind that nobody may use is among them.
        expect(isRefusal(readShape(new BearerToken(unsigned(HEADER, json))))).toBe(false);
        expect(refusedAsAKind(json)).toBe(false);
      }),
      { numRuns: 12_000 },
    );
    // Each happened often enough to mean something.
    expect(read).toBeGreaterThan(1000);
    expect([...faults]).toEqual(
      expect.arrayContaining([
        "not JSON",
        "not valid UTF-8",
        "TOKEN_CLAIM_INVALID",
        "SUBJECT_INVALID",
        "KUBERNETES_CLAIM_INVALID",
      ]),
    );
    expect([...faults].filter((fault) => fault.includes("written twice"))).not.toEqual([]);
  });

  test("takes the text's length, whatever stands there", () => {
    const usual = JSON.stringify(claimsWith());
    const upTo = (piece: string) => usual.slice(0, usual.indexOf(piece) + piece.length);
    const hostile = [
      ...['{"aud":["', '{"aud":["a"', '{"aud":[""', usual.slice(0, -2)].map((start) => start + ',""'.repeat(200_000)),
      ...['"namespace":"', '"node":{"name":"', '"pod":{"name":"', '"serviceaccount":{"name":"'].flatMap((piece) =>
        ["a", "a-", "-", "a.", "a-a.", "--a"].map((run) => upTo(piece) + run.repeat(100_000)),
      ),
      usual.slice(0, -2) + "a".repeat(500_000),
    ];
    for (const json of hostile) expect(readWrittenClaims(json)).toBeUndefined();
  });
});

const isWhole = (value: number) => /^(?:0|[1-9][0-9]*)$/.test(String(value));

/** The same claims in a spelling that goes the long way. */
function refusedAsAKind(json: string): boolean {
  const shape = readShape(new BearerToken(`${base64url(JSON.stringify(HEADER))}.${base64url(`${json} `)}.c2ln`));
  return isRefusal(shape);
}
