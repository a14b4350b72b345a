import { describe, expect, test } from "vitest";
import { readForwardEvent } from "../../lib/gateway/forward-event.ts";
import { faultOf } from "../permission/documents.ts";
import { inContext, sample } from "./events.ts";

const CONTEXT_2 = { apiId: "gateway", stage: "$default", http: { method: "POST", path: "/other" } };

function httpApi(members: object = {}, parameters: object = { service: "github", path: "repos/acme" }) {
  return {
    version: "2.0",
    routeKey: "ANY /services/{service}/{path+}",
    rawPath: "/prod/other",
    pathParameters: parameters,
    headers: { authorization: "Bearer a.b.c", "x-a": "1,2" },
    requestContext: CONTEXT_2,
    ...members,
  };
}

function rest(members: object = {}, parameters: object = { service: "github", path: "repos/acme" }) {
  return {
    resource: "/services/{service}/{path+}",
    path: "/other",
    httpMethod: "POST",
    pathParameters: parameters,
    headers: { "X-A": "2" },
    multiValueHeaders: { "X-A": ["1", "2"], "X-B": ["3"] },
    requestContext: { apiId: "gatewayrest", stage: "prod" },
    ...members,
  };
}

function alb(members: object = {}) {
  return {
    requestContext: { elb: { targetGroupArn: "arn" } },
    httpMethod: "POST",
    path: "/services/github/repos/acme",
    headers: { "x-a": "1" },
    body: "",
    isBase64Encoded: false,
    ...members,
  };
}

describe("service and path", () => {
  test.for([
    { event: "HTTP API, both", of: httpApi(), service: "github", path: "/repos/acme" },
    {
      event: "HTTP API, no path",
      of: httpApi({ routeKey: "ANY /services/{service}" }, { service: "github" }),
      service: "github",
      path: "/",
    },
    { event: "HTTP API, a slash at the end", of: httpApi({}, { service: "a", path: "b/" }), service: "a", path: "/b/" },
    { event: "HTTP API, decoded already", of: httpApi({}, { service: "a", path: "%41" }), service: "a", path: "/%41" },
    { event: "HTTP API, a line end", of: httpApi({}, { service: "a", path: "b\nc" }), service: "a", path: "/b\nc" },
    { event: "REST API, both", of: rest(), service: "github", path: "/repos/acme" },
    { event: "REST API, encoded", of: rest({}, { service: "a", path: "%41/%20" }), service: "a", path: "/A/ " },
    { event: "ALB", of: alb(), service: "github", path: "/repos/acme" },
    { event: "ALB, no path", of: alb({ path: "/services/github" }), service: "github", path: "/" },
    { event: "ALB, no service", of: alb({ path: "/services//repos" }), service: "", path: "/repos" },
    {
      event: "Function URL",
      of: inContext(
        { ...sample("proxy-function-url"), rawPath: "/services/a/%41" },
        { domainName: "a.lambda-url.x.on.aws" },
      ),
      service: "a",
      path: "/A",
    },
  ])("of $event are $service and $path", ({ of, service, path }) => {
    expect(readForwardEvent(of)).toMatchObject({ service, path });
  });

  // A surface without routes hands over what anybody asks for: that is refused like any other unknown service.
  test.for([
    { event: "a path before /services", of: alb({ path: "/v1/services/a/b" }) },
    { event: "/services alone", of: alb({ path: "/services" }) },
    { event: "a name that begins alike", of: alb({ path: "/services2/a" }) },
    { event: "no path at all", of: alb({ path: "/" }) },
  ])("$event names no service", ({ of }) => {
    expect(readForwardEvent(of)).toMatchObject({ service: "", path: "/" });
  });

  test("half a character in a query that is put together again stays as it is, and is refused later", () => {
    const { rawQuery } = readForwardEvent(rest({ multiValueQueryStringParameters: { q: ["\ud800"] } }));
    expect(rawQuery).toBe("q=\ud800");
  });

  test.for([
    { event: "no object", of: [] },
    { event: "a queue's records", of: { Records: [] } },
  ])("$event is EVENT_UNREADABLE", ({ of }) => {
    expect(faultOf(() => readForwardEvent(of)).code).toBe("EVENT_UNREADABLE");
  });
});

describe("headers", () => {
  test.for([
    {
      event: "an HTTP API, several values joined",
      of: httpApi(),
      headers: [
        ["authorization", "Bearer a.b.c"],
        ["x-a", "1,2"],
      ],
    },
    {
      event: "a REST API, each value apart",
      of: rest(),
      headers: [
        ["X-A", "1"],
        ["X-A", "2"],
        ["X-B", "3"],
      ],
    },
    { event: "a REST API's test, which has one map", of: rest({ multiValueHeaders: null }), headers: [["X-A", "2"]] },
    { event: "an ALB", of: alb(), headers: [["x-a", "1"]] },
    { event: "an event with none", of: httpApi({ headers: null }), headers: [] },
    {
      event: "an event with odd values",
      of: httpApi({ headers: { a: 1, b: null, c: ["2", 3] } }),
      headers: [["c", "2"]],
    },
  ])("of $event", ({ of, headers }) => {
    expect(readForwardEvent(of).headers).toEqual(headers);
  });
});

describe("the query", () => {
  test.for([
    { event: "payload 2.0, as it was sent", of: httpApi({ rawQueryString: "b=%41&a&b=+" }), query: "b=%41&a&b=+" },
    { event: "payload 2.0, without one", of: httpApi({ rawQueryString: "" }), query: "" },
    {
      event: "a REST API, by name",
      of: rest({ multiValueQueryStringParameters: { a: ["1 2", "&=+"], é: [""] }, queryStringParameters: { a: "x" } }),
      query: "a=1%202&a=%26%3D%2B&%C3%A9=",
    },
    { event: "a REST API with one map", of: rest({ queryStringParameters: { a: "b c" } }), query: "a=b%20c" },
    { event: "a REST API without one", of: rest({ queryStringParameters: null }), query: "" },
    { event: "an ALB, encoded still", of: alb({ queryStringParameters: { "a%20b": "%26+" } }), query: "a%20b=%26+" },
    {
      event: "an ALB with several values",
      of: alb({ multiValueQueryStringParameters: { a: ["%31", "2"] } }),
      query: "a=%31&a=2",
    },
  ])("of $event, is $query", ({ of, query }) => {
    expect(readForwardEvent(of).rawQuery).toBe(query);
  });
});

describe("the body", () => {
  test.for([
    { event: "text", of: { body: "caf\u00e9", isBase64Encoded: false }, bytes: Buffer.from("caf\u00e9") },
    { event: "base64", of: { body: "AAH/", isBase64Encoded: true }, bytes: Buffer.from([0, 1, 255]) },
    { event: "text that looks like base64", of: { body: "AAH/" }, bytes: Buffer.from("AAH/") },
    { event: "null", of: { body: null, isBase64Encoded: false }, bytes: Buffer.alloc(0) },
    { event: "nothing", of: {}, bytes: Buffer.alloc(0) },
    { event: "nothing, said to be base64", of: { isBase64Encoded: true }, bytes: Buffer.alloc(0) },
  ])("of $event is its bytes", ({ of, bytes }) => {
    expect(Buffer.from(readForwardEvent(httpApi(of)).body).equals(bytes)).toBe(true);
  });
});

test.for([
  { surface: "HTTP API, payload 2.0", of: httpApi(), several: false },
  { surface: "Function URL", of: { ...sample("proxy-function-url"), rawPath: "/services/a" }, several: false },
  { surface: "REST API", of: rest(), several: true },
  { surface: "HTTP API, payload 1.0", of: rest({ version: "1.0" }), several: true },
  { surface: "ALB", of: alb(), several: false },
])("a $surface takes several values of one header of an answer: $several", ({ of, several }) => {
  expect(readForwardEvent(of).answersSeveralValues).toBe(several);
});
