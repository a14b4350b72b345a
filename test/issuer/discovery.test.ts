import { describe, expect, test } from "vitest";
import { checkDiscovery, discoveryUrl } from "../../lib/issuer/discovery.ts";
import { ISSUER_URL, issuerWith } from "./support.ts";

describe("where discovery is asked", () => {
  test.for([
    { members: {}, asked: `${ISSUER_URL}/.well-known/openid-configuration` },
    { members: { url: `${ISSUER_URL}/` }, asked: `${ISSUER_URL}/.well-known/openid-configuration` },
    { members: { discoveryURL: "https://mirror.example/oidc.json" }, asked: "https://mirror.example/oidc.json" },
  ])("$members: $asked", ({ members, asked }) => {
    expect(discoveryUrl(issuerWith(members))).toBe(asked);
  });
});

describe("jwks_uri (S33, S34)", () => {
  test.for([
    { uri: "https://oidc.example.com/id/A/keys" },
    { uri: "https://oidc.example.com/elsewhere" },
    { uri: "https://oidc.example.com:443/keys" },
    { uri: "https://mirror.example/keys", members: { discoveryURL: "https://mirror.example/oidc.json" } },
    { uri: "https://oidc.example.com/keys", members: { discoveryURL: "https://mirror.example/oidc.json" } },
    { uri: "http://127.0.0.1:4100/dev/keys", members: { url: "http://127.0.0.1:4100/dev" } },
  ])("$uri is followed ($members)", ({ uri, members = {} }) => {
    const issuer = issuerWith(members);

    expect(checkDiscovery({ issuer: issuer.url, jwks_uri: uri }, issuer)).toStrictEqual({ jwksUri: uri });
  });

  test.for([
    { uri: "https://oidc.example.com.evil.example/keys" },
    { uri: "https://evil.example/keys" },
    { uri: "https://sub.oidc.example.com/keys" },
    { uri: "https://oidc.example.com:8443/keys" },
    { uri: "http://oidc.example.com/keys" },
    { uri: "https://169.254.169.254/latest/meta-data" },
    { uri: "https://user@oidc.example.com/keys" },
    { uri: "https://:pass@oidc.example.com/keys" },
    { uri: "https://oidc.example.com/keys?x=1" },
    { uri: "https://oidc.example.com/keys?" },
    { uri: "https://oidc.example.com/keys#" },
    { uri: "https://oidc.example.com@evil.example/keys" },
    { uri: "https://oidc.example.com\\@evil.example/keys", members: { url: "https://evil.example" } },
    { uri: "file:///etc/passwd" },
    { uri: "data:application/json,{}" },
    { uri: "/openid/v1/jwks" },
    { uri: "" },
    { uri: undefined },
    { uri: null },
    { uri: ["https://oidc.example.com/keys"] },
    { uri: "http://127.0.0.1:4101/keys", members: { url: "http://127.0.0.1:4100/dev" } },
    { uri: "https://127.0.0.1:4100/keys", members: { url: "http://127.0.0.1:4100/dev" } },
    { uri: "https://third.example/keys", members: { discoveryURL: "https://mirror.example/oidc.json" } },
    { uri: "https://evil.example/keys", members: { url: "no URL", discoveryURL: "https://mirror.example/oidc.json" } },
    { uri: "https://evil.example/keys", members: { url: "no URL" } },
  ])("$uri is refused ($members)", ({ uri, members = {} }) => {
    const issuer = issuerWith(members);

    expect(checkDiscovery({ issuer: issuer.url, jwks_uri: uri }, issuer)).toHaveProperty("fault");
  });
});

describe("issuer of the document: equal, code point by code point", () => {
  test.for([
    `${ISSUER_URL}/`,
    "https://OIDC.example.com/id/A",
    "https://oidc.example.com:443/id/A",
    "https://oidc.example.com/id/%41",
    "https://other.example.com/id/A",
    "",
    undefined,
    [ISSUER_URL],
  ])("%j is another issuer", (issuer) => {
    const document = { issuer, jwks_uri: "https://oidc.example.com/keys" };

    expect(checkDiscovery(document, issuerWith())).toHaveProperty("fault");
  });

  test.for([null, [], "text", 1, true, undefined])("a document that is %j is refused", (document) => {
    expect(checkDiscovery(document, issuerWith())).toHaveProperty("fault");
  });
});
