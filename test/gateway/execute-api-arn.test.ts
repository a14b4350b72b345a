import { describe, expect, test } from "vitest";
import { parseExecuteApiArn, stageArn } from "../../lib/gateway/execute-api-arn.ts";
import { faultOf } from "../permission/documents.ts";

const PLAIN = "arn:aws:execute-api:us-east-1:123456789012:abc123/dev";

describe("the ARN of a call is read into its parts, the path kept whole", () => {
  test.for([
    { text: `${PLAIN}/GET/v1/x`, stage: "dev", operation: "GET/v1/x" },
    { text: `${PLAIN}/GET/`, stage: "dev", operation: "GET/" },
    { text: `${PLAIN}/GET/a:b/c::d`, stage: "dev", operation: "GET/a:b/c::d" },
    { text: `${PLAIN}/GET//a//b/`, stage: "dev", operation: "GET//a//b/" },
    { text: `${PLAIN}/GET/a%2Fb`, stage: "dev", operation: "GET/a%2Fb" },
    { text: `${PLAIN}/GET/*?\u0024{x}`, stage: "dev", operation: "GET/*?\u0024{x}" },
    { text: `${PLAIN}/GET/a\nb\r`, stage: "dev", operation: "GET/a\nb\r" },
    { text: `${PLAIN}/GET/\u{1f511}`, stage: "dev", operation: "GET/\u{1f511}" },
    { text: `${PLAIN}/$connect`, stage: "dev", operation: "$connect" },
    { text: `${PLAIN.replace("dev", "$default")}/GET/x`, stage: "$default", operation: "GET/x" },
    { text: `${PLAIN.replace("dev", "test-invoke-stage")}/GET/x`, stage: "test-invoke-stage", operation: "GET/x" },
    { text: `${PLAIN.replace("dev", "a".repeat(128))}/GET/x`, stage: "a".repeat(128), operation: "GET/x" },
  ])("$text", ({ text, stage, operation }) => {
    const arn = parseExecuteApiArn(text);
    expect(arn).toEqual({
      text,
      partition: "aws",
      region: "us-east-1",
      account: "123456789012",
      apiId: "abc123",
      stage,
      operation,
    });
    expect(`${stageArn(arn)}/${operation}`).toBe(text);
  });

  test.for([
    ["aws-cn", "cn-north-1"],
    ["aws-us-gov", "us-gov-west-1"],
    ["aws-iso-b", "us-isob-east-1"],
  ])("of the partition %s, which its resources keep", ([partition, region]) => {
    const arn = parseExecuteApiArn(`arn:${partition}:execute-api:${region}:123456789012:abc/dev/GET/x`);
    expect(arn).toMatchObject({ partition, region });
    expect(stageArn(arn)).toBe(`arn:${partition}:execute-api:${region}:123456789012:abc/dev`);
  });
});

describe("what is no ARN of a call is an error", () => {
  test.for([
    [undefined],
    [null],
    [7],
    [[`${PLAIN}/GET/x`]],
    [""],
    [PLAIN],
    ["arn:aws:lambda:us-east-1:123456789012:function:x"],
    [`${PLAIN.replace("123456789012", "12345678901")}/GET/x`],
    [`${PLAIN.replace("123456789012", "undefined")}/GET/x`],
    [`${PLAIN.replace("aws", "azure")}/GET/x`],
    [`${PLAIN.replace("dev", "*")}/GET/x`],
    [`${PLAIN.replace("dev", "")}/GET/x`],
    [`${PLAIN.replace("dev", "a".repeat(129))}/GET/x`],
    [`${PLAIN.replace("abc123", "*")}/GET/x`],
    [`${PLAIN.replace("abc123", "../x")}/GET/x`],
    [`${PLAIN.replace("abc123", "a".repeat(65))}/GET/x`],
    [` ${PLAIN}/GET/x`],
  ])("%j", ([text]) => {
    expect(faultOf(() => parseExecuteApiArn(text)).code).toBe("EVENT_UNREADABLE");
  });
});
