import { describe, expect, test } from "vitest";
import { createSsmReader } from "../../lib/aws/ssm-parameters.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { Fault } from "../../offline/parameter-store/faults.ts";
import { startHttpServer } from "../support/faulty-server.ts";
import { SSM_CLIENTS } from "./ssm-clients.ts";
import { codeOf, named, pointSdkAt, startStoreAndReader } from "./store-and-reader.ts";

const NAMES = [named("/podgate/test/a"), named("/podgate/test/b")];

/** R10 says a second; a busy machine may add to it, a third attempt or an endless wait adds more. */
const ABOUT_A_SECOND_MS = 2500;

async function failureOf(promise: Promise<unknown>): Promise<{ error: GatewayError; milliseconds: number }> {
  const startedAt = performance.now();
  try {
    await promise;
  } catch (error) {
    if (error instanceof GatewayError) return { error, milliseconds: performance.now() - startedAt };
    throw error;
  }
  throw new Error("nothing failed");
}

describe.for(SSM_CLIENTS)("$client", ({ create }) => {
  describe("what exists", () => {
    test("is answered with name, version and text; what does not exist is left out", async () => {
      await using run = await startStoreAndReader(create);
      run.put("a", "first");
      run.put("a", "second");

      const found = await run.read(NAMES);
      expect([...found.keys()]).toEqual([NAMES[0]]);
      expect(found.get("/podgate/test/a")).toMatchObject({ name: "/podgate/test/a", version: 2, text: "second" });
    });

    test("nothing at all is an empty answer, not an error (R11)", async () => {
      await using run = await startStoreAndReader(create);
      expect((await run.read(NAMES)).size).toBe(0);
    });

    test("a parameter that was deleted and made again has the version of before, and another revision", async () => {
      await using run = await startStoreAndReader(create);
      const revisionOf = async () => (await run.read(NAMES)).get("/podgate/test/a");
      run.put("a", "old");
      const old = await revisionOf();
      run.remove("a");
      run.clock.advance(0.001);
      run.put("a", "new");
      const made = await revisionOf();

      expect([old?.version, made?.version]).toEqual([1, 1]);
      expect(made?.revision).not.toBe(old?.revision);
    });

    test("a value that was read twice unchanged has one revision", async () => {
      await using run = await startStoreAndReader(create);
      run.put("a", "same");
      const [one, other] = [await run.read(NAMES), await run.read(NAMES)];
      expect(one.get("/podgate/test/a")).toEqual(other.get("/podgate/test/a"));
    });
  });

  describe("one fault, then the store answers again", () => {
    test.for<{ fault: Fault }>([
      { fault: { kind: "throttle", calls: 1 } },
      { fault: { kind: "internal-error", calls: 1 } },
      { fault: { kind: "reset", calls: 1 } },
      { fault: { kind: "truncate", calls: 1 } },
      { fault: { kind: "hang", calls: 1 } },
    ])("$fault.kind: the second attempt answers", async ({ fault }) => {
      await using run = await startStoreAndReader(create);
      run.put("a", "v");
      run.store.fault(fault);
      expect((await run.read(NAMES)).size).toBe(1);
      expect(run.store.calls).toHaveLength(2);
    });

    test("throttling never eats up the time of the second attempt, whatever the jitter", async () => {
      await using run = await startStoreAndReader(create);
      run.put("a", "v");
      for (let time = 0; time < 6; time++) {
        run.store.fault({ kind: "throttle", calls: 1 });
        expect(await codeOf(run.read(NAMES))).toBe("answered");
      }
    });
  });

  describe("a store that does not answer is PARAMETERS_UNAVAILABLE within about a second and two requests (R10)", () => {
    test.for<{ fault: Fault; requests: number; told: string }>([
      { fault: { kind: "throttle" }, requests: 2, told: "ThrottlingException" },
      { fault: { kind: "internal-error" }, requests: 2, told: "InternalServerError" },
      { fault: { kind: "wrong-clock" }, requests: 2, told: "InvalidSignatureException" },
      { fault: { kind: "reset" }, requests: 2, told: "ECONNRESET" },
      { fault: { kind: "truncate" }, requests: 2, told: "ECONNRESET" },
      { fault: { kind: "hang" }, requests: 2, told: "no answer in time" },
      { fault: { kind: "delay", delayMilliseconds: 5000 }, requests: 2, told: "no answer in time" },
      { fault: { kind: "access-denied" }, requests: 1, told: "AccessDeniedException" },
      { fault: { kind: "expired-credentials" }, requests: 1, told: "ExpiredTokenException" },
      { fault: { kind: "unrecognized-client" }, requests: 1, told: "UnrecognizedClientException" },
      { fault: { kind: "broken-json" }, requests: 1, told: "SyntaxError" },
    ])("$fault.kind after $requests", async ({ fault, requests, told }) => {
      await using run = await startStoreAndReader(create);
      run.put("a", "canary-4711");
      run.store.fault(fault);

      const { error, milliseconds } = await failureOf(run.read(NAMES));
      expect(error.code).toBe("PARAMETERS_UNAVAILABLE");
      expect(error.message).toContain(`(${told}) for /podgate/test/a and 1 more;`);
      expect(error.message).not.toContain("canary");
      expect(run.store.calls).toHaveLength(requests);
      expect(milliseconds).toBeLessThan(ABOUT_A_SECOND_MS);
    });

    test("a short delay is waited for", async () => {
      await using run = await startStoreAndReader(create);
      run.put("a", "v");
      run.store.fault({ kind: "delay", delayMilliseconds: 50 });
      expect((await run.read(NAMES)).size).toBe(1);
      expect(run.store.calls).toHaveLength(1);
    });

    test("a single name is told alone", async () => {
      await using run = await startStoreAndReader(create);
      run.store.fault({ kind: "access-denied" });
      const { error } = await failureOf(run.read([named("/podgate/test/a")]));
      expect(error.message).toContain("for /podgate/test/a;");
    });

    test("nobody listens", async () => {
      const store = await startStoreAndReader(create);
      await store[Symbol.asyncDispose]();
      const { error, milliseconds } = await failureOf(store.read(NAMES));
      expect(error.code).toBe("PARAMETERS_UNAVAILABLE");
      expect(milliseconds).toBeLessThan(ABOUT_A_SECOND_MS);
    });

    test("a body that never ends", async () => {
      await using server = await startHttpServer((_request, response) => {
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
        response.write('{"Parameters":[');
      });
      pointSdkAt(`http://127.0.0.1:${server.port}`);
      const { error, milliseconds } = await failureOf(createSsmReader(create())(NAMES));
      expect(error.code).toBe("PARAMETERS_UNAVAILABLE");
      expect(milliseconds).toBeLessThan(ABOUT_A_SECOND_MS);
    });

    const parameter = { Name: "/podgate/test/a", Value: "{}", Version: 1, LastModifiedDate: 1_795_000_000.123 };
    test.for<{ answer: string; body: object; outcome: string }>([
      {
        answer: "says of both what they are",
        body: { Parameters: [parameter], InvalidParameters: [NAMES[1]] },
        outcome: "answered",
      },
      {
        answer: "leaves out a name",
        body: { Parameters: [parameter], InvalidParameters: [] },
        outcome: "PARAMETERS_UNAVAILABLE",
      },
      { answer: "has no lists", body: {}, outcome: "PARAMETERS_UNAVAILABLE" },
      { answer: "calls both invalid", body: { InvalidParameters: NAMES }, outcome: "answered" },
      ...(["Name", "Value", "Version", "LastModifiedDate"] as const).map((member) => ({
        answer: `has a parameter without ${member}`,
        body: { Parameters: [{ ...parameter, [member]: undefined }], InvalidParameters: NAMES },
        outcome: "PARAMETERS_UNAVAILABLE",
      })),
    ])("an answer that $answer is $outcome: a deny must not vanish", async ({ body, outcome }) => {
      await using server = await startHttpServer((_request, response) => {
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(body));
      });
      pointSdkAt(`http://127.0.0.1:${server.port}`);
      expect(await codeOf(createSsmReader(create())(NAMES))).toBe(outcome);
    });
  });

  describe("answers that are not SSM's", () => {
    test.for<{ status: number; body: string; header?: string; requests: number; told: string }>([
      { status: 502, body: "<html>Bad Gateway</html>", requests: 2, told: "" },
      { status: 503, body: "", requests: 2, told: "" },
      {
        status: 500,
        body: '{"__type":"com.amazonaws.ssm#InternalServerError"}',
        requests: 2,
        told: "InternalServerError",
      },
      {
        status: 400,
        body: '{"__type":"com.amazonaws.ssm#ThrottlingException"}',
        requests: 2,
        told: "ThrottlingException",
      },
      {
        status: 400,
        body: '{"message":"no type"}',
        header: "AccessDeniedException:http://aws/",
        requests: 1,
        told: "AccessDeniedException",
      },
      { status: 429, body: '{"__type":"TooManyRequestsException"}', requests: 2, told: "TooManyRequestsException" },
      { status: 200, body: "", requests: 1, told: "" },
      { status: 200, body: "null", requests: 1, told: "" },
      { status: 200, body: "[]", requests: 1, told: "" },
      { status: 404, body: "not found", requests: 1, told: "" },
      { status: 301, body: "", requests: 1, told: "" },
    ])(
      "$status $body is $requests requests and PARAMETERS_UNAVAILABLE",
      async ({ status, body, header, requests, told }) => {
        let asked = 0;
        await using server = await startHttpServer((_request, response) => {
          asked += 1;
          response.writeHead(status, {
            "content-type": "application/x-amz-json-1.1",
            ...(header === undefined ? {} : { "x-amzn-errortype": header }),
          });
          response.end(body);
        });
        pointSdkAt(`http://127.0.0.1:${server.port}`);
        const { error } = await failureOf(createSsmReader(create())(NAMES));
        expect(error.code).toBe("PARAMETERS_UNAVAILABLE");
        expect(error.message).toContain(told);
        expect(asked).toBe(requests);
      },
    );
  });
});
