import { GetParameterCommand, GetParametersCommand } from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import { errorOf, outcomeOf, post, startStoreAndClient } from "./store-and-client.ts";

const EPOCH = 1_795_479_000.123;

describe("GetParameter", () => {
  test("answers every member, the date as a Date", async () => {
    await using run = await startStoreAndClient({ clock: () => EPOCH });
    run.store.put("/a/b", { allow: [] });

    const { Parameter } = await run.client.send(new GetParameterCommand({ Name: "/a/b" }));
    expect(Parameter).toEqual({
      ARN: "arn:aws:ssm:us-east-1:123456789012:parameter/a/b",
      DataType: "text",
      LastModifiedDate: new Date(EPOCH * 1000),
      Name: "/a/b",
      Type: "String",
      Value: '{"allow":[]}',
      Version: 1,
    });
  });

  test("the date is a number of epoch seconds on the wire, and no signature is needed", async () => {
    await using run = await startStoreAndClient({ clock: () => EPOCH });
    run.store.put("/a", "1");

    const response = await post(run.store.url, "AmazonSSM.GetParameter", '{"Name":"/a"}');
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/x-amz-json-1.1");
    expect(await response.json()).toMatchObject({ Parameter: { LastModifiedDate: EPOCH } });
  });

  test.for([
    { name: "/a", outcome: "answered" },
    { name: "/a:1", outcome: "answered" },
    { name: "/a:2", outcome: "answered" },
    { name: "/a:3", outcome: "ParameterVersionNotFound" },
    { name: "/a:0", outcome: "ParameterVersionNotFound" },
    { name: "/a:02", outcome: "ParameterVersionNotFound" },
    { name: "/a:label", outcome: "ParameterVersionNotFound" },
    { name: "/a:", outcome: "ValidationException" },
    { name: "/b", outcome: "ParameterNotFound" },
    { name: "/b:1", outcome: "ParameterNotFound" },
    { name: "/A", outcome: "ParameterNotFound" },
  ])("with two versions of /a, $name is $outcome", async ({ name, outcome }) => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "first");
    run.store.put("/a", "second");

    expect(await outcomeOf(run.client.send(new GetParameterCommand({ Name: name })))).toBe(outcome);
  });

  test("a selector gives that version, and is part of the answer", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "first");
    run.store.put("/a", "second");

    const { Parameter } = await run.client.send(new GetParameterCommand({ Name: "/a:1" }));
    expect(Parameter).toMatchObject({ Name: "/a", Selector: ":1", Value: "first", Version: 1 });
  });

  test("ParameterNotFound has no message on the wire", async () => {
    await using run = await startStoreAndClient();

    const response = await post(run.store.url, "AmazonSSM.GetParameter", '{"Name":"/a"}');
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ __type: "ParameterNotFound" });
  });

  test.for([
    { decrypt: true, clear: true },
    { decrypt: false, clear: false },
    { decrypt: undefined, clear: false },
  ])("WithDecryption $decrypt gives a SecureString in the clear: $clear", async ({ decrypt, clear }) => {
    await using run = await startStoreAndClient();
    run.store.put("/s", "canary-4711", { type: "SecureString" });

    const { Parameter } = await run.client.send(
      new GetParameterCommand({ Name: "/s", ...(decrypt === undefined ? {} : { WithDecryption: decrypt }) }),
    );
    expect(Parameter?.Type).toBe("SecureString");
    expect(Parameter?.Value === "canary-4711").toBe(clear);
    expect(Parameter?.Value).toMatch(clear ? /^canary-4711$/ : /^AQICAH[A-Za-z0-9+/]{100,}=*$/);
  });

  test("WithDecryption means nothing to a String", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "text");

    const { Parameter } = await run.client.send(new GetParameterCommand({ Name: "/a", WithDecryption: true }));
    expect(Parameter?.Value).toBe("text");
  });
});

describe("GetParameters", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `/n${index}`);

  test.for([
    { count: 0, outcome: "ValidationException" },
    { count: 1, outcome: "answered" },
    { count: 10, outcome: "answered" },
    { count: 11, outcome: "ValidationException" },
  ])("of $count names is $outcome", async ({ count, outcome }) => {
    await using run = await startStoreAndClient();

    expect(await outcomeOf(run.client.send(new GetParametersCommand({ Names: names(count) })))).toBe(outcome);
  });

  test("too many names are told as SSM tells it", async () => {
    await using run = await startStoreAndClient();

    const error = await errorOf(run.client.send(new GetParametersCommand({ Names: names(11) })));
    expect(error?.message).toMatch(
      /^1 validation error detected: Value '\[\/n0, .*\/n10\]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10$/,
    );
  });

  test("sorts by name, answers a name given twice once, and lists what does not exist", async () => {
    await using run = await startStoreAndClient();
    for (const name of ["/b", "/a", "/B", "/c"]) run.store.put(name, name);

    const answer = await run.client.send(
      new GetParametersCommand({ Names: ["/c", "/missing", "/b", "/B", "/a:7", "/b", "/a", "/missing", "/c:label"] }),
    );
    expect(answer.Parameters?.map(({ Name }) => Name)).toEqual(["/B", "/a", "/b", "/c"]);
    expect(answer.InvalidParameters).toEqual(["/missing", "/a:7", "/c:label"]);
  });

  test("answers two versions of one parameter", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "first");
    run.store.put("/a", "second");

    const { Parameters } = await run.client.send(new GetParametersCommand({ Names: ["/a:1", "/a:2"] }));
    expect(Parameters?.map(({ Value, Selector }) => `${Selector} ${Value}`)).toEqual([":1 first", ":2 second"]);
  });

  test("masks SecureStrings beside Strings unless decrypted", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "text");
    run.store.put("/s", "canary-4711", { type: "SecureString" });
    const ask = async (WithDecryption: boolean) =>
      (await run.client.send(new GetParametersCommand({ Names: ["/a", "/s"], WithDecryption }))).Parameters;

    expect((await ask(true))?.map(({ Value }) => Value)).toEqual(["text", "canary-4711"]);
    expect(JSON.stringify(await ask(false))).not.toContain("canary");
  });
});
