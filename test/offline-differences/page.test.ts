import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { DiscoveryFaultSchema, KeysFaultSchema } from "../../offline/cluster/faults.ts";
import { DEFAULT_CLUSTERS, readOptions } from "../../offline/options.ts";
import { FAULT_KINDS } from "../../offline/parameter-store/faults.ts";
import { readSeed } from "../../offline/parameter-store/seed.ts";
import { PORT_NAMES, PORTS } from "../../offline/ports.ts";
import { sampleCompanion } from "../../offline/sample/companion.ts";
import { startStack } from "../../offline/stack.ts";
import { blocksOf, shellBlock } from "../docs/page.ts";

const page = await readFile(new URL("../../docs/offline.md", import.meta.url), "utf8");
const run = promisify(execFile);

const ANY_PORTS = { gateway: 0, websocket: 0, lambda: 0, cluster: 0, store: 0, service: 0 };

test("docs/offline.md: every command that controls the stack works as it is written", async () => {
  await using stack = await startStack({
    ports: ANY_PORTS,
    clusters: DEFAULT_CLUSTERS,
    seedFile: "offline/seed.yaml",
    companion: sampleCompanion,
  });
  const commands = shellBlock("offline", "_faults")
    .split("\n")
    .filter((line) => line.startsWith("curl"))
    .map((line) =>
      line
        .replace("http://127.0.0.1:4100/dev", stack.clusters[0]?.controlUrl ?? "")
        .replace("http://127.0.0.1:4101", stack.storeUrl)
        .replace("http://127.0.0.1:4102", stack.companion?.variables["service"] ?? "")
        .replace("curl -s", "curl -s -o /dev/null -w '%{http_code}\\n'"),
    );
  const { stdout } = await run("sh", ["-c", commands.join("\n")]);
  expect(commands.length).toBeGreaterThan(12);
  const tokens = commands.filter((command) => /\/token |_tokens /.test(command));
  const answers = [...tokens.map(() => "201"), ...commands.slice(tokens.length).map(() => "200")];
  expect(stdout.trim().split("\n")).toEqual(answers);
});

test("docs/offline.md: the seed file can be read", () => {
  const [block] = blocksOf("offline").filter(({ title }) => title === "seed.yaml");
  const { parameters } = readSeed(block?.text ?? "", { clusters: "http://127.0.0.1:4100" });
  expect(parameters).toHaveLength(4);
});

test("docs/offline.md names the version of serverless-offline that it was compared with", async () => {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const { devDependencies } = JSON.parse(manifest) as { devDependencies: Readonly<Record<string, string>> };
  expect(page).toContain(`serverless-offline ${devDependencies["serverless-offline"]} alone`);
});

test("docs/offline.md names every fault, every port and its variable", () => {
  const ofClusters = [...DiscoveryFaultSchema.options, ...KeysFaultSchema.options].map(
    ({ entries }) => entries.kind.literal,
  );
  for (const kind of [...FAULT_KINDS, ...ofClusters]) expect(page).toContain(`\`${kind}\``);
  for (const name of PORT_NAMES) {
    expect(page).toMatch(new RegExp(`\\| ${PORTS[name].port} \\| \`${PORTS[name].variable}\` \\|`));
  }
});

test.for(["restArnPath", "seed.yaml #"])("docs/offline.md: the options beside %s can be read", (part) => {
  const [block] = blocksOf("offline").filter(({ language, text }) => language === "yaml" && text.includes(part));
  const { custom } = parse(block?.text ?? "") as { custom: { podgate: { offline: unknown } } };
  expect(readOptions(custom.podgate.offline, {})).toMatchObject({ seed: expect.stringContaining("seed.yaml") });
});
