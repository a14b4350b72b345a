import { describe, expect, test } from "vitest";
import { parseExternalService } from "../../lib/service/external-service.ts";
import { faultOf, stored } from "../permission/documents.ts";

const NAME = "/podgate/test/services/github";
const NONE = { url: "https://api.github.com", credential: { type: "none" } };
const HEADER = { type: "header", name: "Authorization", value: "Bearer {secret}", secret: "token" };
const BASIC = { type: "basic", username: "podgate", secret: "password" };
const OAUTH2 = {
  type: "oauth2-client-credentials",
  tokenURL: "https://id.example.com/token",
  clientId: "podgate",
  secret: "client",
};
const AWS = {
  type: "aws-sigv4",
  region: "eu-west-1",
  signingName: "execute-api",
  roleArn: "arn:aws:iam::123456789012:role/orders-caller",
};

function read(document: unknown) {
  return parseExternalService(stored(document, NAME));
}

function problemOf(document: unknown): string {
  const { code, detail } = faultOf(() => read(document));
  expect(code).toBe("DOCUMENT_INVALID");
  return detail;
}

/** `read`, or the problem that it has. */
function outcomeOf(document: unknown): "read" | "refused" {
  try {
    read(document);
    return "read";
  } catch {
    problemOf(document);
    return "refused";
  }
}

describe("a service document", () => {
  test("has 10 s and the public network, and bounds nobody, if it does not say otherwise", () => {
    expect(read(NONE)).toEqual({
      ...NONE,
      timeoutSeconds: 10,
      network: "public",
      document: { name: NAME, version: 7 },
    });
  });

  test("says all that it may say", () => {
    const members = {
      url: "https://a.example:8443/v1/x",
      credential: HEADER,
      principals: ["prod-seoul/payments/*"],
      timeoutSeconds: 25,
      identityHeader: "X-Podgate-Principal",
      network: "private",
    };
    expect(read({ version: 1, ...members })).toEqual({ ...members, document: { name: NAME, version: 7 } });
  });

  test.for([NONE.credential, HEADER, BASIC, OAUTH2, { ...OAUTH2, scope: "a b:c" }, AWS])(
    "has the credential as it is written: %j",
    (credential) => {
      expect(read({ ...NONE, credential }).credential).toEqual(credential);
    },
  );

  test("of a version that is too new is an error of its own", () => {
    expect(faultOf(() => read({ ...NONE, version: 2 })).code).toBe("DOCUMENT_TOO_NEW");
  });
});

describe("a service document that cannot be read is an error that names the member (S24)", () => {
  const types = "none, header, basic, oauth2-client-credentials, aws-sigv4";
  test.for([
    ["nothing said", {}, "url is missing; credential is missing"],
    [
      "a misspelt member",
      { ...NONE, principal: ["a/b/c"] },
      "principal is unknown; allowed are version, url, credential, principals, timeoutSeconds, identityHeader, network",
    ],
    ["a url that is a number", { ...NONE, url: 1 }, "url is not a string"],
    ["no principals", { ...NONE, principals: [] }, "principals is empty, which would admit nobody"],
    ["a principal of two parts", { ...NONE, principals: ["a/b"] }, "principals[0] is not `<cluster>/<namespace>/"],
    ["another network", { ...NONE, network: "vpc" }, 'network is neither "public" nor "private"'],
    ["a credential that is null", { ...NONE, credential: null }, "credential is not an object"],
    ["a credential that is a list", { ...NONE, credential: [] }, "credential is not an object"],
    ["a credential without type", { ...NONE, credential: { secret: "a" } }, "credential.type is missing"],
    ["another credential", { ...NONE, credential: { type: "bearer" } }, `credential.type is none of ${types}`],
    ["a credential like a method", { ...NONE, credential: { type: "constructor" } }, "credential.type is none of"],
    ["a type that is a list", { ...NONE, credential: { type: ["none"] } }, "credential.type is none of"],
    [
      "a secret where none is used",
      { ...NONE, credential: { type: "none", secret: "a" } },
      "credential.secret is unknown; allowed are type",
    ],
    [
      "a member of another credential",
      { ...NONE, credential: { ...BASIC, value: "{secret}" } },
      "credential.value is unknown; allowed are type, username, secret",
    ],
    ["a header without value", { ...NONE, credential: { ...HEADER, value: undefined } }, "credential.value is missing"],
    ["no role", { ...NONE, credential: { ...AWS, roleArn: undefined } }, "credential.roleArn is missing"],
    [
      "a credential that is the identity header",
      { ...NONE, credential: { ...HEADER, name: "X_Who" }, identityHeader: "x-who" },
      "the document gives identityHeader and the credential one name",
    ],
    ["a member twice", '{"url":"https://a.example","url":"https://b.example"}', 'the member "url" is written twice'],
  ] as const)("%s", ([, document, problem]) => {
    expect(problemOf(document)).toContain(`parameter ${NAME} (version 7) cannot be read: ${problem}`);
  });
});

describe("url is https in the spelling in which it is sent; plain http is judged where the connection is made", () => {
  test.for([
    ["https://api.github.com", "read"],
    ["https://api.github.com:8443", "read"],
    ["https://a.example/v1", "read"],
    ["https://a.example/v1/%20x", "read"],
    ["https://10.0.0.1", "read"],
    ["https://[fd12::1]/x", "read"],
    ["http://127.0.0.1:4102", "read"],
    ["https://api.github.com/", "refused"],
    ["https://a.example/v1/", "refused"],
    ["https://a.example//v1", "refused"],
    ["https://a.example/v1/../v2", "refused"],
    ["https://a.example/v1/%2e%2e", "refused"],
    ["https://a.example/v1/.", "refused"],
    ["https://a.example?x=1", "refused"],
    ["https://a.example/v1?", "refused"],
    ["https://a.example/v1#", "refused"],
    ["https://user@a.example", "refused"],
    ["https://user:password@a.example/v1", "refused"],
    ["https://:password@a.example", "refused"],
    ["https://@a.example", "refused"],
    ["https://A.example", "refused"],
    ["https://a.example:443", "refused"],
    ["https://0x7f.1", "refused"],
    ["https://a.example\\v1", "refused"],
    [" https://a.example", "refused"],
    ["https://a.example\n", "refused"],
    ["ftp://a.example", "refused"],
    ["file:///etc/passwd", "refused"],
    ["https:a.example", "refused"],
    ["https://", "refused"],
    ["", "refused"],
  ] as const)("%j is %s", ([url, outcome]) => {
    expect(outcomeOf({ ...NONE, url })).toBe(outcome);
  });
});

describe("timeoutSeconds is a whole number from 1 to 25", () => {
  test.for([
    [0, "refused"],
    [1, "read"],
    [25, "read"],
    [26, "refused"],
    [1.5, "refused"],
    [-1, "refused"],
    ["10", "refused"],
    [null, "refused"],
  ] as const)("%j is %s", ([timeoutSeconds, outcome]) => {
    expect(outcomeOf({ ...NONE, timeoutSeconds })).toBe(outcome);
  });
});

describe("identityHeader is a header's name that neither the connection nor a credential needs", () => {
  test.for([
    ["X-Podgate-Principal", "read"],
    ["X-Forwarded-User", "read"],
    ["x_who", "read"],
    ["a".repeat(64), "read"],
    ["a".repeat(65), "refused"],
    ["", "refused"],
    ["X Who", "refused"],
    ["X-Who:", "refused"],
    ["X-Who\r\nHost", "refused"],
    ["X-Wé", "refused"],
    ["Host", "refused"],
    ["content_length", "refused"],
    ["Expect", "refused"],
    ["Connection", "refused"],
    ["TE", "refused"],
    ["Transfer-Encoding", "refused"],
    ["Transfer_Encoding", "refused"],
    ["Proxy-Authorization", "refused"],
    ["X-HTTP-Method-Override", "refused"],
    ["X-Original-URL", "refused"],
    ["Authorization", "refused"],
    ["Cookie", "refused"],
    ["X-Amz-Security-Token", "refused"],
  ] as const)("%j is %s", ([identityHeader, outcome]) => {
    expect(outcomeOf({ ...NONE, identityHeader })).toBe(outcome);
  });
});

describe("a credential's member is refused where it could not be meant", () => {
  test.for([
    {
      member: "secret",
      credential: HEADER,
      good: ["a", "A-b_c.9", "...a", "a".repeat(64)],
      bad: ["", ".", "..", "..."],
    },
    {
      member: "secret",
      credential: BASIC,
      good: ["a"],
      bad: ["a".repeat(65), "a/b", "../other/token", "a b", "a:1", 1],
    },
    { member: "secret", credential: OAUTH2, good: ["a"], bad: ["é", "a\n", "/podgate/prod/secrets/other/token"] },
    {
      member: "name",
      credential: HEADER,
      good: ["Authorization", "X-Api-Key", "Cookie", "a".repeat(64)],
      bad: ["", "a".repeat(65), "X Key", "X-Key:", "Host", "Content-Length", "Connection", "Keep-Alive", "Trailer"],
    },
    {
      member: "name",
      credential: HEADER,
      good: ["PRIVATE-TOKEN"],
      bad: ["Upgrade", "te", "transfer_encoding", "Expect", "Proxy-Authorization", "X-Method-Override", "X\n"],
    },
    {
      member: "value",
      credential: HEADER,
      good: ["{secret}", "Bearer {secret}", "{secret}{secret}", `{secret}${"a".repeat(1016)}`],
      bad: ["", "Bearer", "{Secret}", "{secret}\r\nX: y", "{secret}\n", "{secret}\0", "é{secret}", "{secret}\t"],
    },
    { member: "value", credential: HEADER, good: [], bad: [`{secret}${"a".repeat(1017)}`, 1, null] },
    {
      member: "username",
      credential: BASIC,
      good: ["", "a b", "é", "a".repeat(256)],
      bad: ["a:b", "a\n", "a\0", "\u0085", "a".repeat(257), 1],
    },
    {
      member: "tokenURL",
      credential: OAUTH2,
      good: ["https://a.example/token?x=1", "http://127.0.0.1:4102/token", "https://a.example"],
      bad: ["a.example/token", "ftp://a.example", "https://u@a.example", "https://:p@a.example", "https://a.example/#"],
    },
    {
      member: "tokenURL",
      credential: OAUTH2,
      good: [`https://a.example/${"a".repeat(2030)}`],
      bad: [
        "",
        " https://a.example",
        "https://a.example/\n",
        "https://é.example",
        `https://a.example/${"a".repeat(2031)}`,
      ],
    },
    {
      member: "clientId",
      credential: OAUTH2,
      good: ["a b:c", "a".repeat(256)],
      bad: ["", "é", "a\n", "a".repeat(257)],
    },
    {
      member: "scope",
      credential: OAUTH2,
      good: ["a", "a b", "https://a.example/x", "a".repeat(1024)],
      bad: ["", " a", "a ", "a  b", 'a"', "a\\", "é", "a\tb", "a".repeat(1025)],
    },
    {
      member: "region",
      credential: AWS,
      good: ["us-east-1", "a".repeat(32)],
      bad: ["", "US-EAST-1", "us east", "a/b", "a".repeat(33)],
    },
    {
      member: "signingName",
      credential: AWS,
      good: ["s3", "execute-api", "lambda-x", "a".repeat(64)],
      bad: ["sts", "iam", "kms", "ssm", "lambda", "STS", "", "a/b", "a".repeat(65)],
    },
    {
      member: "roleArn",
      credential: AWS,
      good: ["arn:aws-cn:iam::123456789012:role/a/b.c@d", "arn:aws-us-gov:iam::123456789012:role/a"],
      bad: [
        "",
        "a",
        "arn:aws:iam::12345678901:role/a",
        "arn:aws:iam::123456789012:user/a",
        "arn:aws:iam::123456789012:role/",
      ],
    },
  ])("$credential.type $member", ({ member, credential, good, bad }) => {
    for (const value of good) expect(read({ ...NONE, credential: { ...credential, [member]: value } })).toBeDefined();
    for (const value of bad) {
      const problem = problemOf({ ...NONE, credential: { ...credential, [member]: value } });
      expect(problem).toContain(`cannot be read: credential.${member} is `);
    }
  });
});
