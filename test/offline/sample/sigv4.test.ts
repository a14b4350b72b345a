import { SignatureV4 } from "@smithy/signature-v4";
import { describe, expect, test } from "vitest";
import type { ReceivedRequest } from "../../../offline/sample/received-request.ts";
import { type SigV4Rule, verifySigV4 } from "../../../offline/sample/sigv4.ts";
import { Sha256 } from "./sha256.ts";

const NOW = Date.UTC(2015, 7, 30, 12, 36, 0) / 1000;
const KEY = { secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

const rule = (more: Partial<SigV4Rule> = {}): SigV4Rule => ({
  region: "us-east-1",
  service: "service",
  now: NOW,
  keyOf: (id) => (id === "AKIDEXAMPLE" ? KEY : undefined),
  ...more,
});

function outcomeOf(request: ReceivedRequest, given = rule()): string {
  const outcome = verifySigV4(request, given);
  return "fault" in outcome ? outcome.fault : "verified";
}

function request(more: Partial<ReceivedRequest>): ReceivedRequest {
  const { path = "/", query = "" } = more;
  return {
    method: "GET",
    path,
    query,
    url: query === "" ? path : `${path}?${query}`,
    headers: [],
    body: Buffer.alloc(0),
    ...more,
  };
}

describe("signatures that AWS published", () => {
  const signedBy = (scope: string, signedHeaders: string, signature: string) =>
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/${scope}/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`;

  test("get-vanilla of the test suite", () => {
    const signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    const headers = [
      ["Host", "example.amazonaws.com"],
      ["X-Amz-Date", "20150830T123600Z"],
      ["Authorization", signedBy("service", "host;x-amz-date", signature)],
    ] as const;
    expect(outcomeOf(request({ headers }))).toBe("verified");
  });

  test("get-vanilla-query-order-key-case of the test suite", () => {
    const signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
    const headers = [
      ["Host", "example.amazonaws.com"],
      ["X-Amz-Date", "20150830T123600Z"],
      ["Authorization", signedBy("service", "host;x-amz-date", signature)],
    ] as const;
    expect(outcomeOf(request({ query: "Param2=value2&Param1=value1", headers }))).toBe("verified");
  });

  test("the example of the IAM user guide: ListUsers", () => {
    const signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    const headers = [
      ["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"],
      ["Host", "iam.amazonaws.com"],
      ["X-Amz-Date", "20150830T123600Z"],
      ["Authorization", signedBy("iam", "content-type;host;x-amz-date", signature)],
    ] as const;
    const query = "Action=ListUsers&Version=2010-05-08";
    expect(outcomeOf(request({ query, headers }), rule({ service: "iam" }))).toBe("verified");
  });
});

describe("requests that the SDK's own signer signed", () => {
  const SESSION = { ...KEY, sessionToken: "session/token+==" };
  const sessionRule = (more: Partial<SigV4Rule> = {}) => rule({ keyOf: () => SESSION, ...more });

  interface Parts {
    readonly method: string;
    readonly path: string;
    /** Name and encoded values, in the order in which they are sent. */
    readonly query: readonly (readonly [string, string])[];
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }

  const PARTS: Parts = {
    method: "POST",
    path: "/v1/a%20b/%C3%A9/c%2Bd/x:y@z",
    query: [
      ["b", "2"],
      ["a", "z"],
      ["a", "1"],
      ["A", "~-._"],
      ["empty", ""],
      ["sp%20ace", "%C3%A9%2F%2B%27%28%29%2A%21"],
    ],
    headers: { "content-type": "text/plain", "x-custom": "  several   spaces  ", "x-amz-meta": "a" },
    body: "the body",
  };

  async function signed(parts: Partial<Parts> = {}): Promise<ReceivedRequest> {
    const { method, path, query, headers, body } = { ...PARTS, ...parts };
    const signer = new SignatureV4({
      credentials: { accessKeyId: "AKIDEXAMPLE", ...SESSION },
      region: "us-east-1",
      service: "service",
      sha256: Sha256,
    });
    const values: Record<string, string[]> = {};
    for (const [name, value] of query) {
      const decoded = decodeURIComponent(name);
      values[decoded] = [...(values[decoded] ?? []), decodeURIComponent(value)];
    }
    const { headers: all } = await signer.sign(
      {
        method,
        protocol: "https:",
        hostname: "example.com",
        path,
        query: values,
        headers: { host: "example.com", ...headers },
        body,
      },
      { signingDate: new Date(NOW * 1000) },
    );
    return request({
      method,
      path,
      query: query.map(([name, value]) => `${name}=${value}`).join("&"),
      headers: Object.entries(all),
      body: Buffer.from(body),
    });
  }

  test.for<[string, Partial<Parts>]>([
    ["with everything at once", {}],
    ["without a body", { method: "GET", body: "" }],
    ["without a query", { query: [] }],
    ["of the root", { path: "/" }],
    ["of a path with a slash at its end", { path: "/a/b/" }],
    ["of a path with characters that RFC 3986 reserves", { path: "/a!b'c(d)e*f,g=h&i$j" }],
  ])("%s are verified", async ([, parts]) => {
    expect(outcomeOf(await signed(parts), sessionRule())).toBe("verified");
  });

  type Change = (sent: ReceivedRequest) => Partial<ReceivedRequest>;
  const header =
    (name: string, change: (value: string) => string): Change =>
    ({ headers }) => ({ headers: headers.map(([each, value]) => [each, each === name ? change(value) : value]) });
  const without =
    (name: string): Change =>
    ({ headers }) => ({ headers: headers.filter(([each]) => each !== name) });
  const also =
    (name: string, value: string): Change =>
    ({ headers }) => ({ headers: [...headers, [name, value]] });
  const authorization = (from: RegExp, to: string) => header("authorization", (value) => value.replace(from, to));

  test.for<[string, Change, string]>([
    ["another method", () => ({ method: "PUT" }), "InvalidSignatureException"],
    ["another path", ({ path }) => ({ path: `${path}z` }), "InvalidSignatureException"],
    [
      "a path that is encoded otherwise",
      ({ path }) => ({ path: path.replace("%2B", "+") }),
      "InvalidSignatureException",
    ],
    ["another query", ({ query }) => ({ query: query.replace("b=2", "b=3") }), "InvalidSignatureException"],
    ["one parameter more", ({ query }) => ({ query: `${query}&c=1` }), "InvalidSignatureException"],
    ["parameters in another order", ({ query }) => ({ query: query.split("&").reverse().join("&") }), "verified"],
    ["a changed byte of the body", () => ({ body: Buffer.from("the bodz") }), "InvalidSignatureException"],
    ["no body", () => ({ body: Buffer.alloc(0) }), "InvalidSignatureException"],
    ["another value of a signed header", header("x-custom", () => "other"), "InvalidSignatureException"],
    ["spaces of a header folded", header("x-custom", () => "several spaces"), "verified"],
    ["another host", header("host", () => "example.org"), "InvalidSignatureException"],
    ["another content type", header("content-type", () => "text/html"), "InvalidSignatureException"],
    ["a header sent twice", also("x-custom", "again"), "InvalidSignatureException"],
    ["a header that nobody signed", also("x-unsigned", "a"), "verified"],
    ["an x-amz header that nobody signed", also("x-amz-other", "a"), "IncompleteSignature"],
    ["a content type that nobody signed", authorization(/content-type;/, ""), "IncompleteSignature"],
    ["a host that nobody signed", authorization(/host;/, ""), "IncompleteSignature"],
    ["a date that nobody signed", authorization(/x-amz-date;/, ""), "IncompleteSignature"],
    ["another second", header("x-amz-date", () => "20150830T123601Z"), "InvalidSignatureException"],
    ["another day than the scope's", header("x-amz-date", () => "20150831T123600Z"), "IncompleteSignature"],
    ["a date that is none", header("x-amz-date", () => "20150830T993600Z"), "IncompleteSignature"],
    ["no date", without("x-amz-date"), "IncompleteSignature"],
    ["a changed signature", authorization(/.$/, "z"), "IncompleteSignature"],
    ["a signature of zeros", authorization(/[0-9a-f]{64}$/, "0".repeat(64)), "InvalidSignatureException"],
    ["another scheme", authorization(/^AWS4-HMAC-SHA256/, "AWS4-HMAC-SHA512"), "IncompleteSignature"],
    ["two signatures", also("Authorization", "AWS4-HMAC-SHA256 a"), "IncompleteSignature"],
    ["no signature", without("authorization"), "MissingAuthenticationToken"],
    ["another session token", header("x-amz-security-token", () => "other"), "UnrecognizedClientException"],
    ["another digest of the body", header("x-amz-content-sha256", () => "0".repeat(64)), "InvalidSignatureException"],
  ])("%s: %s", async ([, change, outcome]) => {
    const sent = await signed();
    expect(outcomeOf(sent, sessionRule())).toBe("verified");
    expect(outcomeOf({ ...sent, ...change(sent) }, sessionRule())).toBe(outcome);
  });

  test.for<[string, Partial<SigV4Rule>, string]>([
    ["300 s later", { now: NOW + 300 }, "verified"],
    ["301 s later", { now: NOW + 301 }, "InvalidSignatureException"],
    ["300 s early", { now: NOW - 300 }, "verified"],
    ["301 s early", { now: NOW - 301 }, "InvalidSignatureException"],
    ["at another region", { region: "eu-west-1" }, "InvalidSignatureException"],
    ["at another service", { service: "execute-api" }, "InvalidSignatureException"],
    ["where the key is unknown", { keyOf: () => undefined }, "UnrecognizedClientException"],
    ["where the key has no session", { keyOf: () => KEY }, "UnrecognizedClientException"],
    [
      "where the secret is another",
      { keyOf: () => ({ ...SESSION, secretAccessKey: "x" }) },
      "InvalidSignatureException",
    ],
    ["a second before the session ends", { keyOf: () => ({ ...SESSION, expiresAt: NOW + 1 }) }, "verified"],
    ["when the session ends", { keyOf: () => ({ ...SESSION, expiresAt: NOW }) }, "ExpiredTokenException"],
  ])("%s: %s", async ([, more, outcome]) => {
    expect(outcomeOf(await signed(), sessionRule(more))).toBe(outcome);
  });

  test("no message holds anything of what was signed", async () => {
    const sent = await signed();
    const outcome = verifySigV4({ ...sent, method: "PUT" }, sessionRule());
    const told = JSON.stringify(outcome);
    for (const text of ["session/token", "AKIDEXAMPLE", KEY.secretAccessKey, "x-custom"])
      expect(told).not.toContain(text);
  });
});
