import { beforeAll, describe, expect, test } from "vitest";
import { readPage } from "../docs/page.ts";
import { readAlarms } from "../support/alarms.ts";
import { http2Event, restTokenEvent } from "../support/authorizer-events.ts";
import { bundleSteppedAuthorizer, startSteppedWorld } from "../support/stepped-world.ts";
import { PREFIX } from "../support/world.ts";
import { httpApiForward } from "./forward-events.ts";
import { startForwardWorld } from "./forward-world.ts";
import { startRefreshWorld } from "./refresh-world.ts";

/** A data point, as CloudWatch makes it of a line (embedded metric format specification). */
interface DataPoint {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Every line that a built function wrote, with the function's name as deployed. */
const lines: string[] = [];
let points: readonly DataPoint[];

function dataPoints(line: string): DataPoint[] {
  const record: Record<string, unknown> & {
    _aws?: {
      Timestamp: number;
      CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[];
    };
  } = JSON.parse(line);
  return (record._aws?.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) => {
    expect(Namespace).toBe("podgate");
    expect(Number.isInteger(record._aws?.Timestamp)).toBe(true);
    return Dimensions.flatMap((names) =>
      Metrics.map(({ Name, Unit }) => {
        const value = record[Name];
        // A dimension or a value that is not a member of the record would make CloudWatch drop the line.
        const dimensions = Object.fromEntries(names.map((name) => [name, record[name]]));
        expect(Object.values(dimensions).every((each) => typeof each === "string" && each !== "")).toBe(true);
        expect(value).toBeTypeOf("number");
        return { name: Name, unit: Unit, value: value as number, dimensions: dimensions as Record<string, string> };
      }),
    );
  });
}

beforeAll(async () => {
  await decideAndForward();
  await outlast();
  await refresh();
  points = lines.flatMap(dataPoints);
}, 60_000);

const AUTHORIZER = { functionName: "podgate-test-authorizer" };

/** An allow, a refusal, a failure, an HTTP API with too few identity sources; calls of a service that work and fail. */
async function decideAndForward(): Promise<void> {
  await using all = await startForwardWorld();
  const { world, forward } = all;
  const authorizer = await world.start("authorizer");
  const authorization = `Bearer ${await world.mint("staging")}`;
  await authorizer.call(restTokenEvent({ authorization, path: "/v1/status" }), AUTHORIZER);
  await authorizer.call(restTokenEvent({ authorization, path: "/v3/none" }), AUTHORIZER);
  await authorizer.call({ Records: [] }, AUTHORIZER);
  const incomplete = { ...http2Event({ authorization, path: "/v1/status" }), identitySource: [authorization] };
  await authorizer.call(incomplete, AUTHORIZER);

  await all.ask({ path: "/a" });
  const call = { authorization: all.authorization, path: "/a" };
  const noSecret = all.addService({
    url: `${all.service.url}/header`,
    credential: { type: "header", name: "X-Api-Key", value: "{secret}", secret: "absent" },
  });
  await forward.call(httpApiForward({ ...call, service: noSecret }));
  const noToken = all.addService(
    {
      url: `${all.service.url}/oauth2`,
      credential: {
        type: "oauth2-client-credentials",
        tokenURL: `${all.service.url}/answer/status/500`,
        clientId: "podgate",
        secret: "client-secret",
      },
    },
    { "client-secret": "wrong" },
  );
  await forward.call(httpApiForward({ ...call, service: noToken }));
  lines.push(...authorizer.lines, ...forward.lines);
}

/** An outage of the issuer, and one of the store, that the function gets over with what it has. */
async function outlast(): Promise<void> {
  await using stepper = await bundleSteppedAuthorizer();
  await using stepped = await startSteppedWorld(stepper);
  const { world, authorizer, at } = stepped;
  const event = restTokenEvent({ authorization: `Bearer ${await world.mint("staging")}`, path: "/v1/status" });
  await authorizer.call(event, AUTHORIZER);
  world.cluster("staging").fault("discovery", { kind: "reset" });
  await at(300);
  await authorizer.call(event, AUTHORIZER);
  world.store.fault({ kind: "access-denied" });
  await at(361);
  await authorizer.call(event, AUTHORIZER);
  lines.push(...authorizer.lines);
}

/** Rounds in which everything happens that `refresh-keys` reports. */
async function refresh(): Promise<void> {
  await using refreshing = await startRefreshWorld(undefined, ["newer", "huge"]);
  const { world, round } = refreshing;
  await round();
  await world.cluster("staging").rotate();
  world.cluster("dev").fault("keys", { kind: "empty-keys" });
  world.register("newer", { cluster: "staging" });
  world.store.put(`${PREFIX}/issuers/broken.example`, "{");
  world.register("huge");
  const [key] = world.cluster("huge").keys;
  const keys = [key, ...Array.from({ length: 63 }, (_, index) => ({ ...key, kid: `${"x".repeat(100)}${index}` }))];
  world.cluster("huge").fault("keys", { kind: "body", body: JSON.stringify({ keys }) });
  await round();
  await round({ remainingMs: 9000 });
  world.store.fault({ kind: "access-denied" });
  await round();
  lines.push(...refreshing.refresh.lines);
}

describe("every metric that an alarm looks at", () => {
  const alarms = readAlarms("test");
  const own = alarms.flatMap(({ name, metrics }) =>
    metrics.filter(({ namespace }) => namespace === "podgate").map((metric) => ({ alarm: name, metric })),
  );

  test("is podgate's own, or of Lambda where no function can tell", () => {
    expect(alarms.length).toBeGreaterThan(14);
    const foreign = alarms.flatMap(({ metrics }) => metrics).filter(({ namespace }) => namespace !== "podgate");
    expect(new Set(foreign.map(({ namespace, name }) => `${namespace} ${name}`))).toEqual(
      new Set(["AWS/Lambda Invocations", "AWS/Lambda Errors", "AWS/Lambda Throttles"]),
    );
    // An authorizer's 401 is one of Lambda's errors.
    const errors = foreign.filter(({ name }) => name === "Errors").map(({ dimensions }) => dimensions["FunctionName"]);
    expect(errors).not.toContain("podgate-test-authorizer");
  });

  test.for(own)("$alarm: $metric.name is written by a function with these very dimensions", ({ metric }) => {
    const found = points.filter(
      ({ name, dimensions }) =>
        name === metric.name && JSON.stringify(dimensions) === JSON.stringify(metric.dimensions),
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found.some(({ value }) => value > 0)).toBe(true);
  });
});

describe("the metrics", () => {
  test("are those that docs/audit.md lists, and the other way round", () => {
    const page = readPage("audit");
    const listed = [...page.slice(page.indexOf("## Metrics")).matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(
      ([, names = ""]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(new Set(points.map(({ name }) => name))).toEqual(new Set(listed));
  });

  test("have dimensions of few values, none of them a caller's: no subject, key id, issuer or path", () => {
    const names = new Set(points.flatMap(({ dimensions }) => Object.keys(dimensions)));
    expect(names).toEqual(new Set(["prefix", "function", "outcome", "code"]));
    for (const { dimensions } of points) {
      expect(dimensions["prefix"] ?? PREFIX).toBe(PREFIX);
      expect(dimensions["outcome"] ?? "allow").toMatch(/^(allow|refuse|error|identified|answered|failed)$/);
      expect(dimensions["code"] ?? "A").toMatch(/^[A-Z_]+$/);
    }
  });

  test("count in counts and measure in seconds", () => {
    for (const { name, unit } of points) expect([name, unit]).toEqual([name, /Age$/.test(name) ? "Seconds" : "Count"]);
  });
});

describe("the runbook", () => {
  test("has an entry for each alarm, which its description names", () => {
    const page = readPage("runbook");
    for (const { name, description } of readAlarms("test")) {
      const entry = name.replace("podgate-test-", "");
      expect(description).toContain(`Runbook, "${entry}".`);
      expect(page, entry).toContain(`### ${entry}\n`);
    }
  });
});
