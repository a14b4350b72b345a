import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DEMO_SECRETS } from "../../offline/sample/secrets.ts";
import { PREFIX } from "../support/world.ts";
import { httpApiForward } from "./forward-events.ts";
import { type ForwardWorld, ROLE, receivedValues, sampleServices, startForwardWorld } from "./forward-world.ts";

let all: ForwardWorld;

beforeAll(async () => {
  all = await startForwardWorld();
});
afterEach(() => {
  all.service.fault();
  all.service.changeSecret("header", DEMO_SECRETS.header);
  all.service.changeSecret("basic", DEMO_SECRETS.basic);
  all.service.changeSecret("oauth2", DEMO_SECRETS.oauth2);
});
afterAll(() => all[Symbol.asyncDispose]());

/** Services of their own for one test, with the right secrets. */
function addHeader(): string {
  return all.addService(sampleServices(all.service).header, { key: DEMO_SECRETS.header });
}
function addOAuth2(): string {
  return all.addService(sampleServices(all.service).oauth2, { "client-secret": DEMO_SECRETS.oauth2 });
}

/** Operations that the store was asked for while `work` ran. */
async function tripsDuring(work: () => Promise<unknown>): Promise<string[]> {
  all.world.store.forgetCalls();
  await work();
  return all.world.store.calls.map(({ operation }) => operation);
}

describe("each kind of credential reaches the service", () => {
  test.for(["header", "basic", "oauth2", "sigv4"])("%s: it is the right one, cold and warm", async (service) => {
    for (const body of ["first", "second"]) {
      const { statusCode, received } = await all.ask({ service, method: "POST", path: "/a/b", query: "x=1&y=2", body });
      expect(statusCode).toBe(200);
      expect(received.at(-1)).toMatchObject({ path: `/${service}/a/b`, query: "x=1&y=2", body, credential: "right" });
    }
  });

  test("none: no credential is sent", async () => {
    const { received } = await all.ask({ path: "/a" });
    expect(received).toMatchObject([{ credential: "not asked" }]);
    expect(receivedValues(received[0], "authorization")).toEqual([]);
  });

  test("sigv4: the session is the principal's, of the role in the document, tagged as EKS Pod Identity does", async () => {
    const { received } = await all.ask({ service: "sigv4", path: "/a" });
    expect(received.at(-1)?.caller).toEqual({
      role: ROLE,
      sessionName: expect.stringMatching(/^podgate-[0-9a-f]{32}$/),
      tags: {
        "eks-cluster-name": "dev",
        "kubernetes-namespace": "payments",
        "kubernetes-service-account": "billing",
        "kubernetes-pod-name": "billing-0",
        "kubernetes-pod-uid": expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    });
  });

  test("sigv4: a path and a query that have to be encoded are signed as they are sent", async () => {
    const path = "/caf%C3%A9/a%20b/c%3Ad%2B";
    const { statusCode, received } = await all.ask({ service: "sigv4", path, query: "b=2&a=%20&a=1&c" });
    expect(statusCode).toBe(200);
    expect(received.at(-1)).toMatchObject({ credential: "right", path: `/sigv4${path}` });
  });
});

describe("trips to the parameter store", () => {
  test("cold 2 GetParameters and 1 GetParameter, the issuer first and the secret last; warm none", async () => {
    await using by = await all.start();
    const ask = () => all.ask({ service: "basic", path: "/a" }, { by });
    expect(await tripsDuring(ask)).toEqual(["GetParameters", "GetParameters", "GetParameter"]);
    const [first, second, third] = all.world.store.calls.map(({ names }) => names);
    expect(first?.every((name) => /\/(issuers|keys)\//.test(name))).toBe(true);
    expect(second?.filter((name) => !name.includes("/permissions/"))).toEqual([`${PREFIX}/services/basic`]);
    expect(third).toEqual([`${PREFIX}/secrets/basic/password`]);
    expect(await tripsDuring(ask)).toEqual([]);
  });

  test("a refused call reads no secret", async () => {
    await using by = await all.start();
    const authorization = await all.bearer("staging");
    const trips = await tripsDuring(() => all.ask({ service: "basic", path: "/a", authorization }, { by }));
    expect(trips).toEqual(["GetParameters", "GetParameters"]);
  });

  test("without a token nothing is read", async () => {
    await using by = await all.start();
    expect(await tripsDuring(() => all.ask({ service: "basic", authorization: undefined }, { by }))).toEqual([]);
  });
});

describe("a secret that was rotated (R21)", () => {
  test("the call that the service refuses is repeated once, with the new secret and the same bytes", async () => {
    const service = addHeader();
    const call = { service, method: "POST", path: "/a", query: "x=1", body: "once" };
    expect((await all.ask(call)).statusCode).toBe(200);
    all.service.changeSecret("header", "rotated-1");
    all.putSecret(`${service}/key`, "rotated-1");

    const trips = await tripsDuring(async () => {
      const { statusCode, received, called } = await all.ask(call);
      expect(statusCode).toBe(200);
      expect(called).toMatchObject({ outcome: "answered", status: 200 });
      expect(received.map(({ credential }) => credential)).toEqual(["wrong", "right"]);
      for (const each of received) expect(each).toMatchObject({ method: "POST", query: "x=1", body: "once" });
    });
    expect(trips).toEqual(["GetParameter"]);
    expect((await all.ask(call)).received).toMatchObject([{ credential: "right" }]);
  });

  test("rotated again within 30 s, the service's 401 is handed on and nothing is read or repeated", async () => {
    const service = addHeader();
    await all.ask({ service, path: "/a" });
    for (const secret of ["rotated-1", "rotated-2"]) {
      all.service.changeSecret("header", secret);
      all.putSecret(`${service}/key`, secret);
      const trips = await tripsDuring(async () => {
        const { statusCode, received, headers } = await all.ask({ service, path: "/a" });
        const again = secret === "rotated-1";
        expect({ statusCode, calls: received.length }).toEqual({ statusCode: again ? 200 : 401, calls: again ? 2 : 1 });
        expect(headers).not.toHaveProperty("podgate-error");
      });
      expect(trips).toEqual(secret === "rotated-1" ? ["GetParameter"] : []);
    }
  });

  test("the same secret still in the store: the 401 is handed on and the call not repeated", async () => {
    const service = addHeader();
    await all.ask({ service, path: "/a" });
    all.service.changeSecret("header", "not-stored-yet");
    const { statusCode, received, body, called } = await all.ask({ service, path: "/a" });
    expect({ statusCode, calls: received.length }).toEqual({ statusCode: 401, calls: 1 });
    expect(JSON.parse(body.toString())).toEqual({ message: "X-Api-Key is not the key of this service" });
    expect(called).toMatchObject({ outcome: "answered", status: 401 });
  });

  test("a secret that cannot be read again: the 401 is handed on", async () => {
    const service = addHeader();
    await all.ask({ service, path: "/a" });
    all.service.changeSecret("header", "elsewhere");
    all.world.store.fault({ kind: "kms-invalid-key", operation: "GetParameter" });
    const { statusCode, received } = await all.ask({ service, path: "/a" });
    all.world.store.fault();
    expect({ statusCode, calls: received.length }).toEqual({ statusCode: 401, calls: 1 });
  });

  test("a new secret that is wrong too: the second 401 is handed on", async () => {
    const service = addHeader();
    await all.ask({ service, path: "/a" });
    all.service.changeSecret("header", "right");
    all.putSecret(`${service}/key`, "wrong");
    const { statusCode, received } = await all.ask({ service, path: "/a" });
    expect({ statusCode, calls: received.length }).toEqual({ statusCode: 401, calls: 2 });
  });

  test.for([400, 403, 407, 500, 503])("a %i is no reason to read it again", async (status) => {
    const service = addHeader();
    const trips = await tripsDuring(async () => {
      const { received } = await all.ask({ service, path: `/answer/status/${status}` });
      expect(received).toHaveLength(1);
    });
    expect(trips).toEqual(["GetParameters", "GetParameter"]);
  });

  test("oauth2: an access token that was withdrawn is fetched again, once", async () => {
    const service = addOAuth2();
    await all.ask({ service, path: "/a" });
    all.service.revokeTokens();
    const { statusCode, received } = await all.ask({ service, path: "/a" });
    expect(statusCode).toBe(200);
    expect(received.map(({ path }) => path)).toEqual(["/oauth2/a", "/_oauth2/token", "/oauth2/a"]);
  });

  test("oauth2: a client secret that was rotated is read again when the token endpoint refuses it", async () => {
    const service = addOAuth2();
    await all.ask({ service, path: "/a" });
    all.service.changeSecret("oauth2", "rotated-client-secret");
    all.putSecret(`${service}/client-secret`, "rotated-client-secret");
    all.service.revokeTokens();
    const { statusCode, received } = await all.ask({ service, path: "/a" });
    expect(statusCode).toBe(200);
    expect(received.map(({ path }) => path)).toEqual(["/oauth2/a", "/_oauth2/token", "/_oauth2/token", "/oauth2/a"]);
  });
});

test("a secret is taken as it is: `$&` means nothing, and one line end at its end is dropped (S37)", async () => {
  all.service.changeSecret("header", "a$&b$1$$`c");
  const service = all.addService(sampleServices(all.service).header, { key: "a$&b$1$$`c\n" });
  expect((await all.ask({ service, path: "/a" })).received).toMatchObject([{ credential: "right" }]);
});

test("many calls at once: one reading of the secret, one token", async () => {
  const service = addOAuth2();
  all.service.forgetRequests();
  const trips = await tripsDuring(async () => {
    const calls = Array.from({ length: 20 }, () => ({ service, path: "/a" }));
    const { authorization } = all;
    await all.forward.callAll(
      calls.map((call) => httpApiForward({ ...call, authorization })),
      20,
    );
  });
  expect(trips.filter((operation) => operation === "GetParameter")).toHaveLength(1);
  const paths = all.service.requests.map(({ path }) => path);
  expect(paths.filter((path) => path === "/_oauth2/token")).toHaveLength(1);
  expect(all.service.requests.filter(({ credential }) => credential === "right")).toHaveLength(20);
});

test("nothing of a token, a secret, a query, a body or a header's value is written, whatever happens (S41)", async () => {
  await using by = await all.start();
  const secrets = { header: randomUUID(), basic: randomUUID(), oauth2: randomUUID() };
  const sent = { query: randomUUID(), body: randomUUID(), value: randomUUID() };
  const names = { header: "header/key", basic: "basic/password", oauth2: "oauth2/client-secret" };
  for (const kind of ["header", "basic", "oauth2"] as const) {
    all.service.changeSecret(kind, secrets[kind]);
    all.putSecret(names[kind], secrets[kind]);
  }
  const answers: string[] = [];
  const ends = [
    "a",
    "answer/odd-headers",
    "answer/status/500",
    "answer/reset",
    "answer/garbage",
    "answer/redirect/302",
  ];
  for (const service of ["header", "basic", "oauth2", "sigv4", "echo", "nobodys"]) {
    for (const end of ends) {
      const { query, body, value } = sent;
      const call = {
        service,
        method: "POST",
        path: `/${end}`,
        query: `q=${query}`,
        body,
        headers: [["X-Own", value]] as const,
      };
      const { result, received } = await all.ask(call, { by });
      answers.push(JSON.stringify(result.answer));
      // What is looked for did go over the wire.
      const reached = received.find(({ path }) => path === `/${service}/${end}`);
      expect(reached?.body).toBe(service === "nobodys" ? undefined : body);
    }
  }
  // Failures on the way to the credential.
  all.service.fault({ "/_oauth2": "status/401", "/_sts": "status/500" });
  for (const [kind, secret] of Object.entries(secrets)) all.putSecret(`${kind}/key`, `${secret}\r\nX: 1`);
  await using cold = await all.start();
  for (const service of ["header", "oauth2", "sigv4"]) {
    const { result, statusCode } = await all.ask({ service, path: "/a" }, { by: cold });
    expect(statusCode).toBe(502);
    answers.push(JSON.stringify(result));
  }

  const written = [...by.lines, by.stderr, ...cold.lines, cold.stderr].join("\n");
  const tokenParts = all.authorization.split(/[ .]/).filter((part) => part.length >= 8);
  expect(tokenParts).toHaveLength(3);
  const encoded = Object.values(secrets).map((secret) => Buffer.from(`podgate:${secret}`).toString("base64"));
  const secret = [...tokenParts, ...Object.values(secrets), ...encoded];
  for (const text of secret) expect(answers.join("\n")).not.toContain(text);
  for (const text of [...secret, ...Object.values(sent)]) expect(written).not.toContain(text);
  // Access tokens and session keys are the service's: whatever looks like one is not there either.
  expect(written).not.toMatch(/ASIA[A-Z2-7]{16}|Bearer |Basic |AWS4-HMAC/);
  expect(answers.join("\n")).not.toMatch(/ASIA[A-Z2-7]{16}/);
  expect(written).toContain('"type":"call"');
});

test("nothing was written to stderr, and the function ends by itself", async () => {
  await all.forward.end();
  expect(all.forward.stderr).toBe("");
});
