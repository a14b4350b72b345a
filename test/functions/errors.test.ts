import { describe, expect, test } from "vitest";
import { type ErrorCode, REFUSALS } from "../../lib/errors.ts";
import { PUBLIC_CODES } from "../../lib/gateway/problem.ts";
import { arnOf, http2Event, restTokenEvent } from "../support/authorizer-events.ts";
import { builtModule, type ContextValues, startFunction } from "../support/built-function.ts";
import { startTcpServer } from "../support/faulty-server.ts";
import { httpApi2Event } from "../support/http-events.ts";
import { auditLines, auditOf, expectNoTokenText, gatewayStatus, httpAnswerOf } from "../support/verdict.ts";
import { GATEWAY, ORDERS, startWorld, type World } from "../support/world.ts";
import { httpApiForward } from "./forward-events.ts";

interface ErrorCase {
  readonly code: ErrorCode;
  readonly when: string;
  /** Puts the world into the state that no decision can be made in. */
  readonly arrange: (world: World) => void;
  readonly cluster?: string;
  /** Where the service account has documents of its own. */
  readonly serviceAccount?: string;
  readonly context?: Partial<ContextValues>;
  /** What the function gets in place of an event of its surface. */
  readonly event?: unknown;
  /** `whoami` lists permissions and returns no policy. */
  readonly authorizerOnly?: true;
}

const ERROR_CASES: readonly ErrorCase[] = [
  {
    code: "EVENT_UNREADABLE",
    when: "the event is of no kind",
    arrange: () => undefined,
    event: { Records: [] },
  },
  { code: "EVENT_UNREADABLE", when: "the event is a list", arrange: () => undefined, event: [] },
  {
    code: "PARAMETERS_UNAVAILABLE",
    when: "the store throttles",
    arrange: ({ store }) => store.fault({ kind: "throttle" }),
  },
  { code: "PARAMETERS_UNAVAILABLE", when: "the store hangs", arrange: ({ store }) => store.fault({ kind: "hang" }) },
  {
    code: "PARAMETERS_UNAVAILABLE",
    when: "the role may not read",
    arrange: ({ store }) => store.fault({ kind: "access-denied" }),
  },
  {
    code: "PARAMETERS_UNAVAILABLE",
    when: "the store answers half a text",
    arrange: ({ store }) => store.fault({ kind: "broken-json" }),
  },
  {
    code: "DOCUMENT_INVALID",
    when: "a permission document has a misspelt member",
    arrange: ({ put }) => put("permissions/dev/payments/misspelt", { alow: [] }),
    serviceAccount: "misspelt",
  },
  {
    code: "DOCUMENT_TOO_NEW",
    when: "a permission document is of version 2",
    arrange: ({ put }) => put("permissions/dev/payments/newer", { version: 2, allow: [] }),
    serviceAccount: "newer",
  },
  {
    code: "ISSUER_UNREACHABLE",
    when: "the key set is answered 503",
    arrange: ({ cluster }) => cluster("dev").fault("keys", { kind: "status", status: 503 }),
  },
  {
    code: "DISCOVERY_INVALID",
    when: "discovery is another issuer's",
    arrange: ({ cluster }) => cluster("dev").fault("discovery", { kind: "wrong-issuer" }),
  },
  {
    code: "DISCOVERY_INVALID",
    when: "jwks_uri is on another host (S34)",
    arrange: ({ cluster }) => cluster("dev").fault("discovery", { kind: "foreign-jwks-uri" }),
  },
  {
    code: "KEY_SET_INVALID",
    when: "the key set holds a private key",
    arrange: ({ cluster }) => cluster("dev").fault("keys", { kind: "private-member" }),
  },
  {
    code: "KEY_SET_INVALID",
    when: "the key set is empty",
    arrange: ({ cluster }) => cluster("dev").fault("keys", { kind: "empty-keys" }),
  },
  {
    code: "KEY_SET_MISSING",
    when: "keys are static and none are stored",
    arrange: ({ register }) => register("static", { keys: "static" }),
    cluster: "static",
  },
  {
    code: "POLICY_TOO_LARGE",
    when: "the permissions are more than an answer holds",
    arrange: ({ put }) => {
      const paths = Array.from({ length: 100 }, (_, index) => `/v1/orders/${index}`);
      put("permissions/dev/payments/many", {
        allow: [{ service: "orders", methods: ["GET"], paths: [...paths, "/v1/*"] }],
      });
    },
    serviceAccount: "many",
    authorizerOnly: true,
  },
  {
    code: "DEADLINE_EXCEEDED",
    when: "the store takes longer than the function has",
    arrange: ({ store }) => store.fault({ kind: "delay", delayMilliseconds: 300 }),
    context: { remainingMs: 300 },
  },
];

/** Codes that have a test of their own below, or none that a caller, a document or an outage could reach. */
const ELSEWHERE = {
  CONFIG_INVALID: "at the start",
  LOOKUP_LIMITED: "needs a flood",
  INTERNAL: "a defect of podgate: nothing that comes from outside is known to end in it",
} as const satisfies Partial<Record<ErrorCode, string>>;

const startOwnWorld = () => startWorld({ moreClusters: ["static"] });

test("every error there is has a case, or a reason to have none", () => {
  const errorCodes = Object.entries(PUBLIC_CODES)
    .filter(([code, publicCode]) => !(code in REFUSALS) && publicCode === "UNAVAILABLE")
    .map(([code]) => code);
  const asserted = [...new Set(ERROR_CASES.map(({ code }) => code))];
  expect([...asserted, ...Object.keys(ELSEWHERE)].sort()).toEqual(errorCodes.sort());
});

const authorizationFor = async (world: World, { cluster = "dev", serviceAccount = "billing" }: ErrorCase) => {
  const audiences = [ORDERS, GATEWAY];
  const boundObjectRef = { kind: "Pod", name: `${serviceAccount}-0` };
  return `Bearer ${await world.mint(cluster, { serviceAccount, audiences, boundObjectRef })}`;
};

describe.concurrent("the authorizer, cold", () => {
  test.for(ERROR_CASES)("$code: when $when it throws the code, which is a 500 and no 401", async (errorCase) => {
    const { code, arrange, event, context, authorizerOnly } = errorCase;
    await using world = await startOwnWorld();
    const authorization = await authorizationFor(world, errorCase);
    arrange(world);
    await using authorizer = await world.start("authorizer");
    // An HTTP API with simple answers gets no policy, so only the REST API's can be too large.
    const events = [restTokenEvent({ authorization }), ...(authorizerOnly ? [] : [http2Event({ authorization })])];
    for (const ofSurface of events) {
      const result = await authorizer.call(event ?? ofSurface, context);
      expect(result.error).toEqual({ message: code, stack: `Error: ${code}` });
      expect(gatewayStatus(result, arnOf({}))).toBe(500);
      expect(auditOf(result)).toMatchObject({ outcome: "error", code, level: "error" });
      expectNoTokenText(authorization, result, authorizer);
    }
    await authorizer.end();
    expect(auditLines(authorizer.lines)).toHaveLength(events.length);
    expect(authorizer.stderr).toBe("");
  });
});

describe.concurrent("whoami, cold", () => {
  const cases = ERROR_CASES.filter(({ authorizerOnly }) => authorizerOnly !== true);
  test.for(cases)("$code: when $when it answers 503", async (errorCase) => {
    const { code, arrange, event, context } = errorCase;
    await using world = await startOwnWorld();
    const authorization = await authorizationFor(world, errorCase);
    arrange(world);
    await using whoami = await world.start("whoami");
    const result = await whoami.call(event ?? httpApi2Event({ authorization }), context);

    const { statusCode, json, headers } = httpAnswerOf(result);
    expect(statusCode).toBe(503);
    expect(json).toEqual({
      type: "urn:podgate:problem:UNAVAILABLE",
      title: "No decision can be made now. Try again later.",
      status: 503,
      code: "UNAVAILABLE",
    });
    expect(headers).not.toHaveProperty("WWW-Authenticate");
    expectNoTokenText(authorization, result, whoami);
    await whoami.end();
    // Whatever is still under way when the answer is given must not be recorded as a second decision.
    const failures = auditLines(whoami.lines).filter(({ outcome }) => outcome === "error");
    expect(failures).toEqual([expect.objectContaining({ code, decisionId: headers["Podgate-Decision"] })]);
    const others = auditLines(whoami.lines).filter(({ outcome }) => outcome !== "error");
    // Permissions are read after the caller was identified, which is a record of its own.
    const identifiedFirst = code === "DOCUMENT_INVALID" || code === "DOCUMENT_TOO_NEW";
    expect(others.map(({ outcome }) => outcome)).toEqual(identifiedFirst ? ["identified"] : []);
    expect(whoami.stderr).toBe("");
  });
});

describe.concurrent("forward, cold", () => {
  const cases = ERROR_CASES.filter(({ authorizerOnly }) => authorizerOnly !== true);
  test.for(cases)("$code: when $when it answers 503 and makes no call", async (errorCase) => {
    const { code, arrange, event, context } = errorCase;
    await using world = await startOwnWorld();
    await using service = await startTcpServer((socket) => socket.end());
    world.put("services/orders", { url: `http://127.0.0.1:${service.port}`, credential: { type: "none" } });
    const authorization = await authorizationFor(world, errorCase);
    arrange(world);
    await using forward = await world.start("forward");
    const call = { service: "orders", path: "/v1/status", authorization };
    const result = await forward.call(event ?? httpApiForward(call), context);

    const { statusCode, json, headers } = httpAnswerOf(result);
    expect({ statusCode, code: json["code"] }).toEqual({ statusCode: 503, code: "UNAVAILABLE" });
    expect(headers).toMatchObject({ "Podgate-Error": "UNAVAILABLE" });
    expectNoTokenText(authorization, result, forward);
    await forward.end();
    const lines = forward.lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(lines.filter(({ type }) => type === "call")).toEqual([]);
    expect(auditLines(forward.lines)).toEqual([
      expect.objectContaining({ outcome: "error", code, decisionId: headers["Podgate-Decision"] }),
    ]);
    expect(service.connections).toBe(0);
    expect(forward.stderr).toBe("");
  });

  test.for([
    { code: "DOCUMENT_INVALID", document: { url: "https://api.example.com", credentials: { type: "none" } } },
    {
      code: "DOCUMENT_TOO_NEW",
      document: { version: 2, url: "https://api.example.com", credential: { type: "none" } },
    },
  ])("$code: of a service document it concerns the calls of that service only", async ({ code, document }) => {
    await using world = await startOwnWorld();
    world.put("services/orders", document);
    const authorization = `Bearer ${await world.mint("dev", { audiences: [GATEWAY] })}`;
    await using forward = await world.start("forward");
    const ask = (service: string) => forward.call(httpApiForward({ service, path: "/v1/status", authorization }));
    expect(auditOf(await ask("orders"))).toMatchObject({ outcome: "error", code });
    expect(auditOf(await ask("nobodys"))).toMatchObject({ outcome: "refuse", code: "SERVICE_UNKNOWN" });
  });
});

test("LOOKUP_LIMITED: more unknown issuers than there are look-ups are 500, the rest 401", async () => {
  await using world = await startOwnWorld();
  await using authorizer = await world.start("authorizer");
  const tokens = Array.from({ length: 40 }, (_, index) =>
    world.forge("dev", { claims: { iss: `https://oidc.example.com/id/${index}` } }),
  );
  const results = await Promise.all(
    tokens.map(async (token) => authorizer.call(restTokenEvent({ authorization: `Bearer ${await token}` }))),
  );
  const thrown = results.map(({ error }) => error?.message);
  const limited = thrown.filter((message) => message === "LOOKUP_LIMITED").length;
  // 10 at once and 10 in the second that the others wait for, give or take one.
  expect(limited).toBeGreaterThanOrEqual(18);
  expect(limited).toBeLessThanOrEqual(21);
  expect(thrown.filter((message) => message === "Unauthorized")).toHaveLength(40 - limited);
  expect(auditLines(authorizer.lines).filter(({ code }) => code === "LOOKUP_LIMITED")).toHaveLength(limited);
});

describe("CONFIG_INVALID: the function does not start", () => {
  test.for(["authorizer", "whoami", "forward"])("%s names every setting that is wrong", async (name) => {
    const starting = startFunction(builtModule(name), {
      env: { PODGATE_CLOCK_SKEW_SECONDS: "61", PODGATE_AUDIENCE: GATEWAY },
    });
    const problems = [
      "PODGATE_PARAMETER_PREFIX is missing: expected a name such as /podgate/prod",
      ...(name !== "authorizer"
        ? ["PODGATE_AUDIENCES is missing: expected the gateway's audiences, separated by commas"]
        : []),
      "PODGATE_AUDIENCE is not a setting",
      'PODGATE_CLOCK_SKEW_SECONDS is "61": expected a whole number from 0 to 60',
    ];
    const error = await starting.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ConfigError" });
    for (const problem of problems) expect(error).toHaveProperty("message", expect.stringContaining(problem));
  });
});
