import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual, promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import { coldStart, effectOf, startColdWorld } from "../support/cold-world.ts";
import { unzip } from "../support/unzip.ts";

const run = promisify(execFile);

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is whatever CloudFormation takes
  readonly Properties: any;
}

interface Statement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
}

const FUNCTIONS = ["authorizer", "whoami", "forward", "refresh-keys"];

let folder: string;
/** The files of each function's archive, which lie unpacked in the folder of its name. */
const contents = new Map<string, readonly string[]>();
let template: {
  readonly Conditions: unknown;
  readonly Resources: Record<string, Resource>;
  readonly Outputs: Record<string, { Value: unknown }>;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podgate-package-"));
  // Nothing of the machine's: no account, no region, no setting.
  const env = { PATH: process.env["PATH"], HOME: folder };
  const osls = resolve("node_modules/osls/bin/serverless.js");
  await run(process.execPath, [osls, "package", "--package", join(folder, "package")], { env });
  template = JSON.parse(await readFile(join(folder, "package/cloudformation-template-update-stack.json"), "utf8"));
  for (const name of FUNCTIONS) {
    contents.set(name, await unzip(join(folder, "package", `${name}.zip`), join(folder, name)));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function resources(type: string): [name: string, resource: Resource][] {
  return Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
}

/** ARNs with the template's own words for partition, region and account. */
function texts(value: unknown): string[] {
  return [value].flat().map((item) => {
    const sub = typeof item === "object" && item !== null && "Fn::Sub" in item ? item["Fn::Sub"] : item;
    return typeof sub === "string" ? sub : JSON.stringify(sub);
  });
}

/** A statement, also where a condition of the template decides whether it is there. */
function unconditional(statement: Statement | { readonly "Fn::If": [string, Statement, unknown] }): Statement {
  return "Fn::If" in statement ? statement["Fn::If"][1] : statement;
}

/** X-Ray has no resources to name; the right is there only where tracing was asked for. */
const TRACING = {
  "Fn::If": [
    "HasTracing",
    { Effect: "Allow", Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource: "*" },
    { Ref: "AWS::NoValue" },
  ],
};

/** What a role allows, the right to trace left out. */
function allowsOf(role: Resource): { actions: string[]; resources: string[] }[] {
  return role.Properties.Policies.flatMap((policy: { PolicyDocument: { Statement: Statement[] } }) =>
    policy.PolicyDocument.Statement.filter((each) => !isDeepStrictEqual(each, TRACING)).map(unconditional),
  )
    .filter(({ Effect }: Statement) => Effect === "Allow")
    .map(({ Action, Resource }: Statement) => ({ actions: texts(Action), resources: texts(Resource) }));
}

const parameters = (...folders: string[]) =>
  folders.map(
    (name) => `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter/podgate/dev/${name}/*`,
  );

const ownLogs = (name: string) => [
  `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/podgate-dev-${name}:*`,
];

describe("the packaged template: rights (security section 4)", () => {
  test("no Allow anywhere has a wildcard action or is for every resource", () => {
    const allows = resources("AWS::IAM::Role").flatMap(([, role]) => allowsOf(role));
    expect(allows.length).toBeGreaterThan(0);
    for (const { actions, resources: allowed } of allows) {
      expect(actions.filter((action) => action.includes("*"))).toEqual([]);
      expect(allowed).not.toContain("*");
    }
    expect(resources("AWS::IAM::Policy")).toEqual([]);
    expect(resources("AWS::IAM::ManagedPolicy")).toEqual([]);
    for (const [name, role] of resources("AWS::IAM::Role")) {
      expect(role.Properties.ManagedPolicyArns, name).toBeUndefined();
    }
  });

  test.for([
    { name: "authorizer", folders: ["issuers", "keys", "permissions", "apis"] },
    { name: "whoami", folders: ["issuers", "keys", "permissions"] },
  ])("$name has a role of its own that may read $folders and write its own log", ({ name, folders }) => {
    const [, definition] = functionNamed(name);
    const roleName: string = definition.Properties.Role["Fn::GetAtt"][0];
    const sharing = resources("AWS::Lambda::Function").filter(
      ([, { Properties }]) => Properties.Role["Fn::GetAtt"][0] === roleName,
    );
    expect(sharing).toHaveLength(1);
    const role = template.Resources[roleName];
    expect(role && allowsOf(role)).toEqual([
      { actions: ["ssm:GetParameters"], resources: parameters(...folders) },
      { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: ownLogs(name) },
    ]);
  });

  test("refresh-keys has a role of its own: it lists issuers, and reads and writes key sets", () => {
    const role = template.Resources["RefreshKeysRole"];
    const [issuers] = parameters("issuers");
    expect(role && allowsOf(role)).toEqual([
      { actions: ["ssm:GetParametersByPath"], resources: [issuers?.replace("/*", ""), issuers] },
      { actions: ["ssm:GetParameters", "ssm:PutParameter"], resources: parameters("keys") },
      { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: ownLogs("refresh-keys") },
    ]);
  });

  test("forward has a role of its own, for documents, secrets, and the key and roles that the operator names", () => {
    const role = template.Resources["ForwardRole"];
    const statements = role?.Properties.Policies[0].PolicyDocument.Statement;
    expect(role && allowsOf(role)).toEqual([
      { actions: ["ssm:GetParameters"], resources: parameters("issuers", "keys", "permissions", "services") },
      { actions: ["ssm:GetParameter"], resources: parameters("secrets") },
      { actions: ["kms:Decrypt"], resources: [""] },
      { actions: ["sts:AssumeRole", "sts:TagSession"], resources: [`{"Fn::Split":[",",""]}`] },
      { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: ownLogs("forward") },
    ]);
    expect(statements[2]["Fn::If"][0]).toBe("HasSecretsKey");
    expect(statements[2]["Fn::If"][1].Condition).toEqual({
      StringEquals: { "kms:ViaService": { "Fn::Sub": `ssm.\${AWS::Region}.amazonaws.com` } },
      StringLike: { "kms:EncryptionContext:PARAMETER_ARN": { "Fn::Sub": parameters("secrets")[0] } },
    });
    expect(statements[3]["Fn::If"][0]).toBe("HasForwardRoles");
    // Neither is there unless the operator names a key or roles: `--param secretsKeyArn=… --param forwardRoleArns=…`.
    expect(template.Conditions).toEqual({
      HasSecretsKey: { "Fn::Not": [{ "Fn::Equals": ["", ""] }] },
      HasForwardRoles: { "Fn::Not": [{ "Fn::Equals": ["", ""] }] },
      HasTracing: { "Fn::Equals": ["PassThrough", "Active"] },
      HasAlarmTopic: { "Fn::Not": [{ "Fn::Equals": ["", ""] }] },
    });
  });

  test("API Gateway may assume one role, which may invoke the authorizer and nothing else", () => {
    const role = template.Resources["AuthorizerCredentialsRole"];
    expect(role?.Properties.AssumeRolePolicyDocument.Statement).toEqual([
      { Effect: "Allow", Principal: { Service: "apigateway.amazonaws.com" }, Action: "sts:AssumeRole" },
    ]);
    expect(role && allowsOf(role)).toEqual([
      { actions: ["lambda:InvokeFunction"], resources: ['{"Fn::GetAtt":["AuthorizerLambdaFunction","Arn"]}'] },
    ]);
  });
});

describe("the packaged template: routes and functions", () => {
  test("every route leads to a function that verifies the token itself, and none is open or catches all", () => {
    // Each is called without a token in test/functions: 401.
    const verifying = ["HttpApiIntegrationWhoami", "HttpApiIntegrationForward"];
    const routes = resources("AWS::ApiGatewayV2::Route");
    expect(routes.map(([, { Properties }]) => Properties.RouteKey)).toEqual([
      "GET /whoami",
      "ANY /services/{service}",
      "ANY /services/{service}/{path+}",
    ]);
    for (const [, { Properties }] of routes) {
      expect(verifying).toContain(Properties.Target["Fn::Join"][1][1].Ref);
    }
    expect(resources("AWS::ApiGateway::Method")).toEqual([]);
    expect(resources("AWS::Lambda::Url")).toEqual([]);
  });

  test("the API is throttled", () => {
    const [stage] = resources("AWS::ApiGatewayV2::Stage");
    expect(stage?.[1].Properties.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 });
  });

  test("functions run on nodejs24.x and arm64, know the stage's prefix, and their logs end", () => {
    const functions = resources("AWS::Lambda::Function");
    expect(functions.map(([, { Properties }]) => Properties.FunctionName)).toEqual([
      "podgate-dev-authorizer",
      "podgate-dev-whoami",
      "podgate-dev-forward",
      "podgate-dev-refresh-keys",
    ]);
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        Environment: { Variables: { PODGATE_PARAMETER_PREFIX: "/podgate/dev" } },
      });
      expect(JSON.stringify(Properties)).not.toContain("PODGATE_ALLOW_LOOPBACK_HTTP");
    }
    for (const [name, { Properties }] of resources("AWS::Logs::LogGroup")) {
      expect(Properties.RetentionInDays, name).toBe(30);
    }
  });

  test("refresh-keys runs every five minutes, one round at a time, and is not tried again", () => {
    const [, refresh] = functionNamed("refresh-keys");
    expect(refresh.Properties).toMatchObject({ ReservedConcurrentExecutions: 1, Timeout: 280 });
    const [rule, ...others] = resources("AWS::Events::Rule");
    expect(others).toEqual([]);
    expect(rule?.[1].Properties).toMatchObject({ ScheduleExpression: "rate(5 minutes)", State: "ENABLED" });
    expect(JSON.stringify(rule?.[1].Properties.Targets)).toContain("RefreshDashkeysLambdaFunction");
    const [retries] = resources("AWS::Lambda::EventInvokeConfig");
    expect(retries?.[1].Properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 240 });
  });

  test("the gateway's audience is its own URL where none is given, and the URL, authorizer and role are outputs", () => {
    const [, whoami] = functionNamed("whoami");
    const { apiUrl, authorizerArn, authorizerCredentials } = template.Outputs;
    expect(whoami.Properties.Environment.Variables.PODGATE_AUDIENCES).toEqual(apiUrl?.Value);
    expect(JSON.stringify(apiUrl?.Value)).toContain('{"Ref":"HttpApi"}');
    expect(authorizerArn?.Value).toEqual({ "Fn::GetAtt": ["AuthorizerLambdaFunction", "Arn"] });
    expect(authorizerCredentials?.Value).toEqual({ "Fn::GetAtt": ["AuthorizerCredentialsRole", "Arn"] });
  });

  test("nothing that exists offline only is in it", () => {
    expect(JSON.stringify(template)).not.toMatch(/orders|offline/i);
  });
});

function functionNamed(name: string): [string, Resource] {
  const found = resources("AWS::Lambda::Function").find(([, { Properties }]) =>
    Properties.FunctionName.endsWith(`-${name}`),
  );
  if (found === undefined) throw new Error(`no function ${name} in the template`);
  return found;
}

describe("the packaged functions", () => {
  test.for([
    { name: "authorizer", later: ["fetch-json", "sdk-ssm"] },
    { name: "whoami", later: ["fetch-json", "sdk-ssm"] },
    { name: "forward", later: ["fetch-json", "sdk-ssm", "sdk-sts"] },
    { name: "refresh-keys", later: [] },
  ])("$name is its bundle and the files that it may load later: $later", async ({ name, later }) => {
    const bundle = await readFile(join(folder, name, `dist/functions/${name}.mjs`), "utf8");
    const imported = [...bundle.matchAll(/import\("\.\/(lazy\/[a-z-]+\.mjs)"\)/g)].map(([, file]) => file);
    expect(imported.sort()).toEqual(later.map((file) => `lazy/${file}.mjs`));
    expect(contents.get(name)).toEqual(
      [`dist/functions/${name}.mjs`, ...later.map((file) => `dist/functions/lazy/${file}.mjs`)].sort(),
    );
  });

  test.for([
    { credentials: "the keys of the environment", shared: false },
    { credentials: "a shared file, which only the SDK reads", shared: true },
  ])("the authorizer decides by itself, with $credentials", async ({ shared }) => {
    await using cold = await startColdWorld();
    const file = join(folder, "credentials");
    await writeFile(file, "[default]\naws_access_key_id = AKIDSTRICT\naws_secret_access_key = secret\n");
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...env } = cold.env;
    const event = restTokenEvent({ authorization: `Bearer ${await cold.world.mint("dev")}` });

    const module = pathToFileURL(join(folder, "authorizer", "dist/functions/authorizer.mjs"));
    const [loaded, ...answers] = await coldStart(
      module,
      [event, event],
      shared ? { ...env, AWS_SHARED_CREDENTIALS_FILE: file } : cold.env,
    );
    expect(answers.map(effectOf)).toEqual(["Allow", "Allow"]);
    expect(cold.strict.outcomes).toEqual(["answered", "answered"]);
    // The direct client has its connection from the start, the SDK from the first call.
    expect(loaded?.error).toBeUndefined();
    expect(cold.strict.requests.every(({ headers }) => headers.some(([name]) => /^amz-sdk/i.test(name)))).toBe(shared);
  });
});
