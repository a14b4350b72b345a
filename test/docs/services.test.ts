import { describe, expect, test } from "vitest";
import { PUBLIC_PROBLEMS } from "../../lib/gateway/problem.ts";
import { parseExternalService } from "../../lib/service/external-service.ts";
import { blocksOf, readPage } from "./page.ts";

const documents = blocksOf("services").filter(({ language }) => language === "json");

/** Every `service.json` that a shell block writes, and every block of JSON. */
const written = [
  ...documents.map(({ text }) => text),
  ...blocksOf("services").flatMap(({ text }) =>
    [...text.matchAll(/service\.json <<'EOT'\n(.*?)\nEOT/gs)].map(([, json = ""]) => json),
  ),
];

describe("docs/services.md", () => {
  test("shows documents that can be read, one for each kind of credential", () => {
    const kinds = written.map((text) => {
      const stored = { name: "/podgate/prod/services/x", version: 1, revision: "1", text };
      return parseExternalService(stored).credential.type;
    });
    expect([...new Set(kinds)].sort()).toEqual(["aws-sigv4", "basic", "header", "none", "oauth2-client-credentials"]);
  });

  test("stores each secret that a document names, in the service's own folder", () => {
    const stored = [...readPage("services").matchAll(/"\$PREFIX\/(secrets\/[^"]+)"/g)].map(([, name]) => name);
    const named = documents.flatMap(({ title, text }) => {
      const { credential } = JSON.parse(text);
      return "secret" in credential ? [`${title.replace("services/", "secrets/")}/${credential.secret}`] : [];
    });
    expect(named).toHaveLength(3);
    for (const name of named) expect(stored).toContain(name);
  });

  test("lists every public code that a call can end in, with its status", () => {
    const [, outcomes = ""] = readPage("services").split("## Outcomes");
    const rows = [...outcomes.matchAll(/^\| (\d+) \| `([A-Z_]+)` \|/gm)].map(([, status, code]) => `${code} ${status}`);
    const expected = Object.entries(PUBLIC_PROBLEMS)
      .filter(([code]) => !code.startsWith("TOKEN_"))
      .map(([code, { status }]) => `${code} ${status}`);
    expect(rows.sort()).toEqual(expected.sort());
  });
});
