import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createApiSource, createIssuerSource } from "../../lib/aws/document-sources.ts";
import { type IssuerUrl, parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { codeOf, startStoreAndReader } from "./store-and-reader.ts";

const url = issuerUrl("https://oidc.example.com/id/A");

function issuerUrl(text: string): IssuerUrl {
  const parsed = parseIssuerUrl(text, false);
  if (parsed === undefined) throw new Error(`${text} is no issuer URL`);
  return parsed;
}

async function startSources() {
  const run = await startStoreAndReader();
  return { ...run, issuers: createIssuerSource(run.options), apis: createApiSource(run.options) };
}

describe("documents of an issuer", () => {
  const issuer = { url, cluster: "dev" };
  const { kty, crv, x, y } = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
  const keySet = { issuer: url, fetchedAt: 1_795_000_000, source: "discovered", keys: [{ kid: "1", kty, crv, x, y }] };

  test("issuer and key set come in one call", async () => {
    await using run = await startSources();
    run.put("issuers/oidc.example.com/id/A", issuer);
    run.put("keys/oidc.example.com/id/A", keySet);
    const record = await run.issuers.read(url);
    expect(record?.issuer).toMatchObject({ url, cluster: "dev", document: { version: 1 } });
    expect([...(record?.keySet?.keys.keys() ?? [])]).toEqual(["1"]);
    expect(run.asked()).toEqual([["issuers/oidc.example.com/id/A", "keys/oidc.example.com/id/A"]]);
  });

  test("without a key set there is the issuer alone", async () => {
    await using run = await startSources();
    run.put("issuers/oidc.example.com/id/A", issuer);
    expect((await run.issuers.read(url))?.keySet).toBeUndefined();
  });

  test("a key set alone registers nobody", async () => {
    await using run = await startSources();
    run.put("keys/oidc.example.com/id/A", keySet);
    expect(await run.issuers.read(url)).toBeUndefined();
  });

  test("the documents of a neighbour are not this issuer's", async () => {
    await using run = await startSources();
    run.put("issuers/oidc.example.com/id/A", issuer);
    for (const text of [
      "https://oidc.example.com/id/A/",
      "https://oidc.example.com/id",
      "https://oidc.example.com/id/a",
    ]) {
      expect(await run.issuers.read(issuerUrl(text))).toBeUndefined();
    }
  });

  test("an issuer whose name does not fit the store is not registered, and nothing is asked", async () => {
    await using run = await startSources();
    expect(await run.issuers.read(issuerUrl(`https://a.b/${"_".repeat(400)}`))).toBeUndefined();
    expect(run.store.calls).toHaveLength(0);
  });

  test.for([
    { fault: "an issuer document that is no JSON", name: "issuers/oidc.example.com/id/A", document: "{" },
    {
      fault: "a key set with an unknown member",
      name: "keys/oidc.example.com/id/A",
      document: { ...keySet, note: "" },
    },
    {
      fault: "a key set with a private key",
      name: "keys/oidc.example.com/id/A",
      document: { ...keySet, keys: [{ kid: "1", kty, crv, x, y, d: x }] },
    },
  ])("$fault is DOCUMENT_INVALID", async ({ name, document }) => {
    await using run = await startSources();
    run.put("issuers/oidc.example.com/id/A", issuer);
    run.put(name, document);
    expect(await codeOf(run.issuers.read(url))).toBe("DOCUMENT_INVALID");
  });

  test("an unchanged document is the same object at each read, a changed one is not", async () => {
    await using run = await startSources();
    run.put("issuers/oidc.example.com/id/A", issuer);
    const [one, other] = [await run.issuers.read(url), await run.issuers.read(url)];
    run.put("issuers/oidc.example.com/id/A", { ...issuer, disabled: true });
    const changed = await run.issuers.read(url);
    expect(one?.issuer).toBe(other?.issuer);
    expect(changed?.issuer.disabled).toBe(true);
  });

  test("the store out of reach is PARAMETERS_UNAVAILABLE", async () => {
    await using run = await startSources();
    run.store.fault({ kind: "access-denied" });
    expect(await codeOf(run.issuers.read(url))).toBe("PARAMETERS_UNAVAILABLE");
  });
});

describe("receiver documents", () => {
  const receiver = { service: "orders", audiences: ["orders.example.com"] };

  test("are found by API id and kept for their age", async () => {
    await using run = await startSources();
    run.put("apis/a1b2c3", receiver);
    expect((await run.apis.find("a1b2c3"))?.receiver).toMatchObject(receiver);
    run.clock.advance(53.9);
    await run.apis.find("a1b2c3");
    expect(run.asked()).toEqual([["apis/a1b2c3"]]);
    run.put("apis/a1b2c3", { ...receiver, service: "billing" });
    run.clock.advance(6.1);
    expect((await run.apis.find("a1b2c3"))?.receiver.service).toBe("billing");
  });

  test("that are absent are kept as absent, and found within their age once they exist", async () => {
    await using run = await startSources();
    expect([await run.apis.find("a1b2c3"), await run.apis.find("a1b2c3")]).toEqual([undefined, undefined]);
    expect(run.store.calls).toHaveLength(1);
    run.put("apis/a1b2c3", receiver);
    run.clock.advance(60);
    expect(await run.apis.find("a1b2c3")).toBeDefined();
  });

  test("an id that is none of API Gateway's is not asked about", async () => {
    await using run = await startSources();
    expect(await run.apis.find("a/../b")).toBeUndefined();
    expect(run.store.calls).toHaveLength(0);
  });

  test("what is asked in one turn is one call, whichever source asks", async () => {
    await using run = await startSources();
    await Promise.all([run.issuers.read(url), run.apis.find("a1b2c3")]);
    expect(run.asked()).toEqual([["issuers/oidc.example.com/id/A", "keys/oidc.example.com/id/A", "apis/a1b2c3"]]);
  });
});
