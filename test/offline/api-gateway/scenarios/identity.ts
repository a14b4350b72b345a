import { expect } from "vitest";
import type { AuthorizerKind } from "../../../../offline/api-gateway/gateway-request.ts";
import { allowAll, arnOf, askedArn, TOKEN, twinOf } from "../twins.ts";
import type { Scenario } from "./scenario.ts";

const open = (kind: AuthorizerKind, options: Parameters<typeof twinOf>[2] = {}) =>
  twinOf(kind, () => allowAll(kind), options);

const REPEATED = [
  ["Authorization", "one"],
  ["authorization", "two"],
] as const;

/** What the authorizer got to know as the identity. */
function identityOf(event: Readonly<Record<string, unknown>> | undefined): unknown {
  return event?.["authorizationToken"] ?? event?.["identitySource"];
}

export const identity = {
  "identity-missing": async (kind) => {
    expect(await open(kind).call()).toMatchObject({ status: 200, asked: true });
    expect(await open(kind).call({ headers: {} })).toMatchObject({ status: 401, asked: false, event: undefined });
  },
  "identity-empty": async (kind) => {
    expect(await open(kind).call({ headers: { Authorization: "" } })).toMatchObject({ status: 401, asked: false });
    // Blanks around a value are no part of it.
    expect(await open(kind).call({ headers: { Authorization: " \t " } })).toMatchObject({ status: 401, asked: false });
    expect(await open(kind).call({ headers: { Authorization: " x " } })).toMatchObject({ asked: true });
    const settings = { emptyTokenHeader: "asked" } as const;
    expect(await open(kind, { settings }).call({ headers: { Authorization: "" } })).toMatchObject({ status: 401 });
  },
  "identity-empty-token": async (kind) => {
    const headers = { Authorization: "" };
    expect(await open(kind).call({ headers })).toMatchObject({ status: 401, asked: false });
    const asking = open(kind, { settings: { emptyTokenHeader: "asked" } });
    expect(await asking.call({ headers })).toMatchObject({ event: { authorizationToken: "" } });
    expect(await asking.call({ headers: {} })).toMatchObject({ status: 401, asked: false });
  },
  "identity-repeated": async (kind) => {
    const decidedBy = async (settings: Parameters<typeof twinOf>[2]) => {
      const { call } = twinOf(kind, () => allowAll(kind), { ...settings, ttl: kind === "websocket" ? 0 : 60 });
      const first = await call({ headers: REPEATED });
      if (kind === "websocket") return first.asked;
      // An answer is kept under the value that counts.
      const kept = await Promise.all(
        ["one", "two", "one,two"].map(async (value) => [
          value,
          (await call({ headers: { Authorization: value } })).cached,
        ]),
      );
      return kept.filter(([, cached]) => cached).map(([value]) => value);
    };
    const isConnect = kind === "websocket";
    expect(await decidedBy({})).toEqual(isConnect || ["two"]);
    expect(await decidedBy({ settings: { repeatedIdentity: "first" } })).toEqual(isConnect || ["one"]);
    expect(await decidedBy({ settings: { repeatedIdentity: "joined" } })).toEqual(isConnect || ["one,two"]);
    const emptyLast = [...REPEATED, ["Authorization", ""]] as const;
    expect(await open(kind).call({ headers: emptyLast })).toMatchObject({ status: 401 });
    expect(await open(kind, { settings: { repeatedIdentity: "first" } }).call({ headers: emptyLast })).toMatchObject({
      status: 200,
    });
  },
  "identity-joined": async (kind) => {
    const { event } = await open(kind).call({ headers: REPEATED });
    expect([identityOf(event)].flat()).toEqual(["one,two"]);
  },
  "validation-expression": async (kind) => {
    const { call } = open(kind, { identityValidationExpression: "^Bearer [-.\\w]+$" });
    expect(await call()).toMatchObject({ status: 200 });
    expect(await call({ headers: { Authorization: "Basic x" } })).toMatchObject({ status: 401, asked: false });
  },
  "validation-match": async (kind) => {
    const identityValidationExpression = "bearer|Bearer";
    const statusOf = async (validationMatch: "part" | "whole", token: string) =>
      (
        await open(kind, { identityValidationExpression, settings: { validationMatch } }).call({
          headers: { Authorization: token },
        })
      ).status;
    expect(await statusOf("part", "xBearer x")).toBe(200);
    expect(await statusOf("whole", "xBearer x")).toBe(401);
    expect(await statusOf("whole", "bearer")).toBe(200);
    expect(await statusOf("whole", "Bearer")).toBe(200);
  },
  "arn-length": async (kind) => {
    const { call } = open(kind);
    const longest = `/${"x".repeat(1600 - arnOf(kind, "GET", "/").length)}`;
    expect(await call({ path: longest })).toMatchObject({ status: 200 });
    expect(await call({ path: `${longest}x` })).toMatchObject({ status: 414, asked: false });
  },
  "event-token": async (kind) => {
    const { event } = await open(kind).call();
    expect(event).toEqual({ type: "TOKEN", methodArn: arnOf(kind), authorizationToken: "Bearer a.b.c" });
  },
  "event-request": async (kind) => {
    const { event = {} } = await open(kind).call();
    expect(Object.keys(event).toSorted()).toEqual([
      ...["headers", "httpMethod", "methodArn", "multiValueHeaders", "multiValueQueryStringParameters", "path"],
      ...["pathParameters", "queryStringParameters", "requestContext", "resource", "stageVariables", "type"],
    ]);
    expect(Object.keys(event["requestContext"] ?? {}).toSorted()).toEqual([
      ...["accountId", "apiId", "httpMethod", "identity", "path", "requestId", "resourceId", "resourcePath", "stage"],
    ]);
  },
  "event-headers-as-sent": async (kind) => {
    const { event } = await open(kind).call({ headers: { ...TOKEN, "X-Other": ["1", "2"] } });
    expect(event).toMatchObject({
      headers: { Authorization: "Bearer a.b.c", "X-Other": "2" },
      multiValueHeaders: { "X-Other": ["1", "2"] },
    });
  },
  "event-headers-lower-case": async (kind) => {
    const { event } = await open(kind).call({ headers: { ...TOKEN, "X-Other": ["1", "2"], Cookie: "a=1; b=2" } });
    expect(event).toMatchObject({ cookies: ["a=1", "b=2"] });
    expect(event?.["headers"]).toEqual({ authorization: "Bearer a.b.c", "x-other": "1,2" });
  },
  "arn-real-path": async (kind) => {
    const { event } = await open(kind).call({ path: "/v1/7", route: "GET /v1/{id}" });
    expect(askedArn(event ?? {})).toBe(arnOf(kind, "GET", "/v1/7"));
  },
  "arn-rest-path": async (kind) => {
    const arnWith = async (settings: Parameters<typeof twinOf>[2]) =>
      askedArn((await open(kind, settings).call({ path: "/a%20b%2Fc%3Fd" })).event ?? {});
    expect(await arnWith({})).toBe(arnOf(kind, "GET", "/a%20b%2Fc%3Fd"));
    expect(await arnWith({ settings: { restArnPath: "decoded" } })).toBe(arnOf(kind, "GET", "/a b/c?d"));
  },
  "arn-http-path": async (kind) => {
    const arnWith = async (settings: Parameters<typeof twinOf>[2]) =>
      askedArn((await open(kind, settings).call({ path: "/a%20b%2Fc%3Fd" })).event ?? {});
    expect(await arnWith({})).toBe(arnOf(kind, "GET", "/a b/c"));
    expect(await arnWith({ settings: { httpApiArnPath: "encoded" } })).toBe(arnOf(kind, "GET", "/a%20b%2Fc%3Fd"));
  },
  "arn-default-stage": async (kind) => {
    const named = await open(kind, { stage: "v1" }).call();
    expect(askedArn((await open(kind).call()).event ?? {})).toContain(":offlinehttp/$default/GET/a");
    expect(askedArn(named.event ?? {})).toContain(":offlinehttp/v1/GET/a");
  },
  "arn-connect": async (kind) => {
    const { event } = await open(kind).call({ path: "/", query: "a=1" });
    expect(askedArn(event ?? {})).toMatch(/:offlinews\/dev\/\$connect$/);
  },
} satisfies Record<string, Scenario>;
