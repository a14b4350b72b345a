import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { http2Event, restRequestEvent, restTokenEvent, websocketEvent } from "../support/authorizer-events.ts";
import type { RunningFunction } from "../support/built-function.ts";
import { type FaultyServer, startTcpServer } from "../support/faulty-server.ts";
import { httpApi2Event } from "../support/http-events.ts";
import { auditOf } from "../support/verdict.ts";
import { GATEWAY, ORDERS, startWorld, type World } from "../support/world.ts";

let world: World;
let authorizer: RunningFunction;
let whoami: RunningFunction;
/** Where a token wants us to go: whoever connects is counted. */
let trap: FaultyServer;
let good: string;

beforeAll(async () => {
  world = await startWorld();
  trap = await startTcpServer(() => {});
  [authorizer, whoami] = await Promise.all([world.start("authorizer"), world.start("whoami")]);
  good = await world.mint("dev", { audiences: [ORDERS, GATEWAY] });
  await authorizer.call(restTokenEvent({ authorization: `Bearer ${good}` }));
  await whoami.call(httpApi2Event({ authorization: `Bearer ${good}` }));
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await trap[Symbol.asyncDispose]();
});

const base64url = (text: string | Buffer) => Buffer.from(text).toString("base64url");
/** A token of bytes, unsigned. */
const raw = (header: string, payload: string | Buffer, signature = "c2lnbmF0dXJl") =>
  `${base64url(header)}.${base64url(payload)}.${signature}`;
const HEADER = '{"alg":"RS256","kid":"k"}';

/** What went out of the function during a call. */
async function outgoing(call: () => Promise<unknown>) {
  const { discovery, keys } = world.cluster("dev").calls;
  world.store.forgetCalls();
  await call();
  const after = world.cluster("dev").calls;
  return {
    store: world.store.calls.length,
    issuer: after.discovery + after.keys - discovery - keys,
    trap: trap.connections,
  };
}

describe("an iss that is not well-formed makes no request at all (S11)", () => {
  test.for([
    ["upper-case host", "https://OIDC.example.com/id"],
    ["no host", "https:///id"],
    ["a user", "http://user@127.0.0.1:PORT/dev"],
    ["a query", "http://127.0.0.1:PORT/dev?x"],
    ["a fragment", "http://127.0.0.1:PORT/dev#x"],
    ["a dot segment", "http://127.0.0.1:PORT/dev/../staging"],
    ["two slashes", "http://127.0.0.1:PORT//dev"],
    ["200 slashes", `https://oidc.example.com${"/".repeat(200)}`],
    ["11 segments", `https://oidc.example.com${"/s".repeat(11)}`],
    ["513 characters", `https://oidc.example.com/${"a".repeat(488)}`],
    ["an encoded slash", "https://oidc.example.com/a%2Fb"],
    ["another alphabet", "https://oidc.exаmple.com/id"],
    ["plain http elsewhere", "http://169.254.169.254/latest"],
    ["another scheme", "file:///etc/passwd"],
    ["a line end", "https://oidc.example.com/id\n"],
    ["an SSM version", "https://oidc.example.com/id:1,arn"],
    ["a list", ["https://oidc.example.com/id"]],
    ["an object", { toString: "https://oidc.example.com/id" }],
    ["a number", 1],
    ["nothing", undefined],
  ] as const)("%s", async ([, value]) => {
    const iss = typeof value === "string" ? value.replace("PORT", String(trap.port)) : value;
    const authorization = `Bearer ${raw(HEADER, JSON.stringify({ iss }))}`;
    let code = "";
    const requests = await outgoing(async () => {
      code = auditOf(await authorizer.call(restTokenEvent({ authorization }))).code;
    });
    expect(code).toBe("ISSUER_MALFORMED");
    expect(requests).toEqual({ store: 0, issuer: 0, trap: 0 });
  });
});

describe("a token that brings or names a key makes no request at all (S3)", () => {
  test.for(["jku", "x5u", "jwk", "x5c", "x5t", "x5t#S256"])("%s", async (member) => {
    const url = `http://127.0.0.1:${trap.port}/keys`;
    const token = await world.forge("dev", {
      header: { [member]: member === "jwk" ? { kty: "RSA", n: "A", e: "AQAB" } : url },
    });
    let code = "";
    const requests = await outgoing(async () => {
      code = auditOf(await authorizer.call(restTokenEvent({ authorization: `Bearer ${token}` }))).code;
    });
    expect(code).toBe("TOKEN_KEY_EMBEDDED");
    expect(requests).toEqual({ store: 0, issuer: 0, trap: 0 });
  });
});

test("a well-formed iss that nobody registered is looked up in the store and nowhere else (S9)", async () => {
  const iss = `http://127.0.0.1:${trap.port}/dev`;
  const authorization = `Bearer ${raw(HEADER, JSON.stringify({ iss }))}`;
  const requests = await outgoing(() => authorizer.call(restTokenEvent({ authorization })));
  expect(requests).toEqual({ store: 1, issuer: 0, trap: 0 });
});

describe("a poisoned request is a 401 and leaves the next one alone (R19)", () => {
  const deep = (depth: number) => `{"iss":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  test.for([
    ["a payload of 2,900 lists in lists", () => raw(HEADER, deep(2900))],
    ["a header of 60 objects in objects", () => raw(`${'{"a":'.repeat(60)}1${"}".repeat(60)}`, "{}")],
    ["a payload of 2,500 zeros", () => raw(HEADER, `{"aud":[${"0,".repeat(2500)}0]}`)],
    ["__proto__ in the payload", () => raw(HEADER, '{"__proto__":{"iss":"https://a.example.com","polluted":true}}')],
    ["__proto__ in the header", () => raw('{"__proto__":{"alg":"RS256","kid":"k"}}', "{}")],
    ["constructor.prototype", () => raw(HEADER, '{"constructor":{"prototype":{"polluted":true}},"iss":{}}')],
    ["kid __proto__", () => raw('{"alg":"RS256","kid":"__proto__"}', `{"iss":"${world.cluster("dev").issuer}"}`)],
    ["kid constructor", () => raw('{"alg":"RS256","kid":"constructor"}', `{"iss":"${world.cluster("dev").issuer}"}`)],
    ["the member iss twice", () => raw(HEADER, '{"iss":"a","iss":"b"}')],
    ["invalid UTF-8", () => raw(HEADER, Buffer.from([0x7b, 0xff, 0x7d]))],
    ["a byte order mark", () => raw(HEADER, "\uFEFF{}")],
    ["half a surrogate pair", () => raw(HEADER, '{"iss":"\\ud800"}')],
    ["exp of 1e400", () => raw(HEADER, '{"iss":"x","exp":1e400}')],
    ["8,000 dots", () => ".".repeat(8000)],
    ["a megabyte", () => "A".repeat(1_000_000)],
    ["toJSON", () => raw(HEADER, '{"iss":{"toJSON":"x"},"toString":null}')],
  ] as const)("%s", async ([, token]) => {
    const authorization = `Bearer ${token()}`;
    const result = await authorizer.call(restTokenEvent({ authorization }));
    expect(result.error?.message).toBe("Unauthorized");
    expect(auditOf(result).outcome).toBe("refuse");
    const next = await authorizer.call(restTokenEvent({ authorization: `Bearer ${good}` }));
    expect(auditOf(next)).toMatchObject({ code: "ALLOWED", principal: "dev/payments/billing" });
    expect((await authorizer.state()).objectsChanged).toBe(false);
  });

  test.for([
    ["a header that is a list of lists", { multiValueHeaders: { Authorization: [[["Bearer x"]]] } }],
    ["a header that is an object", { headers: { Authorization: { length: 1 } }, multiValueHeaders: null }],
    ["headers that are a list", { headers: [], multiValueHeaders: [] }],
    [
      "100,000 headers",
      { multiValueHeaders: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`h${i}`, ["v"]])) },
    ],
    ["no requestContext", { requestContext: null }],
  ] as const)("an event with %s", async ([, members]) => {
    const result = await authorizer.call({ ...restRequestEvent({}), ...members });
    expect(result.error?.message).toBe("Unauthorized");
    const next = await authorizer.call(restTokenEvent({ authorization: `Bearer ${good}` }));
    expect(auditOf(next).code).toBe("ALLOWED");
  });

  test("an event with __proto__ changes no object", async () => {
    const event = JSON.stringify(restTokenEvent({})).replace("{", '{"__proto__":{"authorizationToken":"Bearer x"},');
    expect(auditOf(await authorizer.call(event)).code).toBe("TOKEN_MISSING");
    expect((await authorizer.state()).objectsChanged).toBe(false);
  });
});

describe("what a caller sends appears nowhere (S41)", () => {
  const CANARY = "canary-7f3a91";
  const inBase64 = base64url(`{"${CANARY}":"${CANARY}"}`);
  const places = [
    ["the payload", async () => `Bearer ${await world.forge("dev", { claims: { secret: CANARY, aud: "x" } })}`],
    ["the payload of an unsigned token", async () => `Bearer ${raw(HEADER, `{"iss":"${CANARY}"}`)}`],
    ["the header", async () => `Bearer ${await world.forge("dev", { header: { secret: CANARY, typ: null } })}x`],
    ["the signature", async () => `${good.replace(/[^.]*$/, "")}${base64url(CANARY)}`.replace(/^/, "Bearer ")],
    ["junk behind the token", async () => `Bearer ${good} ${CANARY}`],
    ["a second token", async () => `Bearer ${good}, Bearer ${CANARY}`],
    ["another scheme", async () => `Basic ${base64url(CANARY)}`],
    ["no scheme", async () => CANARY],
    ["a header that is no JSON", async () => `Bearer ${base64url(`{${CANARY}`)}.e30.AA`],
    ["a payload that is no JSON", async () => `Bearer ${raw(HEADER, `{"iss":${CANARY}`)}`],
  ] as const;
  const spellings = [CANARY, base64url(CANARY), inBase64, Buffer.from(CANARY).toString("hex")];
  const eventsOf = (authorization: string) => {
    const junk = { queryStringParameters: { q: CANARY }, stageVariables: { v: CANARY }, cookies: [`c=${CANARY}`] };
    const call = { authorization, path: `/${CANARY}` };
    return [
      restTokenEvent(call),
      ...[restRequestEvent(call), http2Event(call), websocketEvent(call)].map((event) => ({ ...event, ...junk })),
    ];
  };

  test.for(places)("refused tokens: a word in %s, in path, query, cookie and stage variable", async ([, make]) => {
    const authorization = await make();
    // Only a policy names the path that API Gateway itself asked about.
    for (const event of eventsOf(authorization)) {
      const { answer, ...result } = await authorizer.call(event);
      expect(auditOf(result).outcome).toBe("refuse");
      const text = JSON.stringify([result, answer, authorizer.stderr]);
      for (const spelling of spellings) expect(text).not.toContain(spelling);
    }
    const event = { ...httpApi2Event({ authorization, path: `/${CANARY}` }), rawQueryString: CANARY, body: CANARY };
    const text = JSON.stringify([await whoami.call(event), whoami.stderr]);
    for (const spelling of spellings) expect(text).not.toContain(spelling);
  });

  test("an accepted token, sent in path and query too, is in no line and no error", async () => {
    const [header = "", payload = "", signature = ""] = good.split(".");
    const authorization = `Bearer ${good}`;
    for (const path of [`/v1/${good}`, `/v1/${good}/x`, `/nowhere/${good}`]) {
      const event = { ...restRequestEvent({ authorization, path }), queryStringParameters: { token: good } };
      const { lines, error } = await authorizer.call(event);
      const text = JSON.stringify([lines, error, authorizer.stderr]);
      for (const part of [header, payload, signature]) expect(text).not.toContain(part);
    }
  });
});

test("after all that nothing was written to stderr, nobody was connected to, and both functions end", async () => {
  await Promise.all([authorizer.end(), whoami.end()]);
  expect(authorizer.stderr + whoami.stderr).toBe("");
  expect(trap.connections).toBe(0);
});
