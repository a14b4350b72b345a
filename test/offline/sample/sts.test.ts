import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type SampleService, startSampleService } from "../../../offline/sample/service.ts";
import { call } from "./service-and-call.ts";
import { Sha256 } from "./sha256.ts";

let service: SampleService;
let behind = 0;

beforeAll(async () => {
  service = await startSampleService({ clock: () => Date.now() / 1000 + behind });
});

beforeEach(() => {
  behind = 0;
  service.forgetRequests();
});

afterAll(() => service[Symbol.asyncDispose]());

const ROLE = "arn:aws:iam::123456789012:role/podgate-sample";

async function assume(
  more: Partial<AssumeRoleCommandInput> = {},
  credentials = { accessKeyId: "offline", secretAccessKey: "offline" },
) {
  const client = new STSClient({ endpoint: service.stsUrl, region: "us-east-1", credentials, maxAttempts: 1 });
  try {
    return await client.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: "podgate-0123", ...more }));
  } finally {
    client.destroy();
  }
}

/** The name of the error that the SDK throws, or `assumed`. */
async function outcomeOf(assuming: Promise<unknown>): Promise<string> {
  try {
    await assuming;
    return "assumed";
  } catch (error) {
    return error instanceof Error ? error.name : "no error";
  }
}

describe("AssumeRole, asked by the SDK's client", () => {
  test("gives out a session", async () => {
    const before = Date.now();
    const { Credentials, AssumedRoleUser } = await assume({ DurationSeconds: 900 });
    expect(Credentials?.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(Credentials?.SecretAccessKey).toMatch(/^\S{40}$/);
    expect(Credentials?.SessionToken).toMatch(/^\S{100,}$/);
    const lives = (Credentials?.Expiration?.getTime() ?? 0) - before;
    expect(lives).toBeGreaterThan(898_000);
    expect(lives).toBeLessThanOrEqual(920_000);
    expect(AssumedRoleUser?.Arn).toBe("arn:aws:sts::123456789012:assumed-role/podgate-sample/podgate-0123");
    expect(AssumedRoleUser?.AssumedRoleId).toMatch(/^AROA[A-Z2-7]{17}:podgate-0123$/);
  });

  const tag = (Key: string, Value = "v") => ({ Key, Value });
  const tags = (count: number) => Array.from({ length: count }, (_, index) => tag(`tag${index}`));

  test.for<[string, Partial<AssumeRoleCommandInput>, string]>([
    ["a role in a path", { RoleArn: "arn:aws:iam::123456789012:role/team/podgate-sample" }, "assumed"],
    ["a role that does not trust the caller", { RoleArn: "arn:aws:iam::123456789012:role/admin" }, "AccessDenied"],
    ["a role of another account", { RoleArn: "arn:aws:iam::210987654321:role/podgate-sample" }, "AccessDenied"],
    ["what is no role", { RoleArn: "arn:aws:iam::123456789012:user/podgate" }, "ValidationError"],
    ["a session name of 64", { RoleSessionName: "a".repeat(64) }, "assumed"],
    ["a session name of 65", { RoleSessionName: "a".repeat(65) }, "ValidationError"],
    ["a session name with a slash", { RoleSessionName: "a/b" }, "ValidationError"],
    ["900 s", { DurationSeconds: 900 }, "assumed"],
    ["899 s", { DurationSeconds: 899 }, "ValidationError"],
    ["43,200 s", { DurationSeconds: 43_200 }, "assumed"],
    ["43,201 s", { DurationSeconds: 43_201 }, "ValidationError"],
    ["50 tags", { Tags: tags(50) }, "assumed"],
    ["51 tags", { Tags: tags(51) }, "ValidationError"],
    ["a tag key of 128", { Tags: [tag("k".repeat(128))] }, "assumed"],
    ["a tag key of 129", { Tags: [tag("k".repeat(129))] }, "ValidationError"],
    ["a tag value of 256", { Tags: [tag("k", "v".repeat(256))] }, "assumed"],
    ["a tag value of 257", { Tags: [tag("k", "v".repeat(257))] }, "ValidationError"],
    ["a tag value with a star", { Tags: [tag("k", "a*")] }, "ValidationError"],
    ["a tag key twice, in other case", { Tags: [tag("key"), tag("KEY")] }, "InvalidParameterValue"],
  ])("%s: %s", async ([, more, outcome]) => {
    expect(await outcomeOf(assume(more))).toBe(outcome);
  });

  test.for<[string, { accessKeyId: string; secretAccessKey: string }, string]>([
    ["an unknown key", { accessKeyId: "AKIAOTHER", secretAccessKey: "offline" }, "InvalidClientTokenId"],
    ["another secret", { accessKeyId: "offline", secretAccessKey: "offlinf" }, "SignatureDoesNotMatch"],
  ])("%s: %s", async ([, credentials, outcome]) => {
    expect(await outcomeOf(assume({}, credentials))).toBe(outcome);
  });

  test("another action is refused as STS refuses it", async () => {
    const answer = await call(service.url, "/_sts/", { method: "POST", body: "Action=AssumeRole&Version=2011-06-15" });
    expect(answer.status).toBe(403);
    expect(answer.headers["content-type"]).toBe("text/xml");
    expect(answer.body.toString()).toContain("<Code>MissingAuthenticationToken</Code>");
  });
});

describe("/sigv4, signed with a session", () => {
  async function callSigned(path: string, change: { body?: string } = {}) {
    const { Credentials } = await assume({ Tags: [{ Key: "kubernetes-namespace", Value: "payments" }] });
    const signer = new SignatureV4({
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? "",
        secretAccessKey: Credentials?.SecretAccessKey ?? "",
        sessionToken: Credentials?.SessionToken ?? "",
      },
      region: "us-east-1",
      service: "execute-api",
      sha256: Sha256,
    });
    const { host, hostname } = new URL(service.url);
    const body = "the body";
    const { headers } = await signer.sign({
      method: "POST",
      protocol: "http:",
      hostname,
      path,
      query: { a: "1" },
      headers: { host },
      body,
    });
    const send = () => call(service.url, `${path}?a=1`, { method: "POST", headers, body: change.body ?? body });
    return { send, credentials: Credentials };
  }

  test("shows role, session and tags, and nothing of the key", async () => {
    const { send, credentials } = await callSigned("/sigv4/a%20b");
    const { status, body } = await send();
    expect(status).toBe(200);
    expect(JSON.parse(body.toString())).toMatchObject({
      credential: "right",
      caller: { role: ROLE, sessionName: "podgate-0123", tags: { "kubernetes-namespace": "payments" } },
      path: "/sigv4/a%20b",
    });
    for (const secret of [credentials?.SecretAccessKey, credentials?.SessionToken, credentials?.AccessKeyId]) {
      expect(body.toString()).not.toContain(secret);
    }
  });

  test("a changed byte is 403 with AWS's code", async () => {
    const { send } = await callSigned("/sigv4", { body: "the bodz" });
    const { status, headers } = await send();
    expect(status).toBe(403);
    expect(headers["x-amzn-errortype"]).toBe("InvalidSignatureException");
  });

  test("a session is refused once it was revoked", async () => {
    const { send } = await callSigned("/sigv4");
    expect((await send()).status).toBe(200);
    service.revokeTokens();
    expect((await send()).headers["x-amzn-errortype"]).toBe("UnrecognizedClientException");
  });

  test("an old signature is refused", async () => {
    const { send } = await callSigned("/sigv4");
    behind = 400;
    expect((await send()).headers["x-amzn-errortype"]).toBe("InvalidSignatureException");
  });
});
