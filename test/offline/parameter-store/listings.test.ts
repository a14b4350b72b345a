import {
  DescribeParametersCommand,
  GetParametersByPathCommand,
  type ParameterStringFilter,
  PutParameterCommand,
  paginateDescribeParameters,
  paginateGetParametersByPath,
} from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import { errorOf, outcomeOf, startStoreAndClient } from "./store-and-client.ts";

const NAMES = ["/p", "/p/a", "/p/a/b", "/p/b", "/p/b/c/d", "/pq/x", "plain"];

async function startSeeded() {
  const run = await startStoreAndClient();
  for (const name of NAMES) run.store.put(name, `value of ${name}`);
  return run;
}

describe("GetParametersByPath", () => {
  test.for([
    { Path: "/p", Recursive: false, names: ["/p/a", "/p/b"] },
    { Path: "/p/", Recursive: false, names: ["/p/a", "/p/b"] },
    { Path: "/p", Recursive: undefined, names: ["/p/a", "/p/b"] },
    { Path: "/p", Recursive: true, names: ["/p/a", "/p/a/b", "/p/b", "/p/b/c/d"] },
    { Path: "/p/a", Recursive: true, names: ["/p/a/b"] },
    { Path: "/p/a/b", Recursive: true, names: [] },
    { Path: "/missing", Recursive: true, names: [] },
    { Path: "/", Recursive: false, names: ["/p", "plain"] },
    { Path: "/", Recursive: true, names: NAMES },
  ])("below $Path with Recursive $Recursive are $names", async ({ Path, Recursive, names }) => {
    await using run = await startSeeded();

    const { Parameters, NextToken } = await run.client.send(new GetParametersByPathCommand({ Path, Recursive }));
    expect(Parameters?.map(({ Name }) => Name)).toEqual(names);
    expect(Parameters?.every(({ Name, Value }) => Value === `value of ${Name}`)).toBe(true);
    expect(NextToken).toBeUndefined();
  });

  test.for([
    { Path: "p", outcome: "ValidationException" },
    { Path: "/p//a", outcome: "ValidationException" },
    { Path: "/p:1", outcome: "ValidationException" },
    { Path: "/ssm/a", outcome: "ValidationException" },
    { Path: "/aws/service", outcome: "answered" },
    { Path: "/l".repeat(15), outcome: "answered" },
    { Path: "/l".repeat(16), outcome: "ValidationException" },
  ])("path $Path is $outcome", async ({ Path, outcome }) => {
    await using run = await startSeeded();

    expect(await outcomeOf(run.client.send(new GetParametersByPathCommand({ Path })))).toBe(outcome);
  });

  test.for([
    { MaxResults: 0, outcome: "ValidationException" },
    { MaxResults: 1, outcome: "answered" },
    { MaxResults: 10, outcome: "answered" },
    { MaxResults: 11, outcome: "ValidationException" },
  ])("MaxResults $MaxResults is $outcome", async ({ MaxResults, outcome }) => {
    await using run = await startSeeded();

    const call = run.client.send(new GetParametersByPathCommand({ Path: "/", MaxResults }));
    expect(await outcomeOf(call)).toBe(outcome);
  });

  test.for([
    { stored: 10, pages: [10] },
    { stored: 11, pages: [10, 1] },
    { stored: 20, pages: [10, 10] },
    { stored: 25, pages: [10, 10, 5] },
  ])("$stored parameters come in pages of $pages, each once and sorted", async ({ stored, pages }) => {
    await using run = await startStoreAndClient();
    const names = Array.from({ length: stored }, (_, index) => `/n/${String(index).padStart(3, "0")}`);
    for (const name of names.toReversed()) run.store.put(name, "v");

    const seen: number[] = [];
    const found: (string | undefined)[] = [];
    for await (const page of paginateGetParametersByPath({ client: run.client }, { Path: "/n" })) {
      seen.push(page.Parameters?.length ?? 0);
      found.push(...(page.Parameters ?? []).map(({ Name }) => Name));
    }
    expect(seen).toEqual(pages);
    expect(found).toEqual(names);
  });

  test("a parameter deleted between two pages makes neither repeat nor skip another", async () => {
    await using run = await startSeeded();

    const first = await run.client.send(new GetParametersByPathCommand({ Path: "/", Recursive: true, MaxResults: 3 }));
    run.store.delete("/p/a/b");
    const { NextToken } = first;
    const rest = await run.client.send(new GetParametersByPathCommand({ Path: "/", Recursive: true, NextToken }));
    expect([first, rest].flatMap(({ Parameters }) => Parameters?.map(({ Name }) => Name))).toEqual(NAMES);
  });

  test("a token that is made up, or of another listing, is InvalidNextToken", async () => {
    await using run = await startSeeded();
    const { NextToken } = await run.client.send(new GetParametersByPathCommand({ Path: "/p", MaxResults: 1 }));

    for (const asked of [
      { Path: "/p", NextToken: "made-up" },
      { Path: "/p", NextToken: "e30=" },
      { Path: "/", NextToken },
    ]) {
      expect(await outcomeOf(run.client.send(new GetParametersByPathCommand(asked)))).toBe("InvalidNextToken");
    }
  });

  test("SecureStrings are masked unless decrypted, and filtered by type", async () => {
    await using run = await startSeeded();
    run.store.put("/p/s", "canary-4711", { type: "SecureString" });
    const ask = async (WithDecryption: boolean) => {
      const ParameterFilters = [{ Key: "Type", Values: ["SecureString"] }];
      const answer = await run.client.send(
        new GetParametersByPathCommand({ Path: "/p", WithDecryption, ParameterFilters }),
      );
      return answer.Parameters?.map(({ Value }) => Value);
    };

    expect(await ask(true)).toEqual(["canary-4711"]);
    expect(await ask(false)).toEqual([expect.stringMatching(/^AQICAH/)]);
  });

  test("a filter which only DescribeParameters has is InvalidFilterKey", async () => {
    await using run = await startSeeded();

    const ParameterFilters = [{ Key: "Name", Values: ["/p"] }];
    const call = run.client.send(new GetParametersByPathCommand({ Path: "/p", ParameterFilters }));
    expect(await outcomeOf(call)).toBe("InvalidFilterKey");
  });
});

describe("DescribeParameters", () => {
  test("tells everything but the value", async () => {
    await using run = await startStoreAndClient({ clock: () => 1_795_479_000 });
    await run.client.send(
      new PutParameterCommand({
        Name: "/s",
        Value: "canary-4711",
        Type: "SecureString",
        Tier: "Advanced",
        Description: "what it is",
        AllowedPattern: "^canary-",
      }),
    );

    const { Parameters } = await run.client.send(new DescribeParametersCommand({}));
    expect(Parameters).toEqual([
      {
        AllowedPattern: "^canary-",
        ARN: "arn:aws:ssm:us-east-1:123456789012:parameter/s",
        Description: "what it is",
        DataType: "text",
        KeyId: "alias/aws/ssm",
        LastModifiedDate: new Date(1_795_479_000_000),
        LastModifiedUser: "arn:aws:iam::123456789012:user/offline",
        Name: "/s",
        Policies: [],
        Tier: "Advanced",
        Type: "SecureString",
        Version: 1,
      },
    ]);
  });

  const filtered: readonly (ParameterStringFilter & { names: readonly string[] })[] = [
    { Key: "Name", Option: "Equals", Values: ["/p/a"], names: ["/p/a"] },
    { Key: "Name", Option: undefined, Values: ["/p/a", "/p"], names: ["/p", "/p/a"] },
    { Key: "Name", Option: "Equals", Values: ["/plain"], names: ["plain"] },
    { Key: "Name", Option: "BeginsWith", Values: ["/p/b"], names: ["/p/b", "/p/b/c/d"] },
    { Key: "Name", Option: "Contains", Values: ["/c"], names: ["/p/b/c/d"] },
    { Key: "Path", Option: "Recursive", Values: ["/p"], names: ["/p/a", "/p/a/b", "/p/b", "/p/b/c/d"] },
    { Key: "Path", Option: "OneLevel", Values: ["/p", "/pq"], names: ["/p/a", "/p/b", "/pq/x"] },
    { Key: "Path", Option: undefined, Values: ["/p"], names: ["/p/a", "/p/b"] },
    { Key: "Type", Option: "Equals", Values: ["SecureString"], names: ["/s"] },
    { Key: "Type", Option: "BeginsWith", Values: ["SecureString"], names: ["/s"] },
    { Key: "KeyId", Option: "BeginsWith", Values: ["alias/"], names: ["/s"] },
    { Key: "Tier", Option: undefined, Values: ["Advanced"], names: ["/s"] },
    { Key: "DataType", Option: undefined, Values: ["json"], names: [] },
    { Key: "DataType", Option: "BeginsWith", Values: ["te"], names: [...NAMES.slice(0, -1), "/s", "plain"] },
  ];
  test.for(filtered)("filter $Key $Option $Values gives $names", async ({ names, ...filter }) => {
    await using run = await startSeeded();
    run.store.put("/s", "secret", { type: "SecureString", tier: "Advanced" });

    const { Parameters } = await run.client.send(new DescribeParametersCommand({ ParameterFilters: [filter] }));
    expect(Parameters?.map(({ Name }) => Name)).toEqual(names);
  });

  test("a parameter must pass every filter", async () => {
    await using run = await startSeeded();
    run.store.put("/p/s", "secret", { type: "SecureString" });

    const ParameterFilters = [
      { Key: "Path", Option: "Recursive", Values: ["/p"] },
      { Key: "Type", Values: ["SecureString"] },
    ];
    const { Parameters } = await run.client.send(new DescribeParametersCommand({ ParameterFilters }));
    expect(Parameters?.map(({ Name }) => Name)).toEqual(["/p/s"]);
  });

  const refused: readonly { filters: ParameterStringFilter[]; outcome: string }[] = [
    { filters: [{ Key: "Color", Values: ["red"] }], outcome: "InvalidFilterKey" },
    { filters: [{ Key: "Label", Values: ["x"] }], outcome: "InvalidFilterKey" },
    { filters: [{ Key: "Name" }], outcome: "InvalidFilterValue" },
    { filters: [{ Key: "Name", Values: [] }], outcome: "ValidationException" },
    { filters: [{ Key: "Name", Option: "Like", Values: ["x"] }], outcome: "InvalidFilterOption" },
    { filters: [{ Key: "Path", Option: "Equals", Values: ["/x"] }], outcome: "InvalidFilterOption" },
    { filters: [{ Key: "Type", Option: "Contains", Values: ["String"] }], outcome: "InvalidFilterOption" },
    { filters: [{ Key: "Type", Values: ["Text"] }], outcome: "InvalidFilterValue" },
    { filters: [{ Key: "Path", Values: ["x"] }], outcome: "ValidationException" },
    { filters: [{ Key: "Path", Values: ["/aws/x"] }], outcome: "ValidationException" },
    {
      filters: [
        { Key: "Name", Values: ["/a"] },
        { Key: "Name", Values: ["/b"] },
      ],
      outcome: "InvalidFilterKey",
    },
  ];
  test.for(refused)("filters $filters are $outcome", async ({ filters, outcome }) => {
    await using run = await startSeeded();

    const call = run.client.send(new DescribeParametersCommand({ ParameterFilters: filters }));
    expect(await outcomeOf(call)).toBe(outcome);
  });

  test.for([
    { MaxResults: 0, outcome: "ValidationException" },
    { MaxResults: 50, outcome: "answered" },
    { MaxResults: 51, outcome: "ValidationException" },
  ])("MaxResults $MaxResults is $outcome", async ({ MaxResults, outcome }) => {
    await using run = await startSeeded();

    expect(await outcomeOf(run.client.send(new DescribeParametersCommand({ MaxResults })))).toBe(outcome);
  });

  test("pages hold every parameter once", async () => {
    await using run = await startSeeded();

    const found: (string | undefined)[] = [];
    for await (const page of paginateDescribeParameters({ client: run.client, pageSize: 2 }, {})) {
      found.push(...(page.Parameters ?? []).map(({ Name }) => Name));
    }
    expect(found).toEqual(NAMES);
  });

  test("the deprecated Filters are refused with the way out, and nothing is shared", async () => {
    await using run = await startSeeded();

    const Filters = [{ Key: "Name" as const, Values: ["/p"] }];
    const error = await errorOf(run.client.send(new DescribeParametersCommand({ Filters })));
    expect(error?.message).toContain("use ParameterFilters");
    expect((await run.client.send(new DescribeParametersCommand({ Shared: true }))).Parameters).toEqual([]);
  });
});
