import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Folder, folderOf, podgate } from "../support/podgate.ts";

const ACCESS = `
issuers/oidc.example.com/dev: { url: "https://oidc.example.com/dev", cluster: dev, requireBoundPod: true, maxTokenLifetimeSeconds: 3600 }
apis/a1: { service: orders, audiences: [orders.example.com], principals: ["dev/payments/*"] }
services/github: { url: "https://api.github.com", credential: { type: none } }
permissions/dev/payments/billing:
  allow:
    - { service: orders, methods: [GET], paths: ["/v1/*"] }
    - { service: github, methods: [GET], paths: [/user] }
  deny:
    - { service: orders, methods: ["*"], paths: [/v1/secret] }
`.trimStart();

let folder: Folder;
beforeAll(async () => {
  folder = await folderOf({ "access/a.yaml": ACCESS });
});
afterAll(() => folder[Symbol.asyncDispose]());

async function run(cases: string, inputs: readonly string[] = []) {
  await using files = await folderOf({ "cases.yaml": cases });
  const args = inputs.map((each) => each.replace("FOLDER", files.path));
  const ended = await podgate(["test", join(files.path, "cases.yaml"), "--from", join(folder.path, "access"), ...args]);
  const tidy = (text: string) => text.replaceAll(`${files.path}/`, "").replaceAll(`${folder.path}/`, "");
  const junit = inputs.includes("--junit") ? tidy(await readFile(join(files.path, "junit.xml"), "utf8")) : "";
  return { exitCode: ended.exitCode, stdout: tidy(ended.stdout), stderr: tidy(ended.stderr), junit };
}

const BILLING = "as: dev/payments/billing, service: orders, method: GET, path: /v1/a";

describe("cases", () => {
  test("that hold, of every sort", async () => {
    const cases = `
cases:
  - { ${BILLING}, expect: allow, rule: "permissions/dev/payments/billing#allow[0]" }
  - { as: dev/payments/billing, service: orders, method: [GET, POST], path: [/v1/secret, /v1/secret], expect: ACCESS_DENIED }
  - { as: dev/payments/billing, service: orders, method: [PUT, POST], path: [/v1/a, /v2/b], expect: refuse }
  - { as: dev/shop/cart, service: orders, method: GET, path: /v1/a, expect: PRINCIPAL_NOT_ADMITTED }
  - { as: dev/payments/billing, service: github, method: GET, path: /user, expect: allow, forward: true }
  - { ${BILLING}, token: { audiences: [other] }, expect: TOKEN_AUDIENCE_MISMATCH }
  - { ${BILLING}, token: { issuedAgo: 600, expiresIn: -60 }, expect: TOKEN_EXPIRED }
  - { ${BILLING}, token: { issuedAgo: -120 }, expect: TOKEN_NOT_YET_VALID }
  - { ${BILLING}, token: { expiresIn: 3601 }, expect: TOKEN_LIFETIME_TOO_LONG }
  - { ${BILLING}, token: { podBound: false }, expect: TOKEN_NOT_POD_BOUND }
`;
    expect(await run(cases)).toEqual({ exitCode: 0, stdout: "16 passed, 0 failed\n", stderr: "", junit: "" });
  });

  test("that fail are told with place, expectation and reason, and written for CI", async () => {
    const cases = `
cases:
  - { ${BILLING}, expect: refuse }
  - name: billing & "friends" <write>
    as: dev/payments/billing
    service: orders
    method: POST
    path: /v1/a
    expect: allow
  - { ${BILLING}, expect: allow, rule: "permissions/dev/_all#allow[0]" }
  - { ${BILLING}, expect: allow }
`;
    const { exitCode, stdout, junit } = await run(cases, ["--junit", "FOLDER/junit.xml"]);
    expect(exitCode).toBe(1);
    expect(stdout).toBe(
      [
        "FAILED cases.yaml:3: dev/payments/billing: GET /v1/a on orders",
        "  expected refuse",
        "  was      allow by permissions/dev/payments/billing#allow[0]: a rule allows it (access/a.yaml:6)",
        'FAILED cases.yaml:4: billing & "friends" <write>: POST /v1/a on orders',
        "  expected allow",
        "  was      ACCESS_NOT_ALLOWED: no rule allows POST /v1/a on orders",
        "FAILED cases.yaml:10: dev/payments/billing: GET /v1/a on orders",
        "  expected allow by permissions/dev/_all#allow[0]",
        "  was      allow by permissions/dev/payments/billing#allow[0]: a rule allows it (access/a.yaml:6)",
        "1 passed, 3 failed",
        "",
      ].join("\n"),
    );
    expect(junit).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="podgate test" tests="4" failures="3"/,
    );
    expect(junit).toContain('<testcase name="billing &amp; &quot;friends&quot; &lt;write&gt;: POST /v1/a on orders"');
    expect(junit).toContain('<failure message="expected allow, was ACCESS_NOT_ALLOWED">cases.yaml:4: no rule allows');
  });

  test("about a service whose document cannot be read do not pass", async () => {
    await using files = await folderOf({ "cases.yaml": `cases:\n  - { ${BILLING}, expect: allow }\n` });
    await using misspelt = await folderOf({ "a.yaml": ACCESS.replace("principals:", "princpals:") });
    const cases = join(files.path, "cases.yaml");
    const { exitCode, stdout, stderr } = await podgate(["test", cases, "--from", misspelt.path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain(`podgate: warning: ${misspelt.path}/a.yaml:2: princpals is unknown; allowed are`);
    expect(stderr).toContain('cases.yaml:2: no document in apis/ or services/ is about the service "orders"');
  });

  test.for<{ what: string; cases: string; line: string }>([
    { what: "no list", cases: "case: []\n", line: "podgate: cases.yaml:1: cases is missing" },
    {
      what: "an unknown member",
      cases: `cases:\n  - { ${BILLING}, expect: allow }\n  - { ${BILLING}, expects: allow, expect: allow }\n`,
      line: "podgate: cases.yaml:3: cases[1].expects is unknown; allowed are name, as, service,",
    },
    {
      what: "an unknown code",
      cases: `cases:\n  - { ${BILLING}, expect: DENIED }\n`,
      line: "podgate: cases.yaml:2: cases[0].expect is none of allow, refuse and the codes of docs/errors.md",
    },
    {
      what: "an unknown cluster",
      cases: "cases:\n  - { as: prod/a/b, service: orders, method: GET, path: /, expect: allow }\n",
      line: "podgate: cases.yaml:2: no issuer document is about the cluster prod; known are dev",
    },
  ])("with $what are a mistake in the file", async ({ cases, line }) => {
    const { exitCode, stdout, stderr } = await run(cases);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain(line);
  });
});
