import { describe, expect, test } from "vitest";
import { isAudience, parseRegisteredApi, receiverOfStage } from "../../lib/permission/receiver.ts";
import { faultOf, stored } from "./documents.ts";

const API = { service: "orders", audiences: ["orders.example.com"] };
const NAME = "/podgate/test/apis/abc123";

function read(document: unknown) {
  return parseRegisteredApi(stored(document, NAME));
}

describe("a receiver document", () => {
  test("is cached, leaves open what it answers and bounds nobody if it does not say otherwise", () => {
    expect(read(API)).toEqual({
      receiver: { ...API, principals: undefined },
      stages: new Map(),
      cached: true,
      answers: undefined,
      document: { name: NAME, version: 7 },
    });
  });

  test("says all that it may say", () => {
    const members = { cached: false, answers: "policy", account: "123456789012", region: "ap-northeast-2" } as const;
    const api = read({ version: 1, ...API, ...members, principals: ["prod/payments/*"], stages: {} });
    expect(api).toMatchObject({ ...members, receiver: { ...API, principals: ["prod/payments/*"] } });
  });

  test("a stage has what it says, and the rest from above; a stage that is not named has all from above", () => {
    const stages = {
      dev: { service: "orders-dev" },
      $default: { audiences: ["other.example.com"], principals: ["dev/*/*"] },
      "test-invoke-stage": {},
      [`a${"_".repeat(127)}`]: {},
    };
    const api = read({ ...API, principals: ["prod/payments/*"], stages });
    const above = { ...API, principals: ["prod/payments/*"] };

    expect(receiverOfStage(api, "dev")).toEqual({ ...above, service: "orders-dev" });
    expect(receiverOfStage(api, "$default")).toEqual({ ...above, ...stages.$default });
    expect(receiverOfStage(api, "test-invoke-stage")).toEqual(above);
    expect(receiverOfStage(api, "prod")).toEqual(above);
    expect(receiverOfStage(api, "constructor")).toEqual(above);
    expect(receiverOfStage(api, "Dev")).toEqual(above);
  });
});

describe("a receiver document that cannot be read is an error that names the member (S24)", () => {
  const principals = "is not `<cluster>/<namespace>/<serviceaccount>`, where `*` stands inside a part";
  const stageNames = "stages has a member that is no stage's name: A-Z a-z 0-9 _ -, at most 128, or $default";
  const stage = (name: string, members = '{"service":"orders-dev"}') =>
    `{"service":"orders","audiences":["a"],"stages":{${JSON.stringify(name)}:${members}}}`;

  test.for([
    ["nothing said", {}, "service is missing; audiences is missing"],
    ["audience for audiences", { service: "orders", audience: ["a"] }, "audiences is missing; audience is unknown"],
    ["no audiences", { ...API, audiences: [] }, "audiences is empty; a receiver without audience accepts no token"],
    [
      "an audience with a space",
      { ...API, audiences: ["a b"] },
      "audiences[0] is not 1 to 1,024 printable ASCII characters",
    ],
    ["an audience that is a number", { ...API, audiences: [1] }, "audiences[0] is not a string"],
    ["audiences as a text", { ...API, audiences: "a" }, "audiences is not a list"],
    ["every service", { ...API, service: "*" }, "service is not a DNS-1123 label of at most 63 characters"],
    ["cached in quotes", { ...API, cached: "false" }, "cached is neither true nor false"],
    ["another answer", { ...API, answers: "iam" }, 'answers is neither "simple" nor "policy"'],
    [
      "no principals",
      { ...API, principals: [] },
      "principals is empty, which would admit nobody; leave it out to admit everybody",
    ],
    ["principals of two parts", { ...API, principals: ["a/b"] }, `principals[0] ${principals}`],
    ["a principal that is a number", { ...API, principals: [1] }, "principals[0] is not a string"],
    ["principals as a text", { ...API, principals: "a/b/c" }, "principals is not a list"],
    ["an account of 11 digits", { ...API, account: "12345678901" }, "account is not an account id of 12 digits"],
    ["an account of 13 digits", { ...API, account: "1234567890123" }, "account is not an account id of 12 digits"],
    ["an account that is a number", { ...API, account: 123456789012 }, "account is not a string"],
    ["a region in upper case", { ...API, region: "US" }, "region is not a region's name"],
    ["a region that is null", { ...API, region: null }, "region is not a string"],
    ["stages as a list", { ...API, stages: [] }, "stages is not an object of stages"],
    ["stages as a text", { ...API, stages: "dev" }, "stages is not an object of stages"],
    ["a stage that is null", { ...API, stages: { dev: null } }, "stages.dev is not an object"],
    [
      "a stage with more",
      { ...API, stages: { dev: { cached: false } } },
      "stages.dev.cached is unknown; allowed are service, audiences, principals",
    ],
    ["a stage without audiences", { ...API, stages: { dev: { audiences: [] } } }, "stages.dev.audiences is empty"],
    ["a stage with a space", stage("dev "), stageNames],
    ["a stage without a name", stage(""), stageNames],
    ["a stage of 129 characters", stage("a".repeat(129)), stageNames],
    ["a stage $latest", stage("$latest"), stageNames],
    ["a stage __proto__", stage("__proto__"), stageNames],
    ["a stage constructor", stage("constructor"), stageNames],
    ["a stage prototype", stage("prototype"), stageNames],
    [
      "a stage twice",
      '{"service":"a","audiences":["a"],"stages":{"dev":{},"dev":{}}}',
      'the member "dev" is written twice',
    ],
  ] as const)("%s", ([, document, problem]) => {
    const { code, detail } = faultOf(() => read(document));
    expect(code).toBe("DOCUMENT_INVALID");
    expect(detail).toContain(`parameter ${NAME} (version 7) cannot be read: ${problem}`);
  });

  test("a version that is too new is an error of its own", () => {
    expect(faultOf(() => read({ ...API, version: 2 })).code).toBe("DOCUMENT_TOO_NEW");
  });
});

describe("an audience is 1 to 1,024 printable ASCII characters without a space", () => {
  test.for([
    ["a", true],
    ["https://kubernetes.default.svc", true],
    ["!~", true],
    ["", false],
    [" ", false],
    ["a b", false],
    ["a\n", false],
    ["é", false],
    ["\u007f", false],
    ["a".repeat(1024), true],
    ["a".repeat(1025), false],
  ] as const)("%j: %s", ([text, verdict]) => {
    expect(isAudience(text)).toBe(verdict);
  });
});
