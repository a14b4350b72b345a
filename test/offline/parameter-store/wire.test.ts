import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import { startParameterStore } from "../../../offline/parameter-store/parameter-store.ts";
import { outcomeOf, post, startStoreAndClient } from "./store-and-client.ts";

describe("requests that no SDK makes", () => {
  test.for([
    { target: "AmazonSSM.Get", body: "{}", type: "UnknownOperationException" },
    { target: "AmazonSSM.toString", body: "{}", type: "UnknownOperationException" },
    { target: "AmazonSSM.LabelParameterVersion", body: "{}", type: "UnknownOperationException" },
    { target: "DynamoDB_20120810.GetItem", body: "{}", type: "UnknownOperationException" },
    { target: "GetParameter", body: "{}", type: "UnknownOperationException" },
    { target: "AmazonSSM.GetParameter", body: "", type: "SerializationException" },
    { target: "AmazonSSM.GetParameter", body: "{", type: "SerializationException" },
    { target: "AmazonSSM.GetParameter", body: "[]", type: "SerializationException" },
    { target: "AmazonSSM.GetParameter", body: "null", type: "SerializationException" },
    { target: "AmazonSSM.GetParameter", body: '{"Name":7}', type: "SerializationException" },
    { target: "AmazonSSM.GetParameter", body: '{"Name":"/a","WithDecryption":"yes"}', type: "SerializationException" },
    { target: "AmazonSSM.GetParameters", body: '{"Names":"/a"}', type: "SerializationException" },
    { target: "AmazonSSM.GetParameters", body: '{"Names":["/a",null]}', type: "SerializationException" },
    {
      target: "AmazonSSM.GetParametersByPath",
      body: '{"Path":"/a","MaxResults":1.5}',
      type: "SerializationException",
    },
    {
      target: "AmazonSSM.DescribeParameters",
      body: '{"ParameterFilters":["Name"]}',
      type: "SerializationException",
    },
    { target: "AmazonSSM.GetParameter", body: "{}", type: "ValidationException" },
    { target: "AmazonSSM.GetParameter", body: '{"Name":null}', type: "ValidationException" },
    { target: "AmazonSSM.GetParameter", body: '{"Name":""}', type: "ValidationException" },
    { target: "AmazonSSM.GetParameter", body: '{"name":"/a"}', type: "ValidationException" },
    { target: "AmazonSSM.GetParameter", body: '{"__proto__":{"Name":"/a"}}', type: "ValidationException" },
    { target: "AmazonSSM.GetParameter", body: '{"Name":"/a","Unknown":1}', type: "ParameterNotFound" },
  ])("$target with $body is $type", async ({ target, body, type }) => {
    await using store = await startParameterStore();

    const response = await post(store.url, target, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: type });
  });

  test("several broken constraints are told together", async () => {
    await using store = await startParameterStore();

    const response = await post(store.url, "AmazonSSM.PutParameter", '{"Value":"","Type":"Text"}');
    const { message }: { message?: string } = JSON.parse(await response.text());
    expect(message?.split("; ")).toEqual([
      "3 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
      "Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
      "Value 'Text' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]",
    ]);
  });

  test("a request without a target, or with another method, is UnknownOperationException", async () => {
    await using store = await startParameterStore();

    const untargeted = await fetch(store.url, { method: "POST", body: "{}" });
    expect(await untargeted.json()).toEqual({ __type: "UnknownOperationException" });
    const got = await fetch(store.url);
    expect(got.status).toBe(404);
    expect(await got.json()).toEqual({ __type: "UnknownOperationException" });
  });

  test.for([
    { bytes: 1_000_000, status: 400 },
    { bytes: 1_000_001, status: 413 },
  ])("a body of $bytes bytes is $status", async ({ bytes, status }) => {
    await using store = await startParameterStore();

    expect((await post(store.url, "AmazonSSM.GetParameter", " ".repeat(bytes))).status).toBe(status);
  });

  test("no message of an error holds the value that was sent", async () => {
    await using store = await startParameterStore();

    for (const body of [
      { Name: "/a@b", Value: "canary", Type: "SecureString" },
      { Name: "/a", Value: "canary {{x}}", Type: "SecureString" },
      { Name: "/a", Value: "canary".repeat(2000), Type: "SecureString" },
      { Name: "/a", Value: "canary".repeat(9000), Type: "SecureString" },
      { Name: "/a", Value: "canary", Type: "SecureString", AllowedPattern: "^x$" },
      { Name: "/a", Value: ["canary"], Type: "SecureString" },
    ]) {
      const response = await post(store.url, "AmazonSSM.PutParameter", JSON.stringify(body));
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain("canary");
    }
  });
});

describe("the store in process", () => {
  test("calls tells what was asked, in order, whatever the outcome, until forgotten", async () => {
    await using run = await startStoreAndClient();
    run.store.fault({ kind: "throttle", calls: 1 });

    await outcomeOf(run.client.send(new GetParameterCommand({ Name: "/a:1" })));
    await post(run.store.url, "AmazonSSM.GetParameters", '{"Names":["/b","/a","/b"]}');
    await post(run.store.url, "AmazonSSM.GetParametersByPath", '{"Path":"/p"}');
    await post(run.store.url, "AmazonSSM.DescribeParameters", "{}");
    await post(run.store.url, "AmazonSSM.Unknown", "{}");
    expect(run.store.calls).toEqual([
      { operation: "GetParameter", names: ["/a:1"] },
      { operation: "GetParameters", names: ["/b", "/a", "/b"] },
      { operation: "GetParametersByPath", names: ["/p"] },
      { operation: "DescribeParameters", names: [] },
    ]);
    run.store.forgetCalls();
    expect(run.store.calls).toEqual([]);
  });

  test("put, get and delete work without a call", async () => {
    await using store = await startParameterStore();

    expect(store.put("/a", { b: 1 })).toMatchObject({ name: "/a", value: '{"b":1}', type: "String", version: 1 });
    expect(store.put("/a", "x".repeat(5000))).toMatchObject({ tier: "Advanced", version: 2 });
    expect(store.get("/a")).toMatchObject({ version: 2 });
    expect(store.delete("/a")).toBe(true);
    expect(store.delete("/a")).toBe(false);
    expect(store.get("/a")).toBeUndefined();
    expect(store.calls).toEqual([]);
  });

  test.for([
    { name: "/a b", value: "v", error: "ValidationException" },
    { name: "/a", value: "v".repeat(8193), error: "ValidationException" },
    { name: "/aws/x", value: "v", error: "AccessDeniedException" },
  ])("put of $name throws $error as PutParameter answers", async ({ name, value, error }) => {
    await using store = await startParameterStore();

    expect(() => store.put(name, value)).toThrow(expect.objectContaining({ name: error }));
  });

  test("parameters given at the start are there at once", async () => {
    await using store = await startParameterStore({
      parameters: [
        { name: "/a", value: "text", type: "String" },
        { name: "/s", value: "secret", type: "SecureString" },
      ],
    });

    expect(store.get("/a")).toMatchObject({ value: "text", type: "String" });
    expect(store.get("/s")).toMatchObject({ value: "secret", type: "SecureString" });
  });

  test("a port that is taken rejects, and closing twice is no error", async () => {
    await using store = await startParameterStore();

    await expect(startParameterStore({ port: store.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await store[Symbol.asyncDispose]();
    await expect(fetch(store.url)).rejects.toThrow();
  });

  test("with the clock of the system, a date is the time of the write", async () => {
    await using run = await startStoreAndClient();

    const before = Date.now();
    await run.client.send(new PutParameterCommand({ Name: "/a", Value: "v", Type: "String" }));
    const { Parameter } = await run.client.send(new GetParameterCommand({ Name: "/a" }));
    expect(Parameter?.LastModifiedDate?.getTime()).toBeGreaterThanOrEqual(before);
    expect(Parameter?.LastModifiedDate?.getTime()).toBeLessThanOrEqual(Date.now());
  });
});
