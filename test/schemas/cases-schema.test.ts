import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readCases } from "../../cli/cases/case-file.ts";
import { CliError } from "../../cli/exit-code.ts";
import { REFUSALS } from "../../lib/errors.ts";
import { folderOf } from "../support/podgate.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const schema = JSON.parse(read("schemas/cases.schema.json"));
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

async function isRead(document: unknown): Promise<boolean> {
  await using folder = await folderOf({ "cases.yaml": JSON.stringify(document) });
  try {
    await readCases(join(folder.path, "cases.yaml"));
    return true;
  } catch (error) {
    if (error instanceof CliError) return false;
    throw error;
  }
}

const CASE = { as: "dev/payments/billing", service: "orders", method: "GET", path: "/v1", expect: "allow" };

describe("the schema of cases accepts what `podgate test` reads, and nothing else", () => {
  test.for<unknown>([
    { cases: [CASE] },
    {
      cases: [
        {
          ...CASE,
          method: ["GET", "POST"],
          path: ["/a", "/b"],
          name: "x",
          api: "a",
          stage: "b",
          forward: true,
          rule: "x#allow[0]",
        },
      ],
    },
    { cases: [{ ...CASE, token: {} }] },
    { cases: [{ ...CASE, token: { audiences: [], issuedAgo: -1, expiresIn: 0, podBound: false } }] },
    ...["allow", "refuse", ...Object.keys(REFUSALS), "ALLOWED", "deny", ""].map((expected) => ({
      cases: [{ ...CASE, expect: expected }],
    })),
    {},
    [],
    null,
    { cases: [] },
    { cases: {} },
    { cases: [CASE], more: 1 },
    { cases: [null] },
    { cases: [{ ...CASE, as: undefined }] },
    { cases: [{ ...CASE, method: [] }] },
    { cases: [{ ...CASE, method: "" }] },
    { cases: [{ ...CASE, path: [1] }] },
    { cases: [{ ...CASE, forward: "yes" }] },
    { cases: [{ ...CASE, token: { audience: "x" } }] },
    { cases: [{ ...CASE, token: { expiresIn: 1.5 } }] },
    { cases: [{ ...CASE, token: null }] },
    { cases: [{ ...CASE, expects: "allow" }] },
  ])("%j", async (document) => {
    const written = JSON.parse(JSON.stringify(document));
    expect(validate(written)).toBe(await isRead(written));
  });

  test("knows every code", () => {
    const { enum: expected } = schema.properties.cases.items.properties.expect;
    expect(expected).toEqual(["allow", "refuse", ...Object.keys(REFUSALS)]);
  });
});

test("the files that docs/cli.md shows are valid by the schemas", () => {
  const access = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(
    JSON.parse(read("schemas/access.schema.json")),
  );
  const blocks = [...read("docs/cli.md").matchAll(/```yaml[^\n]*\n([\s\S]*?)```/g)].map(([, text = ""]) => parse(text));
  const documents = blocks.filter((block) => block !== null);
  expect(documents).toHaveLength(2);
  for (const document of documents) expect("cases" in document ? validate(document) : access(document)).toBe(true);
});
