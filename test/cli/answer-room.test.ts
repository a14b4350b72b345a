import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Folder, folderOf, podgate } from "../support/podgate.ts";

const many = (service: string) => [
  {
    service,
    methods: ["GET", "PUT", "POST"],
    paths: Array.from({ length: 30 }, (_, at) => `/v1/${at}/${"y".repeat(20)}`),
  },
];
const few = (service: string) => [{ service, methods: ["GET"], paths: ["/v1/*"] }];
const api = (service: string, more: object = {}) => ({ service, audiences: [`${service}.example.com`], ...more });

let access: Folder;

beforeAll(async () => {
  access = await folderOf({
    "access/access.yaml": {
      "issuers/oidc.example.com/dev": { url: "https://oidc.example.com/dev", cluster: "dev", algorithms: ["ES256"] },
      "apis/whole": api("whole", { answers: "policy" }),
      "apis/either": api("either"),
      "apis/simple": api("simple", { answers: "simple" }),
      "apis/uncached": api("uncached", { answers: "policy", cached: false }),
      "services/out": { url: "https://out.example.com", credential: { type: "none" } },
      "permissions/dev/payments/billing": { allow: ["whole", "either"].flatMap(many) },
      "permissions/dev/payments/other": { allow: ["uncached", "simple", "out"].flatMap(many) },
      "permissions/dev/payments/small": { allow: ["whole", "either"].flatMap(few) },
    },
    "cases.yaml": {
      cases: ["whole", "either"].flatMap((service) =>
        ["billing", "small"].map((account) => ({
          as: `dev/payments/${account}`,
          service,
          method: "GET",
          path: PATH,
          expect: "allow",
        })),
      ),
    },
  });
});
afterAll(() => access[Symbol.asyncDispose]());

const PATH = `/v1/0/${"y".repeat(20)}`;
const from = () => ["--from", `${access.path}/access`];
const explain = (account: string, service: string, method = "GET", path = PATH) =>
  podgate(
    ["explain", "--as", `dev/payments/${account}`, "--service", service, "--method", method, "--path", path].concat(
      from(),
    ),
  );

describe("permissions that do not fit an authorizer's answer", () => {
  test("are no allow in explain where the API has policies for answers, and one with a doubt where it may have", async () => {
    const whole = await explain("billing", "whole");
    expect(whole).toMatchObject({ exitCode: 4, stdout: "" });
    expect(whole.stderr).toContain("every call by apis/whole is a 500 (POLICY_TOO_LARGE); write fewer, wider paths");
    const either = await explain("billing", "either");
    expect(either.exitCode).toBe(4);
    expect(either.stdout).toMatch(/^allowed, if what was not checked holds\n/);
    expect(either.stdout).toContain("(POLICY_TOO_LARGE), unless it is an HTTP API with simple answers, which");
  });

  test("are no matter where answers are not kept or simple, nor where there is none, nor to others", async () => {
    for (const [account, service] of [
      ["other", "uncached"],
      ["other", "simple"],
      ["other", "out"],
      ["small", "whole"],
      ["small", "either"],
    ] as const) {
      const { exitCode, stdout } = await explain(account, service);
      expect({ exitCode, verdict: stdout.split("\n")[0] }).toEqual({ exitCode: 0, verdict: "allowed" });
    }
  });

  test("are what is left of a change that the rules would be content with", async () => {
    const { exitCode, stdout } = await explain("billing", "whole", "DELETE");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("a change on the way; what is left then is that the permissions of dev/payments/billing");
  });

  test("take a caller out of who-can, or are told with it", async () => {
    const whoCan = async (service: string) => {
      const { exitCode, stdout, stderr } = await podgate(["who-can", service, "GET", PATH, "--json", ...from()]);
      const { granted, tooLarge } = JSON.parse(stdout);
      return { exitCode, stderr, tooLarge, granted: granted.map(({ principal }: { principal: string }) => principal) };
    };
    const through = (service: string, certain: boolean) => [
      { principal: "dev/payments/billing", through: `apis/${service}`, certain },
    ];
    expect(await whoCan("whole")).toMatchObject({
      exitCode: 4,
      granted: ["dev/payments/small"],
      tooLarge: through("whole", true),
      stderr: expect.stringContaining("POLICY_TOO_LARGE"),
    });
    expect(await whoCan("either")).toMatchObject({
      exitCode: 4,
      granted: ["dev/payments/billing", "dev/payments/small"],
      tooLarge: through("either", false),
    });
    expect(await whoCan("uncached")).toMatchObject({ exitCode: 0, granted: ["dev/payments/other"], tooLarge: [] });
  });

  test("are told by can beside the rule", async () => {
    const can = (account: string) => podgate(["can", `dev/payments/${account}`, ...from()]);
    const billing = await can("billing");
    expect(billing.exitCode).toBe(4);
    expect(billing.stdout).toContain("not by apis/whole: POLICY_TOO_LARGE");
    expect(billing.stdout).toContain("by apis/either, if it is an HTTP API with simple answers");
    expect(await can("small")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await can("other")).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("are told once for all whose calls by the same APIs and stages it holds for", async () => {
    const staged = (answers: object) =>
      api("staged", { ...answers, stages: { blue: {}, green: {}, red: {}, grey: {} } });
    const accounts = ["a", "b", "c", "d", "e"];
    await using files = await folderOf({
      "access.yaml": {
        "issuers/oidc.example.com/dev": { url: "https://oidc.example.com/dev", cluster: "dev", algorithms: ["ES256"] },
        "apis/first": staged({ answers: "policy" }),
        "apis/second": staged({}),
        ...Object.fromEntries(accounts.map((name) => [`permissions/dev/payments/${name}`, { allow: many("staged") }])),
      },
    });
    const folder = ["--from", files.path];
    const linesOf = ({ stderr }: { stderr: string }) => stderr.trimEnd().split("\n");
    const certainly =
      /^podgate: the permissions of (.*) do not fit .* every call by (.*) is a 500 \(POLICY_TOO_LARGE\); write/;
    const perhaps =
      /^podgate: the permissions of (.*) do not fit .* every call by (.*) is a 500 \(POLICY_TOO_LARGE\), unless/;

    const whoCan = linesOf(await podgate(["who-can", "staged", "GET", PATH, ...folder]));
    expect(whoCan).toEqual([expect.stringMatching(certainly), expect.stringMatching(perhaps)]);
    expect(certainly.exec(whoCan[0] ?? "")?.slice(1)).toEqual([
      "dev/payments/a, dev/payments/b, dev/payments/c and 2 more",
      "apis/first, apis/first at stage blue, apis/first at stage green and 2 more",
    ]);
    const can = linesOf(await podgate(["can", "dev/payments/a", ...folder]));
    expect(can).toEqual([expect.stringMatching(certainly), expect.stringMatching(perhaps)]);
    expect(perhaps.exec(can[1] ?? "")?.[1]).toBe("dev/payments/a");
  });

  test("fail a case that expects an allow, and leave it undecided where they may", async () => {
    const { exitCode, stdout, stderr } = await podgate(["test", `${access.path}/cases.yaml`, ...from(), "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    const { results, ...counts } = JSON.parse(stdout);
    expect(counts).toEqual({ passed: 2, failed: 1, undecided: 1 });
    expect(results.map(({ passed }: { passed: boolean }) => passed)).toEqual([false, true, false, true]);
    expect(results.map(({ undecided }: { undecided: boolean }) => undecided)).toEqual([false, false, true, false]);
    expect(results[0].actual).toContain("POLICY_TOO_LARGE");
    expect(results[2].actual).toContain("allow or POLICY_TOO_LARGE");
  });

  test("end a test with 4 where no case fails and one is in doubt, until its API says what it answers", async () => {
    const caseOf = (more: object) => ({
      as: "dev/payments/billing",
      method: "GET",
      path: PATH,
      expect: "allow",
      ...more,
    });
    const run = async (...cases: readonly object[]) => {
      await using files = await folderOf({ "cases.yaml": { cases } });
      const junit = `${files.path}/junit.xml`;
      const ended = await podgate(["test", `${files.path}/cases.yaml`, "--junit", junit, ...from()]);
      return { ...ended, junit: await readFile(junit, "utf8") };
    };
    const doubtful = await run(
      caseOf({ service: "either" }),
      caseOf({ service: "either", as: "dev/payments/small", path: "/v1/a" }),
    );
    expect(doubtful.exitCode).toBe(4);
    expect(doubtful.stdout).toMatch(
      /^UNDECIDED .*\n {2}expected allow\n {2}was {6}allow or POLICY_TOO_LARGE by .*unless it is/,
    );
    expect(doubtful.stdout).toMatch(/\n1 passed, 0 failed, 1 undecided\n$/);
    expect(doubtful.junit).toMatch(/tests="2" failures="0" errors="1" .*<error message="expected allow, was allow or/s);

    // What is wrong either way fails: a verdict that nobody expects, another rule than the one that should decide.
    expect(await run(caseOf({ service: "either", expect: "refuse" }))).toMatchObject({ exitCode: 1 });
    expect(await run(caseOf({ service: "either", rule: "permissions/_all#allow[0]" }))).toMatchObject({ exitCode: 1 });
    expect(await run(caseOf({ service: "simple", as: "dev/payments/other" }))).toMatchObject({
      exitCode: 0,
      stdout: "1 passed, 0 failed\n",
    });
  });
});
