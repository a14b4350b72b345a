import { describe, expect, test } from "vitest";
import type { LogLevel } from "../../lib/config.ts";
import { GatewayError } from "../../lib/errors.ts";
import { Degradation } from "../../lib/log/degradation.ts";
import { createLogger } from "../../lib/log/logger.ts";
import { Metrics } from "../../lib/log/metrics.ts";
import { issuerWith } from "../issuer/support.ts";

function start(level: LogLevel = "info") {
  const lines: string[] = [];
  const logger = createLogger(level, (line) => lines.push(line));
  const metrics = new Metrics("/podgate/test");
  const degradation = new Degradation(logger, metrics);
  return {
    degradation,
    records: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    counted: () => metrics.embed([], 0),
  };
}

describe("what serves beyond its age is counted and told, with the reason", () => {
  test.for<{ what: string; error: unknown; code: string; detail: string | undefined }>([
    {
      what: "an outage",
      error: new GatewayError("PARAMETERS_UNAVAILABLE", "SSM does not answer"),
      code: "PARAMETERS_UNAVAILABLE",
      detail: "SSM does not answer",
    },
    {
      what: "a defect, whose text may quote anything",
      error: new TypeError("canary"),
      code: "INTERNAL",
      detail: undefined,
    },
    { what: "something that is no error", error: "canary", code: "INTERNAL", detail: undefined },
  ])("documents after $what", ({ error, code, detail }) => {
    const { degradation, records, counted } = start();
    degradation.staleDocuments(error);
    expect(counted()).toMatchObject({ StaleDocumentsServed: 1 });
    expect(records()).toEqual([
      {
        level: "warn",
        type: "degraded",
        what: "StaleDocumentsServed",
        code,
        ...(detail === undefined ? {} : { detail }),
      },
    ]);
    expect(JSON.stringify(records())).not.toContain("canary");
  });

  test.for<{ what: string; reason: GatewayError | undefined; code: string; detail: string }>([
    {
      what: "because of an answer that must not be used",
      reason: new GatewayError("KEY_SET_INVALID", "no keys"),
      code: "KEY_SET_INVALID",
      detail: "no keys",
    },
    {
      what: "because there is no answer yet",
      reason: undefined,
      code: "ISSUER_UNREACHABLE",
      detail: "issuer https://oidc.example.com/id/A has not answered yet",
    },
  ])("keys $what", ({ reason, code, detail }) => {
    const { degradation, records, counted } = start();
    degradation.staleKeys(issuerWith(), reason);
    expect(counted()).toMatchObject({ StaleKeysServed: 1 });
    expect(records()).toEqual([{ level: "warn", type: "degraded", what: "StaleKeysServed", code, detail }]);
  });

  test("at the level `error` there is the count alone", () => {
    const { degradation, records, counted } = start("error");
    degradation.staleDocuments(new GatewayError("PARAMETERS_UNAVAILABLE", "SSM does not answer"));
    degradation.staleKeys(issuerWith(), undefined);
    expect(records()).toEqual([]);
    expect(counted()).toMatchObject({ StaleDocumentsServed: 1, StaleKeysServed: 1 });
  });
});
