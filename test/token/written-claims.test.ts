import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonFault, parseJson } from "../../lib/json.ts";
import { isWrittenByKubernetes } from "../../lib/token/written-claims.ts";
import { boundClaims, signCompact } from "../../offline/cluster/claims.ts";
import { generateSigningKey } from "../../offline/cluster/signing-key.ts";
import { claimsWith, kubernetesWith } from "./support.ts";

const payloadOf = (token: string) => Buffer.from(token.split(".")[1] ?? "", "base64url").toString();

const recorded: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("../fixtures/kube-apiserver/tokens.json", import.meta.url), "utf8"),
).tokens;

describe("claims as kube-apiserver writes them", () => {
  test.for(Object.keys(recorded))("recorded: %s", (name) => {
    // An extended token is refused whatever else it says; it need not be quick.
    expect(isWrittenByKubernetes(payloadOf(recorded[name] ?? ""))).toBe(!name.startsWith("extended"));
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

    expect(isWrittenByKubernetes(payloadOf(signCompact({}, claims, key)))).toBe(true);
  });

  const usual = JSON.stringify(claimsWith());
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
  ])("$what: $is", ({ json, is }) => {
    expect(isWrittenByKubernetes(json)).toBe(is);
  });
});

/** Any text that kube-apiserver could be made to write, and what it could not. */
const text = fc.oneof(fc.constantFrom("a", "payments", ":", "{}", ",", "iss"), fc.string({ maxLength: 12 }));
const object = fc.record({ name: text, uid: text }, { requiredKeys: ["name"] });
const claims = fc.record(
  {
    aud: fc.array(text, { minLength: 1, maxLength: 3 }),
    exp: fc.nat(),
    iat: fc.nat(),
    iss: text,
    jti: text,
    "kubernetes.io": fc.record(
      { namespace: text, node: object, pod: object, secret: object, serviceaccount: object },
      { requiredKeys: ["namespace", "serviceaccount"] },
    ),
    nbf: fc.nat(),
    sub: text,
  },
  { requiredKeys: ["aud", "exp", "iat", "iss", "kubernetes.io", "nbf", "sub"] },
);

/** A member out of one place, put into any other; white space, an escape, any piece of JSON. */
const change = fc.tuple(fc.constantFrom("member", "space", "escape", "piece", "cut"), fc.nat(), fc.nat());
const MEMBER = /"[^"]*":(?:"[^"]*"|[0-9]+|\{[^{}]*\}|\[[^\]]*\])/g;
const PIECES = ['"', "\\", "{", "}", ",", ":", "\n", "\u0001", '"exp":1,', ',"uid":"x"', ',"a"'];

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
  const code = json.charCodeAt(at).toString(16).padStart(4, "0");
  return at < json.length ? `${json.slice(0, at)}\\u${code}${json.slice(at + 1)}` : json;
}

/** What the search through the whole text says. */
function searched(json: string): "read" | "no JSON" | "repeated" {
  try {
    parseJson(json);
    return "read";
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return error.message === "not JSON" ? "no JSON" : "repeated";
  }
}

describe("whatever is said to be written so", () => {
  const plain = (json: string) => !json.includes("\\");

  test("is what a sorted map gives, with any text that needs no escape", () => {
    fc.assert(
      fc.property(claims, (value) => {
        const json = JSON.stringify(value);
        expect(isWrittenByKubernetes(json)).toBe(plain(json));
      }),
    );
  });

  test("has no member twice, however it was changed: the search finds none (S10)", () => {
    let said = 0;
    let repeated = 0;
    fc.assert(
      fc.property(claims, fc.array(change, { maxLength: 3 }), (value, changes) => {
        const json = changes.reduce(changed, JSON.stringify(value));
        const found = searched(json);
        if (found === "repeated") repeated += 1;
        if (!isWrittenByKubernetes(json)) return;
        said += 1;
        expect(found).not.toBe("repeated");
      }),
      { numRuns: 5000 },
    );
    // Both happened often enough to mean something.
    expect(said).toBeGreaterThan(50);
    expect(repeated).toBeGreaterThan(50);
  });

  test("takes the text's length, whatever stands there", () => {
    const hostile = ['{"aud":["', '{"aud":["a"', '{"aud":[""', JSON.stringify(claimsWith()).slice(0, -2)].map(
      (start) => start + ',""'.repeat(200_000),
    );
    for (const json of hostile) expect(isWrittenByKubernetes(json)).toBe(false);
  });
});
