import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { createSecretReader } from "../../lib/aws/secret-reader.ts";
import { createSsm } from "../../lib/aws/ssm.ts";
import { ServiceFailure } from "../../lib/service/outgoing.ts";
import type { Fault } from "../../offline/parameter-store/faults.ts";
import { startHttpServer } from "../support/faulty-server.ts";
import { PREFIX, pointSdkAt, startStoreAndReader } from "./store-and-reader.ts";

const CANARY = "canary-4711";
const PARAMETER = `${PREFIX}/secrets/github/token`;

/** As for documents: a busy machine may add to the second; a third attempt or an endless wait adds more. */
const ABOUT_A_SECOND_MS = 2500;

async function startSecrets() {
  const run = await startStoreAndReader();
  run.store.put(PARAMETER, CANARY, { type: "SecureString" });
  return { ...run, readSecret: createSecretReader(new ParameterNames(PREFIX), createSsm(process.env).call) };
}

async function failureOf(promise: Promise<unknown>): Promise<{ failure: ServiceFailure; milliseconds: number }> {
  const startedAt = performance.now();
  try {
    await promise;
  } catch (failure) {
    if (!(failure instanceof ServiceFailure)) throw failure;
    expect(inspect(failure, { depth: 20, showHidden: true, maxStringLength: null })).not.toContain(CANARY);
    return { failure, milliseconds: performance.now() - startedAt };
  }
  throw new Error("nothing failed");
}

test("a SecureString is read decrypted, by itself, at each reading", async () => {
  await using run = await startSecrets();
  expect(await run.readSecret("github", "token")).toEqual({ parameter: PARAMETER, text: CANARY });
  run.store.put(PARAMETER, "rotated");
  expect(await run.readSecret("github", "token")).toEqual({ parameter: PARAMETER, text: "rotated" });
  expect(run.store.calls).toEqual([
    { operation: "GetParameter", names: [PARAMETER] },
    { operation: "GetParameter", names: [PARAMETER] },
  ]);
});

test.for([
  { service: "github", name: "../orders/token" },
  { service: "github", name: ".." },
  { service: "github", name: "token:1" },
  { service: "github/../orders", name: "token" },
  { service: "", name: "token" },
])("the secret $name of $service is SECRET_UNAVAILABLE without a request (S43)", async ({ service, name }) => {
  await using run = await startSecrets();
  const { failure } = await failureOf(run.readSecret(service, name));
  expect(failure.code).toBe("SECRET_UNAVAILABLE");
  expect(run.store.calls).toEqual([]);
});

describe("one fault, then the store answers again", () => {
  test.for<{ fault: Fault }>([
    { fault: { kind: "throttle", calls: 1 } },
    { fault: { kind: "internal-error", calls: 1 } },
    { fault: { kind: "reset", calls: 1 } },
    { fault: { kind: "hang", calls: 1 } },
  ])("$fault.kind: the second attempt answers", async ({ fault }) => {
    await using run = await startSecrets();
    run.store.fault(fault);
    expect((await run.readSecret("github", "token")).text).toBe(CANARY);
    expect(run.store.calls).toHaveLength(2);
  });
});

describe("what cannot be read is SECRET_UNAVAILABLE within about a second (R15)", () => {
  test.for<{ fault: Fault; requests: number; told: string }>([
    { fault: { kind: "kms-invalid-key" }, requests: 1, told: "InvalidKeyId" },
    { fault: { kind: "access-denied" }, requests: 1, told: "AccessDeniedException" },
    { fault: { kind: "expired-credentials" }, requests: 1, told: "ExpiredTokenException" },
    { fault: { kind: "throttle" }, requests: 2, told: "ThrottlingException" },
    { fault: { kind: "internal-error" }, requests: 2, told: "InternalServerError" },
    { fault: { kind: "reset" }, requests: 2, told: "ECONNRESET" },
    { fault: { kind: "hang" }, requests: 2, told: "no answer in time" },
    { fault: { kind: "broken-json" }, requests: 1, told: "SyntaxError" },
    { fault: { kind: "truncate" }, requests: 2, told: "ECONNRESET" },
  ])("$fault.kind after $requests", async ({ fault, requests, told }) => {
    await using run = await startSecrets();
    run.store.fault(fault);
    const { failure, milliseconds } = await failureOf(run.readSecret("github", "token"));
    expect(failure.code).toBe("SECRET_UNAVAILABLE");
    expect(failure.message).toContain(`(${told}) for ${PARAMETER};`);
    expect(run.store.calls).toHaveLength(requests);
    expect(milliseconds).toBeLessThan(ABOUT_A_SECOND_MS);
  });

  test("a parameter that does not exist", async () => {
    await using run = await startSecrets();
    const { failure } = await failureOf(run.readSecret("github", "other"));
    expect(failure.message).toContain(`(ParameterNotFound) for ${PREFIX}/secrets/github/other; store it there`);
  });

  test("nobody listens", async () => {
    const run = await startSecrets();
    await run[Symbol.asyncDispose]();
    const { failure, milliseconds } = await failureOf(run.readSecret("github", "token"));
    expect(failure.code).toBe("SECRET_UNAVAILABLE");
    expect(milliseconds).toBeLessThan(ABOUT_A_SECOND_MS);
  });

  test.for([
    { body: {}, told: "an answer without a value" },
    { body: { Parameter: { Name: PARAMETER } }, told: "an answer without a value" },
  ])("an answer $body", async ({ body, told }) => {
    const { failure } = await failureOf(readFrom(200, body));
    expect(failure.message).toContain(`(${told}) for ${PARAMETER};`);
  });

  test.for([
    { type: "AccessDenied", told: "AccessDenied" },
    { type: "KMS.DisabledException", told: "KMS.DisabledException" },
    { type: `a name with ${CANARY}`, told: "unknown error" },
    { type: "A".repeat(65), told: "unknown error" },
  ])("an error named $type is told as $told", async ({ type, told }) => {
    const { failure } = await failureOf(readFrom(400, { __type: type, message: CANARY }));
    expect(failure.message).toContain(`(${told})`);
  });
});

/** Reads the secret from a store that answers this. */
async function readFrom(status: number, body: object) {
  await using server = await startHttpServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify(body));
  });
  pointSdkAt(`http://127.0.0.1:${server.port}`);
  return await createSecretReader(new ParameterNames(PREFIX), createSsm(process.env).call)("github", "token");
}
