import {
  DeleteParameterCommand,
  DeleteParametersCommand,
  GetParameterHistoryCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  paginateGetParameterHistory,
} from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import { errorOf, outcomeOf, startStoreAndClient } from "./store-and-client.ts";

const put = (input: Partial<PutParameterCommandInput>) => new PutParameterCommand({ Name: "/a", Value: "v", ...input });

describe("PutParameter", () => {
  test("creates version 1 of the standard tier, then version 2", async () => {
    await using run = await startStoreAndClient();

    expect(await run.client.send(put({ Type: "String" }))).toMatchObject({ Version: 1, Tier: "Standard" });
    expect(await run.client.send(put({ Value: "w", Overwrite: true }))).toMatchObject({ Version: 2, Tier: "Standard" });
    expect(run.store.get("/a")).toMatchObject({ value: "w", version: 2, type: "String" });
  });

  test.for([
    { exists: false, Overwrite: false, outcome: "answered" },
    { exists: false, Overwrite: true, outcome: "answered" },
    { exists: true, Overwrite: false, outcome: "ParameterAlreadyExists" },
    { exists: true, Overwrite: undefined, outcome: "ParameterAlreadyExists" },
    { exists: true, Overwrite: true, outcome: "answered" },
  ])("with exists $exists and Overwrite $Overwrite is $outcome", async ({ exists, Overwrite, outcome }) => {
    await using run = await startStoreAndClient();
    if (exists) run.store.put("/a", "before");

    expect(await outcomeOf(run.client.send(put({ Type: "String", Overwrite })))).toBe(outcome);
    expect(run.store.get("/a")?.value).toBe(outcome === "answered" ? "v" : "before");
  });

  test("needs a type for a new parameter; an update keeps it, or changes it when told", async () => {
    await using run = await startStoreAndClient();

    const error = await errorOf(run.client.send(put({})));
    expect(error?.message).toBe("A parameter type is required when you create a parameter.");
    await run.client.send(put({ Type: "SecureString", KeyId: "alias/mine" }));
    await run.client.send(put({ Overwrite: true }));
    expect(run.store.get("/a")).toMatchObject({ type: "SecureString", keyId: "alias/mine" });
    await run.client.send(put({ Overwrite: true, Type: "String" }));
    expect(run.store.get("/a")).toMatchObject({ type: "String" });
    expect(run.store.get("/a")).not.toHaveProperty("keyId");
  });

  test.for([
    { Tier: undefined, length: 4096, outcome: "Standard" },
    { Tier: undefined, length: 4097, outcome: "ValidationException" },
    { Tier: "Standard", length: 4096, outcome: "Standard" },
    { Tier: "Standard", length: 4097, outcome: "ValidationException" },
    { Tier: "Advanced", length: 1, outcome: "Advanced" },
    { Tier: "Advanced", length: 8192, outcome: "Advanced" },
    { Tier: "Advanced", length: 8193, outcome: "ValidationException" },
    { Tier: "Intelligent-Tiering", length: 4096, outcome: "Standard" },
    { Tier: "Intelligent-Tiering", length: 4097, outcome: "Advanced" },
    { Tier: "Intelligent-Tiering", length: 8192, outcome: "Advanced" },
    { Tier: "Intelligent-Tiering", length: 8193, outcome: "ValidationException" },
  ] as const)("tier $Tier with a value of $length characters is $outcome", async ({ Tier, length, outcome }) => {
    await using run = await startStoreAndClient();

    const call = run.client.send(put({ Type: "String", Value: "v".repeat(length), Tier }));
    expect(await outcomeOf(call)).toBe(outcome === "ValidationException" ? outcome : "answered");
    expect(run.store.get("/a")?.tier).toBe(outcome === "ValidationException" ? undefined : outcome);
  });

  test("the message for a value which is too long tells the limit and nothing of the value", async () => {
    await using run = await startStoreAndClient();

    const error = await errorOf(run.client.send(put({ Type: "SecureString", Value: "canary ".repeat(600) })));
    expect(error?.message).toMatch(/^Standard tier parameters support a maximum parameter value of 4096 characters\./);
    const longer = await errorOf(run.client.send(put({ Type: "SecureString", Value: "canary ".repeat(5000) })));
    expect(longer?.message).toMatch(/^1 validation error detected: Value at 'value' failed .* equal to 32768$/);
  });

  test.for([
    { from: "Standard", to: "Advanced", outcome: "Advanced" },
    { from: "Advanced", to: "Standard", outcome: "ValidationException" },
    { from: "Advanced", to: "Intelligent-Tiering", outcome: "Advanced" },
    { from: "Advanced", to: undefined, outcome: "Advanced" },
    { from: "Standard", to: "Intelligent-Tiering", outcome: "Standard" },
  ] as const)("from tier $from to $to is $outcome", async ({ from, to, outcome }) => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v", { tier: from });

    const call = run.client.send(put({ Tier: to, Overwrite: true }));
    expect(await outcomeOf(call)).toBe(outcome === "ValidationException" ? outcome : "answered");
    expect(run.store.get("/a")?.tier).toBe(outcome === "ValidationException" ? from : outcome);
  });

  test("10,000 standard parameters fit; the next is refused, advanced, or an update", async () => {
    await using run = await startStoreAndClient();
    for (let count = 0; count < 9_999; count++) run.store.put(`/n${count}`, "v", { tier: "Standard" });

    expect(await outcomeOf(run.client.send(put({ Name: "/last", Type: "String" })))).toBe("answered");
    expect(await outcomeOf(run.client.send(put({ Name: "/more", Type: "String" })))).toBe("ParameterLimitExceeded");
    expect(await outcomeOf(run.client.send(put({ Name: "/last", Overwrite: true })))).toBe("answered");
    const smart = put({ Name: "/smart", Type: "String", Tier: "Intelligent-Tiering" });
    expect(await run.client.send(smart)).toMatchObject({ Tier: "Advanced" });
    run.store.delete("/last");
    expect(await outcomeOf(run.client.send(put({ Name: "/more", Type: "String" })))).toBe("answered");
  });

  test.for([
    { what: "an empty value", input: { Value: "" }, outcome: "ValidationException" },
    { what: "braces of a reference", input: { Value: "x {{ssm:/b}}" }, outcome: "ValidationException" },
    { what: "single braces", input: { Value: "Bearer {secret} {}}" }, outcome: "answered" },
    { what: "an unknown type", input: { Type: "Text" as "String" }, outcome: "ValidationException" },
    { what: "an unknown tier", input: { Tier: "Cheap" as "Standard" }, outcome: "ValidationException" },
    { what: "a key for a String", input: { KeyId: "alias/k" }, outcome: "ValidationException" },
    { what: "a data type not kept here", input: { DataType: "aws:ec2:image" }, outcome: "ValidationException" },
    { what: "the data type text", input: { DataType: "text" }, outcome: "answered" },
    { what: "policies", input: { Policies: "[{}]" }, outcome: "ValidationException" },
    { what: "tags", input: { Tags: [{ Key: "k", Value: "v" }] }, outcome: "answered" },
    {
      what: "tags and Overwrite",
      input: { Tags: [{ Key: "k", Value: "v" }], Overwrite: true },
      outcome: "ValidationException",
    },
    { what: "a pattern that fits", input: { AllowedPattern: "^v$" }, outcome: "answered" },
    { what: "a pattern that does not", input: { AllowedPattern: "^w$" }, outcome: "ParameterPatternMismatchException" },
    { what: "a pattern that is none", input: { AllowedPattern: "(" }, outcome: "InvalidAllowedPatternException" },
  ])("with $what is $outcome", async ({ input, outcome }) => {
    await using run = await startStoreAndClient();

    expect(await outcomeOf(run.client.send(put({ Type: "String", ...input })))).toBe(outcome);
    expect(run.store.get("/a") !== undefined).toBe(outcome === "answered");
  });
});

describe("DeleteParameter and DeleteParameters", () => {
  test("a deleted parameter is gone with its versions", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "1");
    run.store.put("/a", "2");

    expect(await outcomeOf(run.client.send(new DeleteParameterCommand({ Name: "/a" })))).toBe("answered");
    expect(await outcomeOf(run.client.send(new DeleteParameterCommand({ Name: "/a" })))).toBe("ParameterNotFound");
    expect(await run.client.send(put({ Type: "String" }))).toMatchObject({ Version: 1 });
  });

  test("DeleteParameters tells apart what was there", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "1");
    run.store.put("/b", "1");

    const answer = await run.client.send(new DeleteParametersCommand({ Names: ["/b", "/missing", "/a", "/b"] }));
    expect(answer.DeletedParameters).toEqual(["/b", "/a"]);
    expect(answer.InvalidParameters).toEqual(["/missing"]);
    expect(run.store.get("/a")).toBeUndefined();
  });

  test.for([
    { count: 0, outcome: "ValidationException" },
    { count: 10, outcome: "answered" },
    { count: 11, outcome: "ValidationException" },
  ])("DeleteParameters of $count names is $outcome", async ({ count, outcome }) => {
    await using run = await startStoreAndClient();

    const Names = Array.from({ length: count }, (_, index) => `/n${index}`);
    expect(await outcomeOf(run.client.send(new DeleteParametersCommand({ Names })))).toBe(outcome);
  });
});

describe("versions and GetParameterHistory", () => {
  test.for([
    { puts: 100, oldest: 1 },
    { puts: 101, oldest: 2 },
  ])("after $puts writes 100 versions are kept, the oldest is $oldest", async ({ puts, oldest }) => {
    await using run = await startStoreAndClient();
    for (let count = 1; count <= puts; count++) run.store.put("/a", `value ${count}`);

    const versions: (number | undefined)[] = [];
    for await (const page of paginateGetParameterHistory({ client: run.client, pageSize: 30 }, { Name: "/a" })) {
      versions.push(...(page.Parameters ?? []).map(({ Version }) => Version));
    }
    expect(versions).toEqual(Array.from({ length: 100 }, (_, index) => oldest + index));
  });

  test("each version has its value, masked for a SecureString", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/s", "canary-1", { type: "SecureString" });
    run.store.put("/s", "canary-2");
    const ask = async (WithDecryption: boolean) =>
      (await run.client.send(new GetParameterHistoryCommand({ Name: "/s", WithDecryption }))).Parameters;

    expect((await ask(true))?.map(({ Value }) => Value)).toEqual(["canary-1", "canary-2"]);
    expect(JSON.stringify(await ask(false))).not.toContain("canary");
    expect((await ask(true))?.[0]).toMatchObject({ KeyId: "alias/aws/ssm", Tier: "Standard", Labels: [] });
  });

  test.for([
    { MaxResults: 0, outcome: "ValidationException" },
    { MaxResults: 1, outcome: "answered" },
    { MaxResults: 50, outcome: "answered" },
    { MaxResults: 51, outcome: "ValidationException" },
  ])("MaxResults $MaxResults is $outcome", async ({ MaxResults, outcome }) => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "1");

    const call = run.client.send(new GetParameterHistoryCommand({ Name: "/a", MaxResults }));
    expect(await outcomeOf(call)).toBe(outcome);
  });

  test("a parameter that does not exist has no history", async () => {
    await using run = await startStoreAndClient();

    expect(await outcomeOf(run.client.send(new GetParameterHistoryCommand({ Name: "/a" })))).toBe("ParameterNotFound");
  });
});
