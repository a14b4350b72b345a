import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { folderOf, PROGRAM, podgate } from "../support/podgate.ts";

/** Three parts that look like a token's; the last is the one that must never be seen. */
const SIGNATURE = "c2lnbmF0dXJlLWNhbmFyeS00NzEx";
const TOKEN = `eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tIn0.${SIGNATURE}`;

describe("the program", () => {
  test("says what it can do, and how it ends", async () => {
    const { exitCode, stdout, stderr } = await podgate(["--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("podgate lint");
    expect(stdout).toContain("Exit codes: 0 done, or yes; 1 no; 2 wrong command line;");
  });

  test("says its version", async () => {
    expect(await podgate(["--version"])).toEqual({ exitCode: 0, stdout: "0.1.0\n", stderr: "" });
  });

  test.for<{ inputs: string[]; line: string }>([
    { inputs: ["lin"], line: 'podgate: no command "lin"; did you mean `lint`?' },
    { inputs: ["nothing-like-it"], line: 'podgate: no command "nothing-like-it"; see --help' },
    { inputs: ["lint", "--fro", "x"], line: 'podgate: no flag "--fro"; did you mean --from?; see --help' },
    {
      inputs: ["lint", "--rate", "0"],
      line: 'podgate: rate is "0": expected a whole number from 1 to 1000; see --help',
    },
    { inputs: ["lint", "x"], line: 'podgate: "x" is one argument too many: expected at most 0; see --help' },
    { inputs: ["completion", "fish"], line: 'podgate: shell is "fish": expected bash or zsh; see --help' },
    {
      inputs: ["lint"],
      line: "podgate: no store is given: --from <folder> for files, --prefix or PODGATE_PARAMETER_PREFIX for SSM, --offline for npm start",
    },
    {
      inputs: ["lint", "--from", ".", "--offline"],
      line: "podgate: --from is one store and --prefix or --offline another: give one of them",
    },
    {
      inputs: ["lint", "--prefix", "podgate"],
      line: 'podgate: the prefix is "podgate": expected a name such as /podgate/prod',
    },
    {
      inputs: ["lint", "--prefix", "/podgate/x"],
      line: "podgate: no AWS region is set; set AWS_REGION, or a region in the profile of AWS_PROFILE",
    },
    ...["secret list", "secret rm github token", "history permissions/_all"].map((command) => ({
      inputs: [...command.split(" "), "--prefix", "/podgate/x"],
      line: "podgate: no AWS region is set; set AWS_REGION, or a region in the profile of AWS_PROFILE",
    })),
  ])("$inputs is a wrong command line, told in one line", async ({ inputs, line }) => {
    expect(await podgate(inputs)).toEqual({ exitCode: 2, stdout: "", stderr: `${line}\n` });
  });

  test("ends as ever where nobody reads on, and says so where a result cannot be written", async () => {
    const run = async (stdout: "pipe" | number) => {
      const child = spawn(process.execPath, [PROGRAM, "who-can", "--help"], { stdio: ["ignore", stdout, "pipe"] });
      child.stdout?.destroy();
      let stderr = "";
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      const [exitCode] = await once(child, "close");
      return { exitCode, stderr };
    };
    expect(await run("pipe")).toEqual({ exitCode: 0, stderr: "" });
    // A device of Linux.
    if (!existsSync("/dev/full")) return;
    const full = openSync("/dev/full", "w");
    const said = "podgate: standard output cannot be written (ENOSPC); what was to be told is lost\n";
    expect(await run(full)).toEqual({ exitCode: 4, stderr: said });
    closeSync(full);
  });

  test.for<{ where: string; inputs: string[] }>([
    { where: "in place of a command", inputs: [TOKEN] },
    { where: "as one argument too many", inputs: ["lint", TOKEN] },
    { where: "as a flag", inputs: ["lint", `--${TOKEN}`] },
    { where: "as a flag's value", inputs: ["lint", "--rate", TOKEN] },
    { where: "as a folder", inputs: ["lint", "--from", TOKEN] },
    { where: "as a prefix", inputs: ["lint", "--prefix", TOKEN] },
    { where: "as a shell", inputs: ["completion", TOKEN] },
  ])("does not repeat a token that is typed $where", async ({ inputs }) => {
    const { exitCode, stdout, stderr } = await podgate(inputs);
    expect(exitCode).toBeGreaterThan(1);
    expect(stdout + stderr).not.toContain(SIGNATURE);
  });
});

/** The machine's own Node, beside the one that runs the tests, where it is an older one that the program is for. */
const OLDER_NODE = ["/usr/bin/node", "/usr/local/bin/node"].find((file) =>
  /^v20\.(19|[2-9]\d)\./.test(String(spawnSync(file, ["--version"], { encoding: "utf8" }).stdout)),
);

describe("on Node 20, which only some machines have", () => {
  test.skipIf(OLDER_NODE === undefined)("reads, decides and lints, and writes no colours into a pipe", async () => {
    const billing = { allow: [{ service: "orders", methods: ["GET"], paths: ["/v1/*"] }] };
    await using folder = await folderOf({
      "access.yaml": {
        "issuers/oidc.example.com/dev": { url: "https://oidc.example.com/dev", cluster: "dev" },
        "apis/a1": { service: "orders", audiences: ["orders.example.com"], principals: ["dev/payments/*"] },
        "permissions/dev/payments/billing": billing,
      },
    });
    const call = ["--service", "orders", "--method", "GET", "--path", "/v1/orders"];
    const run = (...inputs: string[]) => podgate([...inputs, "--from", folder.path], { node: OLDER_NODE });
    expect(await run("lint")).toEqual({ exitCode: 0, stdout: "3 documents, 0 errors, 0 warnings\n", stderr: "" });
    const explained = await run("explain", "--as", "dev/payments/billing", ...call);
    expect(explained).toMatchObject({ exitCode: 0, stderr: "" });
    expect(explained.stdout).toMatch(/^allowed\n/);
    const away = { node: OLDER_NODE, env: { PODGATE_OFFLINE_PORT_STORE: "1" } };
    const unreachable = await podgate(["who-can", "orders", "GET", "/", "--offline"], away);
    expect(unreachable).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/^.*`npm start` has to run.*\n$/) });
  });
});

/** Completes as bash does for somebody who presses the tab. */
const PRESS_TAB = `
podgate() { "$NODE" "$PROGRAM" "$@"; }
eval "$(podgate completion bash)"
COMP_WORDS=(podgate "$@") COMP_CWORD=$#
_podgate
printf '%s\\n' "\${COMPREPLY[@]}"
`;

const hasBash = spawnSync("bash", ["-c", "true"]).status === 0;

describe("completion", () => {
  test.runIf(hasBash)("completes commands and flags in bash", () => {
    const env = { PATH: process.env["PATH"], NODE: process.execPath, PROGRAM };
    const complete = (...typed: string[]) =>
      spawnSync("bash", ["-c", PRESS_TAB, "bash", ...typed], { env, encoding: "utf8" })
        .stdout.trim()
        .split("\n");
    expect(complete("expl")).toEqual(["explain"]);
    expect(complete("explain", "--serv")).toEqual(["--service"]);
    expect(complete("completion", "")).toEqual(expect.arrayContaining(["bash", "zsh"]));
  });

  test.for(["bash", "zsh"])("is a script for %s that asks the program", async (shell) => {
    const { exitCode, stdout } = await podgate(["completion", shell]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("podgate __complete");
  });

  test.for<{ typed: string[]; proposed: string[] }>([
    { typed: [""], proposed: ["lint", "completion"] },
    { typed: ["l"], proposed: ["lint"] },
    { typed: ["lint", "--fr"], proposed: ["--from"] },
    { typed: ["completion", ""], proposed: ["bash", "zsh"] },
    { typed: ["nothing", ""], proposed: [] },
  ])("of $typed proposes $proposed", async ({ typed, proposed }) => {
    const { stdout } = await podgate(["__complete", ...typed]);
    const completions = stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0]]));
    expect(completions).toEqual(expect.arrayContaining(proposed));
    if (proposed.length === 0) expect(completions).toEqual([]);
  });
});
