import { describe, expect, test } from "vitest";
import {
  GATEWAY_SETTINGS,
  type GatewaySettings,
  readGatewaySettings,
  settingValues,
} from "../../../offline/api-gateway/settings.ts";
import { OfflineOptionsError, readOptions } from "../../../offline/options.ts";

const read = (given: unknown) => {
  const problems: string[] = [];
  return { settings: readGatewaySettings(given, "here", problems), problems };
};
const names = Object.keys(GATEWAY_SETTINGS) as (keyof GatewaySettings)[];

describe("settings of what AWS does not document", () => {
  test.for([undefined, null, {}, { repeatedIdentity: undefined }])("%j gives the defaults", (given) => {
    expect(read(given)).toEqual({ settings: GATEWAY_SETTINGS, problems: [] });
  });

  test("what is said is taken, the rest is as usual", () => {
    const given = { httpApiThrownUnauthorized: 401, authorizerTimeoutSeconds: 0.5 };
    expect(read(given)).toEqual({ settings: { ...GATEWAY_SETTINGS, ...given }, problems: [] });
  });

  test.for(names)("the default of %s is the first of its values", (name) => {
    expect(settingValues(name)[0]).toBe(JSON.stringify(GATEWAY_SETTINGS[name]));
  });

  test.for<[unknown, string]>([
    [[], "here is not a mapping: its members are httpApiThrownUnauthorized, "],
    ["x", "here is not a mapping"],
    [{ restarnpath: "decoded" }, "here.restarnpath is unknown: expected one of "],
    [{ toString: 1 }, "here.toString is unknown"],
    [{ restArnPath: "Decoded" }, 'here.restArnPath is "Decoded": expected "encoded" or "decoded"'],
    [{ httpApiThrownUnauthorized: "401" }, 'here.httpApiThrownUnauthorized is "401": expected 500 or 401'],
    [{ repeatedIdentity: null }, "here.repeatedIdentity is null"],
    [{ authorizerTimeoutSeconds: 0 }, "here.authorizerTimeoutSeconds is 0: expected more than 0, at most 60"],
    [{ authorizerTimeoutSeconds: 60.1 }, "here.authorizerTimeoutSeconds is 60.1"],
    [{ authorizerTimeoutSeconds: "10" }, 'here.authorizerTimeoutSeconds is "10"'],
  ])("%j is refused, and its default stays", ([given, problem]) => {
    expect(read(given)).toEqual({ settings: GATEWAY_SETTINGS, problems: [expect.stringContaining(problem)] });
  });

  test("60 s is the longest wait", () => {
    expect(read({ authorizerTimeoutSeconds: 60 }).problems).toEqual([]);
  });

  test("every problem is named", () => {
    expect(read({ a: 1, b: 2 }).problems).toHaveLength(2);
  });
});

describe("custom.podgate.offline.apiGateway", () => {
  test("is read with the other options", () => {
    const { apiGateway } = readOptions({ apiGateway: { restArnPath: "decoded" } }, {});
    expect(apiGateway).toEqual({ ...GATEWAY_SETTINGS, restArnPath: "decoded" });
  });

  test("what is wrong with it ends the start", () => {
    expect(() => readOptions({ apiGateway: { x: 1 } }, {})).toThrow(OfflineOptionsError);
    expect(() => readOptions({ apiGateway: { x: 1 } }, {})).toThrow("custom.podgate.offline.apiGateway.x is unknown");
  });
});
