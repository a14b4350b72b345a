import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createCredentialMaker } from "../../../lib/service/credential/make-credential.ts";
import { type OutgoingRequest, ServiceFailure } from "../../../lib/service/outgoing.ts";
import { startHttpServer } from "../../support/faulty-server.ts";
import { fixedClock } from "../../support/manual-clock.ts";
import { type Received, signatureOf } from "./received-signature.ts";
import { callerOf, callLoopback, failureOf, requestOf } from "./support.ts";

const ROLE = "arn:aws:iam::123456789012:role/reports";
const SESSION = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "canary-secret", sessionToken: "canary-token" };
/** 2015-08-30T12:36:00Z. */
const NOW = 1_440_938_160;
const DATE = "20150830T123600Z";

function startSigner(signingName: string, assumed: string[] = []) {
  return createCredentialMaker({
    readSecret: () => Promise.reject(new Error("no secret is read here")),
    assumeRole: async (roleArn, { principal }) => {
      assumed.push(`${roleArn} ${principal}`);
      return SESSION;
    },
    call: callLoopback,
    clock: fixedClock(NOW),
  })({
    service: "reports",
    network: "public",
    credential: { type: "aws-sigv4", region: "eu-west-1", signingName, roleArn: ROLE },
  });
}

/** Signs a request, sends it, and tells what a server received. */
async function sendSigned(signingName: string, path: string, more: Partial<OutgoingRequest> = {}) {
  const got: Received[] = [];
  await using server = await startHttpServer(async (request, response) => {
    const { method = "", url: target = "", rawHeaders: raw } = request;
    const headers = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ""] as const] : []));
    got.push({ method, target, headers, body: Buffer.concat(await request.toArray()) });
    response.end();
  });
  const request = requestOf({ ...more, url: `http://127.0.0.1:${server.port}${path}` });
  const signed = await startSigner(signingName).apply(request, callerOf());
  const answer = await callLoopback(signed, { network: "public", connectSeconds: 2, totalSeconds: 5, maxBytes: 100 });
  expect(answer.status).toBe(200);
  const [received] = got;
  if (received === undefined) throw new Error("nothing was received");
  return { received, host: `127.0.0.1:${server.port}` };
}

function headerOf({ headers }: Received, name: string): readonly string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

function readAuthorization(received: Received) {
  const [authorization = "", ...others] = headerOf(received, "authorization");
  expect(others).toEqual([]);
  const [, credential, signedHeaders = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(authorization) ?? [];
  return { credential, signedHeaders: signedHeaders.split(";"), signature };
}

function expectedSignature(received: Received, service: string): string {
  const { signedHeaders } = readAuthorization(received);
  const scope = { date: DATE, region: "eu-west-1", service, secretAccessKey: SESSION.secretAccessKey };
  return signatureOf(received, signedHeaders, scope);
}

test("the check itself finds the signature of AWS's own example (get-vanilla of its test suite)", () => {
  const received: Received = {
    method: "GET",
    target: "/",
    headers: [
      ["Host", "example.amazonaws.com"],
      ["X-Amz-Date", DATE],
    ],
    body: Buffer.alloc(0),
  };
  const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  const scope = { date: DATE, region: "us-east-1", service: "service", secretAccessKey };
  expect(signatureOf(received, ["host", "x-amz-date"], scope)).toBe(
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  );
});

describe("what is received is what was signed", () => {
  const body = Buffer.from([0, 255, 13, 10, 128]);
  test.for<{ what: string; service: string; path: string; target?: string; more?: Partial<OutgoingRequest> }>([
    { what: "a plain path", service: "execute-api", path: "/prod/items" },
    { what: "the root", service: "execute-api", path: "/" },
    { what: "a slash at the end", service: "execute-api", path: "/prod/items/" },
    { what: "an encoded path", service: "execute-api", path: "/a%20b/%C3%A9%2Fc" },
    {
      what: "a path with characters that may stand as they are",
      service: "execute-api",
      path: "/model/a.b:0/x@y+z'(1)*!,;=$&~-_",
      target: "/model/a.b%3A0/x%40y%2Bz%27%281%29%2A%21%2C%3B%3D%24%26~-_",
    },
    { what: "an encoded path of S3", service: "s3", path: "/bucket/a%20b/%C3%A9" },
    {
      what: "the same of S3",
      service: "s3",
      path: "/bucket/x@y+z'(1)*!%2f%41:0",
      target: "/bucket/x%40y%2Bz%27%281%29%2A%21%2FA%3A0",
    },
    {
      what: "a query, order and repetition kept",
      service: "execute-api",
      path: "/q?b=2&a=2&a=1&b=&B=3&aa=4",
    },
    { what: "a query without values", service: "s3", path: "/bucket?acl&list-type=2&x=" },
    {
      what: "a query in another spelling",
      service: "execute-api",
      path: "/q?a=b+c&d=%2b&e='(*)!&f=%c3%a9&%20=1&&g=a=b&constructor=1",
      target: "/q?a=b%20c&d=%2B&e=%27%28%2A%29%21&f=%C3%A9&%20=1&g=a%3Db&constructor=1",
    },
    { what: "an empty query", service: "execute-api", path: "/q?", target: "/q" },
    { what: "a binary body", service: "execute-api", path: "/b", more: { method: "PUT", body } },
    { what: "a binary body for S3", service: "s3", path: "/b", more: { method: "PUT", body } },
    { what: "a body of 1 MB", service: "s3", path: "/b", more: { method: "POST", body: Buffer.alloc(1_048_576, 7) } },
    { what: "no body", service: "execute-api", path: "/b", more: { method: "DELETE" } },
    {
      what: "headers: repeated, with spaces, rewritten on the way, not ASCII",
      service: "execute-api",
      path: "/h",
      more: {
        method: "POST",
        headers: [
          ["content-type", "application/json; charset=utf-8"],
          ["x-twice", " a "],
          ["x-twice", "b   c"],
          ["accept-encoding", "gzip"],
          ["user-agent", "curl"],
          ["traceparent", "00-1-1-01"],
          ["x-latin", "caf\u00e9"],
          ["x-empty", ""],
          ["__proto__", "a"],
        ],
        body,
      },
    },
  ])("$what ($service)", async ({ service, path, target = path, more }) => {
    const { received, host } = await sendSigned(service, path, more);
    expect(received.target).toBe(target);
    expect(received.body).toEqual(more?.body ?? Buffer.alloc(0));
    const { credential, signedHeaders, signature } = readAuthorization(received);
    expect(credential).toBe(`ASIAEXAMPLE/20150830/eu-west-1/${service}/aws4_request`);
    expect(signature).toBe(expectedSignature(received, service));
    expect(signedHeaders).toEqual(
      expect.arrayContaining(["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]),
    );
    expect(headerOf(received, "host")).toEqual([host]);
    expect(headerOf(received, "x-amz-date")).toEqual([DATE]);
    expect(headerOf(received, "x-amz-security-token")).toEqual(["canary-token"]);
    expect(headerOf(received, "x-amz-content-sha256")).toEqual([
      createHash("sha256").update(received.body).digest("hex"),
    ]);
    const sent = (more?.headers ?? []).map(([name]) => name);
    const unsigned = ["accept-encoding", "user-agent", "traceparent", "x-latin"];
    for (const name of sent) expect([name, signedHeaders.includes(name)]).toEqual([name, !unsigned.includes(name)]);
  });
});

describe("a signature no longer fits", () => {
  const change = {
    "a changed byte of the body": (received: Received) => ({ ...received, body: Buffer.from("bodY") }),
    "another method": (received: Received) => ({ ...received, method: "PUT" }),
    "another path": (received: Received) => ({ ...received, target: received.target.replace("/v1", "/v2") }),
    "another query": (received: Received) => ({ ...received, target: received.target.replace("a=1", "a=2") }),
    "another header": (received: Received) => ({
      ...received,
      headers: received.headers.map(([name, value]) => [name, name === "x-tag" ? "other" : value] as const),
    }),
  };
  test.for(Object.entries(change))("%s", async ([, changed]) => {
    const { received } = await sendSigned("execute-api", "/v1?a=1", {
      method: "POST",
      headers: [["x-tag", "one"]],
      body: Buffer.from("body"),
    });
    const { signature } = readAuthorization(received);
    expect(expectedSignature(received, "execute-api")).toBe(signature);
    expect(expectedSignature(changed(received), "execute-api")).not.toBe(signature);
  });
});

test("what a caller sends in the signature's place does not arrive", async () => {
  const spoofed = ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "date", "host"];
  const { received } = await sendSigned("s3", "/b", { headers: spoofed.map((name) => [name, "spoofed"]) });
  expect(received.headers.flat()).not.toContain("spoofed");
  expect(readAuthorization(received).signature).toBe(expectedSignature(received, "s3"));
});

test("the role is assumed for the caller, for each call", async () => {
  const assumed: string[] = [];
  const credential = startSigner("execute-api", assumed);
  await credential.apply(requestOf(), callerOf());
  await credential.apply(requestOf(), callerOf({ serviceAccount: "billing" }));
  expect(assumed).toEqual([`${ROLE} dev/payments/checkout`, `${ROLE} dev/payments/billing`]);
});

test("a role that cannot be assumed is the failure as it came", async () => {
  const credential = createCredentialMaker({
    readSecret: () => Promise.reject(new Error("no secret is read here")),
    assumeRole: () => Promise.reject(new ServiceFailure("CREDENTIAL_FAILED", "refused")),
    call: callLoopback,
    clock: fixedClock(NOW),
  })({
    service: "reports",
    network: "public",
    credential: { type: "aws-sigv4", region: "eu-west-1", signingName: "s3", roleArn: ROLE },
  });
  expect((await failureOf(credential.apply(requestOf(), callerOf()))).message).toBe("refused");
  expect(await credential.renew(callerOf())).toBe(false);
});

describe("a call that cannot be signed is REQUEST_MALFORMED: the caller wrote it", () => {
  test.for([
    { url: "https://api.example.com/v1?X-Amz-Signature=1", says: "a signature already" },
    { url: "https://api.example.com/v1?x%2Damz-signature=1", says: "a signature already" },
    { url: "https://api.example.com/v1?__proto__=1", says: "a parameter that the signer leaves out" },
    { url: "https://api.example.com/v1?a=%FF", says: "query is not percent-encoded" },
    { url: "https://api.example.com/v1?a=%zz", says: "query is not percent-encoded" },
    { url: "https://api.example.com/%FF", says: "path is not percent-encoded" },
  ])("$url", async ({ url, says }) => {
    const failure = await failureOf(startSigner("s3").apply(requestOf({ url }), callerOf()), "canary");
    expect(failure.code).toBe("REQUEST_MALFORMED");
    expect(failure.message).toContain(says);
  });
});
