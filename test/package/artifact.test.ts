import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import { coldStart, effectOf, startColdWorld } from "../support/cold-world.ts";
import { unzip } from "../support/unzip.ts";

const FUNCTIONS = ["authorizer", "whoami", "forward", "refresh-keys"];

let folder: string;
const contents = new Map<string, readonly string[]>();

/** A file of an archive as it lies in a Lambda. */
const unpacked = (name: string, file: string) => join(folder, name, file);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "podgate-artifact-"));
  const osls = resolve("node_modules/osls/bin/serverless.js");
  await promisify(execFile)(process.execPath, [osls, "package", "--package", join(folder, "package")], {
    env: { PATH: process.env["PATH"], HOME: folder },
  });
  for (const name of FUNCTIONS) {
    contents.set(name, await unzip(join(folder, "package", `${name}.zip`), join(folder, name)));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("what is deployed", () => {
  test.for([
    { name: "authorizer", later: ["fetch-json", "sdk-ssm"] },
    { name: "whoami", later: ["fetch-json", "sdk-ssm"] },
    { name: "forward", later: ["fetch-json", "sdk-ssm", "sdk-sts"] },
    { name: "refresh-keys", later: [] },
  ])("$name is its bundle and the files that it may load later: $later", async ({ name, later }) => {
    const bundle = await readFile(unpacked(name, `dist/functions/${name}.mjs`), "utf8");
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

    const module = pathToFileURL(unpacked("authorizer", "dist/functions/authorizer.mjs"));
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
