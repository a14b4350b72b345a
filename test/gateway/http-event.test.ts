import { describe, expect, test } from "vitest";
import { readHttpEvent } from "../../lib/gateway/http-event.ts";
import { faultOf } from "../permission/documents.ts";
import { inContext, type SampleEvent, sample, withAuthorization } from "./events.ts";

const TOKEN = "Bearer header.claims.signature";

describe("an HTTP event, as AWS shows it, is read whatever its surface", () => {
  test.for([
    { file: "proxy-http-2.0-default", method: "POST", path: "/my/path", apiId: "api-id", stage: "$default" },
    {
      file: "proxy-http-2.0-routed",
      method: "GET",
      path: "/nodejs-apig-function-1G3XMPLZXVXYI",
      apiId: "r3pmxmplak",
      stage: "default",
    },
    { file: "proxy-http-1.0", method: "GET", path: "/my/path", apiId: "id", stage: "$default" },
    { file: "proxy-rest", method: "POST", path: "/hello/world", apiId: "gy415nuibc", stage: "testStage" },
    { file: "proxy-function-url", method: "POST", path: "/my/path", apiId: "urlid", stage: "$default" },
    { file: "proxy-alb", method: "GET", path: "/lambda", apiId: undefined, stage: undefined },
    { file: "proxy-alb-multi-value", method: "GET", path: "/lambda", apiId: undefined, stage: undefined },
  ])("$file", ({ file, method, path, apiId, stage }) => {
    const event = sample(file);
    expect(readHttpEvent(event).authorization).toEqual([]);
    expect(readHttpEvent(withAuthorization(event, TOKEN))).toEqual({
      authorization: [TOKEN],
      method,
      path,
      apiId,
      stage,
      answersInMultiValueHeaders: file === "proxy-alb-multi-value",
    });
  });
});

function routed(routeKey: string, pathParameters: unknown, rawPath = "/default/other"): SampleEvent {
  return { ...sample("proxy-http-2.0-routed"), routeKey, rawPath, pathParameters };
}

function path(event: unknown): string {
  return readHttpEvent(event).path;
}

describe("on a routed HTTP API the path is the route filled with its parameters, never rawPath", () => {
  test.for([
    ["GET /v1/orders", null, "/v1/orders"],
    ["GET /v1/orders", undefined, "/v1/orders"],
    ["ANY /v1/{id}", { id: "7" }, "/v1/7"],
    ["ANY /v1/{id}/items/{item}", { id: "7", item: "a b" }, "/v1/7/items/a b"],
    ["ANY /v1/{proxy+}", { proxy: "a/b/c" }, "/v1/a/b/c"],
    ["ANY /{proxy+}", { proxy: "v1/" }, "/v1/"],
    ["ANY /", {}, "/"],
    // Delivered decoded, so not decoded again.
    ["ANY /v1/{id}", { id: "%41" }, "/v1/%41"],
    // A value is not a template, nor a replacement pattern.
    ["ANY /{a}/{b}", { a: "{b}", b: "x" }, "/{b}/x"],
    ["ANY /v1/{id}", { id: "$&$1$$" }, "/v1/$&$1$$"],
  ] as const)("%s with %j is %s", ([routeKey, parameters, expected]) => {
    expect(path(routed(routeKey, parameters))).toBe(expected);
  });
});

describe("on the $default route it is rawPath, without the stage if the stage has a name", () => {
  const event = sample("proxy-http-2.0-default");
  test.for([
    ["$default", "/my/path", "/my/path"],
    ["$default", "/$default/x", "/$default/x"],
    ["dev", "/dev/my/path", "/my/path"],
    ["dev", "/dev/dev/x", "/dev/x"],
    ["dev", "/dev", "/"],
    ["dev", "/dev/", "/"],
    ["dev", "/developer/x", "/developer/x"],
    ["dev", "/x/dev/y", "/x/dev/y"],
    ["dev", "/a%41", "/a%41"],
  ] as const)("stage %s, %s: %s", ([stage, rawPath, expected]) => {
    expect(path(inContext({ ...event, rawPath }, { stage }))).toBe(expected);
  });

  test("an event without a stage is taken for $default", () => {
    expect(path(inContext(event, { stage: undefined }))).toBe("/my/path");
  });

  test("an event without a route key is taken for $default", () => {
    expect(path({ ...event, routeKey: undefined })).toBe("/my/path");
  });
});

describe("payload 1.0", () => {
  const http = sample("proxy-http-1.0");
  const rest = sample("proxy-rest");

  test("HTTP API: parameters are delivered decoded", () => {
    expect(path({ ...http, resource: "/v1/{id}", pathParameters: { id: "%41" } })).toBe("/v1/%41");
  });

  test("HTTP API, $default route: the path without the stage", () => {
    const event = inContext({ ...http, resource: "$default", path: "/dev/my/path" }, { stage: "dev" });
    expect(path(event)).toBe("/my/path");
    expect(path(inContext({ ...event, resource: undefined }, { stage: undefined }))).toBe("/dev/my/path");
  });

  test.for([
    [{ proxy: "a%20b" }, "/a b"],
    [{ proxy: "a%2Fb" }, "/a/b"],
    [{ proxy: "%2e%2e/x" }, "/../x"],
    [{ proxy: "%252e" }, "/%2e"],
    [{ proxy: "x/100%" }, "/x/100%"],
    [{ proxy: "%C3%A9" }, "/é"],
  ] as const)("REST API: parameters %j keep their encoding and are decoded once: %s", ([pathParameters, expected]) => {
    expect(path({ ...rest, pathParameters, path: "/admin" })).toBe(expected);
  });
});

describe("Function URLs and ALBs have no route and keep the encoding", () => {
  test.for([
    ["/a%20b", "/a b"],
    ["/%2e%2e/x", "/../x"],
    ["/%252e", "/%2e"],
    ["/100%", "/100%"],
  ] as const)("%s is %s", ([sent, expected]) => {
    expect(path({ ...sample("proxy-function-url"), rawPath: sent })).toBe(expected);
    expect(path({ ...sample("proxy-alb"), path: sent })).toBe(expected);
    expect(path({ ...sample("proxy-alb-multi-value"), path: sent })).toBe(expected);
  });

  test("of an ALB's several fields all are seen", () => {
    const event = { ...sample("proxy-alb-multi-value"), multiValueHeaders: { authorization: ["a", "b"] } };
    expect(readHttpEvent(event).authorization).toEqual(["a", "b"]);
  });
});

describe("what is no HTTP event is an error", () => {
  const http = sample("proxy-http-2.0-default");
  test.for([
    ["nothing", undefined],
    ["a list", []],
    ["an event of a schedule", { source: "aws.events" }],
    ["payload 2.0 without method", inContext(http, { http: {} })],
    ["payload 2.0 without a context", { ...http, requestContext: null }],
    ["payload 2.0 on $default without rawPath", { ...http, rawPath: undefined }],
    ["a route without method", { ...routed("GET /x", {}), requestContext: {} }],
    ["payload 1.0 without method", { ...sample("proxy-rest"), httpMethod: null }],
    ["payload 1.0 without resource and path", { ...sample("proxy-rest"), resource: null, path: null }],
    ["a route without its parameter", routed("ANY /{proxy+}", null)],
    ["a parameter that is no text", routed("ANY /v1/{id}", { id: 7 })],
    ["a parameter that is there by inheritance", routed("ANY /v1/{toString}", {})],
    ["a REST API's route without its parameter", { ...sample("proxy-rest"), pathParameters: null }],
    ["an ALB's without path", { ...sample("proxy-alb"), path: undefined }],
    ["an ALB's without method", { ...sample("proxy-alb"), httpMethod: 1 }],
  ])("%s", ([, event]) => {
    expect(faultOf(() => readHttpEvent(event)).code).toBe("EVENT_UNREADABLE");
  });
});
