import { describe, expect, test } from "vitest";
import type { AuthorizerKind } from "../../../offline/api-gateway/gateway-request.ts";
import {
  crossesIntoPath,
  isEverything,
  methodAndPath,
  readable,
} from "../../../offline/api-gateway/policy-resource.ts";
import { allowAll, arnOf, askedArn, type Behaviour, policy, statement, throwing, twinOf } from "./twins.ts";

type Options = Parameters<typeof twinOf>[2];

const SIMPLE: Options = { enableSimpleResponses: true };
const API = "arn:aws:execute-api:us-east-1:123456789012:offlinerest";

/** Advice of the last of some calls: of `/a`, or of paths given. */
async function adviceAfter(kind: AuthorizerKind, behaviour: Behaviour, options: Options = {}, paths = ["/a"]) {
  const { call } = twinOf(kind, behaviour, options);
  let last = await call({ path: paths[0] ?? "/a" });
  for (const path of paths.slice(1)) last = await call({ path });
  return last.advice;
}

const denyAllBut = (arn: string) => ({ Effect: "Deny", Action: "*", NotResource: arn });
const denyOf = (event: Readonly<Record<string, unknown>>) => (askedArn(event).endsWith("/a") ? "Deny" : "Allow");

/** An answer of at least this size, in the form of a policy. */
const sized = (kind: AuthorizerKind, pad: number) => allowAll(kind, { context: { pad: "x".repeat(pad) } });

describe("a cached policy that refuses what the authorizer would allow", () => {
  const onlyAsked: Behaviour = (event) => policy(statement(askedArn(event)));
  const CACHED =
    "the cached policy for this token was made for GET /a and refuses GET /b, which the authorizer allows when it is " +
    "asked; answer with every ARN that the caller may call, or set resultTtlInSeconds to 0";

  test.for<[AuthorizerKind]>([["rest-token"], ["rest-request"], ["http-1.0"], ["http-2.0"]])(
    "%s: one line says what to do",
    async ([kind]) => {
      expect(await adviceAfter(kind, onlyAsked, { ttl: 60 }, ["/a", "/b"])).toEqual([CACHED]);
    },
  );

  test.for<[string, Behaviour]>([
    ["the call and one ARN more", (event) => policy(statement([askedArn(event), `${API}/dev/GET/health`]))],
    ["the call and what is below it", (event) => policy(statement([askedArn(event), `${askedArn(event)}/*`]))],
    [
      "the call under another action too",
      (event) => policy(statement("*", { Action: "s3:*" }), statement(askedArn(event))),
    ],
    ["a Deny of every other call", (event) => policy(statement("*"), denyAllBut(askedArn(event)))],
    ["a Deny of the first call alone", (event) => policy(statement(askedArn(event), { Effect: denyOf(event) }))],
  ])("%s: the line", async ([, behaviour]) => {
    const advice = await adviceAfter("rest-token", behaviour, { ttl: 60 }, ["/a", "/b"]);
    expect(advice.filter((line) => line.startsWith("the cached policy"))).toEqual([CACHED]);
  });

  test.for<[string, Behaviour, Options, string[]]>([
    ["the same call again", onlyAsked, { ttl: 60 }, ["/a", "/a"]],
    ["without a cache", onlyAsked, { ttl: 0 }, ["/a", "/b"]],
    ["a caller who may call one thing only", () => policy(statement(`${API}/dev/GET/a`)), { ttl: 60 }, ["/a", "/b"]],
    ["one who may call another thing", () => policy(statement(`${API}/dev/GET/c`)), { ttl: 60 }, ["/a", "/b"]],
    [
      "one who may call two things",
      () => policy(statement([arnOf("rest-token"), `${API}/dev/GET/c`])),
      { ttl: 60 },
      ["/a", "/b"],
    ],
    [
      "a Deny of the call that is made again",
      (event) => policy(statement(askedArn(event), { Effect: "Deny" })),
      { ttl: 60 },
      ["/a", "/a"],
    ],
    ["a Deny of everything else", (event) => policy(denyAllBut(askedArn(event))), { ttl: 60 }, ["/a", "/b"]],
  ])("%s: none", async ([, behaviour, options, paths]) => {
    expect(await adviceAfter("rest-token", behaviour, options, paths)).toEqual([]);
  });

  test("the function is asked once for each refused call, and what it answers then is not kept", async () => {
    const asked: string[] = [];
    const { call, clock } = twinOf(
      "rest-token",
      (event) => {
        asked.push(askedArn(event).split("/GET")[1] ?? "");
        return onlyAsked(event);
      },
      { ttl: 60 },
    );
    await call();
    for (const path of ["/b", "/b", "/c", "/a", "/b"]) {
      expect(await call({ path })).toMatchObject({ asked: false, cached: true, status: path === "/a" ? 200 : 403 });
    }
    expect(asked).toEqual(["/a", "/b", "/c"]);
    expect((await call({ path: "/b" })).advice).toEqual([CACHED]);
    clock.advance(60);
    expect(await call({ path: "/b" })).toMatchObject({ asked: true, status: 200 });
    expect(asked).toEqual(["/a", "/b", "/c", "/b"]);
  });

  test("a policy that does not name the call that it was made for is not asked about", async () => {
    let calls = 0;
    const { call } = twinOf("rest-token", () => policy(statement(`${API}/dev/${++calls === 1 ? "GET" : "POST"}/*`)), {
      ttl: 60,
    });
    await call();
    expect(await call({ path: "/b", method: "POST" })).toMatchObject({ status: 403, cached: true, advice: [] });
    expect(calls).toBe(1);
  });

  test("a function that refuses three calls again is not asked about others", async () => {
    let calls = 0;
    const { call } = twinOf(
      "rest-token",
      () => {
        calls += 1;
        return policy(statement(arnOf("rest-token")));
      },
      { ttl: 60 },
    );
    for (const path of ["/a", "/b", "/c", "/a", "/d", "/e", "/f"]) {
      expect(await call({ path })).toMatchObject({ status: path === "/a" ? 200 : 403, advice: [] });
    }
    expect(calls).toBe(4);
  });

  test.for<[string, Behaviour]>([
    ["that fails", throwing("boom")],
    ["that is invalid", () => ({})],
  ])("an answer %s says nothing", async ([, second]) => {
    let calls = 0;
    const { call } = twinOf("rest-token", (event) => (++calls === 1 ? onlyAsked(event) : second(event)), { ttl: 60 });
    await call();
    expect((await call({ path: "/b" })).advice).toEqual([]);
  });

  test("a simple refusal that is kept is none", async () => {
    const options = {
      ...SIMPLE,
      ttl: 60,
      identitySource: ["$request.header.Authorization", "$context.httpMethod", "$context.path"],
    };
    expect(await adviceAfter("http-2.0", () => ({ isAuthorized: false }), options, ["/a", "/a"])).toEqual([]);
  });
});

describe("mistakes of one call", () => {
  const context = (value: unknown) => (kind: AuthorizerKind) => allowAll(kind, { context: { groups: value } });
  test.for<[AuthorizerKind, string, Behaviour, Options, RegExp]>([
    [
      "rest-token",
      "a thrown text with more in it",
      throwing("Unauthorized: expired"),
      {},
      /^the authorizer threw a text .* not exactly Unauthorized.*; throw new Error\("Unauthorized"\)$/,
    ],
    ["websocket", "a thrown text in another case", throwing("unauthorized"), {}, /throw new Error\("Unauthorized"\)$/],
    ["rest-request", "a thrown text in another spelling", throwing("Unauthorised"), {}, /not exactly Unauthorized/],
    ["rest-request", "a thrown status", throwing("401"), {}, /not exactly Unauthorized/],
    [
      "rest-token",
      "another error",
      throwing("connect ECONNREFUSED"),
      {},
      /; if that refuses the caller, throw new Error/,
    ],
    ["websocket", "an upstream's 401", throwing("issuer answered 401"), {}, /nothing could be decided, 500 is right$/],
    [
      "http-2.0",
      "a thrown Unauthorized",
      throwing("Unauthorized"),
      {},
      /^the authorizer of an HTTP API threw .*; answer isAuthorized false or a Deny/,
    ],
    ["http-1.0", "a thrown text", throwing("unauthorized!"), {}, /HTTP API threw/],
    [
      "http-2.0",
      "a refusal thrown in other words",
      throwing("jwt expired"),
      SIMPLE,
      /^the authorizer of an HTTP API threw, which is 500 and not 401; if that refuses .* isAuthorized false or a Deny/,
    ],
    ["http-1.0", "another error", throwing("connect ECONNREFUSED"), {}, /nothing could be decided, 500 is right$/],
    [
      "rest-token",
      "a returned text",
      () => "Unauthorized",
      {},
      /^the authorizer returned a text or an HTTP answer.*throw new Error/,
    ],
    ["http-2.0", "an HTTP answer", () => ({ statusCode: 401 }), SIMPLE, /HTTP answer/],
    [
      "rest-token",
      "an answer that is too large",
      () => sized("rest-token", 8192),
      {},
      /answer has 8\d{3} bytes and API Gateway takes 8192; name several/,
    ],
    [
      "rest-token",
      "a list in the context",
      () => context(["a"])("rest-token"),
      {},
      /^the authorizer's context\.groups is a list.*; put it there as a text/,
    ],
    ["websocket", "an object in the context", () => context({})("websocket"), {}, /context\.groups is an object/],
    ["http-1.0", "null in the context", () => context(null)("http-1.0"), {}, /context\.groups is null/],
    ["http-2.0", "null in the context", () => context(null)("http-2.0"), {}, /context\.groups is null/],
    [
      "rest-token",
      "no principalId",
      () => ({ policyDocument: {} }),
      {},
      /policy without a principalId; answer principalId too/,
    ],
    ["http-2.0", "an empty principalId", () => ({ principalId: "", policyDocument: {} }), {}, /without a principalId/],
    [
      "http-2.0",
      "isAuthorized as a text",
      () => ({ isAuthorized: "false" }),
      SIMPLE,
      /isAuthorized that is a string, not true or false; answer a boolean/,
    ],
    ["http-2.0", "isAuthorized as a number", () => ({ isAuthorized: 1 }), SIMPLE, /isAuthorized that is a number/],
    [
      "http-2.0",
      "a policy in place of isAuthorized",
      () => allowAll("http-2.0"),
      SIMPLE,
      /answered a policy, and enableSimpleResponses asks for isAuthorized; answer isAuthorized true or false, or set/,
    ],
    ["http-2.0", "one without a principalId", () => ({ policyDocument: {} }), SIMPLE, /asks for isAuthorized/],
    [
      "http-2.0",
      "isAuthorized in place of a policy",
      () => ({ isAuthorized: true }),
      {},
      /answered isAuthorized, .* answers a policy; answer principalId and policyDocument, or set enableSimpleResponses/,
    ],
    ["rest-token", "isAuthorized as a text", () => ({ isAuthorized: "yes" }), {}, /is one that answers a policy/],
    [
      "rest-token",
      "a method wildcard under a condition",
      () => policy(statement(`${API}/dev/*/a`, { Condition: { IpAddress: { "aws:SourceIp": "127.0.0.0/8" } } })),
      {},
      /whose \* before the path crosses/,
    ],
    [
      "rest-token",
      "a method wildcard beside a path",
      () => policy(statement(`${API}/dev/*/a*`)),
      {},
      /^the policy allows .*offlinerest\/dev\/\*\/a\*, whose \* before the path crosses "\/".*; write one ARN for each method/,
    ],
    [
      "rest-token",
      "an action that is no call",
      () => policy(statement(`${API}/*`, { Action: "lambda:InvokeFunction" })),
      {},
      /^the policy's Action is lambda:InvokeFunction, so it allows no call of an API; write execute-api:Invoke$/,
    ],
    [
      "http-2.0",
      "NotAction of the call itself",
      () => policy({ Effect: "Allow", NotAction: "execute-api:*", Resource: "*" }),
      {},
      /^the policy's NotAction is execute-api:\*, /,
    ],
    [
      "rest-token",
      "a policy of everything",
      () => policy(statement("*")),
      {},
      /every API, stage, method and path; name the ARNs/,
    ],
  ])("%s, %s", async ([kind, , behaviour, options, line]) => {
    expect(await adviceAfter(kind, behaviour, options)).toEqual([expect.stringMatching(line)]);
  });

  test.for<[AuthorizerKind, string, Behaviour, Options]>([
    ["rest-token", "a thrown Unauthorized", throwing("Unauthorized"), {}],
    ["websocket", "a thrown Unauthorized", throwing("Unauthorized"), {}],
    [
      "http-2.0",
      "a thrown Unauthorized that is 401",
      throwing("Unauthorized"),
      { settings: { httpApiThrownUnauthorized: 401 } },
    ],
    ["rest-token", "an answer just small enough", () => sized("rest-token", 7000), {}],
    [
      "rest-token",
      "a large answer that is read",
      () => sized("rest-token", 8192),
      { settings: { answerSizeLimit: "websocket" } },
    ],
    ["http-2.0", "a list in the context", () => context(["a"])("http-2.0"), {}],
    ["rest-token", "scalars in the context", () => context("a")("rest-token"), {}],
    ["http-2.0", "isAuthorized false", () => ({ isAuthorized: false }), SIMPLE],
    ["http-2.0", "isAuthorized beside a policy", () => ({ ...allowAll("http-2.0"), isAuthorized: "yes" }), {}],
    ["rest-token", "every method of every path", () => policy(statement(`${API}/dev/*/*`)), {}],
    [
      "rest-token",
      "everything, a wildcard too, but of another action, beside what is allowed",
      () =>
        policy(
          statement("*", { Action: "s3:*" }),
          statement(`${API}/dev/*/v1/*`, { Action: "s3:*" }),
          statement(`${API}/dev/GET/a`),
        ),
      {},
    ],
    [
      "rest-token",
      "another action on something else, beside what another call may",
      () => policy(statement("arn:aws:s3:::bucket/*", { Action: "s3:GetObject" }), statement(`${API}/dev/GET/b`)),
      {},
    ],
    [
      "websocket",
      "messages to connections, where this stage is not allowed",
      () =>
        policy(
          statement("arn:aws:execute-api:us-east-1:123456789012:offlinews/dev/POST/@connections/*", {
            Action: "execute-api:ManageConnections",
          }),
        ),
      {},
    ],
    ["rest-token", "a statusCode beside a policy", () => allowAll("rest-token", { statusCode: 200 }), {}],
    ["http-2.0", "a statusCode beside isAuthorized", () => ({ isAuthorized: true, statusCode: 200 }), SIMPLE],
    ["rest-token", "a Deny of another action", () => policy(statement("*", { Effect: "Deny", Action: "s3:*" })), {}],
    ["rest-token", "a Deny of everything", () => policy(statement("*", { Effect: "Deny" })), {}],
    [
      "rest-token",
      "everything under a condition",
      () => policy(statement("*", { Condition: { Bool: { "aws:SecureTransport": "true" } } })),
      {},
    ],
    ["rest-token", "a policy that cannot be read", () => policy(statement("*", { Effect: "allow" })), {}],
  ])("%s, %s: none", async ([kind, , behaviour, options]) => {
    expect(await adviceAfter(kind, behaviour, options)).toEqual([]);
  });
});

describe("a simple answer that is kept", () => {
  const HEADER = "$request.header.Authorization";
  const yes: Behaviour = () => ({ isAuthorized: true });
  test.for<[string[], string, number, boolean]>([
    [[HEADER], "GET /a", 60, true],
    [[HEADER], "GET /a", 0, false],
    [[HEADER, "$context.path"], "GET /a", 60, true],
    [[HEADER, "$context.httpMethod"], "GET /a", 60, true],
    [[HEADER, "$context.httpMethod", "$context.path"], "ANY /{proxy+}", 60, false],
    [[HEADER, "$context.routeKey"], "GET /a", 60, false],
    [[HEADER, "$context.routeKey"], "ANY /a", 60, true],
    [[HEADER, "$context.routeKey"], "GET /{id}", 60, true],
    [[HEADER, "$context.routeKey"], "$default", 60, true],
  ])("under %j, route %s, for %i s: shared is %s", async ([identitySource, route, ttl, shared]) => {
    const { call } = twinOf("http-2.0", yes, { ...SIMPLE, identitySource, ttl });
    const { advice } = await call(route === "$default" ? {} : { route });
    expect(advice).toEqual(
      shared
        ? [expect.stringMatching(/^a simple answer is kept, .*; if it depends on the call, add \$context\.httpMethod/)]
        : [],
    );
  });

  test("a policy in its place is evaluated for each call", async () => {
    expect(await adviceAfter("http-2.0", () => allowAll("http-2.0"), { ttl: 60 })).toEqual([]);
  });
});

describe("lines", () => {
  test("hold nothing of a credential, wherever it stands", async () => {
    const secret = "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl";
    const { call, reported } = twinOf("rest-token", (event) => policy(statement(askedArn(event))), { ttl: 60 });
    const headers = { Authorization: `Bearer ${secret}` };
    await call({ headers, path: `/a/${secret}` });
    const { advice } = await call({ headers, path: `/b/${secret}/${"y".repeat(41)}/${"z".repeat(40)}` });
    expect(advice).toHaveLength(1);
    expect([...advice, ...reported].join()).not.toMatch(/eyJ|yyy/);
    expect(advice[0]).toContain(`made for GET /a/… and refuses GET /b/…/…/${"z".repeat(40)}, which`);
  });

  test.for([
    { header: "every", line: /^the policy allows every API/ },
    { header: "policy", line: /^the … allows every API/ },
  ])("of a header $header: a word of at least six characters is cut out", async ({ header, line }) => {
    const { advice } = await twinOf("rest-token", () => policy(statement("*"))).call({
      headers: { Authorization: header },
    });
    expect(advice).toEqual([expect.stringMatching(line)]);
  });

  test.for([
    ["/a\nb\u0007", "/a?b?"],
    [`/${"x".repeat(40)}`, `/${"x".repeat(40)}`],
    [`/${"x".repeat(41)}/b`, "/…/b"],
    ["/ä", "/?"],
  ] as const)("%j is shown as %s", ([text, shown]) => {
    expect(readable(text)).toBe(shown);
  });

  test.for([
    [`${API}/dev/GET/`, "GET /"],
    [`${API}/dev/GET/a:b/c`, "GET /a:b/c"],
    [`${API}/dev/$connect`, "$connect"],
  ] as const)("%s is %s", ([arn, shown]) => {
    expect(methodAndPath(arn)).toBe(shown);
  });
});

describe("resources that cover more than they seem to", () => {
  test.for<[string, boolean]>([
    ["offlinerest/dev/*/v1/*", true],
    ["offlinerest/dev/*/v1", true],
    ["offlinerest/dev/G*/v1", true],
    ["offlinerest/*/GET/*", true],
    ["*/dev/GET/v1", true],
    ["offlinerest/dev/*/*", false],
    ["offlinerest/dev/*", false],
    ["offlinerest/*/*/*", false],
    ["offlinerest/*", false],
    ["*", false],
    ["offlinerest/dev/GET/*", false],
    ["offlinerest/dev/GET/v1/*/x", false],
    ["offlinerest/dev/GET/v1", false],
    ["offlinews/*/$connect", false],
  ])("%s crosses into the path: %s", ([tail, crosses]) => {
    expect(crossesIntoPath(`arn:aws:execute-api:us-east-1:123456789012:${tail}`)).toBe(crosses);
  });

  test.for<[string, boolean]>([
    ["*", true],
    ["arn:aws:execute-api:*", true],
    ["arn:aws:execute-api:*:*:*", true],
    ["arn:aws:execute-api:*:*:*/*/*/*", true],
    ["arn:aws:execute-api:us-east-1:123456789012:*", false],
    ["arn:aws:execute-api:*:*:offlinerest/*", false],
    [`${API}/*`, false],
  ])("%s is everything: %s", ([resource, everything]) => {
    expect(isEverything(resource)).toBe(everything);
  });
});
