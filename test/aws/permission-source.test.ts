import { describe, expect, test } from "vitest";
import { createPermissionSource } from "../../lib/aws/document-sources.ts";
import type { Principal } from "../../lib/names.ts";
import { decide } from "../../lib/permission/decide.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { codeOf, startStoreAndReader } from "./store-and-reader.ts";

const checkout: Principal = { cluster: "dev", namespace: "payments", serviceAccount: "checkout" };
const billing: Principal = { ...checkout, serviceAccount: "billing" };
const stranger: Principal = { cluster: "dev", namespace: "other", serviceAccount: "checkout" };

const rules = (...paths: string[]) => [{ service: "orders", methods: ["GET"], paths }];

async function startPermissions() {
  const run = await startStoreAndReader();
  const permissions = createPermissionSource(run.options);
  return { ...run, permissions, find: (principal: Principal, group?: string) => permissions.find(principal, group) };
}

/** Whether the caller may GET `/v1`. */
function verdict(granted: PermissionSet): string {
  const decision = decide(granted, { service: "orders", method: "GET", path: "/v1" });
  return decision.effect === "allow" ? "allowed" : decision.code;
}

describe("reading", () => {
  test("the documents of a principal come in one call and are kept as one entry", async () => {
    await using run = await startPermissions();
    run.put("permissions/dev/payments/checkout", { allow: rules("/v1") });
    run.put("permissions/_group.prod/_all", { deny: rules("/v2") });

    const granted = await run.find(checkout, "prod");
    expect(granted.documents.map(({ document }) => document)).toEqual([
      { name: "/podgate/test/permissions/dev/payments/checkout", version: 1 },
      { name: "/podgate/test/permissions/_group.prod/_all", version: 1 },
    ]);
    expect(await run.find(checkout, "prod")).toBe(granted);
    expect(run.asked()).toEqual([
      [
        "permissions/dev/payments/checkout",
        "permissions/dev/payments/_all",
        "permissions/dev/_all",
        "permissions/_group.prod/payments/checkout",
        "permissions/_group.prod/payments/_all",
        "permissions/_group.prod/_all",
        "permissions/_all",
      ],
    ]);
  });

  test("a principal has other permissions in another group, and without one", async () => {
    await using run = await startPermissions();
    run.put("permissions/_group.prod/_all", { allow: rules("/v1") });
    const found = [await run.find(checkout, "prod"), await run.find(checkout, "test"), await run.find(checkout)];
    expect(found.map(verdict)).toEqual(["allowed", "ACCESS_NOT_ALLOWED", "ACCESS_NOT_ALLOWED"]);
  });

  test("many who ask for one principal at once make one call", async () => {
    await using run = await startPermissions();
    await Promise.all(Array.from({ length: 200 }, () => run.find(checkout)));
    expect(run.store.calls).toHaveLength(1);
  });

  test("what is absent is kept like what is there: no call until it ages (R16)", async () => {
    await using run = await startPermissions();
    expect((await run.find(checkout)).documents).toEqual([]);
    run.clock.advance(53.9);
    expect((await run.find(checkout)).documents).toEqual([]);
    expect(run.store.calls).toHaveLength(1);
  });

  test("what expired together is read together", async () => {
    await using run = await startPermissions();
    await Promise.all([run.find(checkout), run.find(billing)]);
    run.clock.advance(60);
    run.store.forgetCalls();
    await Promise.all([run.find(checkout), run.find(billing)]);
    expect(run.asked()).toHaveLength(1);
  });
});

describe("documents that principals share", () => {
  test("are parsed once and held once", async () => {
    await using run = await startPermissions();
    run.put("permissions/dev/payments/_all", { allow: rules("/v1") });
    const [one, other] = [await run.find(checkout), await run.find(billing)];
    expect(one.documents[0]).toBeDefined();
    expect(one.documents[0]).toBe(other.documents[0]);
  });

  test("are parsed again when they changed", async () => {
    await using run = await startPermissions();
    run.put("permissions/dev/payments/_all", { allow: rules("/v1") });
    const before = await run.find(checkout);
    run.put("permissions/dev/payments/_all", { allow: rules("/v1"), deny: rules("/v1") });
    expect([verdict(before), verdict(await run.find(billing))]).toEqual(["allowed", "ACCESS_DENIED"]);
  });

  test("are parsed again when they were deleted and made again, though their version is 1 as before", async () => {
    await using run = await startPermissions();
    run.put("permissions/_all", { allow: rules("/v1") });
    expect(verdict(await run.find(checkout))).toBe("allowed");
    run.remove("permissions/_all");
    run.clock.advance(60);
    run.put("permissions/_all", { deny: rules("/v1") });
    const granted = await run.find(checkout);
    expect(granted.documents[0]?.document.version).toBe(1);
    expect(verdict(granted)).toBe("ACCESS_DENIED");
  });
});

describe("a change takes at most 60 s while the store answers (R13)", () => {
  test.for<{ change: string; before: object | undefined; after: object | undefined; verdicts: [string, string] }>([
    {
      change: "a grant",
      before: undefined,
      after: { allow: rules("/v1") },
      verdicts: ["ACCESS_NOT_ALLOWED", "allowed"],
    },
    {
      change: "a widened document",
      before: { allow: rules("/v2") },
      after: { allow: rules("/*") },
      verdicts: ["ACCESS_NOT_ALLOWED", "allowed"],
    },
    {
      change: "a deletion",
      before: { allow: rules("/v1") },
      after: undefined,
      verdicts: ["allowed", "ACCESS_NOT_ALLOWED"],
    },
    {
      change: "a deny",
      before: { allow: rules("/v1") },
      after: { allow: rules("/v1"), deny: rules("/v1") },
      verdicts: ["allowed", "ACCESS_DENIED"],
    },
  ])("$change", async ({ before, after, verdicts }) => {
    await using run = await startPermissions();
    const store = (document: object | undefined) =>
      document === undefined
        ? run.remove("permissions/dev/payments/checkout")
        : run.put("permissions/dev/payments/checkout", document);
    store(before);
    const seen = [verdict(await run.find(checkout))];
    store(after);
    run.clock.advance(60);
    seen.push(verdict(await run.find(checkout)));
    expect(seen).toEqual(verdicts);
  });
});

describe("a document that cannot be read (R14)", () => {
  test.for([
    { level: "a principal", name: "permissions/dev/payments/checkout", stopped: ["checkout"] },
    { level: "a namespace", name: "permissions/dev/payments/_all", stopped: ["checkout", "billing"] },
    { level: "everybody", name: "permissions/_all", stopped: ["checkout", "billing", "stranger"] },
  ])("of $level stops $stopped and nobody else", async ({ name, stopped }) => {
    await using run = await startPermissions();
    run.put(name, { alow: rules("/v1") });
    const outcomes = {
      checkout: await codeOf(run.find(checkout)),
      billing: await codeOf(run.find(billing)),
      stranger: await codeOf(run.find(stranger)),
    };
    const expected = (who: string) => (stopped.includes(who) ? "DOCUMENT_INVALID" : "answered");
    expect(outcomes).toEqual({
      checkout: expected("checkout"),
      billing: expected("billing"),
      stranger: expected("stranger"),
    });
  });

  test("is named with the member, and asked for again only after its age, when it may be mended", async () => {
    await using run = await startPermissions();
    run.put("permissions/dev/payments/checkout", '{"allow":[],"allow":[]}');
    await expect(run.find(checkout)).rejects.toThrow(
      'parameter /podgate/test/permissions/dev/payments/checkout (version 1) cannot be read: the member "allow" is written twice',
    );
    run.put("permissions/dev/payments/checkout", { allow: rules("/v1") });
    run.clock.advance(53.9);
    expect(await codeOf(run.find(checkout))).toBe("DOCUMENT_INVALID");
    expect(run.store.calls).toHaveLength(1);
    run.clock.advance(6.1);
    expect(verdict(await run.find(checkout))).toBe("allowed");
  });

  test("ends what it allowed before: the last good one does not serve on", async () => {
    await using run = await startPermissions();
    run.put("permissions/dev/payments/checkout", { allow: rules("/v1") });
    expect(verdict(await run.find(checkout))).toBe("allowed");
    run.put("permissions/dev/payments/checkout", { allow: rules("/v1"), dney: rules("/v1") });
    run.clock.advance(60);
    expect(await codeOf(run.find(checkout))).toBe("DOCUMENT_INVALID");
  });

  test("of a newer format is an error of its own", async () => {
    await using run = await startPermissions();
    run.put("permissions/_all", { version: 2, allow: rules("/v1") });
    expect(await codeOf(run.find(checkout))).toBe("DOCUMENT_TOO_NEW");
  });
});

describe("while the store is away (R10)", () => {
  test.for([
    { age: 60, outcome: "allowed" },
    { age: 359.9, outcome: "allowed" },
    { age: 360, outcome: "PARAMETERS_UNAVAILABLE" },
  ])("permissions read $age s ago are $outcome", async ({ age, outcome }) => {
    await using run = await startPermissions();
    run.put("permissions/dev/payments/checkout", { allow: rules("/v1") });
    await run.find(checkout);
    run.store.fault({ kind: "access-denied" });
    run.clock.advance(age);
    const found = run.find(checkout);
    expect(outcome === "allowed" ? verdict(await found) : await codeOf(found)).toBe(outcome);
  });

  test("it is asked every 2 s and not by every request, and a change is seen as soon as it is back", async () => {
    await using run = await startPermissions();
    run.put("permissions/dev/payments/checkout", { allow: rules("/v1") });
    await run.find(checkout);
    run.store.fault({ kind: "access-denied" });
    run.put("permissions/dev/payments/checkout", { deny: rules("/v1") });
    run.clock.advance(60);
    run.store.forgetCalls();
    for (let request = 0; request < 20; request++) {
      expect(verdict(await run.find(checkout))).toBe("allowed");
      run.clock.advance(0.1);
    }
    expect(run.store.calls).toHaveLength(1);
    run.store.fault();
    run.clock.advance(2);
    expect(verdict(await run.find(checkout))).toBe("ACCESS_DENIED");
  });

  test("who was never asked about gets no decision, and one as soon as it is back", async () => {
    await using run = await startPermissions();
    run.put("permissions/dev/payments/checkout", { allow: rules("/v1") });
    run.store.fault({ kind: "access-denied" });
    expect(await codeOf(run.find(checkout))).toBe("PARAMETERS_UNAVAILABLE");
    run.store.fault();
    expect(verdict(await run.find(checkout))).toBe("allowed");
  });

  test("absence serves on as well: nobody gains anything", async () => {
    await using run = await startPermissions();
    await run.find(checkout);
    run.store.fault({ kind: "access-denied" });
    run.clock.advance(100);
    expect(verdict(await run.find(checkout))).toBe("ACCESS_NOT_ALLOWED");
  });
});
