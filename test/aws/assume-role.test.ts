import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createAssumeRole } from "../../lib/aws/assume-role.ts";
import { ServiceFailure } from "../../lib/service/outgoing.ts";
import { callerOf } from "../service/credential/support.ts";
import { startHttpServer } from "../support/faulty-server.ts";
import { ManualClock } from "../support/manual-clock.ts";

const ROLE = "arn:aws:iam::123456789012:role/reports";
const CANARY = "canary-4711";
const pod = { name: "checkout-5d9c", uid: "0b2d2c5e-6f9d-4d41-9f55-1a3f1d7a2f10" };

interface Answer {
  readonly status?: number;
  readonly body: string;
}

/** A server that speaks the query protocol of STS (AWS STS API reference), and sessions from it. */
async function startSts(capacity?: number) {
  const clock = new ManualClock();
  const asked: URLSearchParams[] = [];
  const authorizations: (string | undefined)[] = [];
  const state = {
    lifetimeSeconds: 3600,
    answer: (): Answer | undefined => ({ body: sessionBody(asked.length, clock.now() + state.lifetimeSeconds) }),
  };
  const server = await startHttpServer(async (request, response) => {
    asked.push(new URLSearchParams(Buffer.concat(await request.toArray()).toString()));
    authorizations.push(request.headers.authorization);
    const answer = state.answer();
    if (answer === undefined) return;
    response.writeHead(answer.status ?? 200, { "content-type": "text/xml" });
    response.end(answer.body);
  });
  process.env["AWS_REGION"] = "us-east-1";
  process.env["AWS_ACCESS_KEY_ID"] = "FUNCTIONSOWN";
  process.env["AWS_SECRET_ACCESS_KEY"] = `${CANARY}-own`;
  process.env["AWS_ENDPOINT_URL_STS"] = `http://127.0.0.1:${server.port}`;
  const assumeRole = createAssumeRole(clock, capacity);
  return {
    clock,
    asked,
    authorizations,
    state,
    assumeRole,
    /** The access keys that these callers are given. */
    keys: async (...callers: readonly ReturnType<typeof callerOf>[]) =>
      (await Promise.all(callers.map((caller) => assumeRole(ROLE, caller)))).map(({ accessKeyId }) => accessKeyId),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function sessionBody(number: number, expiresAt: number, without = ""): string {
  const members = {
    AccessKeyId: `ASIA${number}`,
    SecretAccessKey: `${CANARY}-secret`,
    SessionToken: `${CANARY}-token`,
    Expiration: new Date(expiresAt * 1000).toISOString(),
  };
  const credentials = Object.entries(members)
    .filter(([name]) => name !== without)
    .map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>${credentials.join("")}</Credentials></AssumeRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>`;
}

function errorBody(code: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${CANARY}</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
}

/** Tags by key, as they were asked for. */
function tagsOf(asked: URLSearchParams | undefined): Record<string, string | null> {
  const tags: Record<string, string | null> = {};
  for (let number = 1; asked?.has(`Tags.member.${number}.Key`); number++) {
    tags[asked.get(`Tags.member.${number}.Key`) ?? ""] = asked.get(`Tags.member.${number}.Value`);
  }
  return tags;
}

function transitiveOf(asked: URLSearchParams | undefined): string[] {
  return [...(asked ?? [])].filter(([name]) => name.startsWith("TransitiveTagKeys.member.")).map(([, value]) => value);
}

async function failureOf(promise: Promise<unknown>): Promise<ServiceFailure> {
  try {
    await promise;
  } catch (failure) {
    if (!(failure instanceof ServiceFailure)) throw failure;
    expect(inspect(failure, { depth: 20, showHidden: true, maxStringLength: null })).not.toContain(CANARY);
    return failure;
  }
  throw new Error("nothing failed");
}

describe("what is asked for", () => {
  test("role, session name and the tags of EKS Pod Identity, transitive, by the function's own credentials", async () => {
    await using sts = await startSts();
    const session = await sts.assumeRole(ROLE, callerOf({ pod }));
    expect(session).toEqual({
      accessKeyId: "ASIA1",
      secretAccessKey: `${CANARY}-secret`,
      sessionToken: `${CANARY}-token`,
    });

    const [asked] = sts.asked;
    const hash = createHash("sha256").update("dev/payments/checkout").digest("hex");
    expect(asked?.get("Action")).toBe("AssumeRole");
    expect(asked?.get("RoleArn")).toBe(ROLE);
    expect(asked?.get("RoleSessionName")).toBe(`podgate-${hash.slice(0, 32)}`);
    expect(asked?.get("DurationSeconds")).toBe("3600");
    const tags = {
      "eks-cluster-name": "dev",
      "kubernetes-namespace": "payments",
      "kubernetes-service-account": "checkout",
      "kubernetes-pod-name": pod.name,
      "kubernetes-pod-uid": pod.uid,
    };
    expect(tagsOf(asked)).toEqual(tags);
    expect(transitiveOf(asked)).toEqual(Object.keys(tags));
    expect(sts.authorizations).toEqual([expect.stringContaining("Credential=FUNCTIONSOWN/")]);
  });

  test("a caller without a pod has no tags of one", async () => {
    await using sts = await startSts();
    await sts.assumeRole(ROLE, callerOf());
    expect(Object.keys(tagsOf(sts.asked[0]))).toEqual([
      "eks-cluster-name",
      "kubernetes-namespace",
      "kubernetes-service-account",
    ]);
  });

  test("the longest names that Kubernetes has fit what STS takes", async () => {
    await using sts = await startSts();
    const label = "a".repeat(63);
    const subdomain = `${`${label}.`.repeat(3)}${"a".repeat(61)}`;
    await sts.assumeRole(
      ROLE,
      callerOf({
        cluster: label,
        namespace: label,
        serviceAccount: subdomain,
        pod: { name: subdomain, uid: "a-".repeat(64) },
      }),
    );
    const [asked] = sts.asked;
    expect(asked?.get("RoleSessionName")).toMatch(/^[\w+=,.@-]{2,64}$/);
    for (const value of Object.values(tagsOf(asked))) expect(value).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u);
  });
});

describe("a session is kept", () => {
  test("for the same role, principal and pod", async () => {
    await using sts = await startSts();
    expect(await sts.keys(callerOf({ pod }))).toEqual(["ASIA1"]);
    expect(await sts.keys(callerOf({ pod }))).toEqual(["ASIA1"]);
    expect(sts.asked).toHaveLength(1);
  });

  test("and never given to another pod, principal, cluster or role", async () => {
    await using sts = await startSts();
    const callers = [
      callerOf({ pod }),
      callerOf({ pod: { ...pod, uid: "another" } }),
      callerOf(),
      callerOf({ pod, serviceAccount: "billing" }),
      callerOf({ pod, namespace: "other" }),
      callerOf({ pod, cluster: "prod" }),
    ];
    expect(new Set(await sts.keys(...callers)).size).toBe(callers.length);
    const other = await sts.assumeRole(`${ROLE}-2`, callerOf({ pod }));
    expect(other.accessKeyId).toBe(`ASIA${callers.length + 1}`);
  });

  test("many calls at once open one", async () => {
    await using sts = await startSts();
    expect(new Set(await sts.keys(...Array.from({ length: 100 }, () => callerOf({ pod })))).size).toBe(1);
    expect(sts.asked).toHaveLength(1);
  });

  test.for([
    { lifetime: 3600, seconds: 3539, key: "ASIA1" },
    { lifetime: 3600, seconds: 3540, key: "ASIA2" },
    { lifetime: 900, seconds: 839, key: "ASIA1" },
    { lifetime: 900, seconds: 840, key: "ASIA2" },
    { lifetime: 30, seconds: 0, key: "ASIA2" },
  ])("that ends after $lifetime s, after $seconds s it is $key", async ({ lifetime, seconds, key }) => {
    await using sts = await startSts();
    sts.state.lifetimeSeconds = lifetime;
    await sts.keys(callerOf());
    sts.clock.advance(seconds);
    expect(await sts.keys(callerOf())).toEqual([key]);
  });

  test("in a bounded number: the least recently used goes first", async () => {
    await using sts = await startSts(3);
    const numbered = (number: number) => callerOf({ pod: { name: "a", uid: `${number}` } });
    for (const number of [1, 2, 3, 1, 4]) await sts.keys(numbered(number));
    expect(await sts.keys(numbered(1), numbered(3), numbered(4))).toEqual(["ASIA1", "ASIA3", "ASIA4"]);
    expect(await sts.keys(numbered(2))).toEqual(["ASIA5"]);
  });
});

describe("without a session it is CREDENTIAL_FAILED, and the role and the error's name are told", () => {
  test.for([
    { status: 403, code: "AccessDenied", requests: 1, told: "AccessDenied" },
    { status: 400, code: "PackedPolicyTooLarge", requests: 1, told: "PackedPolicyTooLargeException" },
    { status: 403, code: "RegionDisabledException", requests: 1, told: "RegionDisabledException" },
    { status: 400, code: "Throttling", requests: 2, told: "Throttling" },
    { status: 503, code: "ServiceUnavailable", requests: 2, told: "ServiceUnavailable" },
  ])("$status $code after $requests", async ({ status, code, requests, told }) => {
    await using sts = await startSts();
    sts.state.answer = () => ({ status, body: errorBody(code) });
    const failure = await failureOf(sts.keys(callerOf()));
    expect(failure.code).toBe("CREDENTIAL_FAILED");
    expect(failure.message).toContain(`STS AssumeRole failed (${told}) for ${ROLE};`);
    expect(sts.asked).toHaveLength(requests);
  });

  test.for(["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"])("an answer without %s", async (member) => {
    await using sts = await startSts();
    sts.state.answer = () => ({ body: sessionBody(1, sts.clock.now() + 3600, member) });
    expect((await failureOf(sts.keys(callerOf()))).message).toContain("(an answer without credentials)");
  });

  test.for([
    { body: `<html>${CANARY}` },
    { body: `{"${CANARY}":1}` },
    { body: "<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>" },
    { body: sessionBody(1, 1_800_000_000).slice(0, 250) },
  ])("an answer that is none: $body", async (answer) => {
    await using sts = await startSts();
    sts.state.answer = () => answer;
    expect((await failureOf(sts.keys(callerOf()))).code).toBe("CREDENTIAL_FAILED");
  });

  test("an STS that never answers, within some seconds", async () => {
    await using sts = await startSts();
    sts.state.answer = () => undefined;
    const startedAt = performance.now();
    expect((await failureOf(sts.keys(callerOf()))).code).toBe("CREDENTIAL_FAILED");
    expect(performance.now() - startedAt).toBeLessThan(3500);
  });

  test("a failure is not kept", async () => {
    await using sts = await startSts();
    const { answer } = sts.state;
    sts.state.answer = () => ({ status: 403, body: errorBody("AccessDenied") });
    await failureOf(sts.keys(callerOf()));
    sts.state.answer = answer;
    expect(await sts.keys(callerOf())).toEqual(["ASIA2"]);
  });
});
