import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ParameterStore, startParameterStore } from "../../offline/parameter-store/parameter-store.ts";
import { folderOf, podgate } from "../support/podgate.ts";

const GOOD = {};
const ISSUER = { url: "https://oidc.example.com/dev", cluster: "dev" };

async function lintOf(files: Readonly<Record<string, string | object>>) {
  await using folder = await folderOf(files);
  const { stdout, stderr, exitCode } = await podgate(["lint", "--from", folder.path]);
  return { exitCode, said: (stdout + stderr).replaceAll(`${folder.path}/`, "") };
}

describe("a folder", () => {
  test("holds documents under their names, in whatever files", async () => {
    const { exitCode, said } = await lintOf({
      "teams/payments.yaml": { "permissions/dev/payments/billing": GOOD, "permissions/dev/payments/_all": GOOD },
      "platform.yml": { "issuers/oidc.example.com/dev": ISSUER },
      "empty.yaml": "# nothing yet\n",
      "notes.txt": "no YAML: [",
      ".cache/x.yaml": "no YAML: [",
    });
    expect({ exitCode, said }).toEqual({ exitCode: 0, said: "3 documents, 0 errors, 0 warnings\n" });
  });

  test("is the same folder by every way of naming it, and links in it are not passed over", async () => {
    await using folder = await folderOf({
      "access/a.yaml": { "permissions/_all": GOOD },
      "access/.github/ci.yaml": "on: push\n",
      "elsewhere/b.YAML": { "issuers/oidc.example.com/dev": ISSUER },
    });
    await symlink("../elsewhere/b.YAML", join(folder.path, "access/b.yaml"));
    const lint = (from: string) => podgate(["lint", "--from", from], { cwd: join(folder.path, "access") });
    for (const from of [".", "./", "../access/.", join(folder.path, "access")]) {
      expect(await lint(from)).toMatchObject({ exitCode: 0, stdout: "2 documents, 0 errors, 0 warnings\n" });
    }
    await symlink("../elsewhere", join(folder.path, "access/more"));
    expect(await lint(".")).toMatchObject({
      exitCode: 3,
      stderr: "podgate: more is a link to a folder, which is not followed\n",
    });
    await symlink("nowhere.yaml", join(folder.path, "access/c.yaml"));
    expect(await lint(".")).toMatchObject({ exitCode: 3, stderr: "podgate: c.yaml is a link that leads nowhere\n" });
  });

  test.for<{ what: string; yaml: string; said: string }>([
    { what: "no YAML", yaml: "a: [", said: "podgate: a.yaml:1: not readable as YAML: bad indent" },
    {
      what: "a member twice",
      yaml: "permissions/_all:\n  deny: []\n  deny: []\n",
      said: "podgate: a.yaml:3: not readable as YAML: a member is written twice",
    },
    {
      what: "a name twice",
      yaml: "permissions/_all: {}\npermissions/_all: {}\n",
      said: "podgate: a.yaml:2: not readable as YAML: a member is written twice",
    },
    { what: "a list", yaml: "- a\n", said: "podgate: a.yaml:1: expected a mapping of names to documents" },
    {
      what: "a name of nothing",
      yaml: "\npermision/_all: {}\n",
      said: 'podgate: a.yaml:2: "permision/_all" is no document\'s name: it begins with none of issuers/, keys/,',
    },
    {
      what: "a secret",
      yaml: "secrets/github/token: canary-4711\n",
      said: "podgate: a.yaml:1: secrets are never in files; store them with `podgate secret set`",
    },
    {
      what: "an alias inside what it stands for",
      yaml: "permissions/_all: &all\n  allow: [*all]\n",
      said: "podgate: a.yaml: not readable as YAML: its aliases cannot be resolved",
    },
    {
      what: "an alias that blows up",
      yaml: `permissions/_all:\n  a: &a [x,x,x,x,x,x,x,x,x,x]\n${[..."bcdefg"].map((name, index) => `  ${name}: &${name} [${Array(10).fill(`*${"abcdefg"[index]}`).join(",")}]`).join("\n")}\n`,
      said: "podgate: a.yaml: not readable as YAML: its aliases cannot be resolved",
    },
  ])("with $what is refused with file and line", async ({ yaml, said }) => {
    const linted = await lintOf({ "a.yaml": yaml });
    expect(linted.exitCode).toBe(3);
    expect(linted.said).toContain(said);
    expect(linted.said.trimEnd().split("\n")).toHaveLength(1);
    expect(linted.said).not.toContain("canary");
  });

  test("with one name in two files is refused with both places", async () => {
    expect(await lintOf({ "a.yaml": "permissions/_all: {}\n", "b.yaml": "\npermissions/_all: {}\n" })).toEqual({
      exitCode: 3,
      said: "podgate: b.yaml:2: permissions/_all is given already at a.yaml:1\n",
    });
  });

  test.for<{ what: string; yaml: string; lines: string[] }>([
    {
      what: "wrong members, each on its line",
      yaml: [
        "permissions/dev/payments/billing:",
        "  allow:",
        "    - service: orders",
        "      methods: [GETT]",
        "      paths:",
        '        - "/v1/*"',
        "        - v1",
        "  deni: []",
      ].join("\n"),
      lines: [
        "a.yaml:4: error: allow[0].methods is",
        "a.yaml:7: error: allow[0].paths[1] is",
        "a.yaml:8: error: deni is unknown",
      ],
    },
    {
      what: "a member that is missing, at what lacks it",
      yaml: "apis/a1b2c3:\n  audiences: [a.example.com]\n",
      lines: ["a.yaml:1: error: service is missing"],
    },
    {
      what: "one inside an alias, where it is written",
      yaml: "permissions/_all:\n  allow: &rules\n    - { service: a, methods: [GET], path: [/] }\npermissions/dev/_all:\n  allow: *rules\n",
      lines: ["_all", "dev/_all"].flatMap(() => [
        "a.yaml:3: error: allow[0].paths is missing",
        "a.yaml:3: error: allow[0].path is unknown",
      ]),
    },
    {
      what: "a newer format",
      yaml: "permissions/_all: { version: 2 }\n",
      lines: ["a.yaml:1: error: parameter /podgate/folder/permissions/_all (version 1) has format version 2"],
    },
    {
      what: "an issuer under another name",
      yaml: "issuers/oidc.example.com/x:\n  url: https://oidc.example.com/x/\n  cluster: dev\n",
      lines: ["a.yaml:1: error: it is for an issuer whose document is named issuers/oidc.example.com/x_2F"],
    },
    {
      what: "an issuer that is no URL",
      yaml: "issuers/x:\n  cluster: dev\n  url: x\n",
      lines: ["a.yaml:3: error: url is not an issuer's URL"],
    },
    {
      what: "keys of another issuer",
      yaml: "keys/oidc.example.com/x:\n  issuer: https://oidc.example.com/y\n  fetchedAt: 1\n  source: static\n  keys: []\n",
      lines: [
        "a.yaml:1: error: parameter /podgate/folder/keys/oidc.example.com/x (version 1) cannot be used: it has no usable key",
      ],
    },
    {
      what: "an API's id that is none",
      yaml: "apis/a_b: { service: a, audiences: [b] }\n",
      lines: ["a.yaml:1: error: its name is not apis/"],
    },
    {
      what: "a service's name that is none",
      yaml: "services/A: { url: https://a.example.com, credential: { type: none } }\n",
      lines: ["a.yaml:1: error: its name is not services/"],
    },
    ...[
      "permissions/dev",
      "permissions/dev/payments",
      "permissions/Dev/_all",
      "permissions/a/b/c/d",
      "permissions/_group./_all",
      "permissions/dev/_x/y",
    ].map((name) => ({
      what: `${name}, which no caller is found by`,
      yaml: `${name}: {}\n`,
      lines: ["a.yaml:1: error: its name is none of permissions/"],
    })),
  ])("with $what is linted", async ({ yaml, lines }) => {
    const { exitCode, said } = await lintOf({ "a.yaml": yaml });
    expect(exitCode).toBe(1);
    const told = said.trimEnd().split("\n").slice(0, -1);
    expect(told).toHaveLength(lines.length);
    for (const [index, line] of lines.entries()) expect(told[index]).toContain(line);
  });
});

describe("SSM over the wire", () => {
  const PREFIX = "/podgate/test";
  let store: ParameterStore;
  let env: Record<string, string>;

  beforeAll(async () => {
    store = await startParameterStore();
    env = {
      AWS_ENDPOINT_URL_SSM: store.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "offline",
      AWS_SECRET_ACCESS_KEY: "offline",
    };
    store.put(`${PREFIX}/issuers/oidc.example.com/dev`, ISSUER);
    store.put(`${PREFIX}/secrets/github/token`, "canary-4711", { type: "SecureString" });
    for (let index = 0; index < 25; index++) store.put(`${PREFIX}/permissions/dev/payments/app-${index}`, GOOD);
    store.put(`${PREFIX}/permissions/dev/payments/wrong`, { alow: [] });
  });
  afterAll(() => store[Symbol.asyncDispose]());

  test("is read page by page, without its secrets, and a finding names the parameter", async () => {
    store.forgetCalls();
    expect(await podgate(["lint", "--prefix", PREFIX], { env })).toEqual({
      exitCode: 1,
      stderr: "",
      stdout: `${PREFIX}/permissions/dev/payments/wrong: error: alow is unknown; allowed are version, allow, deny [document]\n27 documents, 1 error, 0 warnings\n`,
    });
    const paths = store.calls.flatMap(({ names }) => names);
    expect(paths.filter((path) => path === `${PREFIX}/permissions`)).toHaveLength(3);
    expect(paths.some((path) => path.includes("secrets") || path === PREFIX)).toBe(false);
  });

  test("its prefix comes from the environment, where it is not given", async () => {
    const { stdout } = await podgate(["lint", "--json"], { env: { ...env, PODGATE_PARAMETER_PREFIX: PREFIX } });
    expect(JSON.parse(stdout).findings).toMatchObject([{ name: "permissions/dev/payments/wrong", rule: "document" }]);
  });

  test("that gives empty pages is read on, but not for ever", async () => {
    const lint = () => podgate(["lint", "--prefix", PREFIX, "--rate", "1000"], { env });
    store.fault({ kind: "empty-page", calls: 3 });
    expect((await lint()).stdout).toContain("\n27 documents, 1 error, 0 warnings\n");
    store.fault({ kind: "empty-page" });
    const { exitCode, stderr } = await lint();
    store.fault();
    expect(exitCode).toBe(4);
    expect(stderr).toContain("failed (empty pages without end)");
  });

  test("that throttles is waited for", async () => {
    store.fault({ kind: "throttle", calls: 3 });
    const { exitCode } = await podgate(["lint", "--prefix", PREFIX], { env });
    expect(exitCode).toBe(1);
  });

  test("that lists without end is no store", async () => {
    store.fault({ kind: "endless-pages" });
    const { exitCode, stderr } = await podgate(["lint", "--prefix", PREFIX], { env });
    store.fault();
    expect(exitCode).toBe(4);
    expect(stderr).toContain(
      "podgate: PARAMETERS_UNAVAILABLE: SSM GetParametersByPath for /podgate/test/issuers failed (the same page twice)",
    );
  });

  test.for<{ kind: "access-denied" | "expired-credentials"; name: string }>([
    { kind: "access-denied", name: "AccessDeniedException" },
    { kind: "expired-credentials", name: "ExpiredTokenException" },
  ])("that refuses ($kind) is no verdict", async ({ kind, name }) => {
    store.fault({ kind });
    const { exitCode, stdout, stderr } = await podgate(["lint", "--prefix", PREFIX], { env });
    store.fault();
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toContain(`(${name}); check AWS_PROFILE and AWS_REGION`);
  });
});

test("--offline is the store of `npm start`, whatever prefix the shell has set for AWS; --prefix is another one there", async () => {
  await using store = await startParameterStore();
  const put = (prefix: string, namespace: string) => store.put(`${prefix}/permissions/dev/${namespace}/billing`, GOOD);
  put("/podgate/offline", "offline");
  put("/podgate/prod", "prod");
  put("/podgate/prod", "more");
  const env = { PODGATE_PARAMETER_PREFIX: "/podgate/prod", PODGATE_OFFLINE_PORT_STORE: new URL(store.url).port };
  const lint = async (...flags: string[]) => (await podgate(["lint", "--offline", ...flags], { env })).stdout;
  expect(await lint()).toContain("\n1 document, ");
  expect(await lint("--prefix", "/podgate/prod")).toContain("\n2 documents, ");
});
