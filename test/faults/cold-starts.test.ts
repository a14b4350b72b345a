import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { bundleShiftedRefresh, startRefreshWorld } from "../functions/refresh-world.ts";
import { restTokenEvent } from "../support/authorizer-events.ts";
import { ACCOUNT, ANSWERED, builtModule, REGION } from "../support/built-function.ts";
import { bundleFunction } from "../support/bundle.ts";
import { startHttpServer } from "../support/faulty-server.ts";
import { auditLines } from "../support/verdict.ts";
import { PREFIX, type World } from "../support/world.ts";

/** `npm run test:faults` starts a thousand, `npm test` a fifth of that. */
const WHOLE = process.env["MODE"] === "whole";
const PROCESSES = WHOLE ? 50 : 10;
const APPLICATIONS = WHOLE ? 950 : 190;
const PROCESSES_AT_ONCE = 4;
/** Applications that start while the issuer hangs. */
const HANGING = 30;

/** The codes of the decisions that so many processes make, each of them its first. */
async function decideInProcesses(count: number, world: World, events: readonly object[]): Promise<readonly string[]> {
  const codes: string[] = [];
  const context = {
    functionName: "podgate-test",
    invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:podgate-test`,
  };
  let next = 0;
  const decideNext = async (): Promise<void> => {
    while (next < count) {
      const event = events[next++ % events.length];
      const script = fileURLToPath(new URL("../support/one-call.ts", import.meta.url));
      const child = spawn(process.execPath, [script, builtModule("authorizer").href], {
        env: { PATH: process.env["PATH"], ...world.env },
        stdio: ["pipe", "pipe", "inherit"],
      });
      child.stdin.end(JSON.stringify({ event, context }));
      const [lines] = await Promise.all([text(child.stdout), once(child, "exit")]);
      codes.push(...auditLines(lines.trim().split("\n")).map(({ code }) => code));
    }
  };
  await Promise.all(Array.from({ length: PROCESSES_AT_ONCE }, decideNext));
  return codes;
}

test(`issuers that have been gone for an hour: of ${PROCESSES + APPLICATIONS} cold starts none is refused`, {
  timeout: 120_000,
}, async () => {
  await using shifted = await bundleShiftedRefresh();
  await using refreshing = await startRefreshWorld(shifted);
  const { world, refresh, round, snapshot } = refreshing;
  // An hour ago the issuers still answered.
  await refresh.apply("setAhead", -3600);
  expect((await round()).told).toMatchObject({ SnapshotsWritten: 2 });
  const tokens = await Promise.all([world.mint("dev", { serviceAccount: "web" }), world.mint("staging")]);
  await world.clusters[Symbol.asyncDispose]();
  for (const ago of [1800, 0]) {
    await refresh.apply("setAhead", -ago);
    const { told, problems } = await round();
    expect(told).toMatchObject({ SnapshotsWritten: 0, failed: 2 });
    expect(problems.map(({ code }) => code)).toEqual(["ISSUER_UNREACHABLE", "ISSUER_UNREACHABLE"]);
  }
  expect(Date.now() / 1000 - (snapshot("dev")?.document.fetchedAt ?? 0)).toBeGreaterThanOrEqual(3600);

  const events = tokens.map((token) => restTokenEvent({ authorization: `Bearer ${token}`, path: "/v1/status" }));
  const inProcesses = await decideInProcesses(PROCESSES, world, events);
  expect(inProcesses).toEqual(Array.from({ length: PROCESSES }, () => "ALLOWED"));

  await using freshApps = await bundleFunction(new URL("../support/fresh-apps.ts", import.meta.url));
  const applications = await world.startModule(freshApps.module);
  const many = Array.from({ length: APPLICATIONS }, (_, index) => events[index % events.length]);
  expect(await applications.callAll(many, 10)).toEqual(many.map(() => ANSWERED));
  const records = auditLines(applications.lines);
  expect(records.map(({ code }) => code)).toEqual(many.map(() => "ALLOWED"));
});

test("an issuer that has been hanging for an hour: each cold start waits half a second for it, and is allowed", {
  timeout: 120_000,
}, async () => {
  await using shifted = await bundleShiftedRefresh();
  await using refreshing = await startRefreshWorld(shifted);
  const { world, refresh, round } = refreshing;
  const { issuer, keys } = world.cluster("staging");
  let hangs = false;
  await using server = await startHttpServer((_request, response) => {
    if (!hangs) response.end(JSON.stringify({ keys }));
  });
  world.register("staging", { group: "all", jwksURL: `http://127.0.0.1:${server.port}/keys` });
  await refresh.apply("setAhead", -3600);
  await round();
  hangs = true;
  const kept = world.store.get(`${PREFIX}/keys/${issuerName(issuer)}`)?.version;
  const before = server.connections;

  await using freshApps = await bundleFunction(new URL("../support/fresh-apps.ts", import.meta.url));
  const applications = await world.startModule(freshApps.module);
  const token = await world.mint("staging");
  const many = Array.from({ length: HANGING }, () =>
    restTokenEvent({ authorization: `Bearer ${token}`, path: "/v1/status" }),
  );
  expect(await applications.callAll(many, 10)).toEqual(many.map(() => ANSWERED));
  expect(auditLines(applications.lines).map(({ code }) => code)).toEqual(many.map(() => "ALLOWED"));
  // Each asks once, and may have begun its second attempt by now.
  expect(server.connections - before).toBeGreaterThanOrEqual(HANGING);
  expect(server.connections - before).toBeLessThanOrEqual(2 * HANGING);
  expect(world.store.get(`${PREFIX}/keys/${issuerName(issuer)}`)?.version).toBe(kept);
});
