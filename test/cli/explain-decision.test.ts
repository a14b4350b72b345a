import { afterAll, beforeAll, expect, test } from "vitest";
import { restTokenEvent } from "../support/authorizer-events.ts";
import type { RunningFunction } from "../support/built-function.ts";
import { podgate } from "../support/podgate.ts";
import { auditOf } from "../support/verdict.ts";
import { PREFIX, startWorld, type World } from "../support/world.ts";

let world: World;
let authorizer: RunningFunction;

beforeAll(async () => {
  world = await startWorld();
  authorizer = await world.start("authorizer");
});
afterAll(() => world[Symbol.asyncDispose]());

async function decide(asked: Parameters<typeof restTokenEvent>[0]) {
  const result = await authorizer.call(
    restTokenEvent({ authorization: `Bearer ${await world.mint("dev")}`, ...asked }),
  );
  // As `aws logs tail` writes it, between other lines.
  const log = [
    "INIT_START Runtime",
    ...result.lines.map((line) => `2026-11-24T03:05:45+00:00 2026/11/24/[$LATEST] ${line}`),
    "END",
  ];
  return { audit: auditOf(result), log: log.join("\n") };
}

function explain(inputs: readonly string[], input: string) {
  const { PODGATE_PARAMETER_PREFIX: _, ...env } = world.env;
  return podgate(["explain", ...inputs], { env, input });
}

test("a refusal is explained from its record: the checks, the rule, and the documents as they were", async () => {
  const { audit, log } = await decide({ method: "DELETE" });
  const { exitCode, stdout, stderr } = await explain(["--decision", audit.decisionId], log);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
  expect(stdout).toContain("refused: ACCESS_DENIED (the caller reads FORBIDDEN), 2");
  expect(stdout).toContain("  dev/payments/billing: DELETE /v1/orders on orders, by API offlinerest at stage dev");
  expect(stdout).toContain("  NO decision    no deny covers the call: ACCESS_DENIED");
  expect(stdout).toContain(`  ${PREFIX}/permissions/dev/payments/billing#deny[0]`);
  expect(stdout).toMatch(new RegExp(`^ {2}${PREFIX}/permissions/dev/payments/billing version 1$`, "m"));
});

test("with a store it says what changed since, what the call would get now, and what would turn that", async () => {
  const { audit, log } = await decide({ path: "/v2/orders" });
  world.put("permissions/dev/payments/billing", { allow: [] });
  const { exitCode, stdout } = await explain(["--decision", audit.decisionId, "--prefix", PREFIX, "--json"], log);
  expect(exitCode).toBe(1);
  const said = JSON.parse(stdout);
  expect(said.documents).toContainEqual({ name: `${PREFIX}/permissions/dev/payments/billing`, version: 1, now: 2 });
  expect(said.now).toMatchObject({
    code: "ACCESS_NOT_ALLOWED",
    change: {
      complete: true,
      changes: [
        {
          kind: "add-rule",
          document: "permissions/dev/payments/billing",
          rule: { service: "orders", methods: ["GET"], paths: ["/v2/orders"] },
        },
      ],
    },
  });
});

test("before the signature nobody is known, and that is said", async () => {
  const { audit, log } = await decide({ authorization: "Bearer x.y.z" });
  const { exitCode, stdout } = await explain(["--decision", audit.decisionId, "--prefix", PREFIX], log);
  expect(exitCode).toBe(1);
  expect(stdout).toContain("refused: TOKEN_MALFORMED (the caller reads TOKEN_INVALID)");
  expect(stdout).toContain("  somebody unverified, by API offlinerest at stage dev");
});

test("what the call came in by is what it comes in by now: gone, it is refused, whatever else has the service", async () => {
  const { audit, log } = await decide({});
  const now = async (text = log) => {
    const { stdout } = await explain(["--decision", audit.decisionId, "--prefix", PREFIX, "--json"], text);
    const { code, detail } = JSON.parse(stdout).now;
    return { code, detail };
  };
  world.put("permissions/dev/payments/billing", { allow: [{ service: "orders", methods: ["*"], paths: ["*"] }] });
  expect(await now()).toEqual({ code: "ALLOWED", detail: "the call is allowed" });

  const api = { service: "orders", audiences: ["orders.example.com"] };
  world.put("apis/offlinerest", { ...api, stages: { dev: { service: "invoices" } } });
  expect(await now()).toMatchObject({ code: "ACCESS_NOT_ALLOWED", detail: expect.stringContaining("on invoices") });
  world.put("apis/offlinerest", { ...api, principals: ["dev/shop/*"] });
  expect(await now()).toMatchObject({ code: "PRINCIPAL_NOT_ADMITTED" });
  world.remove("apis/offlinerest");
  expect(await now()).toEqual({ code: "API_UNKNOWN", detail: "apis/offlinerest is not in the store any more" });

  // As `forward` writes it: the service is the receiver.
  const forwarded = log.replaceAll("apis/offlinerest", "services/orders");
  expect(await now(forwarded)).toEqual({
    code: "SERVICE_UNKNOWN",
    detail: "services/orders is not in the store any more",
  });
  world.put("services/orders", { url: "https://orders.example.com", credential: { type: "none" } });
  expect(await now(forwarded)).toMatchObject({ code: "ALLOWED" });
  world.put("services/orders", { url: "not a URL" });
  expect(await now(forwarded)).toMatchObject({ code: "DOCUMENT_INVALID" });

  const elsewhere = log.replaceAll(world.cluster("dev").issuer, "https://oidc.example.com/gone");
  expect(await now(elsewhere)).toMatchObject({ code: "ISSUER_UNKNOWN" });
  world.put("apis/offlinerest", api);
  world.remove("services/orders");
});

test("the store is known by PODGATE_PARAMETER_PREFIX too", async () => {
  const { audit, log } = await decide({});
  const { stdout } = await podgate(["explain", "--decision", audit.decisionId], { env: world.env, input: log });
  expect(stdout).toContain("by the documents as they are now: the call is allowed");
});

test("no decision is neither yes nor no", async () => {
  world.put("permissions/dev/payments/billing", { alow: [] });
  const clock = await world.start("authorizer");
  const result = await clock.call(restTokenEvent({ authorization: `Bearer ${await world.mint("dev")}` }));
  const { exitCode, stdout } = await explain(["--decision", auditOf(result).decisionId], result.lines.join("\n"));
  expect(exitCode).toBe(4);
  expect(stdout).toContain("no decision: DOCUMENT_INVALID");
  expect(stdout).toContain("alow is unknown");
});

test("an id that is in no record is a mistake", async () => {
  const { log } = await decide({});
  expect(await explain(["--decision", "00000000-0000-4000-8000-000000000000"], log)).toEqual({
    exitCode: 3,
    stdout: "",
    stderr:
      'podgate: no audit record of decision "00000000-0000-4000-8000-000000000000" in standard input; give the function\'s log, a JSON line for each decision\n',
  });
});

test("a log that is not there is one line", async () => {
  expect(await explain(["--decision", "1", "/nonexistent/log"], "")).toEqual({
    exitCode: 3,
    stdout: "",
    stderr: 'podgate: the file "/nonexistent/log" cannot be read (ENOENT)\n',
  });
});
