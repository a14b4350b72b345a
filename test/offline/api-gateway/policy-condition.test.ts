import { describe, expect, test } from "vitest";
import { type ConditionKeys, conditionKeys } from "../../../offline/api-gateway/policy-condition.ts";
import { evaluatePolicy } from "../../../offline/api-gateway/policy-evaluation.ts";
import { gatewayRequest } from "./request.ts";

/** 12 March 2020, 19:03:58 UTC. */
const NOW = 1_584_039_838;

const KEYS: ConditionKeys = {
  "aws:sourceip": "10.1.2.3",
  "aws:currenttime": String(NOW),
  "aws:epochtime": String(NOW),
  "aws:securetransport": "true",
  "aws:useragent": "curl/8.7.1",
};

const document = (Condition: unknown, Effect = "Allow") => ({
  Statement: [{ Effect, Action: "execute-api:Invoke", Resource: "*", Condition }],
});
const verdictOf = (Condition: unknown, keys = KEYS) =>
  evaluatePolicy(document(Condition), "execute-api:Invoke", "arn:x", { conditionKeys: keys }).verdict;

const holds = (Condition: unknown, keys = KEYS) => {
  const verdict = verdictOf(Condition, keys);
  return verdict === "invalid" ? verdict : verdict === "allow";
};

describe("texts", () => {
  test.for<[string, string, unknown, boolean]>([
    ["StringEquals", "exactly", "curl/8.7.1", true],
    ["StringEquals", "another case", "Curl/8.7.1", false],
    ["StringEquals", "a wildcard stands for itself", "curl/*", false],
    ["StringEquals", "one of several", ["wget", "curl/8.7.1"], true],
    ["StringEquals", "none of several", ["wget", "curl"], false],
    ["StringNotEquals", "exactly", "curl/8.7.1", false],
    ["StringNotEquals", "another", "wget", true],
    ["StringNotEquals", "one of several", ["wget", "curl/8.7.1"], false],
    ["StringNotEquals", "none of several", ["wget", "curl"], true],
    ["StringEqualsIgnoreCase", "another case", "CURL/8.7.1", true],
    ["StringEqualsIgnoreCase", "another", "wget", false],
    ["StringNotEqualsIgnoreCase", "another case", "CURL/8.7.1", false],
    ["StringNotEqualsIgnoreCase", "another", "wget", true],
    ["StringLike", "a wildcard", "curl/8.?.*", true],
    ["StringLike", "a wildcard, another case", "Curl/*", false],
    ["StringLike", "the whole has to match", "curl", false],
    ["StringNotLike", "a wildcard", "curl/*", false],
    ["StringNotLike", "another", "wget/*", true],
  ])("%s, %s", ([operator, , value, expected]) => {
    expect(holds({ [operator]: { "aws:UserAgent": value } })).toBe(expected);
  });
});

describe("addresses", () => {
  test.for<[unknown, string, boolean | "invalid"]>([
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.3", "10.1.2.4", false],
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.1.2.0/31", "10.1.2.1", true],
    ["10.1.2.0/31", "10.1.2.2", false],
    ["0.0.0.0/0", "203.0.113.1", true],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    ["10.0.0.0/8", "::1", false],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["::1", "::1", true],
    ["::/0", "2001:db8::1", true],
    ["::/0", "10.1.2.3", false],
    ["::/0", "::ffff:10.1.2.3", false],
    ["0.0.0.0/0", "10.1.2.3", true],
    ["0.0.0.0/0", "::ffff:10.1.2.3", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    [["192.168.0.0/16", "10.0.0.0/8"], "10.1.2.3", true],
    ["10.0.0.0/33", "10.1.2.3", "invalid"],
    ["2001:db8::/129", "::1", "invalid"],
    ["10.0.0.0/", "10.1.2.3", "invalid"],
    ["10.0.0.0/8/8", "10.1.2.3", "invalid"],
    ["10.0.0.0/-1", "10.1.2.3", "invalid"],
    ["10.0.0", "10.1.2.3", "invalid"],
    ["localhost", "10.1.2.3", "invalid"],
    [10, "10.1.2.3", "invalid"],
  ])("IpAddress %j, from %s: %s; NotIpAddress the other way", ([value, sourceIp, expected]) => {
    const keys = { "aws:sourceip": sourceIp };
    expect(holds({ IpAddress: { "aws:SourceIp": value } }, keys)).toBe(expected);
    const other = expected === "invalid" ? expected : !expected;
    expect(holds({ NotIpAddress: { "aws:SourceIp": value } }, keys)).toBe(other);
  });

  test("NotIpAddress of several ranges: none may match", () => {
    const NotIpAddress = { "aws:SourceIp": ["192.168.0.0/16", "10.0.0.0/8"] };
    expect(holds({ NotIpAddress })).toBe(false);
    expect(holds({ NotIpAddress }, { "aws:sourceip": "203.0.113.1" })).toBe(true);
  });
});

describe("times", () => {
  const AT = "2020-03-12T19:03:58Z";
  test.for<[string, [before: boolean, at: boolean, after: boolean]]>([
    ["DateEquals", [false, true, false]],
    ["DateNotEquals", [true, false, true]],
    ["DateLessThan", [true, false, false]],
    ["DateLessThanEquals", [true, true, false]],
    ["DateGreaterThan", [false, false, true]],
    ["DateGreaterThanEquals", [false, true, true]],
  ])("%s, a second before, at and after the moment: %j", ([operator, expected]) => {
    for (const key of ["aws:CurrentTime", "aws:EpochTime"] as const) {
      const seen = [NOW - 1, NOW, NOW + 1].map((seconds) =>
        holds({ [operator]: { [key]: AT } }, { [key.toLowerCase()]: String(seconds) }),
      );
      expect(seen).toEqual(expected);
    }
  });

  test.for<[unknown, boolean | "invalid"]>([
    [NOW, true],
    [String(NOW), true],
    ["2020-03-12T20:03:58+01:00", true],
    ["2020-03-12T19:03:58.000Z", true],
    ["2020-03-12T19:03Z", false],
    ["2020-03-12", false],
    ["2020-03-12T19:03:58", "invalid"],
    ["2020", "invalid"],
    ["12 March 2020", "invalid"],
    ["2020-02-30T00:00:00Z", "invalid"],
    ["2020-13-01", "invalid"],
    ["2020-03-12T25:00:00Z", "invalid"],
    [true, "invalid"],
  ])("%j is read: %s", ([value, expected]) => {
    expect(holds({ DateEquals: { "aws:CurrentTime": value } })).toBe(expected);
  });

  test("a day begins at midnight UTC", () => {
    const midnight = { "aws:currenttime": String(Date.UTC(2020, 2, 12) / 1000) };
    expect(holds({ DateEquals: { "aws:CurrentTime": "2020-03-12" } }, midnight)).toBe(true);
  });
});

describe("Bool", () => {
  test.for<[unknown, boolean | "invalid"]>([
    ["true", true],
    [true, true],
    ["false", false],
    [false, false],
    ["True", "invalid"],
    [1, "invalid"],
  ])("%j: %s", ([value, expected]) => {
    expect(holds({ Bool: { "aws:SecureTransport": value } })).toBe(expected);
  });
});

describe("several of them", () => {
  const [good, bad] = [{ "aws:SourceIp": "10.0.0.0/8" }, { "aws:SourceIp": "192.168.0.0/16" }];
  test.for<[string, unknown, boolean]>([
    ["operators are all needed", { IpAddress: good, Bool: { "aws:SecureTransport": "true" } }, true],
    ["one operator that fails is enough", { IpAddress: good, Bool: { "aws:SecureTransport": "false" } }, false],
    ["the first that fails is enough", { IpAddress: bad, Bool: { "aws:SecureTransport": "true" } }, false],
    ["keys are all needed", { DateLessThan: { "aws:CurrentTime": "2021-01-01", "aws:EpochTime": 1_000_000 } }, false],
    ["the case of a key means nothing", { IpAddress: { "AWS:SOURCEIP": "10.0.0.0/8" } }, true],
  ])("%s", ([, condition, expected]) => {
    expect(holds(condition)).toBe(expected);
  });
});

describe("a key that the request does not have", () => {
  test.for<[string, unknown, boolean]>([
    ["StringEquals", "x", false],
    ["StringLike", "*", false],
    ["StringNotEquals", "x", true],
    ["StringNotLike", "*", true],
    ["StringEqualsIfExists", "x", true],
    ["StringNotEqualsIfExists", "x", true],
  ])("%s %j: %s", ([operator, value, expected]) => {
    for (const key of ["aws:SourceVpc", "aws:SourceVpce", "aws:Referer"]) {
      expect(holds({ [operator]: { [key]: value } })).toBe(expected);
    }
  });

  test("IfExists means nothing where there is one", () => {
    expect(holds({ StringEqualsIfExists: { "aws:UserAgent": "wget" } })).toBe(false);
    expect(holds({ NotIpAddressIfExists: { "aws:SourceIp": "10.0.0.0/8" } })).toBe(false);
  });
});

describe("a Deny under a condition", () => {
  test.for<[string, string, string]>([
    ["that holds denies", "10.0.0.0/8", "explicit-deny"],
    ["that does not hold is no statement", "192.168.0.0/16", "allow"],
  ])("%s", ([, range, verdict]) => {
    const [deny] = document({ IpAddress: { "aws:SourceIp": range } }, "Deny").Statement;
    const allow = { Effect: "Allow", Action: "*", Resource: "*" };
    const seen = evaluatePolicy({ Statement: [allow, deny] }, "execute-api:Invoke", "arn:x", { conditionKeys: KEYS });
    expect(seen.verdict).toBe(verdict);
  });
});

describe("what is not evaluated makes the whole policy invalid, whatever the request is", () => {
  test.for<[string, unknown]>([
    ["no object", "true"],
    ["a list", []],
    ["nothing in it", {}],
    ["an unknown operator", { StringMatches: { "aws:UserAgent": "x" } }],
    ["an operator in another case", { stringequals: { "aws:UserAgent": "x" } }],
    ["a name of every object", { toString: { "aws:UserAgent": "x" } }],
    ["numbers", { NumericLessThan: { "aws:EpochTime": 1 } }],
    ["ARNs", { ArnLike: { "aws:SourceArn": "arn:aws:s3:::x" } }],
    ["Null", { Null: { "aws:UserAgent": "true" } }],
    ["NullIfExists", { NullIfExists: { "aws:UserAgent": "true" } }],
    ["ForAllValues", { "ForAllValues:StringEquals": { "aws:UserAgent": "x" } }],
    ["ForAnyValue", { "ForAnyValue:StringEquals": { "aws:UserAgent": "x" } }],
    ["an operator without keys", { StringEquals: {} }],
    ["an operator with a list", { StringEquals: ["aws:UserAgent"] }],
    ["an unknown key", { StringEquals: { "aws:PrincipalTag/team": "x" } }],
    ["a name of every object as key", { StringEquals: { constructor: "x" } }],
    ["a text operator for an address", { StringEquals: { "aws:SourceIp": "10.1.2.3" } }],
    ["an address operator for a text", { IpAddress: { "aws:UserAgent": "10.1.2.3" } }],
    ["a date operator for a truth", { DateEquals: { "aws:SecureTransport": "2020-01-01" } }],
    ["no value", { StringEquals: { "aws:UserAgent": [] } }],
    ["null", { StringEquals: { "aws:UserAgent": null } }],
    ["a number as text", { StringEquals: { "aws:UserAgent": 1 } }],
    ["one of several that cannot be read", { StringEquals: { "aws:UserAgent": ["x", {}] } }],
    ["a policy variable", { StringEquals: { "aws:UserAgent": `\${aws:username}` } }],
  ])("%s", ([, condition]) => {
    expect(verdictOf(condition)).toBe("invalid");
    expect(verdictOf(condition, {})).toBe("invalid");
    const [strange] = document(condition).Statement;
    const allow = { Effect: "Allow", Action: "*", Resource: "*" };
    const beside = evaluatePolicy({ Statement: [allow, strange] }, "execute-api:Invoke", "arn:x", {
      conditionKeys: KEYS,
    });
    expect(beside).toMatchObject({ verdict: "invalid", problem: expect.stringContaining("Statement[1]: Condition") });
  });

  test("where nobody says what the request is, no Condition is evaluated", () => {
    const condition = { StringNotEquals: { "aws:UserAgent": "x" } };
    expect(evaluatePolicy(document(condition), "execute-api:Invoke", "arn:x").verdict).toBe("invalid");
  });
});

describe("keys of a request", () => {
  test("are its address, its moment in whole seconds, and headers if sent", () => {
    const headers = [
      ["User-Agent", "curl"],
      ["referer", "https://a.example/"],
    ] as const;
    expect(conditionKeys(gatewayRequest({ headers, timeEpoch: NOW * 1000 + 999 }))).toEqual({
      "aws:sourceip": "127.0.0.1",
      "aws:currenttime": String(NOW),
      "aws:epochtime": String(NOW),
      "aws:securetransport": "true",
      "aws:useragent": "curl",
      "aws:referer": "https://a.example/",
    });
  });

  test("what was not sent, or is no address, is absent", () => {
    const keys = conditionKeys(gatewayRequest({ headers: [], sourceIp: "unix socket" }));
    expect(Object.keys(keys).toSorted()).toEqual(["aws:currenttime", "aws:epochtime", "aws:securetransport"]);
  });
});
