import { describe, expect, test } from "vitest";
import type { AuthorizerKind } from "../../../offline/api-gateway/gateway-request.ts";
import type { IntegrationKind } from "../../../offline/api-gateway/integration-event.ts";
import type { Rule } from "../../../offline/api-gateway/rule.ts";
import { RULES, type RuleId } from "../../../offline/api-gateway/rules.ts";
import { rulesAsMarkdown } from "../../../offline/api-gateway/rules-markdown.ts";
import { GATEWAY_SETTINGS } from "../../../offline/api-gateway/settings.ts";
import { answers } from "./scenarios/answers.ts";
import { cache } from "./scenarios/cache.ts";
import { identity } from "./scenarios/identity.ts";
import { integrations } from "./scenarios/integrations.ts";
import { policies } from "./scenarios/policies.ts";

const ofAuthorizers = { ...identity, ...answers, ...policies, ...cache };
const ofIntegrations = integrations;

// A rule without a scenario does not compile.
const named: Record<RuleId, unknown> = { ...ofAuthorizers, ...ofIntegrations };
const rules: readonly Rule[] = RULES;

const rows = rules.flatMap(({ id, does, kinds }) => kinds.map((kind) => ({ id, does, kind })));
const isOfIntegration = (id: string): id is keyof typeof ofIntegrations => Object.hasOwn(ofIntegrations, id);
const isOfAuthorizer = (id: string): id is keyof typeof ofAuthorizers => Object.hasOwn(ofAuthorizers, id);

describe("every rule, for every kind that it names", () => {
  test.for(rows)("$id, $kind: $does", async ({ id, kind }) => {
    expect.hasAssertions();
    if (isOfAuthorizer(id)) await ofAuthorizers[id](kind as AuthorizerKind);
    if (isOfIntegration(id)) ofIntegrations[id](kind as IntegrationKind);
  });
});

describe("the table of rules", () => {
  test("has one row for each scenario, and no id twice", () => {
    expect(rules.map(({ id }) => id).toSorted()).toEqual(Object.keys(named).toSorted());
  });

  test("names a page for each, and where each setting is in force", () => {
    for (const { source } of rules) expect(() => new URL(source)).not.toThrow();
    const settings = new Set(rules.flatMap(({ setting }) => setting ?? []));
    expect([...settings].toSorted()).toEqual(Object.keys(GATEWAY_SETTINGS).toSorted());
  });

  test("has a setting for every rule that nobody verified", () => {
    const unverified = rules.filter(({ status }) => status === "unverified");
    expect(unverified.length).toBeGreaterThan(10);
    expect(unverified.filter(({ setting }) => setting === undefined)).toEqual([]);
  });

  test("is one Markdown table, and one of the settings", () => {
    const lines = rulesAsMarkdown().split("\n");
    expect(lines).toContain(
      "| `identity-empty-token` | An empty token header of a TOKEN authorizer is 401 as well. | rest-token | [unverified](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html) | `emptyTokenHeader` |",
    );
    expect(lines).toContain("| `httpApiThrownUnauthorized` | `thrown-unauthorized-http` | `500` | 401 |");
    const tables = rulesAsMarkdown().trim().split("\n\n");
    expect(tables.map((table) => table.split("\n").length - 2)).toEqual([
      rules.length,
      Object.keys(GATEWAY_SETTINGS).length,
    ]);
    // A cell that breaks its row would have more or fewer of them.
    for (const line of lines.filter((text) => text !== "")) {
      expect([5, 6]).toContain(line.replaceAll("\\|", "").split("|").length - 1);
    }
  });
});
