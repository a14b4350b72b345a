import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateSigningKey } from "../../offline/cluster/signing-key.ts";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { restTokenEvent } from "../support/authorizer-events.ts";
import type { Bundle } from "../support/bundle.ts";
import { startHttpServer } from "../support/faulty-server.ts";
import { auditOf } from "../support/verdict.ts";
import { PREFIX } from "../support/world.ts";
import { bundleShiftedRefresh, keysName, startRefreshWorld } from "./refresh-world.ts";

let shifted: Bundle;
beforeAll(async () => {
  shifted = await bundleShiftedRefresh();
});
afterAll(() => shifted[Symbol.asyncDispose]());

const eventFor = (token: string) => restTokenEvent({ authorization: `Bearer ${token}`, path: "/v1/status" });

describe.concurrent("a round of refresh-keys", () => {
  test("keeps the key set of each issuer, and a function that starts then needs no way to any issuer", async () => {
    await using refreshing = await startRefreshWorld();
    const { world, round, snapshot } = refreshing;
    const { told, problems, written, result } = await round();
    expect(result.error).toBeUndefined();
    expect(problems).toEqual([]);
    expect(told).toMatchObject({ outcome: "done", Issuers: 2, SnapshotsWritten: 2, SnapshotsNotReached: 0, failed: 0 });
    expect(told["SnapshotAge"]).toBeLessThan(10);
    expect(written.toSorted()).toEqual([keysName(world, "dev"), keysName(world, "staging")].toSorted());
    for (const name of ["dev", "staging"]) {
      const { issuer, keys } = world.cluster(name);
      const { document, tier } = snapshot(name) ?? {};
      expect(document).toMatchObject({ issuer, source: "discovered" });
      expect(document?.keys.map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid));
      expect(tier).toBe("Standard");
    }

    const tokens = [await world.mint("dev", { serviceAccount: "web" }), await world.mint("staging")];
    const asked = { dev: { ...world.cluster("dev").calls }, staging: { ...world.cluster("staging").calls } };
    // From here on no connection to an issuer can be made.
    await world.clusters[Symbol.asyncDispose]();
    await using authorizer = await world.start("authorizer");
    world.store.forgetCalls();
    for (const token of tokens) expect(auditOf(await authorizer.call(eventFor(token))).code).toBe("ALLOWED");
    // Two trips for the first decision, two for that of another issuer.
    expect(world.store.calls).toHaveLength(4);
    expect({ dev: world.cluster("dev").calls, staging: world.cluster("staging").calls }).toMatchObject(asked);
    await authorizer.end();
    await refreshing.refresh.end();
    expect(refreshing.refresh.stderr).toBe("");
  });

  test.for([
    { seconds: 890, written: 0 },
    { seconds: 900, written: 2 },
  ])("$seconds s after the last one writes $written of two sets that are what they were", async (row, { expect }) => {
    await using refreshing = await startRefreshWorld(shifted);
    await refreshing.round();
    await refreshing.ahead(row.seconds);
    const { told, written } = await refreshing.round();
    expect(written).toHaveLength(row.written);
    expect(told).toMatchObject({ SnapshotsWritten: row.written, unchanged: 2 - row.written });
  });

  test("writes a set at once when a key was added, and when one was removed", async () => {
    await using refreshing = await startRefreshWorld();
    const { world, round, snapshot } = refreshing;
    const staging = world.cluster("staging");
    await round();
    for (const step of ["publish", "use", "withdraw"] as const) {
      await staging.rotate({ step });
      const { written, problems } = await round();
      expect(written).toEqual(step === "use" ? [] : [keysName(world, "staging")]);
      expect(problems).toEqual([]);
      expect(
        snapshot("staging")
          ?.document.keys.map(({ kid }) => kid)
          .toSorted(),
      ).toEqual(staging.keys.map(({ kid }) => kid).toSorted());
    }
  });

  test("takes a snapshot of where the issuer document points now, and none of before serves meanwhile", async () => {
    await using refreshing = await startRefreshWorld();
    const { world, round, snapshot } = refreshing;
    await round();
    const { keys } = world.cluster("staging");
    await using server = await startHttpServer((_request, response) => response.end(JSON.stringify({ keys })));
    const jwksURL = `http://127.0.0.1:${server.port}/keys`;
    world.register("staging", { group: "all", jwksURL });
    const token = await world.mint("staging");
    const connectionsOfAColdCall = async () => {
      const before = server.connections;
      await using authorizer = await world.start("authorizer");
      expect(auditOf(await authorizer.call(eventFor(token))).code).toBe("ALLOWED");
      return server.connections - before;
    };
    expect(await connectionsOfAColdCall()).toBe(1);

    const { told, problems } = await round();
    expect(told).toMatchObject({ SnapshotsWritten: 1, unchanged: 1, failed: 0 });
    expect(problems).toEqual([]);
    expect(snapshot("staging")?.document).toMatchObject({ from: jwksURL });
    expect(await connectionsOfAColdCall()).toBe(0);
  });

  test("asks no issuer that is disabled or static, and leaves a static set alone", async () => {
    await using refreshing = await startRefreshWorld();
    const { world, round, snapshot } = refreshing;
    world.register("dev", { disabled: true });
    world.register("staging", { keys: "static" });
    const stored = { issuer: world.cluster("staging").issuer, fetchedAt: 1, source: "static", keys: [] };
    world.put(keysName(world, "staging"), stored);
    const { told, problems } = await round();
    expect(told).toMatchObject({ Issuers: 0, SnapshotsWritten: 0 });
    expect(told).not.toHaveProperty("SnapshotAge");
    expect(problems).toEqual([]);
    expect(world.cluster("dev").calls.discovery + world.cluster("staging").calls.discovery).toBe(0);
    expect(snapshot("staging")?.version).toBe(1);

    // The operator has put a static set there and has not said so in the issuer document yet.
    world.put(keysName(world, "staging"), { ...stored, keys: world.cluster("staging").keys });
    world.register("staging");
    const after = await round();
    expect(after.problems).toMatchObject([{ what: "SnapshotsFailed", SnapshotsFailed: 1 }]);
    expect(snapshot("staging")?.document.source).toBe("static");
  });
});

describe.concurrent("one bad issuer", () => {
  test.for([
    { target: "discovery", fault: { kind: "redirect" }, code: "ISSUER_UNREACHABLE" },
    { target: "discovery", fault: { kind: "wrong-issuer" }, code: "DISCOVERY_INVALID" },
    { target: "discovery", fault: { kind: "foreign-jwks-uri" }, code: "DISCOVERY_INVALID" },
    { target: "discovery", fault: { kind: "hang" }, code: "ISSUER_UNREACHABLE" },
    { target: "keys", fault: { kind: "reset" }, code: "ISSUER_UNREACHABLE" },
    { target: "keys", fault: { kind: "slow-loris" }, code: "ISSUER_UNREACHABLE" },
    { target: "keys", fault: { kind: "html" }, code: "ISSUER_UNREACHABLE" },
    { target: "keys", fault: { kind: "huge" }, code: "ISSUER_UNREACHABLE" },
    { target: "keys", fault: { kind: "gzip-bomb" }, code: "ISSUER_UNREACHABLE" },
    { target: "keys", fault: { kind: "empty-keys" }, code: "KEY_SET_INVALID" },
    { target: "keys", fault: { kind: "duplicate-kid" }, code: "KEY_SET_INVALID" },
    { target: "keys", fault: { kind: "private-member" }, code: "KEY_SET_INVALID" },
  ] as const)(
    "whose $target has the fault $fault.kind keeps its snapshot, and the other gets a new one (R9)",
    async (row, { expect }) => {
      await using refreshing = await startRefreshWorld();
      const { world, round, snapshot } = refreshing;
      await round();
      const before = snapshot("staging");
      world.cluster("staging").fault(row.target as "keys", row.fault as { kind: "html" });
      await world.cluster("dev").rotate({ step: "publish", algorithm: "ES256" });

      const { result, told, problems, written } = await round();
      expect(result.error).toBeUndefined();
      expect(problems).toMatchObject([
        { what: "SnapshotsFailed", SnapshotsFailed: 1, code: row.code, issuer: world.cluster("staging").issuer },
      ]);
      expect(told).toMatchObject({ Issuers: 2, SnapshotsWritten: 1, failed: 1 });
      expect(written).toEqual([keysName(world, "dev")]);
      expect(snapshot("staging")).toEqual(before);
    },
  );

  test.for([
    { what: "that is not JSON", text: "{", code: "DOCUMENT_INVALID" },
    {
      what: "with an unknown member",
      text: '{"url":"https://a.example","cluster":"a","algorithm":[]}',
      code: "DOCUMENT_INVALID",
    },
    { what: "of a later format", text: '{"version":2}', code: "DOCUMENT_TOO_NEW" },
    {
      what: "whose url no token can name",
      text: '{"url":"https://A.example","cluster":"a"}',
      code: "ISSUER_MALFORMED",
    },
    { what: "of another issuer", text: '{"url":"https://b.example","cluster":"a"}', code: "ISSUER_DOCUMENT_MISMATCH" },
  ])("with a document $what is named, and the others go on (R14)", async ({ text, code }, { expect }) => {
    await using refreshing = await startRefreshWorld();
    const name = `${PREFIX}/issuers/a.example`;
    refreshing.world.store.put(name, text);
    const { told, problems } = await refreshing.round();
    expect(problems).toMatchObject([
      { what: "IssuerDocumentsUnreadable", IssuerDocumentsUnreadable: 1, code, parameter: name },
    ]);
    expect(told).toMatchObject({ SnapshotsWritten: 2, failed: 0 });
  });

  test("that has replaced all its keys is reported, and the new ones are kept", async () => {
    await using refreshing = await startRefreshWorld();
    const { world, round, snapshot } = refreshing;
    await round();
    await world.cluster("staging").rotate();
    const { problems, told } = await round();
    expect(problems).toMatchObject([
      { what: "KeySetsReplaced", KeySetsReplaced: 1, issuer: world.cluster("staging").issuer },
    ]);
    expect(told).toMatchObject({ SnapshotsWritten: 1, failed: 0 });
    expect(snapshot("staging")?.document.keys.map(({ kid }) => kid)).toEqual(
      world.cluster("staging").keys.map(({ kid }) => kid),
    );
  });

  test.for([
    { keys: 14, tier: "Standard", kept: true },
    { keys: 30, tier: "Advanced", kept: true },
    { keys: 60, tier: undefined, kept: false },
  ])("with $keys keys is kept: $kept, $tier", async ({ keys, tier, kept }, { expect }) => {
    await using refreshing = await startRefreshWorld();
    const { world, round, snapshot } = refreshing;
    const jwks = await Promise.all(Array.from({ length: keys }, () => generateSigningKey("ES256")));
    world
      .cluster("staging")
      .fault("keys", { kind: "body", body: JSON.stringify({ keys: jwks.map(({ jwk }) => jwk) }) });
    const { told, problems } = await round();
    expect(snapshot("staging")?.tier).toBe(tier);
    expect(told).toMatchObject({ SnapshotsWritten: kept ? 2 : 1, failed: kept ? 0 : 1 });
    expect(problems).toMatchObject(kept ? [] : [{ what: "SnapshotsTooLarge", SnapshotsTooLarge: 1 }]);
  });

  test("whose set has outgrown its parameter is asked by a function that starts, not judged by the snapshot", async () => {
    await using refreshing = await startRefreshWorld();
    const { world, round, snapshot } = refreshing;
    const staging = world.cluster("staging");
    await round();
    const token = await world.mint("staging");
    // The key that signed the token is withdrawn, and too many take its place.
    const jwks = await Promise.all(Array.from({ length: 60 }, () => generateSigningKey("ES256")));
    staging.fault("keys", { kind: "body", body: JSON.stringify({ keys: jwks.map(({ jwk }) => jwk) }) });
    await round();
    expect(snapshot("staging")?.version).toBe(2);
    await using authorizer = await world.start("authorizer");
    expect(auditOf(await authorizer.call(eventFor(token))).code).toBe("KEY_UNKNOWN");
    staging.fault("keys", { kind: "hang" });
    await using other = await world.start("authorizer");
    expect(auditOf(await other.call(eventFor(token))).code).toBe("ALLOWED");
  });
});

describe.concurrent("two issuers of one cluster", () => {
  test.for([
    { members: {}, reported: true },
    { members: { replaces: "the other" }, reported: false },
    { members: { disabled: true }, reported: false },
  ])("with $members in the newer one: reported is $reported", async ({ members, reported }, { expect }) => {
    await using refreshing = await startRefreshWorld(undefined, ["newer"]);
    const { world } = refreshing;
    const { issuer } = world.cluster("staging");
    world.register("newer", {
      ...members,
      cluster: "staging",
      ...("replaces" in members && { replaces: issuerName(issuer) }),
    });
    const { problems } = await refreshing.round();
    expect(problems).toMatchObject(reported ? [{ what: "ClustersShared", ClustersShared: 1 }] : []);
    if (reported) expect(problems[0]?.detail).toContain(issuer);
  });
});

describe.concurrent("the store", () => {
  test.for([
    { what: "whose last page leads to the first", fault: { kind: "endless-pages" } },
    { what: "whose pages are empty for ever", fault: { kind: "empty-page" } },
    { what: "that refuses the list", fault: { kind: "access-denied", operation: "GetParametersByPath" } },
    { what: "that refuses the key sets", fault: { kind: "access-denied", operation: "GetParameters" } },
    { what: "that answers nonsense", fault: { kind: "broken-json", operation: "GetParametersByPath" } },
  ] as const)("$what: no round, told and thrown, and nothing is written (R12)", async ({ fault }, { expect }) => {
    await using refreshing = await startRefreshWorld();
    const { world, round, snapshot } = refreshing;
    await round();
    await world.cluster("dev").rotate();
    const before = snapshot("dev");
    world.store.fault(fault);
    const { result, told, written } = await round();
    expect(result.error).toEqual({ message: "PARAMETERS_UNAVAILABLE", stack: "Error: PARAMETERS_UNAVAILABLE" });
    expect(told).toMatchObject({ outcome: "error", code: "PARAMETERS_UNAVAILABLE", RefreshFailures: 1 });
    expect(written).toEqual([]);
    expect(snapshot("dev")).toEqual(before);
    expect(world.store.calls.length).toBeLessThanOrEqual(6);
  });

  test("that throttles a little is asked again, and every page is read", async () => {
    await using refreshing = await startRefreshWorld();
    const { world } = refreshing;
    for (let index = 0; index < 23; index++) {
      world.put(`issuers/off-${index}.example`, {
        url: `https://off-${index}.example`,
        cluster: `off-${index}`,
        disabled: true,
      });
    }
    world.store.fault([
      { kind: "empty-page", calls: 1 },
      { kind: "throttle", calls: 2 },
    ]);
    const { told } = await refreshing.round();
    expect(told).toMatchObject({ outcome: "done", SnapshotsWritten: 2 });
  });

  test("that takes no writes: each is reported, and the function does not fail", async () => {
    await using refreshing = await startRefreshWorld();
    refreshing.world.store.fault({ kind: "access-denied", operation: "PutParameter" });
    const { result, told, problems } = await refreshing.round();
    expect(result.error).toBeUndefined();
    expect(problems).toMatchObject([
      { what: "SnapshotsFailed", code: "PARAMETERS_UNAVAILABLE" },
      { what: "SnapshotsFailed", code: "PARAMETERS_UNAVAILABLE" },
    ]);
    expect(told).toMatchObject({ SnapshotsWritten: 0, failed: 2 });
  });

  test("that takes 3 writes a second, as SSM does, refuses none", async () => {
    await using refreshing = await startRefreshWorld(undefined, ["c", "d", "e", "f", "g"]);
    const { world } = refreshing;
    for (const name of ["c", "d", "e", "f", "g"]) world.register(name);
    world.store.fault({ kind: "rate-limit", readsPerSecond: 40, writesPerSecond: 3 });
    const { told, written } = await refreshing.round();
    expect(told).toMatchObject({ SnapshotsWritten: 7, failed: 0 });
    expect(written).toHaveLength(7);
  });
});

describe.concurrent("a store that hangs is left in time for the report, with 7 s for its attempts", () => {
  test.for(["GetParametersByPath", "GetParameters"] as const)("at %s: no round", async (operation, { expect }) => {
    await using refreshing = await startRefreshWorld();
    refreshing.world.store.fault({ kind: "hang", operation });
    const { result, told } = await refreshing.round({ remainingMs: 9000 });
    expect(result.error?.message).toBe("PARAMETERS_UNAVAILABLE");
    expect(told).toMatchObject({ outcome: "error", RefreshFailures: 1 });
    expect(told.detail).toContain("no answer in time");
    // Five of 3 s would be.
    expect(refreshing.world.store.calls.filter((call) => call.operation === operation).length).toBeLessThan(4);
  });

  test("at PutParameter: who was tried is told, and who was not is counted", async ({ expect }) => {
    await using refreshing = await startRefreshWorld();
    refreshing.world.store.fault({ kind: "hang", operation: "PutParameter" });
    const { result, told, problems, written } = await refreshing.round({ remainingMs: 11_000 });
    expect(result.error).toBeUndefined();
    expect(told).toMatchObject({ outcome: "done", SnapshotsWritten: 0, failed: 1, SnapshotsNotReached: 1 });
    expect(problems).toMatchObject([{ what: "SnapshotsFailed", code: "PARAMETERS_UNAVAILABLE" }]);
    expect(written.length).toBeLessThan(5);
  });
});

test.concurrent("without time nothing is begun, how many were not reached is told, and nothing is half done", async () => {
  await using refreshing = await startRefreshWorld();
  const { told, written } = await refreshing.round({ remainingMs: 9000 });
  expect(told).toMatchObject({ outcome: "done", Issuers: 2, SnapshotsWritten: 0, SnapshotsNotReached: 2 });
  expect(written).toEqual([]);
});
