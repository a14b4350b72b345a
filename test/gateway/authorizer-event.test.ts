import { describe, expect, test } from "vitest";
import { readAuthorizerEvent } from "../../lib/gateway/authorizer-event.ts";
import { faultOf } from "../permission/documents.ts";
import { asking, inContext, sample, withAuthorization } from "./events.ts";

const TOKEN = "Bearer header.claims.signature";

describe("an authorizer's event, as AWS shows it, is read by its kind", () => {
  test.for([
    { file: "authorizer-rest-request", kind: "rest", stage: "test", method: "GET", path: "/request" },
    { file: "authorizer-rest-request-multi-value", kind: "rest", stage: "test", method: "GET", path: "/request" },
    { file: "authorizer-console-test", kind: "rest", stage: "test-invoke-stage", method: "GET", path: "/" },
    { file: "authorizer-http-1.0", kind: "http-1.0", stage: "test", method: "GET", path: "/request" },
    { file: "authorizer-http-2.0", kind: "http-2.0", stage: "test", method: "GET", path: "/request" },
    { file: "authorizer-websocket-connect", kind: "websocket", stage: "default", method: "CONNECT", path: "/" },
  ])("$file", ({ file, kind, stage, method, path }) => {
    const event = sample(file);
    expect(readAuthorizerEvent(event).authorization).toEqual([]);

    const request = readAuthorizerEvent(withAuthorization(event, TOKEN));
    expect(request).toMatchObject({ kind, method, path, authorization: [TOKEN], arn: { stage, apiId: "abcdef123" } });
  });

  test("a TOKEN event has three members and its token in one of them", () => {
    const event = { ...sample("authorizer-rest-token"), authorizationToken: TOKEN };
    expect(Object.keys(event)).toHaveLength(3);
    expect(readAuthorizerEvent(event)).toMatchObject({
      kind: "rest",
      authorization: [TOKEN],
      method: "GET",
      path: "/",
      arn: { apiId: "ymy8tbxw7b", stage: "test", region: "us-west-2" },
      identitySourcesIncomplete: false,
    });
  });

  test("a TOKEN event without a token has none", () => {
    const { type, methodArn } = sample("authorizer-rest-token");
    expect(readAuthorizerEvent({ type, methodArn }).authorization).toEqual([]);
    expect(readAuthorizerEvent({ type, methodArn, authorizationToken: ["x"] }).authorization).toEqual([]);
  });
});

describe("the token comes from the Authorization header and from nowhere else (S21, S22)", () => {
  test("not from what HTTP API 1.0 joins of its identity sources", () => {
    const event = { ...sample("authorizer-http-1.0"), authorizationToken: TOKEN, identitySource: TOKEN };
    expect(readAuthorizerEvent(event).authorization).toEqual([]);
  });

  test("not from identity sources, query or cookies of payload 2.0", () => {
    const event = {
      ...sample("authorizer-http-2.0"),
      identitySource: [TOKEN],
      cookies: [`authorization=${TOKEN}`],
      queryStringParameters: { access_token: TOKEN, authorization: TOKEN },
      rawQueryString: "access_token=x",
    };
    expect(readAuthorizerEvent(event).authorization).toEqual([]);
  });

  test("not from a TOKEN event's headers, should it have any", () => {
    const event = withAuthorization({ ...sample("authorizer-rest-token"), headers: {} }, TOKEN);
    expect(readAuthorizerEvent({ ...event, authorizationToken: "a" }).authorization).toEqual(["a"]);
  });

  test.for(["Authorization", "authorization", "AUTHORIZATION"])("the header may be written %s", (name) => {
    const event = withAuthorization(sample("authorizer-rest-request-multi-value"), TOKEN, name);
    expect(readAuthorizerEvent(event).authorization).toEqual([TOKEN]);
  });

  test.for(["X-Authorization", "Proxy-Authorization", "Authorization ", "Authorisation"])("but not %s", (name) => {
    const event = withAuthorization(sample("authorizer-rest-request-multi-value"), TOKEN, name);
    expect(readAuthorizerEvent(event).authorization).toEqual([]);
  });

  test("of several fields all are seen, though `headers` keeps the last", () => {
    const event = {
      ...sample("authorizer-rest-request"),
      headers: { Authorization: "b" },
      multiValueHeaders: { Authorization: ["a", "b"] },
    };
    expect(readAuthorizerEvent(event).authorization).toEqual(["a", "b"]);
  });

  test("two spellings of the name are two fields", () => {
    const event = { ...sample("authorizer-rest-request"), headers: { Authorization: "a", authorization: "b" } };
    expect(readAuthorizerEvent(event).authorization).toEqual(["a", "b"]);
  });

  test("a value that is no text is none", () => {
    const event = { ...sample("authorizer-rest-request"), multiValueHeaders: { Authorization: [null, 7, {}] } };
    expect(readAuthorizerEvent(event).authorization).toEqual([]);
  });

  test.for([["queryStringParameters"], ["multiValueQueryStringParameters"]])(
    "access_token in %s beside a header is one token too many",
    ([member = ""]) => {
      const event = withAuthorization(sample("authorizer-rest-request-multi-value"), TOKEN);
      const { authorization } = readAuthorizerEvent({ ...event, [member]: { access_token: "secret" } });
      expect(authorization).toHaveLength(2);
      expect(authorization).not.toContain("secret");
    },
  );
});

describe("the path of an access is the ARN's tail, decoded once (S30)", () => {
  test.for([
    ["GET/v1/x", "GET", "/v1/x"],
    ["GET/", "GET", "/"],
    ["DELETE/a:b/c", "DELETE", "/a:b/c"],
    ["GET/a%20b", "GET", "/a b"],
    ["GET/%C3%A9", "GET", "/é"],
    ["GET/a%2Fb", "GET", "/a/b"],
    ["GET/%2e%2e/x", "GET", "/../x"],
    ["GET/%252e", "GET", "/%2e"],
    ["GET/100%", "GET", "/100%"],
    ["GET/%zz%41", "GET", "/%zz%41"],
    ["GET/%ff", "GET", "/%ff"],
    ["PROPFIND/x", "PROPFIND", "/x"],
  ])("REST API: %s", ([operation = "", method, path]) => {
    for (const file of ["authorizer-rest-request", "authorizer-rest-token"]) {
      expect(readAuthorizerEvent(asking(sample(file), operation))).toMatchObject({ method, path });
    }
  });

  test.for(["authorizer-http-1.0", "authorizer-http-2.0"])("%s: it is decoded already", (file) => {
    const request = readAuthorizerEvent(asking(sample(file), "GET/a%2520b/100%"));
    expect(request).toMatchObject({ method: "GET", path: "/a%2520b/100%" });
  });

  test("neither `path` nor `rawPath` of the event counts", () => {
    const rest = { ...asking(sample("authorizer-rest-request"), "GET/v1/x"), path: "/admin", httpMethod: "POST" };
    const http = { ...asking(sample("authorizer-http-2.0"), "GET/v1/x"), rawPath: "/admin" };
    for (const event of [rest, http])
      expect(readAuthorizerEvent(event)).toMatchObject({ method: "GET", path: "/v1/x" });
  });
});

describe("HTTP API 2.0: an answer that may be kept must be for one method and path (S27)", () => {
  const asked = sample("authorizer-http-2.0");
  test.for([
    { identitySource: ["Bearer a", "POST", "/my/path"], incomplete: false },
    { identitySource: ["/my/path", "POST"], incomplete: false },
    { identitySource: ["Bearer a"], incomplete: true },
    { identitySource: ["Bearer a", "POST"], incomplete: true },
    { identitySource: ["Bearer a", "/my/path"], incomplete: true },
    { identitySource: ["Bearer a", "GET", "/my/path"], incomplete: true },
    { identitySource: [], incomplete: true },
    { identitySource: null, incomplete: true },
    { identitySource: "POST /my/path", incomplete: true },
  ])("identity sources $identitySource: incomplete $incomplete", ({ identitySource, incomplete }) => {
    expect(readAuthorizerEvent({ ...asked, identitySource }).identitySourcesIncomplete).toBe(incomplete);
  });

  test("payload 1.0 answers with a policy, so nothing is missing", () => {
    expect(readAuthorizerEvent(sample("authorizer-http-1.0")).identitySourcesIncomplete).toBe(false);
  });
});

describe("what is no authorizer's event is an error", () => {
  const rest = sample("authorizer-rest-request");
  test.for([
    ["nothing", undefined],
    ["null", null],
    ["a list", []],
    ["a text", "TOKEN"],
    ["an event of a schedule", { source: "aws.events" }],
    ["an HTTP event of payload 2.0", sample("proxy-http-2.0-default")],
    ["an HTTP event of a REST API", sample("proxy-rest")],
    ["another type", { ...rest, type: "OTHER" }],
    ["no type", { ...rest, type: undefined }],
    ["no ARN", { ...rest, methodArn: undefined }],
    ["a method without a path", asking(rest, "GET")],
    ["$connect of an API that is not a WebSocket's", asking(rest, "$connect")],
    ["no operation", asking(rest, "")],
    ["payload 2.0 with `methodArn`", { ...rest, version: "2.0" }],
    [
      "a message of an open WebSocket",
      inContext(asking(sample("authorizer-websocket-connect"), "$connect"), { eventType: "MESSAGE" }),
    ],
  ])("%s", ([, event]) => {
    expect(faultOf(() => readAuthorizerEvent(event)).code).toBe("EVENT_UNREADABLE");
  });
});
