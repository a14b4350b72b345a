import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rulesAsMarkdown } from "../../offline/api-gateway/rules-markdown.ts";
import { Caller } from "./caller.ts";
import { type Difference, resultOf, sourceOf } from "./difference.ts";
import { differencesAsMarkdown, type Measured, withSection } from "./page.ts";
import { ASKING } from "./rows-asking.ts";
import { ENDING } from "./rows-ending.ts";
import { EVENT } from "./rows-event.ts";
import { INTEGRATION } from "./rows-integration.ts";
import { POLICY } from "./rows-policy.ts";
import { type Stack, startStack } from "./stacks.ts";
import { UNFAITHFUL } from "./unfaithful.ts";

const PAGE = new URL("../../docs/offline.md", import.meta.url).pathname;
const REWRITE = "npx vitest run test/offline-differences -u";

const DIFFERENCES = [...ASKING, ...EVENT, ...ENDING, ...POLICY, ...INTEGRATION];

let plain: Stack;
let twin: Stack;
/** By id: what became of the same calls. */
let measured: ReadonlyMap<string, Measured>;

beforeAll(async () => {
  [plain, twin] = await Promise.all([startStack("plain"), startStack("twin")]);
  const all = [...DIFFERENCES, ...UNFAITHFUL];
  const [ofPlain, ofTwin] = await Promise.all([resultsOf(all, plain), resultsOf(all, twin)]);
  measured = new Map(
    all.map((difference, index) => [
      difference.id,
      { difference, plain: ofPlain[index] ?? "", twin: ofTwin[index] ?? "" },
    ]),
  );
}, 120_000);

afterAll(async () => {
  await Promise.all([plain?.[Symbol.asyncDispose](), twin?.[Symbol.asyncDispose]()]);
});

/** One after the other, so that no function needs a second environment. */
async function resultsOf(differences: readonly Difference[], stack: Stack): Promise<string[]> {
  const results: string[] = [];
  for (const difference of differences) {
    results.push(
      await resultOf(difference, new Caller(stack)).catch((error: unknown) => `the probe failed: ${String(error)}`),
    );
  }
  return results;
}

function measuredOf({ id }: Difference): Measured {
  const found = measured.get(id);
  if (found === undefined) throw new Error(`${id} was not measured`);
  return found;
}

describe("the same calls, to serverless-offline alone and to podgate's twin", () => {
  test.for(DIFFERENCES)("$id: the twin is as AWS, serverless-offline is not", (difference) => {
    const { plain: ofPlain, twin: ofTwin } = measuredOf(difference);
    expect({ plain: ofPlain, twin: ofTwin }).toEqual({ plain: difference.plain, twin: difference.aws });
    expect(ofPlain).not.toBe(difference.aws);
  });

  test("there are at least 20 differences, each with a source", () => {
    expect(new Set(DIFFERENCES.map(({ id }) => id)).size).toBe(DIFFERENCES.length);
    expect(DIFFERENCES.length).toBeGreaterThanOrEqual(20);
    for (const difference of DIFFERENCES) expect(sourceOf(difference).source).toMatch(/^https:\/\//);
  });
});

describe("what stays unfaithful", () => {
  test.for(UNFAITHFUL)("$id: it is as the list says, and not as AWS", (difference) => {
    const { plain: ofPlain, twin: ofTwin } = measuredOf(difference);
    expect({ plain: ofPlain, podgate: ofTwin }).toEqual({ plain: difference.plain, podgate: difference.podgate });
    expect(ofTwin).not.toBe(difference.aws);
  });
});

describe("docs/offline.md", () => {
  test("has the tables of what was measured and of the rules", async () => {
    let page = await readFile(PAGE, "utf8");
    page = withSection(page, "differences", differencesAsMarkdown(DIFFERENCES.map(measuredOf)));
    page = withSection(page, "unfaithful", differencesAsMarkdown(UNFAITHFUL.map(measuredOf)));
    page = withSection(page, "rules", rulesAsMarkdown());
    await expect(page, `docs/offline.md is out of date; to rewrite it: ${REWRITE}`).toMatchFileSnapshot(PAGE);
  });
});

/** Authorizers that seem to work offline: what the twin makes of them and says. See `project/mistakes.mjs`. */
const MISTAKES = [
  {
    mistake: "a policy of event.methodArn alone, kept for 300 s",
    calls: ["/dev/mistakes/one-call/orders", "/dev/mistakes/one-call/invoices"],
    alone: [200, 200],
    underTwin: [200, 403],
    line: "namesOneCall: the cached policy for this token was made for GET /mistakes/one-call/orders and refuses GET /mistakes/one-call/invoices",
    mend: "answer with every ARN that the caller may call, or set resultTtlInSeconds to 0",
  },
  {
    mistake: "a text of its own thrown where 401 is meant",
    calls: ["/dev/mistakes/thrown-text"],
    alone: [401],
    underTwin: [500],
    line: "throwsText: the authorizer threw a text that is not exactly Unauthorized, which is 500 and not 401",
    mend: 'throw new Error("Unauthorized")',
  },
  {
    // AWS allows it, which is the mistake: the line is all that tells.
    mistake: "a wildcard for the method beside a path, and a call of another path that ends alike",
    calls: ["/dev/mistakes/wildcard/admin/v1/orders"],
    alone: [200],
    underTwin: [200],
    line: 'wildcardMethod: the policy allows arn:aws:execute-api:us-east-1:123456789012:offlinerest/dev/*/v1/orders, whose * before the path crosses "/"',
    mend: "write one ARN for each method, and no wildcard before the path",
  },
  {
    mistake: "an answer of more than 8 KB",
    calls: ["/dev/mistakes/too-much"],
    alone: [200],
    underTwin: [500],
    line: "answersTooMuch: the authorizer's answer has ",
    mend: "name several calls by one ARN that ends in a wildcard, and keep the context short",
  },
  {
    // serverless-offline alone fails too, without a word on how it is mended.
    mistake: "an object in the context",
    calls: ["/dev/mistakes/object"],
    alone: [500],
    underTwin: [500],
    line: "objectInContext: the authorizer's context.user is an object, which this kind of API does not pass on",
    mend: "put it there as a text, by JSON.stringify, or leave it out",
  },
];

describe("a classic mistake", () => {
  test.for(MISTAKES)("$mistake is answered as on AWS, with a line that says how it is mended", async (row) => {
    const statuses = async (stack: Stack) => {
      const caller = new Caller(stack);
      const found: number[] = [];
      for (const path of row.calls) found.push((await caller.get(path, "allow")).status);
      return found;
    };
    expect(await statuses(plain)).toEqual(row.alone);
    expect(await statuses(twin)).toEqual(row.underTwin);
    await expect.poll(() => linesWith(twin, row.line)).toHaveLength(1);
    const [line = ""] = linesWith(twin, row.line);
    expect(line).toContain(row.mend);
    // Said once, however often it is shown.
    expect(await statuses(twin)).toEqual(row.underTwin);
    expect(linesWith(twin, row.line)).toHaveLength(1);
    expect(linesWith(plain, row.mend)).toEqual([]);
  });
});

test("what the twin prints of all these calls holds no token", () => {
  const lines = linesWith(twin, "podgate offline: ");
  expect(lines.length).toBeGreaterThan(MISTAKES.length);
  // Tokens here are a word, a dot and the id of their caller.
  for (const line of lines) expect(line).not.toMatch(/[a-z]\.[0-9a-f]{8}-[0-9a-f]{4}-/);
});

function linesWith({ output }: Stack, text: string): string[] {
  return output()
    .split("\n")
    .filter((line) => line.includes(text));
}
