import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { promisify } from "node:util";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PORT_NAMES, PORTS } from "../../offline/ports.ts";
import { freePorts, type RunningStack, startInVain, startStack } from "../support/offline-stack.ts";
import { folderOf, podgate } from "../support/podgate.ts";

const run = promisify(execFile);

let stack: RunningStack;
let ssm: SSMClient;

beforeAll(async () => {
  stack = await startStack(await freePorts(), { PODGATE_DOCUMENTS_MAX_AGE_SECONDS: "5" });
  ssm = new SSMClient({
    endpoint: `http://127.0.0.1:${stack.ports.store}`,
    region: "us-east-1",
    credentials: { accessKeyId: "offline", secretAccessKey: "offline" },
  });
});

afterAll(async () => {
  ssm.destroy();
  await stack[Symbol.asyncDispose]();
});

const gateway = () => `http://127.0.0.1:${stack.ports.gateway}`;
const cluster = (name: string) => `http://127.0.0.1:${stack.ports.cluster}/${name}`;

interface TokenSpec {
  readonly audiences: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: Readonly<Record<string, string>>;
}

function requestToken(spec: TokenSpec, { at = "dev", name = "billing" } = {}): Promise<Response> {
  return fetch(`${cluster(at)}/api/v1/namespaces/payments/serviceaccounts/${name}/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec }),
  });
}

async function mint(audience: string, account: { at?: string; name?: string } = {}): Promise<string> {
  const answer = await requestToken({ audiences: [audience], expirationSeconds: 3600 }, account);
  const { status } = (await answer.json()) as { status: { token: string } };
  return status.token;
}

/** A token that no API server gives out on request: see the control calls of the offline cluster. */
async function forge(request: Readonly<Record<string, unknown>>): Promise<string> {
  const answer = await fetch(`${cluster("dev")}/_tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ namespace: "payments", serviceAccount: "billing", ...request }),
  });
  const { token } = (await answer.json()) as { token: string };
  return token;
}

function call(path: string, token?: string, method = "GET"): Promise<Response> {
  return fetch(`${gateway()}${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
}

async function statusOf(path: string, token?: string, method = "GET"): Promise<number> {
  const answer = await call(path, token, method);
  await answer.arrayBuffer();
  return answer.status;
}

/** The codes of the decisions that were logged while `work` ran. */
async function codesDuring(work: () => Promise<unknown>): Promise<string[]> {
  const before = stack.output().length;
  await work();
  const codes = () =>
    [
      ...stack
        .output()
        .slice(before)
        .matchAll(/"type":"decision".*?"code":"([A-Z_]+)"/g),
    ].map(([, code]) => code ?? "");
  await expect.poll(codes).not.toEqual([]);
  return codes();
}

describe("npm start", () => {
  test("the four printed commands, pasted into a shell, answer 200, 403 and 401", async () => {
    const commands = stack
      .output()
      .split("\n")
      .filter((line) => line.startsWith("  TOKEN=") || line.startsWith("  curl"))
      .map((line) => line.trim().replace("curl -i", "curl -s -o /dev/null -w '%{http_code}\\n'"));
    expect(commands).toHaveLength(4);
    const { stdout } = await run("sh", ["-c", commands.join("\n")]);
    expect(stdout.trim().split("\n")).toEqual(["200", "403", "401"]);
  });

  test("a TokenRequest answers 201 with the token and its end, and a token of the shape of a projected one", async () => {
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "billing-7d9f" };
    const answer = await requestToken({ audiences: [gateway()], expirationSeconds: 900, boundObjectRef });
    expect(answer.status).toBe(201);
    const { status } = (await answer.json()) as { status: { token: string; expirationTimestamp: string } };
    const [header, claims] = status.token
      .split(".")
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
    expect(Object.keys(header).sort()).toEqual(["alg", "kid"]);
    expect(Object.keys(claims)).toEqual(["aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"]);
    expect(claims).toMatchObject({
      aud: [gateway()],
      iss: cluster("dev"),
      sub: "system:serviceaccount:payments:billing",
      nbf: claims.iat,
      exp: claims.iat + 900,
      "kubernetes.io": { namespace: "payments", pod: { name: "billing-7d9f" }, serviceaccount: { name: "billing" } },
    });
    expect(Date.parse(status.expirationTimestamp) / 1000).toBe(claims.exp);
  });

  test("a TokenRequest of less than ten minutes is Kubernetes' own 422", async () => {
    const answer = await requestToken({ audiences: [gateway()], expirationSeconds: 599 });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ kind: "Status", status: "Failure", reason: "Invalid", code: 422 });
  });
});

describe("GET /whoami", () => {
  test("a token for the gateway is answered with the identity and its rules", async () => {
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "billing-7d9f" };
    const minted = await requestToken({ audiences: [gateway()], expirationSeconds: 3600, boundObjectRef });
    const { status } = (await minted.json()) as { status: { token: string; expirationTimestamp: string } };
    const answer = await call("/whoami", status.token);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("podgate-decision")).toMatch(/^[0-9a-f-]{36}$/);
    expect(await answer.json()).toEqual({
      principal: "dev/payments/billing",
      cluster: "dev",
      namespace: "payments",
      serviceAccount: "billing",
      subject: "system:serviceaccount:payments:billing",
      pod: "billing-7d9f",
      audience: gateway(),
      expiresAt: Date.parse(status.expirationTimestamp) / 1000,
      permissions: {
        allow: expect.arrayContaining([{ service: "orders", methods: ["POST"], paths: ["/v1/orders"] }]),
        deny: [],
      },
    });
  });

  test("without a token it is 401 with a bare challenge and the public code", async () => {
    const answer = await call("/whoami");
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
    expect(await answer.json()).toMatchObject({ status: 401, code: "TOKEN_MISSING" });
  });

  test("with the token in two fields it is 401: an HTTP API joins them", async () => {
    const field = ["-H", `Authorization: Bearer ${await mint(gateway())}`];
    const { stdout } = await run("curl", ["-s", ...field, ...field, `${gateway()}/whoami`]);
    expect(JSON.parse(stdout)).toMatchObject({ status: 401, code: "TOKEN_INVALID" });
  });

  const now = () => Math.floor(Date.now() / 1000);
  test.for([
    { fault: "another audience", token: () => mint("orders.example.com"), code: "TOKEN_AUDIENCE_MISMATCH" },
    { fault: "a changed byte", token: async () => changeByte(await mint(gateway())), code: "SIGNATURE_INVALID" },
    {
      fault: "a past exp",
      token: () => forge({ audiences: [gateway()], claims: { exp: now() - 60, iat: now() - 700 } }),
      code: "TOKEN_EXPIRED",
    },
    {
      fault: "a future nbf",
      token: () => forge({ audiences: [gateway()], claims: { nbf: now() + 300 } }),
      code: "TOKEN_NOT_YET_VALID",
    },
    {
      fault: "another cluster's key",
      token: () => forge({ audiences: [gateway()], signedBy: "foreign" }),
      code: "SIGNATURE_INVALID",
    },
    {
      fault: "alg none",
      token: () => forge({ audiences: [gateway()], header: { alg: "none" } }),
      code: "TOKEN_ALGORITHM",
    },
    {
      fault: "alg HS256",
      token: () => forge({ audiences: [gateway()], header: { alg: "HS256" } }),
      code: "TOKEN_ALGORITHM",
    },
    {
      fault: "an unknown kid",
      token: () => forge({ audiences: [gateway()], header: { kid: "nobody" } }),
      code: "KEY_UNKNOWN",
    },
    {
      fault: "a life of a year",
      token: () => forge({ audiences: [gateway()], claims: { exp: now() + 31_536_000 } }),
      code: "TOKEN_LIFETIME_TOO_LONG",
    },
    { fault: "the legacy family", token: () => forge({ family: "legacy" }), code: "TOKEN_LEGACY" },
    {
      fault: "a malformed iss",
      token: () => forge({ audiences: [gateway()], claims: { iss: "https:///x" } }),
      code: "ISSUER_MALFORMED",
    },
    {
      fault: "an unknown iss",
      token: () => forge({ audiences: [gateway()], claims: { iss: "https://nobody.example" } }),
      code: "ISSUER_UNKNOWN",
    },
  ])("a token with $fault is 401 and logged as $code, without its text", async ({ token, code }) => {
    const text = await token();
    const codes = await codesDuring(async () => expect(await statusOf("/whoami", text)).toBe(401));
    expect(codes).toEqual([code]);
    for (const part of text
      .split(".")
      .slice(1)
      .filter((segment) => segment.length > 20)) {
      expect(stack.output()).not.toContain(part);
    }
  });
});

describe("the sample API orders, behind the authorizer", () => {
  const attachments = [
    { kind: "HTTP API 2.0", base: "/v1" },
    { kind: "REST TOKEN", base: "/dev/v1" },
    { kind: "REST REQUEST", base: "/dev/v2" },
  ];

  test.for(attachments)("$kind: what is permitted is 200, what is not is 403, in any order", async ({ base }) => {
    const token = await mint("orders.example.com");
    expect(await statusOf(`${base}/orders`, token, "DELETE")).toBe(403);
    expect(await statusOf(`${base}/orders`, token)).toBe(200);
    expect(await statusOf(`${base}/orders/7`, token)).toBe(200);
    expect(await statusOf(`${base}/orders/7`, token, "PUT")).toBe(403);
  });

  test.for(attachments)("$kind: no token is 401", async ({ base }) => {
    expect(await statusOf(`${base}/orders`)).toBe(401);
  });

  test.for([
    { kind: "HTTP API 2.0", base: "/v1", status: 403 },
    { kind: "REST TOKEN", base: "/dev/v1", status: 401 },
    { kind: "REST REQUEST", base: "/dev/v2", status: 401 },
  ])("$kind: a token for the gateway is $status", async ({ base, status }) => {
    expect(await statusOf(`${base}/orders`, await mint(gateway()))).toBe(status);
  });

  test("the same namespace and name in another cluster is another principal", async () => {
    const token = await mint("orders.example.com", { at: "staging" });
    expect(await statusOf("/v1/orders", token)).toBe(403);
    expect(await statusOf("/dev/v2/orders", token, "DELETE")).toBe(200);
  });

  test("a group grants to the service accounts of both clusters", async () => {
    for (const at of ["dev", "staging"]) {
      const token = await mint("orders.example.com", { at, name: "somebody" });
      expect(await statusOf("/v1/status", token)).toBe(200);
      expect(await statusOf("/v1/orders", token)).toBe(403);
    }
  });
});

describe("the program podgate beside it", () => {
  const besideIt = (inputs: readonly string[], input = "") => {
    const moved = PORT_NAMES.map((name) => [PORTS[name].variable, String(stack.ports[name])]);
    return podgate(inputs, { env: Object.fromEntries(moved), input });
  };

  test("gets a token that the gateway takes, says what it is, and finds its key", async () => {
    const minted = await besideIt(["token", "payments/billing", "--audience", gateway(), "--bound", "pod/billing-0"]);
    const token = minted.stdout.trim();
    const answer = await fetch(`${gateway()}/whoami`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);

    const inspected = await besideIt(["inspect", "-", "--audience", gateway()], token);
    expect(inspected).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("[projected-pod-and-node]") });

    const examined = await besideIt(["doctor", "--offline", "--token", "-"], token);
    expect(examined.stdout).toContain("the token is signed by key");
    expect(examined.stdout).toMatch(/\n\d+ issuers, 0 errors, \d+ warnings\n$/);
    expect(examined.exitCode).toBe(0);

    const said = inspected.stdout + inspected.stderr + examined.stdout + examined.stderr + minted.stderr;
    expect(said).not.toContain(token.split(".")[2]);
  });

  test("says of a refused call why, out of the log and of the token, and who may make it", async () => {
    const token = await mint("orders.example.com");
    const before = stack.output().length;
    await codesDuring(async () => expect(await statusOf("/v1/orders/7", token, "DELETE")).toBe(403));
    const log = stack.output().slice(before);
    const [, id = ""] = /"decisionId":"([0-9a-f-]{36})"/.exec(log) ?? [];
    const recorded = await besideIt(["explain", "--decision", id, "--offline", "--json"], log);
    const call = ["--service", "orders", "--method", "DELETE", "--path", "/v1/orders/7"];
    const asked = await besideIt(["explain", "-", ...call, "--offline", "--json"], token);
    const rule = { service: "orders", methods: ["DELETE"], paths: ["/v1/orders/7"] };
    const change = {
      complete: true,
      changes: [{ kind: "add-rule", document: "permissions/dev/payments/billing", rule }],
    };
    expect({ ...recorded, said: JSON.parse(recorded.stdout) }).toMatchObject({
      exitCode: 1,
      said: {
        record: { code: "ACCESS_NOT_ALLOWED", apiId: "offlinehttp" },
        now: { code: "ACCESS_NOT_ALLOWED", change },
      },
    });
    expect({ ...asked, said: JSON.parse(asked.stdout) }).toMatchObject({
      exitCode: 1,
      said: { code: "ACCESS_NOT_ALLOWED", certain: true, change },
    });
    expect((await besideIt(["who-can", "orders", "DELETE", "/v2/orders", "--offline"])).stdout).toMatch(
      /^staging\/payments\/billing\t[^\n]*\n$/,
    );
    const can = await besideIt(["can", "dev/payments/billing", "--offline"]);
    expect(can.stdout).toContain("allow\torders\tPOST\t/v1/orders\tpermissions/dev/payments/billing#allow[1]\t");
  });

  test("lints what is stored and tests it", async () => {
    const linted = await besideIt(["lint", "--offline", "--serverless", "serverless.yml"]);
    expect(linted).toMatchObject({ exitCode: 0, stderr: "" });
    expect(linted.stdout).toMatch(/\n\d+ documents, 0 errors, \d+ warnings\n$/);

    const billing = { as: "dev/payments/billing", service: "orders" };
    const cases = [
      { ...billing, method: ["GET", "POST"], path: "/v1/orders", expect: "allow" },
      { ...billing, method: "DELETE", path: "/v1/orders", expect: "ACCESS_NOT_ALLOWED" },
      { ...billing, service: "basic", as: "staging/payments/billing", method: "GET", path: "/", expect: "refuse" },
    ];
    await using folder = await folderOf({
      "cases.yaml": { cases },
      "wrong.yaml": { cases: [{ ...cases[1], expect: "allow" }] },
    });
    const passed = await besideIt(["test", `${folder.path}/cases.yaml`, "--offline"]);
    expect(passed).toEqual({ exitCode: 0, stdout: "4 passed, 0 failed\n", stderr: "" });
    const failed = await besideIt(["test", `${folder.path}/wrong.yaml`, "--offline"]);
    expect(failed).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("was      ACCESS_NOT_ALLOWED: no rule"),
    });
  });
});

describe("operating it", () => {
  test("the key sets of both clusters are in the store from the start, as refresh-keys keeps them", async () => {
    for (const at of ["dev", "staging"]) {
      const Name = `/podgate/offline/keys/http_3A/_2F127.0.0.1_3A${stack.ports.cluster}/${at}`;
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name }));
      const stored = JSON.parse(Parameter?.Value ?? "{}");
      const published = await (await fetch(`${cluster(at)}/openid/v1/jwks`)).json();
      expect(stored).toMatchObject({ issuer: cluster(at), source: "discovered" });
      const kidsOf = ({ keys }: { keys: { kid: string }[] }) => keys.map(({ kid }) => kid);
      expect(kidsOf(stored)).toEqual(kidsOf(published as { keys: { kid: string }[] }));
    }
  });

  test("a permission changed in the store takes effect both ways, without a restart", async () => {
    const name = "/podgate/offline/permissions/dev/payments/reports";
    const put = (value: unknown) =>
      ssm.send(new PutParameterCommand({ Name: name, Value: JSON.stringify(value), Type: "String", Overwrite: true }));
    const mayRead = async () => statusOf("/v1/reports", await mint("orders.example.com", { name: "reports" }));
    expect(await mayRead()).toBe(403);
    await put({ allow: [{ service: "orders", methods: ["GET"], paths: ["/v1/reports"] }] });
    // Environments of the authorizer that have read the old document keep it for its age, here 5 s, at most.
    await expect.poll(mayRead, { timeout: 10_000, interval: 500 }).toBe(200);
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name }));
    expect(Parameter?.Version).toBe(1);
    await put({ allow: [], deny: [] });
    await expect.poll(mayRead, { timeout: 10_000, interval: 500 }).toBe(403);
  }, 30_000);

  test("a document with a typo stops who needs it with a 500 and one line of log, and nobody else", async () => {
    await ssm.send(
      new PutParameterCommand({
        Name: "/podgate/offline/permissions/dev/payments/clumsy",
        Value: JSON.stringify({ alow: [] }),
        Type: "String",
      }),
    );
    const token = await mint("orders.example.com", { name: "clumsy" });
    const before = stack.output().length;
    const codes = await codesDuring(async () => expect(await statusOf("/dev/v1/status", token)).toBe(500));
    expect(codes).toEqual(["DOCUMENT_INVALID"]);
    expect(stack.output().slice(before)).toContain(
      "parameter /podgate/offline/permissions/dev/payments/clumsy (version 1) cannot be read: alow is unknown; allowed are version, allow, deny",
    );
    expect(await statusOf("/dev/v1/orders", await mint("orders.example.com"))).toBe(200);
  });

  test("after a rotation of the cluster's keys the next new token works", async () => {
    const rotated = await fetch(`${cluster("staging")}/_rotate`, { method: "POST" });
    expect(rotated.ok).toBe(true);
    const works = async () => statusOf("/dev/v2/orders", await mint("orders.example.com", { at: "staging" }));
    await expect.poll(works, { timeout: 15_000, interval: 1000 }).toBe(200);
  }, 20_000);

  test("ports in use are named in one line, before anything starts", async () => {
    const { exitCode, output } = await startInVain(stack.ports);
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      `port ${stack.ports.gateway} (gateway) is in use, set PODGATE_OFFLINE_PORT_GATEWAY to move it`,
    );
    expect(output).not.toContain("listening");
  });

  test("wrong settings are reported in one line, all at once, before anything starts", async () => {
    const settings = { PODGATE_CLOCK_SKEW_SECONDS: "ten", PODGATE_LOG_LEVEL: "loud", PODGATE_AUDIENCE: "x" };
    const { exitCode, output } = await startInVain(await freePorts(), settings);
    expect(exitCode).not.toBe(0);
    const line = output.split("\n").find((text) => text.includes("podgate offline cannot start")) ?? "";
    expect(line).toContain('PODGATE_CLOCK_SKEW_SECONDS is "ten": expected a whole number from 0 to 60');
    expect(line).toContain('PODGATE_LOG_LEVEL is "loud": expected one of debug, info, warn, error');
    expect(line).toContain("PODGATE_AUDIENCE is not a setting");
    expect(output).not.toContain("listening");
  });
});

test.for(["SIGINT", "SIGTERM"] as const)("%s ends everything: no port is left open", async (signal) => {
  const other = await startStack(await freePorts());
  await other.end(signal);
  for (const name of PORT_NAMES) {
    await expect(connected(other.ports[name]), name).resolves.toBe(false);
  }
});

async function connected(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Another character in the middle of the signature. */
function changeByte(token: string): string {
  const at = token.length - 40;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
}
