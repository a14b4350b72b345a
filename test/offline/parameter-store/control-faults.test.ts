import { GetParameterCommand } from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import type { Fault } from "../../../offline/parameter-store/faults.ts";
import { outcomeOf, startStoreAndClient } from "./store-and-client.ts";

const get = () => new GetParameterCommand({ Name: "/a" });

describe("/_faults", () => {
  test("PUT puts a fault in force, GET counts it down, DELETE ends it", async () => {
    await using run = await startStoreAndClient();
    run.store.put("/a", "v");
    const control = async (method: string, body?: object) => {
      const response = await fetch(`${run.store.url}/_faults`, { method, body: body ? JSON.stringify(body) : null });
      return { status: response.status, body: await response.json() };
    };

    const fault = { kind: "throttle", operation: "GetParameter", calls: 2 };
    expect(await control("PUT", fault)).toEqual({ status: 200, body: { faults: [fault] } });
    expect(await outcomeOf(run.client.send(get()))).toBe("ThrottlingException");
    expect(await control("GET")).toEqual({ status: 200, body: { faults: [{ ...fault, calls: 1 }] } });
    expect(await control("DELETE")).toEqual({ status: 200, body: { faults: [] } });
    expect(await outcomeOf(run.client.send(get()))).toBe("answered");
  });

  test("PUT takes a list, in place of what was before", async () => {
    await using run = await startStoreAndClient();
    run.store.fault({ kind: "hang" });

    const faults = [
      { kind: "internal-error", calls: 1 },
      { kind: "delay", delayMilliseconds: 0 },
    ];
    const response = await fetch(`${run.store.url}/_faults`, { method: "PUT", body: JSON.stringify(faults) });
    expect(await response.json()).toEqual({ faults });
    expect(await outcomeOf(run.client.send(get()))).toBe("InternalServerError");
    expect(await outcomeOf(run.client.send(get()))).toBe("ParameterNotFound");
  });

  test("is no call of an operation, and no fault strikes it", async () => {
    await using run = await startStoreAndClient();
    run.store.fault({ kind: "reset" });

    expect((await fetch(`${run.store.url}/_faults`, { method: "DELETE" })).status).toBe(200);
    expect(run.store.calls).toEqual([]);
  });

  test("another method is 405", async () => {
    await using run = await startStoreAndClient();

    expect((await fetch(`${run.store.url}/_faults`, { method: "POST", body: "{}" })).status).toBe(405);
  });

  test.for([
    { body: "not json", message: /^a fault is an object/ },
    { body: "null", message: /^a fault is an object/ },
    { body: "{}", message: /^kind is one of throttle, / },
    { body: '{"kind":"throtle"}', message: /^kind is one of throttle, / },
    { body: '{"kind":"throttle","call":1}', message: /^a fault has no member call: known are kind, / },
    { body: '{"kind":"throttle","operation":"GetParam"}', message: /^operation is one of GetParameter, / },
    { body: '{"kind":"throttle","calls":0}', message: /^calls is a whole number, at least 1$/ },
    { body: '{"kind":"throttle","calls":1.5}', message: /^calls is a whole number, at least 1$/ },
    { body: '{"kind":"delay"}', message: /^delay needs delayMilliseconds$/ },
    { body: '{"kind":"delay","delayMilliseconds":-1}', message: /^delayMilliseconds is out of range$/ },
    { body: '{"kind":"delay","delayMilliseconds":600001}', message: /^delayMilliseconds is out of range$/ },
    { body: '{"kind":"rate-limit","readsPerSecond":0.5}', message: /^readsPerSecond is out of range$/ },
    { body: '{"kind":"rate-limit","writesPerSecond":"3"}', message: /^writesPerSecond is out of range$/ },
    { body: '{"kind":"hang","delayMilliseconds":1}', message: /^delayMilliseconds belongs to the fault delay$/ },
  ])("PUT of $body is 400 and leaves the faults as they were", async ({ body, message }) => {
    await using run = await startStoreAndClient();
    run.store.fault({ kind: "throttle" });

    const response = await fetch(`${run.store.url}/_faults`, { method: "PUT", body });
    expect(response.status).toBe(400);
    const answer: { message?: string } = JSON.parse(await response.text());
    expect(answer.message).toMatch(message);
    expect(await outcomeOf(run.client.send(get()))).toBe("ThrottlingException");
  });

  test("the same is refused in process", async () => {
    await using run = await startStoreAndClient();

    expect(() => run.store.fault({ kind: "throtle" } as unknown as Fault)).toThrow(RangeError);
  });
});
