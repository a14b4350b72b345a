import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Folder, folderOf, podgate } from "../support/podgate.ts";

/** S41: what must be in no output, in no format, in no error. */
const SIGNATURE = "c2lnbmF0dXJlLWNhbmFyeS00NzEx";
const PAYLOAD = Buffer.from('{"iss":"https://oidc.example.com/dev"}').toString("base64url");
const HEADER = Buffer.from('{"alg":"RS256","kid":"1"}').toString("base64url");
const TOKEN = `${HEADER}.${PAYLOAD}.${SIGNATURE}`;
const SECRET = "secret-canary-0815";
/** What a terminal would obey: it goes to the title, back over the line, and turns the direction of writing. */
const ESCAPES = "\u001b]0;owned\u0007\r\u009b2K\u202e";

const CALL = ["--service", "orders", "--method", "GET", "--path"];
const CASES = {
  cases: [
    { as: "dev/a/b", service: "orders", method: "GET", path: `/${TOKEN}`, expect: "allow", name: `${ESCAPES}${TOKEN}` },
  ],
};

let folder: Folder;
beforeAll(async () => {
  folder = await folderOf({
    "access/a.yaml": {
      "issuers/oidc.example.com/dev": { url: "https://oidc.example.com/dev", cluster: "dev", keys: "static" },
      "apis/a1": { service: "orders", audiences: [TOKEN.slice(0, 40)], principals: ["dev/*/*"] },
      "services/github": {
        url: "https://api.github.com",
        // Somebody has written a secret where none belongs.
        credential: { type: "header", name: "X-Key", value: SECRET, secret: "token" },
      },
      "permissions/dev/a/b": { allow: [{ service: "orders", methods: ["GET"], paths: [`/${TOKEN}`, `/${TOKEN}/*`] }] },
      "permissions/dev/a/broken": { [TOKEN]: SECRET, allow: SECRET },
    },
    "cases.yaml": CASES,
    "broken-cases.yaml": { cases: [{ ...CASES.cases[0], [TOKEN]: SECRET, expect: TOKEN }] },
    token: TOKEN,
    "event.json": {
      type: "TOKEN",
      authorizationToken: `Bearer ${TOKEN}`,
      methodArn: `arn:aws:execute-api:us-east-1:123456789012:a1/dev/GET/${TOKEN}`,
    },
    "two-tokens.json": {
      version: "2.0",
      routeArn: "arn:aws:execute-api:us-east-1:123456789012:a1/dev/GET/x",
      headers: { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` },
    },
    log: `x {"type":"decision","decisionId":"${ESCAPES}1","outcome":"refuse","code":"ACCESS_NOT_ALLOWED","detail":"${TOKEN}"}\n`,
  });
});
afterAll(() => folder[Symbol.asyncDispose]());

const COMMANDS: readonly (readonly string[])[] = [
  ["lint"],
  ["who-can", "orders", "GET", `/${TOKEN}`],
  ["who-can", "orders", "GET", `/${ESCAPES}`],
  ["who-can", TOKEN, SECRET, TOKEN],
  ["can", "dev/a/b"],
  ["can", TOKEN],
  ["explain", TOKEN, ...CALL, "/v1"],
  ["explain", `Bearer ${TOKEN}`, ...CALL, `/${TOKEN}`],
  ["explain", "FOLDER/token", ...CALL, ESCAPES],
  ["explain", "-", ...CALL, "/v1"],
  ["explain", `${TOKEN}x.y`, ...CALL, "/v1"],
  ["explain", TOKEN, ...CALL, "/v1", "--keys", TOKEN],
  ["explain", TOKEN, ...CALL, "/v1", "--at", TOKEN],
  ["explain", TOKEN, "--as", "dev/a/b", ...CALL, "/v1"],
  ["explain", TOKEN],
  ["explain", "--as", TOKEN, ...CALL, "/v1"],
  ["explain", "--as", "dev/a/b", ...CALL, `/${TOKEN}`],
  ["explain", "--as", "dev/a/broken", ...CALL, "/v1"],
  ["explain", "--event", "FOLDER/event.json"],
  ["explain", "--event", "FOLDER/two-tokens.json"],
  ["explain", "--event", "FOLDER/token"],
  ["explain", "--event", TOKEN],
  ["explain", "--decision", TOKEN, "FOLDER/log"],
  ["explain", "--decision", "1", "FOLDER/log"],
  ["test", "FOLDER/cases.yaml"],
  ["test", "FOLDER/broken-cases.yaml"],
  ["test", TOKEN],
];

describe("no token, no signature, no secret, and nothing that a terminal obeys is in what reading commands say", () => {
  test.for(COMMANDS.flatMap((inputs) => [[...inputs], [...inputs, "--json"]]))("%j", async (inputs) => {
    const args = inputs.map((each) => each.replace("FOLDER", folder.path));
    const run = await podgate([...args, "--from", `${folder.path}/access`], { input: TOKEN });
    const said = run.stdout + run.stderr;
    expect(said).not.toBe("");
    expect(run.exitCode).not.toBe(5);
    for (const part of [SIGNATURE, SECRET]) expect(said).not.toContain(part);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(said).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
});

test("nor in the file that test writes for CI", async () => {
  const [cases, junit] = [`${folder.path}/cases.yaml`, `${folder.path}/junit.xml`];
  await podgate(["test", cases, "--from", `${folder.path}/access`, "--junit", junit]);
  const written = await readFile(junit, "utf8");
  expect(written).toContain("GET /");
  for (const part of [SIGNATURE, SECRET]) expect(written).not.toContain(part);
});
