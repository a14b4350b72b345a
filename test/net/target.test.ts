import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { FetchFailure } from "../../lib/issuer/fetch-json.ts";
import { readTarget } from "../../lib/net/target.ts";

function outcome(text: string, allowLoopbackHttp: boolean) {
  try {
    return readTarget(text, { network: "public", allowLoopbackHttp }).reach.loopback;
  } catch (error) {
    if (error instanceof FetchFailure) return error.reason;
    throw error;
  }
}

const secret = "canary-5f1d";
const rule = { network: "public", allowLoopbackHttp: false } as const;

describe("the URL of an outgoing request", () => {
  test.for([
    { text: "https://issuer.example.com/a?b=c", offline: "permitted", deployed: "refused" },
    { text: "https://localhost/", offline: "permitted", deployed: "refused" },
    { text: "http://localhost:4100/dev", offline: "required", deployed: "address-refused" },
    { text: "http://127.0.0.1:4100/dev", offline: "required", deployed: "address-refused" },
    { text: "http://127.255.255.255/", offline: "required", deployed: "address-refused" },
    { text: "http://0x7f.1/", offline: "required", deployed: "address-refused" },
    { text: "http://2130706433/", offline: "required", deployed: "address-refused" },
    { text: "http://[::1]:4100/", offline: "required", deployed: "address-refused" },
  ])("$text may lead to loopback: $offline where that is allowed, otherwise $deployed", (row) => {
    expect(outcome(row.text, true)).toBe(row.offline);
    expect(outcome(row.text, false)).toBe(row.deployed);
  });

  test.for([
    { text: "http://issuer.example.com/", why: "plain http to a name" },
    { text: "http://128.0.0.1/", why: "plain http beside 127.0.0.0/8" },
    { text: "http://126.255.255.255/", why: "plain http beside 127.0.0.0/8" },
    { text: "http://[::2]/", why: "plain http beside ::1" },
    { text: "http://[::ffff:127.0.0.1]/", why: "plain http to IPv4-mapped loopback" },
    { text: "http://10.0.0.1/", why: "plain http to a private address" },
    { text: "http://localhost.evil.example/", why: "plain http to a name that begins with localhost" },
    { text: "http://localhost./", why: "plain http to another spelling of localhost" },
    { text: "http://a.localhost/", why: "plain http to a name under localhost" },
    { text: "https://user@issuer.example.com/", why: "a user" },
    { text: "https://:secret@issuer.example.com/", why: "a password" },
    { text: "http://user:secret@127.0.0.1/", why: "user info for loopback" },
    { text: "https://issuer.example.com/#part", why: "a fragment" },
    { text: "https://issuer.example.com/#", why: "an empty fragment" },
    { text: "ftp://issuer.example.com/", why: "another scheme" },
    { text: "file:///etc/passwd", why: "a file" },
    { text: "data:application/json,{}", why: "data" },
    { text: "https:///", why: "no host" },
    { text: "//issuer.example.com/", why: "no scheme" },
    { text: "", why: "nothing" },
  ])("$text is refused even where loopback http is allowed: $why", ({ text }) => {
    expect(outcome(text, true)).toBe("address-refused");
  });

  test.for([
    { text: "https://0x7f.1/", host: "127.0.0.1" },
    { text: "https://0177.0.0.1/", host: "127.0.0.1" },
    { text: "https://[::FFFF:127.0.0.1]/", host: "::ffff:7f00:1" },
    { text: "https://ISSUER.example.com/", host: "issuer.example.com" },
  ])("the host of $text is $host", ({ text, host }) => {
    expect(readTarget(text, rule).host).toBe(host);
  });

  test.for([`https://${secret}@a.example/`, `https://u:${secret}@a.example/`, `data:${secret}`, `//${secret}`])(
    "the failure of %s does not quote what may be a secret",
    (text) => {
      let failure: unknown;
      try {
        readTarget(text, rule);
      } catch (error) {
        failure = error;
      }
      expect(inspect(failure)).toMatch(/FetchFailure/);
      expect(inspect(failure)).not.toContain(secret);
    },
  );

  test("a label is scheme, host and path, without the query", () => {
    expect(readTarget(`https://a.example:8443/p?q=${secret}`, rule).label).toBe("https://a.example:8443/p");
  });

  test.for([
    { pathLength: 239, labelLength: 256 },
    { pathLength: 238, labelLength: 255 },
    { pathLength: 60_000, labelLength: 256 },
  ])("a path of $pathLength characters makes a label of $labelLength", ({ pathLength, labelLength }) => {
    const text = `https://a.example${"/".padEnd(pathLength, "p")}`;
    expect(readTarget(text, rule).label).toHaveLength(labelLength);
  });
});
