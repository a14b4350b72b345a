import { GetParameterCommand, GetParametersCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import { errorOf, outcomeOf, startStoreAndClient } from "./store-and-client.ts";

const ARN = "arn:aws:ssm:us-east-1:123456789012:parameter";
const LONGEST = 1011 - ARN.length;

const NAME_TEXT = /^Parameter name: can't be prefixed with "ssm" \(case-insensitive\)\. If formed as a path,/;

const levels = (count: number) => "/l".repeat(count);
const long = (length: number) => `/${"n".repeat(length - 1)}`;

describe("names of parameters", () => {
  test.for([
    { what: "a path", name: "/podgate/a_b.c-D/9", put: "answered", get: "answered" },
    { what: "no path", name: "plain", put: "answered", get: "answered" },
    { what: "spaces around it, which are removed", name: " /a/b ", put: "answered", get: "answered" },
    { what: "a space inside", name: "/a b", put: "ValidationException", get: "ValidationException" },
    { what: "an @", name: "/a/b@c", put: "ValidationException", get: "ValidationException" },
    { what: "two colons", name: "/a:b:c", put: "ValidationException", get: "ValidationException" },
    { what: "a letter outside ASCII", name: "/ä", put: "ValidationException", get: "ValidationException" },
    { what: "a newline inside", name: "/a\n/b", put: "ValidationException", get: "ValidationException" },
    { what: "levels without a leading slash", name: "a/b", put: "ValidationException", get: "ValidationException" },
    { what: "an empty level", name: "/a//b", put: "ValidationException", get: "ValidationException" },
    { what: "a slash at the end", name: "/a/", put: "ValidationException", get: "ValidationException" },
    { what: "a first level beginning ssm", name: "/SSM-x/a", put: "ValidationException", get: "ValidationException" },
    { what: "ssm below the first level", name: "/a/ssm/aws", put: "answered", get: "answered" },
    { what: "a first level beginning aws", name: "/aws-x/a", put: "AccessDeniedException", get: "ParameterNotFound" },
    { what: "a plain name beginning aws", name: "awsome", put: "ValidationException", get: "ParameterNotFound" },
    { what: "15 levels", name: levels(15), put: "answered", get: "answered" },
    { what: "16 levels", name: levels(16), put: "HierarchyLevelLimitExceededException", get: "ValidationException" },
    { what: "1,011 characters with its ARN", name: long(LONGEST), put: "answered", get: "answered" },
    {
      what: "1,012 characters with its ARN",
      name: long(LONGEST + 1),
      put: "ValidationException",
      get: "ValidationException",
    },
  ])("with $what: PutParameter is $put, GetParameter then $get", async ({ name, put, get }) => {
    await using run = await startStoreAndClient();

    const created = run.client.send(new PutParameterCommand({ Name: name, Value: "v", Type: "String" }));
    expect(await outcomeOf(created)).toBe(put);
    expect(await outcomeOf(run.client.send(new GetParameterCommand({ Name: name })))).toBe(get);
  });

  test("SSM's misleading text is the same on a read and on a write", async () => {
    await using run = await startStoreAndClient();

    const put = await errorOf(run.client.send(new PutParameterCommand({ Name: "/a@b", Value: "v", Type: "String" })));
    const get = await errorOf(run.client.send(new GetParameterCommand({ Name: "/a@b" })));
    expect(put?.message).toMatch(NAME_TEXT);
    expect(get?.message).toBe(put?.message);
  });

  test("one illegal name fails a whole GetParameters", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "1");

    expect(await outcomeOf(run.client.send(new GetParametersCommand({ Names: ["/a", "/b@c"] })))).toBe(
      "ValidationException",
    );
  });

  test.for([
    { stored: "/a/b", arn: `${ARN}/a/b`, found: "/a/b" },
    { stored: "/a", arn: `${ARN}/a`, found: "/a" },
    { stored: "a", arn: `${ARN}/a`, found: "a" },
  ])("an ARN is accepted in place of $stored", async ({ stored, arn, found }) => {
    await using run = await startStoreAndClient();
    run.store.put(stored, "1");

    const { Parameter } = await run.client.send(new GetParameterCommand({ Name: arn }));
    expect(Parameter).toMatchObject({ Name: found, ARN: arn });
  });
});
