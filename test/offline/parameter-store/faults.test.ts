import {
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import type { Fault, FaultKind } from "../../../offline/parameter-store/faults.ts";
import { errorOf, outcomeOf, post, startStoreAndClient } from "./store-and-client.ts";

const get = () => new GetParameterCommand({ Name: "/a", WithDecryption: true });
const list = (NextToken?: string) =>
  new GetParametersByPathCommand({ Path: "/", MaxResults: 1, ...(NextToken === undefined ? {} : { NextToken }) });

describe("faults that are answers of the service", () => {
  const answers: readonly { kind: FaultKind; name: string; status: number; message: RegExp }[] = [
    { kind: "throttle", name: "ThrottlingException", status: 400, message: /^Rate exceeded$/ },
    { kind: "internal-error", name: "InternalServerError", status: 500, message: /./ },
    {
      kind: "access-denied",
      name: "AccessDeniedException",
      status: 400,
      message: /^User: .* not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:[^ ]*:parameter\/a /,
    },
    { kind: "expired-credentials", name: "ExpiredTokenException", status: 400, message: /is expired$/ },
    { kind: "unrecognized-client", name: "UnrecognizedClientException", status: 400, message: /is invalid\.$/ },
    {
      kind: "wrong-clock",
      name: "InvalidSignatureException",
      status: 400,
      message:
        /^Signature expired: 20261124T001640Z is now earlier than 20261124T011140Z \(20261124T011640Z - 5 min\.\)$/,
    },
    { kind: "kms-invalid-key", name: "InvalidKeyId", status: 400, message: /^arn:aws:kms:.* is disabled/ },
  ];

  test.for(answers)("$kind is $name with status $status", async ({ kind, name, status, message }) => {
    await using run = await startStoreAndClient({ clock: () => Date.UTC(2026, 10, 24, 1, 16, 40) / 1000 });
    run.store.put("/a", "canary-4711", { type: "SecureString" });
    run.store.fault({ kind });

    const error = await errorOf(run.client.send(get()));
    expect(error).toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(error?.message).toMatch(message);
  });

  test("nothing is written by a call that such a fault strikes", async () => {
    await using run = await startStoreAndClient();
    run.store.fault({ kind: "throttle" });

    const call = run.client.send(new PutParameterCommand({ Name: "/a", Value: "v", Type: "String" }));
    expect(await outcomeOf(call)).toBe("ThrottlingException");
    expect(run.store.get("/a")).toBeUndefined();
  });

  test.for([
    { type: "SecureString", WithDecryption: true, outcome: "InvalidKeyId" },
    { type: "SecureString", WithDecryption: false, outcome: "answered" },
    { type: "String", WithDecryption: true, outcome: "answered" },
  ] as const)("kms-invalid-key with $type and WithDecryption $WithDecryption is $outcome", async (row) => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v", { type: row.type });
    run.store.fault({ kind: "kms-invalid-key" });
    const { WithDecryption } = row;

    const calls = [
      new GetParameterCommand({ Name: "/a", WithDecryption }),
      new GetParametersCommand({ Names: ["/a"], WithDecryption }),
    ] as const;
    expect(await outcomeOf(run.client.send(calls[0]))).toBe(row.outcome);
    expect(await outcomeOf(run.client.send(calls[1]))).toBe(row.outcome);
  });
});

describe("which calls a fault strikes", () => {
  test("only the next so many", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault({ kind: "throttle", calls: 2 });

    const outcomes: string[] = [];
    for (let call = 0; call < 3; call++) outcomes.push(await outcomeOf(run.client.send(get())));
    expect(outcomes).toEqual(["ThrottlingException", "ThrottlingException", "answered"]);
  });

  test("only those of its operation, which alone are counted", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault({ kind: "internal-error", operation: "GetParameters", calls: 1 });
    const many = () => new GetParametersCommand({ Names: ["/a"] });

    expect(await outcomeOf(run.client.send(get()))).toBe("answered");
    expect(await outcomeOf(run.client.send(many()))).toBe("InternalServerError");
    expect(await outcomeOf(run.client.send(many()))).toBe("answered");
  });

  test("of several, the first that fits and is left", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault([
      { kind: "access-denied", operation: "PutParameter" },
      { kind: "throttle", calls: 1 },
      { kind: "internal-error", calls: 1 },
    ]);

    const outcomes: string[] = [];
    for (let call = 0; call < 3; call++) outcomes.push(await outcomeOf(run.client.send(get())));
    expect(outcomes).toEqual(["ThrottlingException", "InternalServerError", "answered"]);
  });

  test("all until cleared, and new faults take the place of old ones", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");

    run.store.fault({ kind: "throttle" });
    run.store.fault({ kind: "internal-error" });
    expect(await outcomeOf(run.client.send(get()))).toBe("InternalServerError");
    expect(await outcomeOf(run.client.send(get()))).toBe("InternalServerError");
    run.store.fault();
    expect(await outcomeOf(run.client.send(get()))).toBe("answered");
  });
});

describe("rate-limit", () => {
  async function startLimited(fault: Partial<Fault> = {}) {
    const time = { now: 1_795_479_000 };
    const run = await startStoreAndClient({ clock: () => time.now });
    run.store.put("/a", "v");
    run.store.fault({ kind: "rate-limit", ...fault });
    const answered = async (count: number, command: () => GetParameterCommand | PutParameterCommand = get) => {
      let passed = 0;
      for (let call = 0; call < count; call++) {
        const made = command();
        const sent = made instanceof PutParameterCommand ? run.client.send(made) : run.client.send(made);
        if ((await outcomeOf(sent)) === "answered") passed += 1;
      }
      return passed;
    };
    return { ...run, time, answered };
  }
  const put = () => new PutParameterCommand({ Name: "/w", Value: "v", Type: "String", Overwrite: true });

  test("40 reads and 3 writes pass at once by default, each counted apart, and no more", async () => {
    await using run = await startLimited();

    expect(await run.answered(5, put)).toBe(3);
    expect(await run.answered(45)).toBe(40);
  });

  test.for([
    { seconds: 0.09, passed: 0 },
    { seconds: 0.1, passed: 1 },
    { seconds: 0.3, passed: 3 },
    { seconds: 1, passed: 10 },
    { seconds: 3600, passed: 10 },
    { seconds: -10, passed: 0 },
  ])("at 10 a second, $seconds s after the last one $passed more pass", async ({ seconds, passed }) => {
    await using run = await startLimited({ readsPerSecond: 10 });

    await run.answered(10);
    run.time.now += seconds;
    expect(await run.answered(12)).toBe(passed);
  });

  test("a clock that was set back costs no more than the time until it is asked again", async () => {
    await using run = await startLimited({ readsPerSecond: 10 });

    await run.answered(10);
    run.time.now -= 10;
    expect(await run.answered(1)).toBe(0);
    run.time.now += 0.1;
    expect(await run.answered(2)).toBe(1);
  });

  test("every operation that reads draws on the same limit", async () => {
    await using run = await startLimited({ readsPerSecond: 2 });

    expect(await outcomeOf(run.client.send(get()))).toBe("answered");
    expect(await outcomeOf(run.client.send(list()))).toBe("answered");
    expect(await outcomeOf(run.client.send(new GetParametersCommand({ Names: ["/a"] })))).toBe("ThrottlingException");
  });
});

describe("faults of listings", () => {
  const names = (answer: { Parameters?: { Name?: string | undefined }[] | undefined }) =>
    answer.Parameters?.map(({ Name }) => Name);

  test("empty-page: no items, and a token that leads to what the page should have had", async () => {
    await using run = await startStoreAndClient();
    for (const name of ["/a", "/b"]) run.store.put(name, "v");

    const first = await run.client.send(list());
    run.store.fault({ kind: "empty-page", calls: 1 });
    const empty = await run.client.send(list(first.NextToken));
    const last = await run.client.send(list(empty.NextToken));
    expect([first, empty, last].map(names)).toEqual([["/a"], [], ["/b"]]);
    expect(last.NextToken).toBeUndefined();
  });

  test("empty-page on the first page leads to the first items", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault({ kind: "empty-page", calls: 1 });

    const empty = await run.client.send(list());
    expect(names(await run.client.send(list(empty.NextToken)))).toEqual(["/a"]);
  });

  test("endless-pages: the last page leads to the first again", async () => {
    await using run = await startStoreAndClient();
    for (const name of ["/a", "/b"]) run.store.put(name, "v");
    run.store.fault({ kind: "endless-pages" });

    let token: string | undefined;
    const seen: (string | undefined)[] = [];
    for (let page = 0; page < 5; page++) {
      const answer = await run.client.send(list(token));
      seen.push(...(names(answer) ?? []));
      token = answer.NextToken;
    }
    expect(seen).toEqual(["/a", "/b", "/a", "/b", "/a"]);
  });

  test("they do not strike, and are not used up by, calls that are no listings", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault({ kind: "empty-page", calls: 1 });

    expect(await outcomeOf(run.client.send(get()))).toBe("answered");
    expect(names(await run.client.send(list()))).toEqual([]);
  });
});

describe("faults of the connection", () => {
  test("broken-json: status 200 and a text that is no JSON", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault({ kind: "broken-json" });

    const response = await post(run.store.url, "AmazonSSM.GetParameter", '{"Name":"/a"}');
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toMatch(/^\{"Parameter":/);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(await outcomeOf(run.client.send(get()))).toBe("SyntaxError");
  });

  test("truncate: the body ends before its length", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault({ kind: "truncate" });

    const response = await post(run.store.url, "AmazonSSM.GetParameter", '{"Name":"/a"}');
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(await outcomeOf(run.client.send(get()))).not.toBe("answered");
  });

  test.for([{ kind: "broken-json" }, { kind: "truncate" }] as const)("$kind: the write was made", async (fault) => {
    await using run = await startStoreAndClient();
    run.store.fault(fault);

    const command = new PutParameterCommand({ Name: "/a", Value: "v", Type: "String" });
    expect(await outcomeOf(run.client.send(command))).not.toBe("answered");
    expect(run.store.get("/a")?.value).toBe("v");
  });

  test("reset: the connection is reset and nothing is written", async () => {
    await using run = await startStoreAndClient();
    run.store.fault({ kind: "reset" });

    const error = await errorOf(run.client.send(new PutParameterCommand({ Name: "/a", Value: "v", Type: "String" })));
    expect(error).toMatchObject({ code: "ECONNRESET" });
    expect(run.store.get("/a")).toBeUndefined();
  });

  test("hang: no answer until the caller gives up, and the next call is answered", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault({ kind: "hang", calls: 1 });
    const caller = new AbortController();

    const hanging = outcomeOf(run.client.send(get(), { abortSignal: caller.signal }));
    await expect.poll(() => run.store.calls.length).toBe(1);
    // On another connection, so that an answer of the first would have come before.
    expect(await outcomeOf(run.client.send(get()))).toBe("answered");
    caller.abort();
    expect(await hanging).toBe("AbortError");
  });

  test("delay: the answer is as ever, not before its time", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    run.store.fault({ kind: "delay", delayMilliseconds: 60 });

    const begin = performance.now();
    const { Parameter } = await run.client.send(get());
    // Timers may fire up to a millisecond early.
    expect(performance.now() - begin).toBeGreaterThan(58);
    expect(Parameter?.Value).toBe("v");
  });

  test("a delayed write is not made when the caller is gone before", async () => {
    await using run = await startStoreAndClient();
    run.store.fault({ kind: "delay", delayMilliseconds: 100 });
    const put = (Name: string) => new PutParameterCommand({ Name, Value: "v", Type: "String" });
    const caller = new AbortController();

    const left = outcomeOf(run.client.send(put("/left"), { abortSignal: caller.signal }));
    await expect.poll(() => run.store.calls.length, { interval: 5 }).toBe(1);
    caller.abort();
    expect(await left).toBe("AbortError");
    // Begins later and waits as long: when it is answered, the other's time has passed.
    expect(await outcomeOf(run.client.send(put("/stayed")))).toBe("answered");
    expect(run.store.get("/left")).toBeUndefined();
    expect(run.store.get("/stayed")).toBeDefined();
  });

  test.for([{ kind: "hang" }, { kind: "delay", delayMilliseconds: 600_000 }] as const)(
    "closing the store ends a call that $kind holds",
    async (fault) => {
      await using run = await startStoreAndClient();
      run.store.fault(fault);

      const held = outcomeOf(run.client.send(get()));
      await expect.poll(() => run.store.calls.length).toBe(1);
      await run.store[Symbol.asyncDispose]();
      expect(await held).not.toBe("answered");
    },
  );
});
