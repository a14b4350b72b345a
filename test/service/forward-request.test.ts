import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExternalService } from "../../lib/service/external-service.ts";
import { forwardRequest, type IncomingRequest } from "../../lib/service/forward-request.ts";
import { stored } from "../permission/documents.ts";

const NONE = { type: "none" };
const AWS = {
  type: "aws-sigv4",
  region: "eu-west-1",
  signingName: "s3",
  roleArn: "arn:aws:iam::123456789012:role/reader",
};
const PRINCIPAL = "prod-seoul/payments/billing";

function serviceOf(members: object = {}) {
  return parseExternalService(stored({ url: "https://a.example/base", credential: NONE, ...members }));
}

function forward(incoming: Partial<IncomingRequest>, members: object = {}, ownHeaders: readonly string[] = []) {
  const request = { method: "GET", path: "/", rawQuery: "", headers: [], body: new Uint8Array(), ...incoming };
  return forwardRequest(request, serviceOf(members), { ownHeaders, principal: PRINCIPAL });
}

/** The URL, or `fault`. */
function urlOf(incoming: Partial<IncomingRequest>, members: object = {}): string {
  const request = forward(incoming, members);
  return "fault" in request ? "fault" : request.url;
}

describe("the path is encoded again, segment by segment (RFC 3986 §3.3)", () => {
  test.for([
    ["/", "/"],
    ["/repos/acme/site", "/repos/acme/site"],
    ["/a/", "/a/"],
    ["/a.b/...", "/a.b/..."],
    ["/A-Za-z0-9-._~", "/A-Za-z0-9-._~"],
    ["/v1/x:cancel", "/v1/x:cancel"],
    ["/@scope/a", "/@scope/a"],
    ["/Items('a',1)/$count", "/Items('a',1)/$count"],
    ["/a!b&c=d*", "/a!b&c=d*"],
    ["/a+b", "/a%2Bb"],
    ["/a b", "/a%20b"],
    ['/"<>`{}|^[]', "/%22%3C%3E%60%7B%7D%7C%5E%5B%5D"],
    ["/é/한국/😀", "/%C3%A9/%ED%95%9C%EA%B5%AD/%F0%9F%98%80"],
    // Other readers of the decision refuse these; here they stay inside their segment.
    ["/a%2Fb", "/a%252Fb"],
    ["/a?b#c", "/a%3Fb%23c"],
    ["/a;b\\c", "/a%3Bb%5Cc"],
    ["/a\nb", "/a%0Ab"],
  ] as const)("%j is %s", ([path, encoded]) => {
    expect(urlOf({ path })).toBe(`https://a.example/base${encoded}`);
  });

  test.for([
    ["/A-Za-z0-9-._~", "/A-Za-z0-9-._~"],
    ["/a!b'(c)*d", "/a%21b%27%28c%29%2Ad"],
    ["/a:b@c$d&e,f=g+h", "/a%3Ab%40c%24d%26e%2Cf%3Dg%2Bh"],
    ["/a b/é", "/a%20b/%C3%A9"],
  ] as const)("%j is %s where the call is signed: AWS computes the signature over that spelling", ([path, encoded]) => {
    expect(urlOf({ path }, { credential: AWS })).toBe(`https://a.example/base${encoded}`);
  });

  test.for([
    ["https://a.example", "/x", "https://a.example/x"],
    ["https://a.example", "/", "https://a.example/"],
    ["https://a.example:8443/v1/y", "/x", "https://a.example:8443/v1/y/x"],
    ["https://a.example/v1", "/@evil.example/x", "https://a.example/v1/@evil.example/x"],
    ["https://a.example", "/:80@evil.example", "https://a.example/:80@evil.example"],
  ] as const)("below %s, %s is %s", ([url, path, joined]) => {
    expect(urlOf({ path }, { url })).toBe(joined);
  });

  test.for([
    "",
    "x",
    "@evil.example/",
    ".evil.example/",
    "//evil.example",
    "/a//b",
    "/..",
    "/../x",
    "/a/../..",
    "/.",
    "/a/./b",
  ])("%j is a fault: it could leave the service's own path", (path) => {
    expect(urlOf({ path })).toBe("fault");
    expect(urlOf({ path }, { credential: AWS })).toBe("fault");
  });

  test("half a character is a fault", () => {
    expect(urlOf({ path: "/a\ud800" })).toBe("fault");
  });

  test("any path decodes to what was decided on, stays below the service's url, and reads as one URL", () => {
    const segment = fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), fc.constantFrom(NONE, AWS), (segments, credential) => {
        const path = `/${segments.join("/")}`;
        const url = urlOf({ path }, { credential });
        if (url === "fault") {
          expect(path).toMatch(/\/\/|\/\.{1,2}(\/|$)/);
          return;
        }
        const read = new URL(url);
        expect(read.href).toBe(url);
        expect(read.host).toBe("a.example");
        expect(decodeURIComponent(read.pathname)).toBe(`/base${path}`);
      }),
    );
  });
});

describe("the query goes as it was sent", () => {
  test.for([
    ["", ""],
    ["a=1&a=2&b=&c&a=1", "?a=1&a=2&b=&c&a=1"],
    ["&&=&", "?&&=&"],
    ["q=a+b%20c%2bd%2F", "?q=a+b%20c%2bd%2F"],
    ["$filter=name%20eq%20'x'&a[]=1&b={c}|d", "?$filter=name%20eq%20'x'&a[]=1&b={c}|d"],
    ["next=https://a.example/?x=/../&y=%zz", "?next=https://a.example/?x=/../&y=%zz"],
    ["?", "??"],
    ["q=a b&r=é", "?q=a%20b&r=%C3%A9"],
  ] as const)("%j is %s", ([rawQuery, sent]) => {
    expect(urlOf({ path: "/x", rawQuery })).toBe(`https://a.example/base/x${sent}`);
  });

  test.for(["a=1#b", "#", "a\r\nHost: x", "a\n", "a\0", "a\tb", "\u007f", "\u0085", "\udc00"])(
    "%j is a fault",
    (rawQuery) => {
      expect(urlOf({ rawQuery })).toBe("fault");
    },
  );
});

describe("the method", () => {
  test.for(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])("%s goes on, with its body", (method) => {
    const body = Uint8Array.of(0, 255, 13, 10);
    expect(forward({ method, body })).toEqual({ method, url: "https://a.example/base/", headers: [], body });
  });

  test.for(["CONNECT", "TRACE", "get", "", "GET ", "GET /x HTTP/1.1\r\n", "PROPFIND"])("%j is a fault", (method) => {
    expect(forward({ method })).toEqual({ fault: "the method is none that can be forwarded" });
  });
});

describe("headers", () => {
  test("pass but for the caller's own and what podgate sets, and the principal is the last", () => {
    const request = forward(
      {
        headers: [
          ["Host", "podgate.example"],
          ["Authorization", "Bearer token"],
          ["Accept-Encoding", "gzip, br"],
          ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
          ["tracestate", "a=1"],
          ["X-Api-Key", "mine"],
          ["x_api_key", "mine"],
          ["X-Who", "prod-seoul/kube-system/admin"],
          ["x_who", "prod-seoul/kube-system/admin"],
          ["Content-Type", "text/plain"],
          ["Content-Length", "3"],
        ],
      },
      { identityHeader: "X-Who" },
      ["x-api-key"],
    );
    expect(request).toMatchObject({
      headers: [
        ["accept-encoding", "gzip, br"],
        ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        ["tracestate", "a=1"],
        ["content-type", "text/plain"],
        ["x-who", PRINCIPAL],
      ],
    });
  });

  test("Connection cannot name the identity header away", () => {
    const headers = [["Connection", "x-who"] as const];
    expect(forward({ headers }, { identityHeader: "X-Who" })).toMatchObject({ headers: [["x-who", PRINCIPAL]] });
  });

  test("without an identity header in the document, nobody is named", () => {
    expect(forward({})).toMatchObject({ headers: [] });
  });

  test.for([
    ["x-a", "1\r\nx-b: 2"],
    ["x-a", "1\n"],
    ["x-a", "\0"],
    ["x-a", "한"],
    ["x-a\r\nx-b", "1"],
    ["x a", "1"],
    ["", "1"],
    [":method", "DELETE"],
    ["x-a\0", "1"],
  ] as const)("%j: %j is a fault that quotes neither (S38)", ([name, value]) => {
    const request = forward({ headers: [[name, value]] });
    expect(Object.keys(request)).toEqual(["fault"]);
    expect(JSON.stringify(request)).not.toMatch(/x-b|한|method/);
  });

  test.for([
    ["cookie", "a=한"],
    ["x-forwarded-for", "a\n"],
  ] as const)("%s, which does not go on, cannot make a fault", ([name, value]) => {
    expect(forward({ headers: [[name, value]] })).toMatchObject({ headers: [] });
  });
});

describe("the trace of the invocation (X-Ray)", () => {
  const TRACE = "Root=1-67f8c1e2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1;Lineage=1:a87bd80c:0";

  function traceOf(trace: string | undefined, ownHeaders: readonly string[] = []): readonly string[] {
    const headers = [["X-Amzn-Trace-Id", "Root=1-of-the-caller"]] as const;
    const request = { method: "GET", path: "/", rawQuery: "", headers, body: new Uint8Array() };
    const outgoing = forwardRequest(request, serviceOf(), { ownHeaders, principal: PRINCIPAL, trace });
    if ("fault" in outgoing) throw new Error(outgoing.fault);
    return outgoing.headers.filter(([name]) => name === "x-amzn-trace-id").map(([, value]) => value);
  }

  test("is passed on in place of a caller's", () => {
    expect(traceOf(TRACE)).toEqual([TRACE]);
    expect(traceOf("Root=1-67f8c1e2-0123456789abcdef01234567")).toHaveLength(1);
  });

  test.for([
    { what: "there is none", trace: undefined },
    { what: "it is empty", trace: "" },
    { what: "it is no list of pairs", trace: "hello" },
    { what: "it would end the line", trace: "Root=1\r\nX-Evil: 1" },
    { what: "it is too long", trace: `Root=${"1".repeat(512)}` },
  ])("is not, where $what: no header at all", ({ trace }) => {
    expect(traceOf(trace)).toEqual([]);
  });

  test("is not, where the credential has this header", () => {
    expect(traceOf(TRACE, ["X-Amzn-Trace-Id"])).toEqual([]);
  });
});
