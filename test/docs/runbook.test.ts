import type { Context } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../lib/app.ts";
import type { ReadParameters } from "../../lib/aws/parameter-reader.ts";
import { parseConfig } from "../../lib/config.ts";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import { http2Event } from "../support/authorizer-events.ts";
import { ACCOUNT, REGION } from "../support/built-function.ts";
import { auditLines } from "../support/verdict.ts";
import { startWorld, type World } from "../support/world.ts";
import { blocksOf, readPage, shellBlock } from "./page.ts";
import { canRunCommands, type PageShell, startPageShell } from "./page-shell.ts";
import { pageTools } from "./page-tools.ts";

const PREFIX = "/podgate/prod";
const page = readPage("runbook");

let world: World;
let shell: PageShell;
let authorization: string;
let issuer: string;

beforeAll(async () => {
  // Tokens are a minute old, so that "before now" is before now.
  world = await startWorld({ clock: () => Date.now() / 1000 - 60 });
  shell = await startPageShell(pageTools(world, { cluster: "dev" }));
  authorization = `Bearer ${await world.mint("dev", { audiences: ["orders.example.com"] })}`;
  issuer = issuerName(world.cluster("dev").issuer);
  restore();
});
afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const API = { service: "orders", audiences: ["orders.example.com"] };

function restore(): void {
  const url = world.cluster("dev").issuer;
  world.store.put(`${PREFIX}/issuers/${issuer}`, { url, cluster: "prod-seoul", group: "prod" });
  world.store.put(`${PREFIX}/apis/a1b2c3d4e5`, API);
  world.store.put(`${PREFIX}/permissions/prod-seoul/payments/billing`, {
    allow: [{ service: "orders", methods: ["GET"], paths: ["/v1/*"] }],
  });
}

/** What an environment that knows nothing yet decides. */
async function decided(): Promise<string> {
  const lines: string[] = [];
  const app = createApp(
    { needsAudiences: false, env: { PODGATE_PARAMETER_PREFIX: PREFIX, PODGATE_ALLOW_LOOPBACK_HTTP: "1" } },
    { readParameters: readStored, writeLine: (line) => lines.push(line) },
  );
  await app.authorize(http2Event({ apiId: "a1b2c3d4e5", authorization }), CONTEXT);
  return auditLines(lines)[0]?.code ?? "no decision";
}

const readStored: ReadParameters = async (names) => {
  const stored = names.flatMap((name) => world.store.get(name) ?? []);
  return new Map(
    stored.map(({ name, value, version }) => [name, { name, version, revision: `${version}`, text: value }]),
  );
};

const CONTEXT = {
  functionName: "podgate-test",
  invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:podgate-test`,
  getRemainingTimeInMillis: () => 10_000,
} as Context;

/** Runs a command of the page after the block that all of them need. */
function run(command: string): Promise<string> {
  return shell.run(`${shellBlock("runbook", "edit() {")}\n${command.replaceAll("ISSUER", issuer)}`);
}

interface Row {
  readonly stop: string;
  readonly command: string;
  readonly status: string;
  readonly undo: string;
}

const rows = [
  ...page.matchAll(/^\| ([^|]+) \| `((?:edit|aws) (?:\\\||[^|])+)` \| (40\d) \| ((?:\\\||[^|])+) \|$/gm),
].map(
  ([, stop = "", command = "", status = "", undo = ""]): Row => ({
    stop,
    command: command.replaceAll("\\|", "|"),
    status,
    undo: undo.replaceAll("\\|", "|"),
  }),
);

/** The command that takes the other one back. */
function undoing({ command, undo }: Row): string | undefined {
  if (undo.startsWith("`-=`")) return command.replace("+=", "-=");
  const program = /^`('.+')`$/.exec(undo)?.[1];
  return program && command.replace(/(edit \S+) .*/, (_, edit) => `${edit} ${program}`);
}

const REFUSED_AS: Record<string, string> = {
  "a cluster": "ISSUER_DISABLED",
  "all older tokens of a cluster": "TOKEN_REVOKED",
  "one API, whoever calls": "API_UNKNOWN",
};

describe("the runbook's table", () => {
  test("has every row, and what it stops is allowed before", async () => {
    expect(rows).toHaveLength(9);
    expect(await decided()).toBe("ALLOWED");
  });

  test.skipIf(!canRunCommands).for(rows)("$stop is stopped with a $status, and comes back", async (row) => {
    await run(row.command);
    const code = await decided();
    expect(code).toBe(REFUSED_AS[row.stop] ?? "ACCESS_DENIED");
    expect(row.status).toBe(/^(ISSUER|TOKEN)_/.test(code) ? "401" : "403");

    const undo = undoing(row);
    if (undo === undefined) restore();
    else await run(undo);
    expect(await decided()).toBe("ALLOWED");
  });
});

describe.skipIf(!canRunCommands)("edit", () => {
  const NAME = `${PREFIX}/permissions/prod-seoul/payments/editor`;
  const EDIT = 'edit permissions/prod-seoul/payments/editor ".deny += [$EVERYTHING]"';

  test("makes a document where there is none, and keeps what is in one", async () => {
    await run(EDIT);
    expect(JSON.parse(world.store.get(NAME)?.value ?? "")).toEqual({
      deny: [{ service: "*", methods: ["*"], paths: ["*"] }],
    });
    const allow = [{ service: "orders", methods: ["GET"], paths: ["*"] }];
    world.store.put(NAME, { allow });
    await run(EDIT);
    expect(JSON.parse(world.store.get(NAME)?.value ?? "")).toMatchObject({ allow });
  });

  test("changes nothing where the document cannot be read or is none of an issuer", async () => {
    world.store.put(NAME, "{ not JSON");
    await expect(run(EDIT)).rejects.toThrow();
    expect(world.store.get(NAME)?.value).toBe("{ not JSON");

    await expect(run(`edit issuers/no.such.example 'select(.url) | .disabled = true'`)).rejects.toThrow();
    expect(world.store.get(`${PREFIX}/issuers/no.such.example`)).toBeUndefined();
  });

  test("changes nothing while SSM does not answer", async () => {
    world.store.put(NAME, { allow: [] });
    world.store.fault({ kind: "internal-error", operation: "GetParameters" });
    try {
      await expect(run(EDIT)).rejects.toThrow();
    } finally {
      world.store.fault();
    }
    expect(world.store.get(NAME)?.value).toBe('{"allow":[]}');
  });
});

test.skipIf(!canRunCommands)("a former version is put back", async () => {
  const name = `${PREFIX}/permissions/prod-seoul/payments/billing`;
  await using fresh = await startWorld();
  await using freshShell = await startPageShell(pageTools(fresh, { cluster: "dev" }));
  fresh.store.put(name, { allow: [] });
  fresh.store.put(name, { deny: [] });
  await freshShell.run(`${shellBlock("runbook", "edit() {")}\n${shellBlock("runbook", "VERSION=1")}`);
  expect(fresh.store.get(name)).toMatchObject({ value: '{"allow":[]}', version: 3 });
});

test("the blocks to paste are the commands of the table", () => {
  const table = rows.map(({ command }) => command);
  const pasted = blocksOf("runbook").flatMap(({ language, text }) =>
    language === "sh" ? (text.match(/^edit (?!\(\)).*\+=.*$/gm) ?? []) : [],
  );
  expect(pasted.length).toBeGreaterThan(2);
  for (const command of pasted) expect(table).toContain(command);
});

test("the ages on the page are the defaults", () => {
  const config = parseConfig({ PODGATE_PARAMETER_PREFIX: PREFIX }, false);
  const { documentsMaxAgeSeconds: age, documentsMaxStaleSeconds: stale, keysMaxStaleSeconds: keys } = config;
  expect(page).toContain(`| ${age} s (\`PODGATE_DOCUMENTS_MAX_AGE_SECONDS\`) |`);
  expect(page).toContain(`| ${age + stale} s (${stale} s more by \`PODGATE_DOCUMENTS_MAX_STALE_SECONDS\`)`);
  expect(page).toContain(`${keys.toLocaleString("en")} s (\`PODGATE_KEYS_MAX_STALE_SECONDS\`)`);
});
