import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REFUSALS } from "../../lib/errors.ts";
import { PUBLIC_PROBLEMS } from "../../lib/gateway/problem.ts";
import type { RunningFunction } from "../support/built-function.ts";
import { expectNoTokenText } from "../support/verdict.ts";
import { startWorld, type World } from "../support/world.ts";
import {
  EVERY_SURFACE,
  functionUrlForward,
  httpApi1Forward,
  httpApiForward,
  restForward,
  SURFACES,
} from "./forward-events.ts";
import { type Asked, type ForwardWorld, problemOf, startForwardWorld } from "./forward-world.ts";
import { CASE_CLUSTERS, FORWARD_CASES, REFUSAL_CASES, seedCases } from "./refusal-cases.ts";

let all: ForwardWorld;
let narrow: string;

beforeAll(async () => {
  all = await startForwardWorld();
  narrow = await all.bearer("dev", "narrow");
});
afterAll(() => all[Symbol.asyncDispose]());

/** Refused with 403 in the fixed words, and the service saw nothing. */
function expectForbidden({ statusCode, received, ...asked }: Asked, code: string): void {
  expect({ statusCode, code: asked.audit.code }).toEqual({ statusCode: 403, code });
  const { title } = PUBLIC_PROBLEMS.FORBIDDEN;
  expect(problemOf({ statusCode, received, ...asked })).toEqual({
    type: "urn:podgate:problem:FORBIDDEN",
    title,
    status: 403,
    code: "FORBIDDEN",
  });
  expect(asked.headers["podgate-error"]).toBe("FORBIDDEN");
  expect(received).toEqual([]);
}

describe.each(SURFACES)("who may GET /repos/acme/* of one service, behind a $surface", ({ eventOf }) => {
  const askNarrow = (call: Parameters<ForwardWorld["ask"]>[0]) =>
    all.ask({ service: "header", authorization: narrow, ...call }, { eventOf });

  test.for(["/repos/acme/site", "/repos/acme/site/", "/repos/acme/a%20b", "/repos/%61cme/site"])(
    "GET %s reaches the service",
    async (path) => {
      const { statusCode, received, audit } = await askNarrow({ path });
      expect({ statusCode, code: audit.code }).toEqual({ statusCode: 200, code: "ALLOWED" });
      expect(received).toEqual([
        expect.objectContaining({ method: "GET", path: `/header${decodeURI(path).replace(" ", "%20")}` }),
      ]);
    },
  );

  test.for([
    ["another method", { method: "POST", path: "/repos/acme/site" }],
    ["HEAD, which is no GET", { method: "HEAD", path: "/repos/acme/site" }],
    ["another path", { path: "/repos/other/site" }],
    ["the path above", { path: "/repos/acme" }],
    ["the root", { path: "/" }],
    ["no path", { path: "" }],
    ["another service that there is", { service: "echo", path: "/repos/acme/site" }],
    ["the path in another case", { path: "/Repos/acme/site" }],
    ["a path that begins alike", { path: "/repos/acme2/site" }],
    ["the service's name in the path", { path: "/header/repos/acme/site" }],
  ] as const)("%s is ACCESS_NOT_ALLOWED", async ([, call]) => {
    expectForbidden(await askNarrow(call), "ACCESS_NOT_ALLOWED");
  });

  test("a method that is none is METHOD_UNKNOWN", async () => {
    expectForbidden(await askNarrow({ method: "PURGE", path: "/repos/acme/site" }), "METHOD_UNKNOWN");
  });

  test.for([
    "/repos/acme/../other/site",
    "/repos/acme/..",
    "/repos/acme/./site",
    "/repos/acme/%2e%2e/other",
    "/repos/acme/%2E%2e/other",
    "/repos/acme/.%2e/other",
    "/repos/acme/..%2fother",
    "/repos/acme/%2e%2e%2fother",
    "/repos/acme/%252e%252e/other",
    "/repos/acme/%252e%252e%252fother",
    "/repos/acme/%25252e/other",
    "/repos/acme/%2561",
    "/repos/acme/..%5cother",
    "/repos/acme/..\\other",
    "/repos/acme/%5c..%5cother",
    "/repos/acme/..%255cother",
    "/repos/acme/..;/other",
    "/repos/acme/..%3b/other",
    "/repos/acme/;x=y/site",
    "/repos/acme//other",
    "/repos/acme/%2fother",
    "/repos/acme/%2f%2fother",
    "//repos/acme/site",
    "/repos/acme/%3fadmin",
    "/repos/acme/%23admin",
    "/repos/acme/%253fadmin",
    "/repos/acme/%00",
    "/repos/acme/a%00/../b",
    "/repos/acme/%0d%0aHost:%20x",
    "/repos/acme/%7f",
    "/repos/acme/%c2%85",
    "/repos/acme/%",
    "/repos/acme/%zz",
    "/repos/acme/%ff",
    "/repos/acme/%c0%ae%c0%ae/other",
    "/repos/acme/%u002e%u002e/other",
  ])("the disguised path %s is PATH_AMBIGUOUS (S30)", async (path) => {
    expectForbidden(await askNarrow({ path }), "PATH_AMBIGUOUS");
  });

  test.for(["nobodys", "HEADER", "header.", "_all", "..", "header%00", "header%2e", "héader", "a".repeat(64)])(
    "the service %s is SERVICE_UNKNOWN",
    async (service) => {
      expectForbidden(await askNarrow({ service, path: "/repos/acme/site" }), "SERVICE_UNKNOWN");
    },
  );

  test("headers that name another method or path change neither", async () => {
    const overrides = [
      ["X-HTTP-Method-Override", "GET"],
      ["X-Original-URL", "/services/header/repos/acme/site"],
    ] as const;
    expectForbidden(
      await askNarrow({ method: "DELETE", path: "/repos/acme/site", headers: overrides }),
      "ACCESS_NOT_ALLOWED",
    );
    expectForbidden(await askNarrow({ path: "/admin", headers: overrides }), "ACCESS_NOT_ALLOWED");
  });
});

const TOKEN_IN_QUERY = ["access_token=x", "access%5Ftoken=x", "%61ccess_token"];

test.for(EVERY_SURFACE.flatMap((each) => TOKEN_IN_QUERY.map((query) => ({ ...each, query }))))(
  "$query in the query of a $surface, beside the header, is a second token: 401 (S22)",
  async ({ eventOf, query }) => {
    const asked = await all.ask({ path: "/a", query }, { eventOf });
    expect({ statusCode: asked.statusCode, code: asked.audit.code }).toEqual({
      statusCode: 401,
      code: "AUTHORIZATION_REPEATED",
    });
    expect(asked.received).toEqual([]);
  },
);

test("payload 1.0 of an HTTP API: the path is decided on as it was delivered", async () => {
  const ask = (path: string) =>
    all.ask({ service: "header", path, authorization: narrow }, { eventOf: httpApi1Forward });
  expect((await ask("/repos/acme/site")).statusCode).toBe(200);
  expectForbidden(await ask("/repos/acme/%252e%252e/other"), "PATH_AMBIGUOUS");
});

describe("who may use a service at all", () => {
  test.for([
    { principals: ["dev/payments/billing"], admitted: true },
    { principals: ["*/shop/*", "dev/pay*/*"], admitted: true },
    { principals: ["dev/payments/billing2"], admitted: false },
    { principals: ["staging/payments/*", "dev/shop/*"], admitted: false },
  ])(
    "principals $principals: admitted is $admitted, whatever the permissions allow",
    async ({ principals, admitted }) => {
      const service = all.addService({ url: `${all.service.url}/echo`, credential: { type: "none" }, principals });
      const asked = await all.ask({ service, path: "/a" });
      if (admitted) expect(asked).toMatchObject({ statusCode: 200, received: [{ path: "/echo/a" }] });
      else expectForbidden(asked, "PRINCIPAL_NOT_ADMITTED");
    },
  );

  test("the same namespace and name in another cluster is another principal", async () => {
    const authorization = await all.bearer("staging");
    expectForbidden(await all.ask({ service: "echo", path: "/a", authorization }), "ACCESS_NOT_ALLOWED");
  });
});

describe("the log line for the operator", () => {
  test("SERVICE_UNKNOWN says which document to store", async () => {
    const { audit } = await all.ask({ service: "nobodys", path: "/a" });
    expect(audit).toMatchObject({
      outcome: "refuse",
      step: "permissions",
      status: 403,
      detail: "there is no service document services/nobodys; store one with its url and credential",
      principal: "dev/payments/billing",
    });
  });
});

describe("forward refuses as every function does", () => {
  let world: World;
  let forward: RunningFunction;

  beforeAll(async () => {
    world = await startWorld({ moreClusters: CASE_CLUSTERS });
    seedCases(world);
    forward = await world.start("forward");
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const ofToken = REFUSAL_CASES.flatMap(({ publicCode, asked: _, ...refusal }) =>
    publicCode === undefined ? [] : [{ ...refusal, publicCode, call: {} }],
  );
  const cases = [
    ...ofToken,
    ...FORWARD_CASES.map((refusal) => ({ ...refusal, publicCode: "FORBIDDEN" as const, call: refusal.call })),
  ];

  test.for(cases)("$code ($when) is told as $publicCode", async ({ code, publicCode, call, ...refusal }) => {
    const authorization = await refusal.authorization(world);
    for (const eventOf of [httpApiForward, functionUrlForward, restForward]) {
      const result = await forward.call(eventOf({ service: "closed", path: "/v1", ...call, authorization }));
      const { title, status } = PUBLIC_PROBLEMS[publicCode];
      const lines = result.lines.map((line): Record<string, unknown> => JSON.parse(line));
      expect(lines).toEqual([expect.objectContaining({ type: "decision", outcome: "refuse", code, status })]);
      const answer = result.answer as { statusCode: number; headers: Record<string, string>; body: string };
      expect(answer.statusCode).toBe(REFUSALS[code].status);
      expect(JSON.parse(answer.body)).toEqual({
        type: `urn:podgate:problem:${publicCode}`,
        title,
        status,
        code: publicCode,
      });
      expect(answer.headers).toMatchObject({
        "Podgate-Error": publicCode,
        "Podgate-Decision": lines[0]?.["decisionId"],
        "WWW-Authenticate": expect.stringMatching(/^Bearer/),
      });
      expectNoTokenText(authorization, result, forward);
    }
  });

  test("it writes nothing to stderr and ends by itself", async () => {
    await forward.end();
    expect(forward.stderr).toBe("");
  });
});

test("nothing was written to stderr, and the function ends by itself", async () => {
  await all.forward.end();
  expect(all.forward.stderr).toBe("");
});
