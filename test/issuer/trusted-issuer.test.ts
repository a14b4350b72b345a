import { describe, expect, test } from "vitest";
import { parseTrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { codeOf, ISSUER_URL, issuerWith } from "./support.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

describe("issuer document", () => {
  test("only url and cluster are required; what protects is on by default", () => {
    expect(issuerWith()).toStrictEqual({
      url: ISSUER_URL,
      cluster: "prod",
      algorithms: ["RS256", "ES256"],
      maxTokenLifetimeSeconds: 86_400,
      requireBoundPod: false,
      disabled: false,
      network: "public",
      keys: "discovered",
      document: { name: "/p/issuers/a", version: 1 },
    });
  });

  test("every member of the contract is read", () => {
    const members = {
      group: "g",
      algorithms: ["ES512"],
      maxTokenLifetimeSeconds: 600,
      requireBoundPod: true,
      notBefore: 1_764_000_000,
      disabled: true,
      discoveryURL: "https://d.example/x",
      jwksURL: "https://k.example/jwks",
      certificateAuthority: PEM,
      network: "private",
      keys: "static",
    };

    expect(issuerWith({ version: 1, replaces: "https://old.example", ...members })).toMatchObject(members);
  });

  test.for([
    ...["RS256", "ES256", "ES384", "ES512"].map((name) => ({ members: { algorithms: [name] } })),
    { members: { maxTokenLifetimeSeconds: 600 } },
    { members: { maxTokenLifetimeSeconds: 86_400 } },
    { members: { notBefore: 0 } },
    { members: { cluster: "c".repeat(63) } },
    { members: { keys: "discovered" } },
    { members: { discoveryURL: "http://127.0.0.1:4100/dev/.well-known/openid-configuration" } },
  ])("$members is accepted", ({ members }) => {
    expect(issuerWith(members)).toMatchObject(members);
  });

  test.for([
    { members: { url: undefined } },
    { members: { url: 1 } },
    { members: { cluster: undefined } },
    { members: { cluster: "" } },
    { members: { cluster: "Prod" } },
    { members: { cluster: "a.b" } },
    { members: { cluster: "_all" } },
    { members: { cluster: "c".repeat(64) } },
    { members: { group: "a/b" } },
    { members: { group: null } },
    { members: { algorithms: [] } },
    { members: { algorithms: "RS256" } },
    { members: { algorithms: ["none"] } },
    { members: { algorithms: ["HS256"] } },
    { members: { algorithms: ["RS256", "PS256"] } },
    { members: { algorithms: ["rs256"] } },
    { members: { algorithms: ["EdDSA"] } },
    { members: { maxTokenLifetimeSeconds: 599 } },
    { members: { maxTokenLifetimeSeconds: 86_401 } },
    { members: { maxTokenLifetimeSeconds: 3600.5 } },
    { members: { maxTokenLifetimeSeconds: "3600" } },
    { members: { requireBoundPod: "true" } },
    { members: { notBefore: -1 } },
    { members: { notBefore: 1.5 } },
    { members: { disabled: "false" } },
    { members: { disabled: null } },
    { members: { discoveryURL: "ftp://d.example" } },
    { members: { discoveryURL: "d.example/x" } },
    { members: { discoveryURL: "https://u@d.example" } },
    { members: { discoveryURL: "https://u:p@d.example" } },
    { members: { discoveryURL: "https://:p@d.example" } },
    { members: { discoveryURL: "https://d.example?" } },
    { members: { jwksURL: "https://k.example/#" } },
    { members: { jwksURL: 1 } },
    { members: { certificateAuthority: "MIIB" } },
    { members: { certificateAuthority: 1 } },
    { members: { network: "any" } },
    { members: { keys: "none" } },
    { members: { keys: [] } },
    { members: { replaces: 1 } },
    { members: { audience: "x" } },
    { members: { Disabled: true } },
    { members: { jwksUrl: "https://k.example/jwks" } },
  ])("$members is refused", async ({ members }) => {
    expect(await codeOf(() => issuerWith(members))).toBe("DOCUMENT_INVALID");
  });

  test("a later format is an error of its own", async () => {
    expect(await codeOf(() => issuerWith({ version: 2, mystery: true }))).toBe("DOCUMENT_TOO_NEW");
  });

  test("a member that is written twice is refused, so that `disabled` cannot be overwritten unseen", async () => {
    const text = `{"url":"${ISSUER_URL}","cluster":"prod","disabled":true,"disabled":false}`;

    expect(await codeOf(() => parseTrustedIssuer({ name: "/p", version: 1, revision: "1", text }))).toBe(
      "DOCUMENT_INVALID",
    );
  });
});
