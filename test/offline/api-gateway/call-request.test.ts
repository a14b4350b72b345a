import { describe, expect, test } from "vitest";
import { type CallRequest, checkMembers, incomingCall } from "../../../offline/api-gateway/call-request.ts";
import { pathParametersOf } from "../../../offline/api-gateway/path-parameters.ts";

const API = { stage: "dev", apiId: "a", account: "1", region: "r", requestId: "i", timeEpoch: 0 };
const rest = (request: CallRequest) => incomingCall(request, API, false);
const http = (request: CallRequest) => incomingCall(request, API, true);

describe("path parameters", () => {
  test.for<[string, string, Record<string, string> | undefined]>([
    ["/v1", "/v1", {}],
    ["/v1", "/v2", undefined],
    ["/v1", "/v1/", undefined],
    ["/v1", "/V1", undefined],
    ["/", "/", {}],
    ["/v1/{id}", "/v1/7", { id: "7" }],
    ["/v1/{id}", "/v1/a%2Fb", { id: "a%2Fb" }],
    ["/v1/{id}", "/v1/", undefined],
    ["/v1/{id}", "/v1", undefined],
    ["/v1/{id}", "/v1/7/x", undefined],
    ["/v1/{id}/x/{name}", "/v1/7/x/y", { id: "7", name: "y" }],
    ["/v1/{proxy+}", "/v1/a", { proxy: "a" }],
    ["/v1/{proxy+}", "/v1/a/b/", { proxy: "a/b/" }],
    ["/v1/{proxy+}", "/v1/", undefined],
    ["/v1/{proxy+}", "/v1", undefined],
    ["/{id}/{proxy+}", "/a/b/c", { id: "a", proxy: "b/c" }],
    ["/v1/x{id}", "/v1/x{id}", {}],
    ["/v1/x{id}", "/v1/x7", undefined],
  ])("%s, %s: %j", ([template, path, parameters]) => {
    expect(pathParametersOf(template, path)).toEqual(parameters);
  });
});

describe("a call", () => {
  test("needs no more than a path", () => {
    expect(rest({ path: "/v1/a%20b" })).toEqual({
      ...API,
      method: "GET",
      path: "/v1/a%20b",
      headers: [],
      query: "",
      route: { method: "ANY", path: "/{proxy+}" },
      pathParameters: { proxy: "v1/a%20b" },
      sourceIp: "127.0.0.1",
    });
  });

  test.for<[string, Partial<ReturnType<typeof rest>>, ReturnType<typeof rest>]>([
    ["a verb in any case", { method: "POST" }, rest({ path: "/", method: "post" })],
    ["the root of a REST API", { route: { method: "ANY", path: "/" }, pathParameters: {} }, rest({ path: "/" })],
    [
      "the catch-all of an HTTP API",
      { route: { method: "ANY", path: "$default" }, pathParameters: {} },
      http({ path: "/a" }),
    ],
    ["a route with a verb", { route: { method: "GET", path: "/{id}" } }, rest({ path: "/a", route: "GET /{id}" })],
    ["a route without one", { route: { method: "ANY", path: "/{id}" } }, rest({ path: "/a", route: "/{id}" })],
    [
      "a REST parameter keeps the encoding",
      { pathParameters: { id: "a%2Fb" } },
      rest({ path: "/a%2Fb", route: "/{id}" }),
    ],
    ["an HTTP parameter is decoded", { pathParameters: { id: "a b" } }, http({ path: "/a%20b", route: "/{id}" })],
    [
      "parameters that are said",
      { pathParameters: { x: "y" } },
      rest({ path: "/a", route: "/b", pathParameters: { x: "y" } }),
    ],
    ["a query after the path", { path: "/a", query: "b=1?&c" }, rest({ path: "/a?b=1?&c" })],
    ["a query apart", { query: "a=1&a=2" }, rest({ path: "/a", query: "a=1&a=2" })],
    ["a query as values", { query: "a=1+2%26" }, rest({ path: "/a", query: { a: "1 2&" } })],
    [
      "headers as a record",
      {
        headers: [
          ["A", "1"],
          ["A", "2"],
          ["b", "3"],
        ],
      },
      rest({ path: "/", headers: { A: ["1", "2"], b: "3" } }),
    ],
    [
      "headers as sent",
      {
        headers: [
          ["A", "1"],
          ["a", "2"],
        ],
      },
      rest({
        path: "/",
        headers: [
          ["A", "1"],
          ["a", "2"],
        ],
      }),
    ],
    ["headers of a Map", { headers: [["A", "1"]] }, rest({ path: "/", headers: new Map([["A", "1"]]) })],
    ["fetch's headers", { headers: [["a", "1"]] }, rest({ path: "/", headers: new Headers({ A: "1" }) })],
    ["a query as values, one of them twice", { query: "a=1&a=2" }, rest({ path: "/a", query: { a: ["1", "2"] } })],
    ["a query as parameters", { query: "a=1&a=2" }, rest({ path: "/", query: new URLSearchParams("a=1&a=2") })],
    ["blanks around a value", { headers: [["A", "1 2"]] }, rest({ path: "/", headers: { A: " \t1 2\t" } })],
    ["a value of blanks", { headers: [["A", ""]] }, rest({ path: "/", headers: [["A", " \t "]] })],
    ["a route in another case", { route: { method: "GET", path: "/a" } }, rest({ path: "/a", route: "get /a" })],
    ["any method of a route", { method: "PATCH" }, rest({ path: "/a", method: "patch", route: "ANY /a" })],
    ["a caller", { sourceIp: "::1" }, rest({ path: "/", sourceIp: "::1" })],
  ])("%s", ([, expected, call]) => {
    expect(call).toMatchObject(expected);
  });

  test.for<[string, () => unknown, RegExp]>([
    ["a path without its slash", () => rest({ path: "a" }), /"a" does not begin with \//],
    ["an empty path", () => rest({ path: "?a=1" }), /"" does not begin/],
    ["a path of another route", () => rest({ path: "/a", route: "GET /b" }), /"\/a" is not of the route \/b/],
    [
      "a method of another route",
      () => http({ path: "/a", method: "POST", route: "GET /a" }),
      /POST is not of the route GET \/a/,
    ],
    ["HEAD, which GET does not cover", () => rest({ path: "/a", method: "HEAD", route: "GET /a" }), /HEAD is not of/],
    [
      "a decoded slash where one segment is wanted",
      () => http({ path: "/a%2Fb", route: "GET /{id}" }),
      /"\/a\/b" is not of/,
    ],
    [
      "a header whose value is forgotten",
      () => rest({ path: "/", headers: { Authorization: undefined } as never }),
      /the header Authorization is undefined: expected a text/,
    ],
    ["a header that is a number", () => rest({ path: "/", headers: { A: 1 } as never }), /the header A is 1/],
    [
      "a number among parameters",
      () => rest({ path: "/", query: { a: ["1", 2] } as never }),
      /the query parameter a is 2/,
    ],
    ["no call at all", () => checkMembers(undefined as never), /a call is an object: its members are method, path/],
    ["a URL in place of a call", () => checkMembers("/a" as never), /a call is an object/],
  ])("%s is a mistake of the test", ([, make, message]) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});
