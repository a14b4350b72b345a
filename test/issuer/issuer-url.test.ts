import { describe, expect, test } from "vitest";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";

const segments = (count: number) => "/s".repeat(count);

describe("an issuer URL is taken as it is (S11)", () => {
  test.for([
    "https://oidc.eks.ap-northeast-2.amazonaws.com/id/B0678ED568FC12BBC37256BBA2A4BB53",
    "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
    "https://eastus.oic.prod-aks.azure.com/t/u/",
    "https://kubernetes.default.svc.cluster.local",
    "https://issuer.example.com",
    "https://issuer.example.com/",
    "https://issuer.example.com:6443",
    "https://issuer.example.com:1",
    "https://issuer.example.com:65535/x",
    "https://a/b._~:-c",
    "https://a/...",
    "https://a/.b",
    `https://a${segments(10)}`,
    `https://a${segments(10)}/`,
    `https://${"a".repeat(63)}.example`,
    `https://a/${"s".repeat(502)}`,
  ])("%s", (url) => {
    expect(parseIssuerUrl(url, false)).toBe(url);
  });
});

describe("anything else is no issuer URL (S11)", () => {
  test.for([
    { what: "eleven segments", url: `https://a${segments(11)}` },
    { what: "two hundred slashes", url: `https://a${"/".repeat(200)}` },
    { what: "513 characters", url: `https://a/${"s".repeat(503)}` },
    { what: "a label of 64 characters", url: `https://${"a".repeat(64)}.example` },
    { what: "no host", url: "https:///x" },
    { what: "no host at all", url: "https://" },
    { what: "another scheme in the path", url: "https://http://127.0.0.1" },
    { what: "an upper-case host", url: "https://Issuer.example.com" },
    { what: "an upper-case scheme", url: "HTTPS://issuer.example.com" },
    { what: "letters beyond ASCII", url: "https://issuér.example.com" },
    { what: "a full-width dot", url: "https://issuer\uff0eexample.com" },
    { what: "user info", url: "https://user@issuer.example.com" },
    { what: "user info with a password", url: "https://user:pass@issuer.example.com" },
    { what: "a query", url: "https://issuer.example.com/?x" },
    { what: "an empty query", url: "https://issuer.example.com?" },
    { what: "a fragment", url: "https://issuer.example.com/#x" },
    { what: "an empty fragment", url: "https://issuer.example.com#" },
    { what: "a dot segment", url: "https://issuer.example.com/./x" },
    { what: "two dots", url: "https://issuer.example.com/x/.." },
    { what: "two dots before a slash", url: "https://issuer.example.com/../" },
    { what: "a percent sign", url: "https://issuer.example.com/%2e%2e" },
    { what: "a backslash", url: "https://issuer.example.com\\x" },
    { what: "an empty segment", url: "https://issuer.example.com//x" },
    { what: "two slashes at the end", url: "https://issuer.example.com/x//" },
    { what: "an underscore in the host", url: "https://issuer_.example.com" },
    { what: "a dot at the end of the host", url: "https://issuer.example.com./x" },
    { what: "a hyphen first in a label", url: "https://-a.example" },
    { what: "a hyphen last in a label", url: "https://a-.example" },
    { what: "port 0", url: "https://a:0" },
    { what: "a port with a leading zero", url: "https://a:0443" },
    { what: "port 65536", url: "https://a:65536" },
    { what: "a port of six digits", url: "https://a:100000" },
    { what: "an empty port", url: "https://a:/x" },
    { what: "a number that is no IPv4 address", url: "https://1.2.3.256" },
    { what: "an IPv6 address", url: "https://[::1]" },
    { what: "a space first", url: " https://a" },
    { what: "a space last", url: "https://a " },
    { what: "a line feed last", url: "https://a\n" },
    { what: "a NUL", url: "https://a/\0" },
    { what: "plain http", url: "http://issuer.example.com" },
    { what: "plain http to loopback", url: "http://127.0.0.1:4100/dev" },
    { what: "another scheme", url: "file:///etc/passwd" },
    { what: "the legacy issuer", url: "kubernetes/serviceaccount" },
    { what: "nothing", url: "" },
    { what: "undefined", url: undefined },
    { what: "null", url: null },
    { what: "a number", url: 1 },
    { what: "a list of one", url: ["https://issuer.example.com"] },
    { what: "an object", url: { toString: () => "https://issuer.example.com" } },
  ])("$what", ({ url }) => {
    expect(parseIssuerUrl(url, false)).toBeUndefined();
  });

  test("a megabyte of it is refused without being looked at", () => {
    expect(parseIssuerUrl(`https://${"a.".repeat(500_000)}a`, true)).toBeUndefined();
  });
});

describe("plain http, where loopback is allowed (offline)", () => {
  test.for([
    { url: "http://127.0.0.1:4100/dev", taken: true },
    { url: "http://127.0.0.1", taken: true },
    { url: "http://localhost:4100/dev/", taken: true },
    { url: `http://localhost${segments(10)}`, taken: true },
    { url: `http://localhost${segments(11)}`, taken: false },
    { url: "http://localhost/..", taken: false },
    { url: "http://localhost:65536", taken: false },
    { url: "http://localhost.example.com", taken: false },
    { url: "http://127.0.0.1.example.com", taken: false },
    { url: "http://127x0y0z1", taken: false },
    { url: "http://127.0.0.1@evil.example", taken: false },
    { url: "http://10.0.0.1", taken: false },
    { url: "http://issuer.example.com", taken: false },
    { url: "https://issuer.example.com", taken: true },
  ])("$url: $taken", ({ url, taken }) => {
    expect(parseIssuerUrl(url, true)).toBe(taken ? url : undefined);
  });
});
