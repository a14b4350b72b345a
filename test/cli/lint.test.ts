import { describe, expect, test } from "vitest";
import { folderOf, podgate } from "../support/podgate.ts";

const BASE = `
issuers/oidc.example.com/dev: { url: "https://oidc.example.com/dev", cluster: dev, group: all }
apis/a1b2c3: { service: orders, audiences: [orders.example.com], principals: ["dev/*/*"] }
services/github: { url: "https://api.github.com", credential: { type: none }, principals: ["dev/*/*"] }
`.trimStart();

interface Told {
  readonly severity: string;
  readonly rule: string;
  readonly location: string;
  readonly text: string;
}

async function lint(more: string, inputs: readonly string[] = [], files: Record<string, string> = {}) {
  await using folder = await folderOf({ "base.yaml": BASE, "x.yaml": more, ...files });
  const args = inputs.map((each) => each.replace("FOLDER", folder.path));
  const run = await podgate(["lint", "--from", folder.path, "--json", ...args]);
  const findings: readonly Told[] = run.stdout === "" ? [] : JSON.parse(run.stdout).findings;
  return {
    ...run,
    stderr: run.stderr.replaceAll(folder.path, ""),
    told: findings.map(({ severity, rule, location, text }) => ({
      told: `${location.replace(`${folder.path}/`, "")} ${severity} ${rule}`,
      text,
    })),
  };
}

const permission = (allow: string, deny = "[]", name = "permissions/dev/payments/billing") =>
  `${name}:\n  allow: ${allow}\n  deny: ${deny}\n`;
const rule = (paths: string, methods = "[GET]", service = "orders") =>
  `{ service: ${service}, methods: ${methods}, paths: ${paths} }`;

describe("lint finds", () => {
  test.for<{ what: string; yaml: string; told: string[]; text?: RegExp }>([
    {
      what: "nothing wrong",
      yaml: permission(`[${rule('["/v1/*"]')}, ${rule("[/repos/a]", "[POST]", "github")}]`),
      told: [],
    },
    {
      what: "two issuers of one cluster",
      yaml: 'issuers/oidc.example.com/old: { url: "https://oidc.example.com/old", cluster: dev }\n',
      told: ["x.yaml:1 error issuer-repeated"],
      text: /say "replaces" in the newer/,
    },
    {
      what: "and none where one takes over",
      yaml: 'issuers/oidc.example.com/new: { url: "https://oidc.example.com/new", cluster: dev, replaces: "https://oidc.example.com/dev" }\n',
      told: [],
    },
    {
      what: "plain http",
      yaml: 'issuers/http_3A/_2F127.0.0.1/x: { url: "http://127.0.0.1/x", cluster: local }\n',
      told: ["x.yaml:1 warning issuer-plain-http"],
    },
    {
      what: "addresses that no function asks, or offline alone",
      yaml: `issuers/oidc.example.com/other:
  url: https://oidc.example.com/other
  cluster: other
  jwksURL: http://keys.example.com/jwks
services/local: { url: "http://127.0.0.1:4102/x", credential: { type: none }, principals: ["dev/*/*"] }
services/plain:
  url: http://api.example.com
  credential: { type: oauth2-client-credentials, tokenURL: "http://login.example.com/token", clientId: a, secret: b }
  principals: ["dev/*/*"]
`,
      told: [
        "x.yaml:4 error address-plain-http",
        "x.yaml:5 warning address-plain-http",
        "x.yaml:7 error address-plain-http",
        "x.yaml:8 error address-plain-http",
      ],
      text: /an address over plain http is (asked offline alone|never asked: it has to be https)/,
    },
    {
      what: "static keys that are not there",
      yaml: 'issuers/oidc.example.com/x:\n  url: "https://oidc.example.com/x"\n  cluster: x\n  keys: static\n',
      told: ["x.yaml:4 error keys-missing"],
    },
    {
      what: "permissions of a cluster and a group that nobody vouches for",
      yaml: "permissions/prod/_all: {}\npermissions/_group.none/_all: {}\npermissions/_group.all/_all: {}\n",
      told: ["x.yaml:2 error scope-unknown", "x.yaml:1 error scope-unknown"],
    },
    {
      what: "a service that no document is about: some function's own, where rules do as little as elsewhere",
      yaml: permission(`[${rule('["/v1/*"]', "[GET]", "odrers")}]`, `[${rule('["/v1/*"]', "[GET]", "odrers")}]`),
      told: ["x.yaml:2 warning service-unknown", "x.yaml:2 error allow-beaten", "x.yaml:3 warning service-unknown"],
      text: /no document in apis\/ or services\/ is about the service odrers|nothing of this allow is left/,
    },
    {
      what: "no allow that a group takes back to which not every issuer of the cluster belongs",
      yaml: `issuers/oidc.example.com/new: { url: "https://oidc.example.com/new", cluster: dev, group: other, replaces: "https://oidc.example.com/dev" }
issuers/oidc.example.com/off: { url: "https://oidc.example.com/off", cluster: dev, group: off, disabled: true }
${permission(`[${rule('["/v1/*"]')}]`)}${permission("[]", `[${rule('["*"]')}]`, "permissions/_group.other/_all")}${permission(`[${rule('["*"]')}]`, "[]", "permissions/_group.off/_all")}`,
      told: [],
    },
    {
      what: "a rule that another covers, in its document",
      yaml: permission(`[${rule('["/v1/a"]')}, ${rule('["/v1/*"]', '["*"]')}]`),
      told: ["x.yaml:2 warning rule-shadowed"],
      text: /permissions\/dev\/payments\/billing#allow\[1\] allows all of it already/,
    },
    {
      what: "the second of two that are alike",
      yaml: permission(`\n    - ${rule('["/v1/a"]')}\n    - ${rule('["/v1/a"]')}`),
      told: ["x.yaml:4 warning rule-shadowed"],
    },
    {
      what: "a rule that broader documents cover together",
      yaml:
        permission(`[${rule('["/v1/a"]', "[GET, POST]")}]`) +
        permission(`[${rule('["/v1/*"]')}]`, "[]", "permissions/dev/payments/_all") +
        permission(`[${rule('["/*/a"]', "[POST]")}]`, "[]", "permissions/_group.all/_all"),
      told: ["x.yaml:2 warning rule-shadowed"],
      text: /other rules together allows all of it already/,
    },
    {
      what: "an allow that a deny takes back",
      yaml:
        permission(`[${rule('["/v1/*"]')}]`) +
        permission("[]", `[${rule('["*"]', '["*"]', '"*"')}]`, "permissions/_all"),
      told: ["x.yaml:2 error allow-beaten"],
      text: /permissions\/_all#deny\[0\] takes all of it back/,
    },
    {
      what: "an allow that two denies take back together",
      yaml: permission(`[${rule('["/v?/*"]')}]`, `[${rule('["/v1/*"]')}, ${rule('["/v*/*"]')}]`),
      told: ["x.yaml:2 error allow-beaten"],
    },
    {
      what: "paths that no call has",
      yaml: permission(`[${rule('["/a;b", "/ok", "/a#b", "/a\\\\\\\\b"]')}]`),
      told: [
        "x.yaml:2 error path-never-matches",
        "x.yaml:2 error path-never-matches",
        "x.yaml:2 error path-never-matches",
      ],
    },
    {
      what: "CONNECT with a path",
      yaml: permission(`[${rule("[/chat]", "[CONNECT]")}]`),
      told: ["x.yaml:2 error path-never-matches"],
      text: /CONNECT is a WebSocket's \$connect, whose path is \//,
    },
    {
      what: "a deny below an allow, once",
      yaml: permission(
        `[${rule('["/v1/*"]')}, ${rule('["/v1/*"]', "[POST]")}]`,
        `[${rule('["/v1/admin/*"]', '["*"]')}]`,
      ),
      told: ["x.yaml:3 warning deny-below-allow"],
      text: /below permissions\/dev\/payments\/billing#allow\[0\] and is no boundary/,
    },
    {
      what: "and none where a deny takes whole methods",
      yaml: permission(`[${rule('["/v1/*"]', "[GET, DELETE]")}]`, `[${rule('["/v1/*"]', "[DELETE]")}]`),
      told: [],
    },
    {
      what: "an audience of two receivers",
      yaml: "apis/d4: { service: billing, audiences: [x, orders.example.com], principals: [dev/a/b] }\n",
      told: ["x.yaml:1 warning audience-shared"],
      text: /is that of apis\/a1b2c3 too/,
    },
    {
      what: "and none of one service behind two APIs",
      yaml: "apis/d4: { service: orders, audiences: [orders.example.com], principals: [dev/a/b] }\n",
      told: [],
    },
    {
      what: "an audience of two stages",
      yaml: "apis/d4:\n  service: a\n  audiences: [a]\n  principals: [dev/a/b]\n  stages:\n    beta: { service: a-beta }\n    gamma: { audiences: [b] }\n",
      told: ["x.yaml:6 warning audience-shared"],
    },
    {
      what: "audiences of API servers",
      yaml: 'apis/d4: { service: a, audiences: ["https://oidc.example.com/dev", "https://kubernetes.default.svc"], principals: [dev/a/b] }\n',
      told: ["x.yaml:1 error audience-of-api-server", "x.yaml:1 error audience-of-api-server"],
    },
    {
      what: "a service that anybody can be given",
      yaml:
        'services/open: { url: "https://x.example.com", credential: { type: none } }\n' +
        permission(`[${rule("[/]", "[GET]", "open")}]`),
      told: ["x.yaml:1 warning service-unbounded"],
    },
    {
      what: "a document over 4 KB",
      yaml: permission(
        `[${rule(JSON.stringify(["/a", ...Array.from({ length: 9 }, (_, at) => `/${at}${"x".repeat(500)}`)]), "[POST]")}]`,
      ),
      told: ["x.yaml:1 error document-large", "base.yaml:2 warning answer-large"],
    },
    {
      what: "an answer over API Gateway's 8 KB, which stops the decision where policies are answered",
      yaml:
        permission(
          `[${rule(JSON.stringify(Array.from({ length: 30 }, (_, at) => `/v1/${at}/${"y".repeat(20)}`)), "[GET, PUT, POST]", "big")}]`,
        ) +
        'apis/big: { service: big, audiences: [big], answers: policy, principals: ["dev/*/*"] }\n' +
        'apis/uncached: { service: big, audiences: [big], answers: policy, cached: false, principals: ["dev/*/*"] }\n',
      told: ["x.yaml:4 error answer-large"],
      text: /the permissions of dev\/payments\/billing do not fit the 8 KB/,
    },
  ])("$what", async ({ yaml, told, text = /./ }) => {
    const found = await lint(yaml);
    expect(found.told.map((each) => each.told)).toEqual(told);
    for (const each of found.told) expect(each.text).toMatch(text);
    expect(found.exitCode).toBe(told.some((each) => each.includes(" error ")) ? 1 : 0);
  });

  test("authorizers of a serverless.yml that keep answers under too little, or for long", async () => {
    const serverless = `
provider:
  httpApi:
    authorizers:
      simple: { type: request, enableSimpleResponses: true, resultTtlInSeconds: 30, identitySource: [$request.header.Authorization] }
      whole: { type: request, enableSimpleResponses: true, resultTtlInSeconds: 30, identitySource: [$request.header.Authorization, $context.httpMethod, $context.path] }
      policy: { type: request, resultTtlInSeconds: 30, identitySource: $request.header.Authorization }
      nobody: { type: request, resultTtlInSeconds: 30, identitySource: [$request.header.X] }
      off: { type: request, enableSimpleResponses: true }
      jwt: { type: jwt, identitySource: $request.header.Authorization, issuerUrl: https://x, audience: [x] }
functions:
  a:
    handler: a.handler
    role: !GetAtt Role.Arn
    events:
      - http: { method: get, path: /a, authorizer: &shared { type: token, arn: x } }
      - http: { method: get, path: /b, authorizer: *shared }
      - http: { method: get, path: /c, authorizer: { type: request, resultTtlInSeconds: 60, identitySource: method.request.header.X } }
      - http: { method: get, path: /d, authorizer: { type: request, resultTtlInSeconds: 0 } }
      - http: { method: get, path: /e, authorizer: { type: COGNITO_USER_POOLS, arn: x } }
`;
    const found = await lint("", ["--serverless", "FOLDER/serverless.file"], { "serverless.file": serverless });
    expect(found.told.map(({ told }) => told)).toEqual([
      "serverless.file:5 error authorizer-ttl",
      "serverless.file:8 error authorizer-ttl",
      "serverless.file:16 warning authorizer-ttl",
      "serverless.file:18 error authorizer-ttl",
    ]);
    expect(found.told[0]?.text).toContain("add $context.httpMethod and $context.path to identitySource");
    expect(found.told[2]?.text).toContain("an answer is kept 300 s");
    const broken = await lint("", ["--serverless", "FOLDER/serverless.file"], { "serverless.file": "a: [" });
    expect({ exitCode: broken.exitCode, stderr: broken.stderr }).toEqual({
      exitCode: 3,
      stderr: "podgate: /serverless.file:1: not readable as YAML\n",
    });
  });
});
