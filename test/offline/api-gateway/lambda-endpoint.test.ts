import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { invokeFunction } from "../../../offline/api-gateway/lambda-endpoint.ts";
import { type LambdaApi, type Respond, returns, startLambdaApi, throws } from "./provider-routes.ts";

let lambda: LambdaApi;
beforeAll(async () => {
  lambda = await startLambdaApi();
});
afterAll(() => lambda[Symbol.asyncDispose]());

describe("asking a function", () => {
  const outcomeOf = async (signal: AbortSignal = new AbortController().signal) =>
    invokeFunction(lambda.url, "f", {}, signal);

  test.for<[string, Respond, object]>([
    ["a value", returns({ a: 1 }), { outcome: "returned", value: { a: 1 } }],
    ["no value", (response) => response.end(), { outcome: "returned", value: undefined }],
    ["an error", throws("Unauthorized"), { outcome: "failed", message: "Unauthorized" }],
    ["a text that is no JSON", (response) => response.end("Unauthorized"), { outcome: "failed" }],
    ["an unknown function", (response) => response.writeHead(404).end("{}"), { outcome: "failed" }],
    ["a connection that ends", (response) => response.destroy(), { outcome: "failed" }],
  ])("%s", async ([, does, outcome]) => {
    lambda.respond = does;
    expect(await outcomeOf()).toMatchObject(outcome);
  });

  test("a wait that is ended is a failure", async () => {
    const ended = new AbortController();
    lambda.respond = () => ended.abort();
    expect(await outcomeOf(ended.signal)).toMatchObject({ outcome: "failed" });
  });
});
