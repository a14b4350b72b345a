import { afterEach, describe, expect, test } from "vitest";
import { reasonOf } from "../../lib/aws/ssm-call.ts";
import { valuesOf } from "../../offline/sample/received-request.ts";
import { SSM_CLIENTS } from "./ssm-clients.ts";
import { startStrictStore, useKeys } from "./strict-store.ts";

const A = "/podgate/test/a";

async function reasonFor(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "answered";
  } catch (error) {
    return reasonOf(error);
  }
}

afterEach(() => useKeys({}));

describe.for(SSM_CLIENTS)("$client, at a store that verifies signatures", ({ create }) => {
  test.for(["http", "https"] as const)("over %s, is answered", async (scheme) => {
    await using strict = await startStrictStore(scheme);
    strict.store.put(A, "1");
    expect(await create()("GetParameters", { Names: [A, "/podgate/test/b"] })).toMatchObject({
      Parameters: [{ Name: A, Value: "1", Version: 1, Type: "String" }],
      InvalidParameters: ["/podgate/test/b"],
    });
    expect(strict.outcomes).toEqual(["answered"]);
  });

  test("ten advanced values that double in JSON arrive whole", async () => {
    await using strict = await startStrictStore("https");
    const names = Array.from({ length: 10 }, (_, index) => `/podgate/test/big${index}`);
    for (const name of names) strict.store.put(name, '"'.repeat(8192), { tier: "Advanced" });
    const { Parameters: found } = await create()("GetParameters", { Names: names });
    expect((found as { Value: string }[]).map(({ Value }) => Value)).toEqual(names.map(() => '"'.repeat(8192)));
  });

  test("a SecureString is not decrypted unless that is asked for", async () => {
    await using strict = await startStrictStore("https");
    strict.store.put(A, "canary-4711", { type: "SecureString" });
    const call = create();
    const { Parameters: found } = await call("GetParameters", { Names: [A] });
    expect(JSON.stringify(found)).not.toContain("canary");
    expect(await call("GetParameter", { Name: A, WithDecryption: true })).toMatchObject({
      Parameter: { Value: "canary-4711", Type: "SecureString" },
    });
  });

  test("sends the session token, and signs it", async () => {
    await using strict = await startStrictStore("https");
    strict.keys.set("ASIATEMPORARY", { secretAccessKey: "temporary", sessionToken: "session" });
    useKeys({
      AWS_ACCESS_KEY_ID: "ASIATEMPORARY",
      AWS_SECRET_ACCESS_KEY: "temporary",
      AWS_SESSION_TOKEN: "session",
    });
    expect(await reasonFor(create()("GetParameters", { Names: [A] }))).toBe("answered");
  });

  test("takes renewed credentials from the environment at the next call, once the old ones have expired", async () => {
    await using strict = await startStrictStore("https");
    const now = Date.now() / 1000;
    strict.keys.set("ASIAOLD", { secretAccessKey: "old", sessionToken: "session 1", expiresAt: now - 1 });
    strict.keys.set("ASIANEW", { secretAccessKey: "new", sessionToken: "session 2", expiresAt: now + 3600 });
    const call = create();
    useKeys({
      AWS_ACCESS_KEY_ID: "ASIAOLD",
      AWS_SECRET_ACCESS_KEY: "old",
      AWS_SESSION_TOKEN: "session 1",
      // Without this the SDK keeps what it read first; the direct client reads the keys for each call.
      AWS_CREDENTIAL_EXPIRATION: new Date((now - 1) * 1000).toISOString(),
    });
    expect(await reasonFor(call("GetParameters", { Names: [A] }))).toBe("ExpiredTokenException");
    useKeys({ AWS_ACCESS_KEY_ID: "ASIANEW", AWS_SECRET_ACCESS_KEY: "new", AWS_SESSION_TOKEN: "session 2" });
    expect(await reasonFor(call("GetParameters", { Names: [A] }))).toBe("answered");
    expect(strict.outcomes).toEqual(["ExpiredTokenException", "answered"]);
  });

  test.for([{ aheadSeconds: 3600 }, { aheadSeconds: -3600 }])(
    "a clock that is $aheadSeconds s behind is refused once, and right from then on",
    async ({ aheadSeconds }) => {
      await using strict = await startStrictStore("https");
      strict.aheadSeconds = aheadSeconds;
      const call = create();
      for (let time = 0; time < 3; time++) {
        expect(await reasonFor(call("GetParameters", { Names: [A] }))).toBe("answered");
      }
      expect(strict.outcomes).toEqual(["InvalidSignatureException", "answered", "answered", "answered"]);
    },
  );

  test.for([
    { keys: { AWS_ACCESS_KEY_ID: "AKIDSTRICT", AWS_SECRET_ACCESS_KEY: "wrong" }, reason: "InvalidSignatureException" },
    {
      keys: { AWS_ACCESS_KEY_ID: "AKIDOTHER", AWS_SECRET_ACCESS_KEY: "secret" },
      reason: "UnrecognizedClientException",
    },
    {
      keys: { AWS_ACCESS_KEY_ID: "AKIDSTRICT", AWS_SECRET_ACCESS_KEY: "secret", AWS_SESSION_TOKEN: "none" },
      reason: "UnrecognizedClientException",
    },
  ])("keys that are refused are $reason after one request", async ({ keys, reason }) => {
    await using strict = await startStrictStore("https");
    useKeys(keys);
    expect(await reasonFor(create()("GetParameters", { Names: [A] }))).toBe(reason);
    expect(strict.requests).toHaveLength(1);
  });

  test.for([
    { what: "eleven names", input: { Names: Array.from({ length: 11 }, (_, index) => `/podgate/test/${index}`) } },
    { what: "a name that none can be", input: { Names: ["/podgate/test/a b"] } },
  ])("$what are a ValidationException after one request", async ({ input }) => {
    await using strict = await startStrictStore("https");
    expect(await reasonFor(create()("GetParameters", input))).toBe("ValidationException");
    expect(strict.requests).toHaveLength(1);
  });

  test("passes on the trace of the request that is being answered, in a Lambda", async () => {
    await using strict = await startStrictStore("https");
    const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    const lambda = { AWS_ACCESS_KEY_ID: "AKIDSTRICT", AWS_SECRET_ACCESS_KEY: "secret", _X_AMZN_TRACE_ID: trace };
    const call = create();
    useKeys({ ...lambda, AWS_LAMBDA_FUNCTION_NAME: "podgate" });
    await call("GetParameters", { Names: [A] });
    useKeys(lambda);
    await call("GetParameters", { Names: [A] });
    expect(strict.requests.map(({ headers }) => valuesOf(headers, "x-amzn-trace-id"))).toEqual([[trace], []]);
  });

  test("one connection is kept from call to call", async () => {
    await using strict = await startStrictStore("https");
    const call = create();
    for (let time = 0; time < 3; time++) await call("GetParameters", { Names: [A] });
    expect(strict.connections()).toBe(1);
  });
});

describe("the direct client alone", () => {
  const create = () => {
    const direct = SSM_CLIENTS.find(({ client }) => client === "the direct client");
    if (direct === undefined) throw new Error("no direct client");
    return direct.create();
  };

  test.for([{ aheadSeconds: 3600 }, { aheadSeconds: -3600 }])(
    "a clock that was $aheadSeconds s behind and is set right is right again after one refusal",
    async ({ aheadSeconds }) => {
      await using strict = await startStrictStore("https");
      const call = create();
      strict.aheadSeconds = aheadSeconds;
      await call("GetParameters", { Names: [A] });
      strict.aheadSeconds = 0;
      strict.outcomes.length = 0;
      expect(await reasonFor(call("GetParameters", { Names: [A] }))).toBe("answered");
      expect(strict.outcomes).toEqual(["InvalidSignatureException", "answered"]);
    },
  );
});
